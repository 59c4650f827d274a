"""What a batch asks for: one request as a template, and up to 50,000 recipients with values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from shared.accept.decode import decode_fields
from shared.accept.kind import KIND_MESSAGE, infer_kind
from shared.accept.validate import resolve_sender, validate_fields, validate_send_at
from shared.errors import InvalidRequestError, Problem
from shared.jobs.job import MAX_JOB_BYTES
from shared.jobs.request import REQUEST_OF_KIND, MessageRequest
from shared.jobs.segments import count_request_segments, count_segments
from shared.jobs.template import FILLABLE_FIELDS, PLACEHOLDER, parse_template, parse_templates
from shared.phone_numbers import NumberError, require_destination
from shared.twiml.text import validate_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from shared.jobs.request import AnyRequest
    from shared.kinds import Kind
    from shared.settings import Settings

MAX_BATCH_RECIPIENTS: Final = 50_000
NOBODY: Final = "-"
_LONGEST_VALUE: Final = 4096
_LONGEST_BODY: Final = 1600
# A job's own names, times and ids; what stands around a recipient; a recipient without values.
_JOB_OVERHEAD: Final = 600
_PUNCTUATION: Final = 4
_LEAST_ROOM: Final = 64
_BROKEN: Final = "has {{ or }} that make no {{placeholder}} of one word"
_ONLY_IN: Final = f"may have placeholders in {', '.join(FILLABLE_FIELDS)} only"


class _Options(msgspec.Struct, frozen=True):
    """The fields that only a batch has."""

    on_invalid: Literal["reject", "skip"] = "reject"
    receipts: bool = True


_OWN_FIELDS: Final = ("kind", *_Options.__struct_fields__)


@dataclass(frozen=True)
class Row:
    """One recipient as it was given, the line that it stands on, and why it cannot be read."""

    line: int
    path: str
    values: Mapping[str, Any]
    problem: Problem | None = None


@dataclass(frozen=True)
class Recipient:
    """A recipient that can be sent to, with the values of the placeholders."""

    line: int
    to: str
    values: dict[str, str]

    @property
    def size(self) -> int:
        """How many bytes of a job it takes."""
        return len(msgspec.json.encode(self.values)) + len(self.to) + _PUNCTUATION


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """A batch that can be accepted; `request.to` is NOBODY: the recipients stand apart.

    `room` is how many bytes the recipients of one job may take. `segments` is what all of it
    costs in SMS segments, None where nothing goes by SMS.
    """

    kind: Kind
    request: AnyRequest
    receipts: bool
    room: int
    recipients: list[Recipient] = field(default_factory=list)
    duplicates: list[Recipient] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    segments: int | None = None


def read_batch(
    fields: Mapping[str, Any],
    rows: Iterable[Row],
    settings: Settings,
    now: datetime,
    *,
    strict: bool = True,
) -> BatchRequest:
    """The batch that the fields and rows say; `strict` as in `decode_fields`.

    Raises:
        InvalidRequestError: with every problem, those of the recipients with their lines, but
            for a batch whose only problem is its time: that depends on when it was first asked.
    """
    own = {name: fields[name] for name in _OWN_FIELDS if name in fields}
    common = {name: value for name, value in fields.items() if name not in _OWN_FIELDS}
    options = decode_fields(
        {name: own[name] for name in _Options.__struct_fields__ if name in own},
        _Options,
        strict=strict,
        on_invalid="reject",
    )
    kind = infer_kind(own.get("kind"), common)
    if kind is None:
        raise InvalidRequestError(
            [*options.problems, Problem("$.kind", "not_one_of", KIND_MESSAGE)]
        )
    common.setdefault("lane", "bulk")
    found, request = _common(common, kind, settings, strict=strict)
    receipts = options.value.receipts
    batch = BatchRequest(
        kind=kind, request=request, receipts=receipts, room=_room(request, settings)
    )
    checker = _Checker(batch, settings)
    problems = [*options.problems, *found, *checker.problems_of_template]
    try:
        _sort(rows, checker, batch)
    except InvalidRequestError as error:  # the rest of them cannot be read
        problems += error.problems
    if options.value.on_invalid == "reject":
        problems += batch.skipped
    if not batch.recipients and not problems:
        nobody = Problem("$.recipients", "nobody", "nobody is left to send to")
        problems = [nobody, *batch.skipped]
    if problems:
        raise InvalidRequestError([*problems, *validate_send_at(request, now)])
    return replace(batch, segments=_segments(batch))


def _common(
    common: Mapping[str, Any], kind: Kind, settings: Settings, *, strict: bool
) -> tuple[list[Problem], AnyRequest]:
    """The request that all recipients share, and what is wrong with it."""
    problems = []
    if "to" in common:
        problems.append(Problem("$.to", "unknown_field", "stands in each of the recipients"))
    given = {**common, "to": NOBODY}
    decoded = decode_fields(given, REQUEST_OF_KIND[kind], strict=strict)
    problems += decoded.problems
    blank = msgspec.structs.replace(decoded.value, to="")
    sender = resolve_sender(blank, (), settings)
    problems += validate_fields(blank, (), sender, settings, decoded.broken)
    return problems, decoded.value


def _room(request: AnyRequest, settings: Settings) -> int:
    """How many bytes of a job are left for its recipients."""
    # These stand beside the request once more.
    beside = (request.metadata, resolve_sender(request, (), settings))
    return MAX_JOB_BYTES - _JOB_OVERHEAD - len(msgspec.json.encode((request, beside)))


def _segments(batch: BatchRequest) -> int | None:
    request = batch.request
    by_sms = [each for each in batch.recipients if ":" not in each.to]
    if (
        not by_sms
        or not isinstance(request, MessageRequest)
        or count_request_segments(request) is None
    ):
        return None
    text, smart = parse_template(request.body or ""), bool(request.smart_encoded)
    return sum(count_segments(text.fill(each.values), smart_encoded=smart).count for each in by_sms)


def _sort(rows: Iterable[Row], checker: _Checker, batch: BatchRequest) -> None:
    """Put every row where it belongs: sent to, a duplicate, or skipped with its problems."""
    seen: set[str] = set()
    for count, row in enumerate(rows, 1):
        if count > MAX_BATCH_RECIPIENTS:
            words = f"has more than {MAX_BATCH_RECIPIENTS} recipients"
            raise InvalidRequestError([Problem("$.recipients", "too_many", words)])
        recipient, problems = checker.read(row)
        if recipient is None:
            batch.skipped.extend(problems)
        elif recipient.to in seen:
            batch.duplicates.append(recipient)
        else:
            seen.add(recipient.to)
            batch.recipients.append(recipient)


class _Checker:
    """Reads rows against the texts that they are to fill."""

    def __init__(self, batch: BatchRequest, settings: Settings) -> None:
        self._kind = batch.kind
        self._room = batch.room
        self._countries = settings.allowed_countries
        self._request = batch.request
        self._templates = parse_templates(batch.request)
        self._names = frozenset[str]().union(*(each.names for each in self._templates.values()))
        self._text = self._templates.get("body") or self._templates.get("say")

    @property
    def problems_of_template(self) -> list[Problem]:
        """Texts in which braces stand that make no placeholder, and too much of everything."""
        found = [
            Problem(f"$.{name}", "broken_template", _BROKEN)
            for name, text in self._templates.items()
            if text.broken
        ]
        found += [
            Problem(f"$.{name}", "no_placeholders", _ONLY_IN)
            for name, value in msgspec.structs.asdict(self._request).items()
            if name not in FILLABLE_FIELDS
            and PLACEHOLDER.search(msgspec.json.encode(value).decode())
        ]
        if self._room < _LEAST_ROOM:
            words = f"takes more than {MAX_JOB_BYTES} bytes with a recipient"
            found.append(Problem("$", "too_large", words))
        return found

    def read(self, row: Row) -> tuple[Recipient | None, list[Problem]]:
        """The recipient of a row, or what is wrong with it."""
        if row.problem:
            return None, [row.problem]
        problems = [*self._number(row)]
        values = {}
        for name in self._names:
            value = row.values.get(name)
            text = str(value) if isinstance(value, str | int | float) else ""
            values[name] = text
            problems += _value(row, name, value, text)
        if not problems:
            problems += self._filled(row, values)
        if problems:
            return None, problems
        recipient = Recipient(row.line, row.values["to"], values)
        if recipient.size > max(self._room, _LEAST_ROOM):
            words = f"has values that take more than {self._room} bytes"
            return None, [Problem(row.path, "too_large", words, row.line)]
        return recipient, []

    def _number(self, row: Row) -> list[Problem]:
        to, path = row.values.get("to"), f"{row.path}.to"
        if not isinstance(to, str) or not to:
            return [Problem(path, "missing", "needs a number to send to", row.line)]
        number = to.removeprefix("whatsapp:") if self._kind == "message" else to
        try:
            require_destination(number, self._countries)
        except NumberError as error:
            return [Problem(path, error.code, str(error), row.line)]
        return []

    def _filled(self, row: Row, values: dict[str, str]) -> list[Problem]:
        """What is wrong with the text once it is filled."""
        if self._text is None:
            return []
        n = self._text.length(values)
        if n > _LONGEST_BODY and self._kind == "message":
            words = f"the filled text has {n} characters, more than {_LONGEST_BODY}"
            return [Problem(row.path, "too_long", words, row.line)]
        if n == 0 and self._text.names and not getattr(self._request, "media_url", None):
            return [Problem(row.path, "no_content", "the filled text is empty", row.line)]
        return []


def _value(row: Row, name: str, value: object, text: str) -> list[Problem]:
    path = f"{row.path}.{name}"
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return [Problem(path, "missing_value", "needs a text for the placeholder", row.line)]
    if len(text) > _LONGEST_VALUE:
        words = f"has {len(text)} characters, more than {_LONGEST_VALUE}"
        return [Problem(path, "too_long", words, row.line)]
    return [
        Problem(path, each.code, each.message, row.line) for each in validate_characters(text, path)
    ]
