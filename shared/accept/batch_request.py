"""Read a batch: one request as a template, and up to 50,000 recipients with their values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from shared.accept.addresses import channel_of, require_recipient, require_same_channel
from shared.accept.csv_rows import MAX_COLUMNS, CsvRows
from shared.accept.decode import decode_fields
from shared.accept.kind import KIND_MESSAGE, infer_kind
from shared.accept.problems import (
    MAX_HINTS,
    cut_name,
    limit_problems,
    list_names,
    suggest_name,
)
from shared.accept.validate import resolve_sender, validate_fields, validate_send_at
from shared.errors import MAX_PROBLEMS, InvalidRequestError, Problem
from shared.jobs.job import MAX_JOB_BYTES
from shared.jobs.request import MAX_BODY_CHARACTERS, REQUEST_OF_KIND, MessageRequest
from shared.jobs.segments import count_request_segments, count_segments
from shared.jobs.template import (
    FILLABLE_FIELDS,
    PLACEHOLDER,
    fill_request,
    parse_template,
    parse_templates,
)
from shared.phone_numbers import NumberError
from shared.twiml.text import MAX_ANSWER_BYTES, validate_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from shared.accept.csv_rows import Row
    from shared.jobs.request import AnyRequest
    from shared.kinds import Kind
    from shared.settings import Settings

MAX_BATCH_RECIPIENTS: Final = 50_000
NOBODY: Final = "-"
_MAX_VALUE_CHARACTERS: Final = 4096
# A job's own names, times and ids; what stands around a recipient; a recipient without values.
_JOB_OVERHEAD_BYTES: Final = 600
_RECIPIENT_OVERHEAD_BYTES: Final = 4
_MIN_ROOM_BYTES: Final = 64
# The document around a script, and one <Say> with its attributes; two of them hold 2,800
# characters at least.
_DOCUMENT_BYTES: Final = 64
_SAY_BYTES: Final = 40
_SAY_CHARACTERS: Final = 1400
_BROKEN: Final = "has {{ or }} that are not part of a {{placeholder}} of one word, e.g. {{name}}"
_ONLY_IN: Final = f"may not have placeholders; these may: {', '.join(FILLABLE_FIELDS)}"


class BatchOptions(msgspec.Struct, frozen=True):
    """The fields that only a batch has."""

    on_invalid: Annotated[
        Literal["reject", "skip"],
        Meta(description="What an invalid recipient does to the batch", examples=["skip"]),
    ] = "reject"
    receipts: Annotated[
        bool, Meta(description="Whether Twilio reports on each recipient", examples=[True])
    ] = True
    name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=100,
                description="What to call the batch in lists",
                examples=["Spring reminders"],
            ),
        ]
        | None
    ) = None


_OWN_FIELDS: Final = ("kind", *BatchOptions.__struct_fields__)


@dataclass(frozen=True)
class Recipient:
    """A recipient that can be sent to, with the values of the placeholders."""

    line: int
    to: str
    values: dict[str, str]

    @property
    def size(self) -> int:
        """How many bytes of a job it takes."""
        return len(msgspec.json.encode(self.values)) + len(self.to) + _RECIPIENT_OVERHEAD_BYTES


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """A batch that can be accepted; `request.to` is NOBODY, and the recipients are listed apart.

    `room` is how many bytes the recipients of one job may take. `segments` is what the whole
    batch costs in SMS segments, None if nothing is sent as SMS. `skipped` lists the first
    problems of the `skipped_count` rows that are left out. `assumed` says what was assumed about
    a CSV.
    """

    kind: Kind
    request: AnyRequest
    receipts: bool
    room: int
    name: str | None = None
    recipients: list[Recipient] = field(default_factory=list)
    duplicates: list[Recipient] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    skipped_count: int = 0
    segments: int | None = None
    assumed: tuple[str, ...] = ()


def read_batch(
    fields: Mapping[str, Any],
    rows: Iterable[Row],
    settings: Settings,
    now: datetime,
    *,
    strict: bool = True,
) -> BatchRequest:
    """Return the batch that the fields and rows describe; `strict` as in `decode_fields`.

    A batch whose only problem is its time is returned: that depends on when it was first asked.

    Raises:
        InvalidRequestError: with the problems, those of recipients with their lines.
    """
    options = decode_fields(
        {name: fields[name] for name in BatchOptions.__struct_fields__ if name in fields},
        BatchOptions,
        strict=strict,
        on_invalid="reject",
        receipts=True,
    )
    common = {name: value for name, value in fields.items() if name not in _OWN_FIELDS}
    kind = infer_kind(fields.get("kind"), common)
    if kind is None:
        raise InvalidRequestError(
            [*options.problems, Problem("$.kind", "not_one_of", KIND_MESSAGE)]
        )
    template, problems = _read_template(common, kind, settings, strict=strict)
    problems = [*options.problems, *problems]
    batch = BatchRequest(
        kind=kind,
        request=template.request,
        receipts=options.value.receipts,
        room=template.room,
        name=options.value.name,
    )
    skips = options.value.on_invalid == "skip"
    skipped: dict[int, None] = {}
    try:
        if isinstance(rows, CsvRows):
            rows.read_header()
            problems += template.match_columns(rows.columns, rows.header_line)
        for line, found in _sort_rows(rows, template, batch):
            skipped[line] = None
            batch.skipped.extend(found[: MAX_PROBLEMS + 1 - len(batch.skipped)])
    except InvalidRequestError as error:  # the rest of the rows cannot be read
        problems += error.problems
    if not skips:
        problems += batch.skipped
    if not batch.recipients and not problems:
        message = "nobody is left to send to; send at least one valid recipient"
        problems = [Problem("$.recipients", "nobody", message), *batch.skipped]
    if problems:
        raise InvalidRequestError(
            limit_problems([*problems, *validate_send_at(batch.request, now)])
        )
    return replace(
        batch,
        skipped=limit_problems(batch.skipped),
        skipped_count=len(skipped),
        segments=template.count_segments(batch.recipients),
        assumed=tuple(rows.assumed) if isinstance(rows, CsvRows) else (),
    )


def _read_template(
    common: Mapping[str, Any], kind: Kind, settings: Settings, *, strict: bool
) -> tuple[_Template, list[Problem]]:
    """Return what all recipients share, and what is wrong with it."""
    problems = []
    if "to" in common:
        message = "stands in each of the recipients, not beside them"
        problems.append(Problem("$.to", "unknown_field", message))
    decoded = decode_fields(
        {"lane": "bulk", **common, "to": NOBODY},
        REQUEST_OF_KIND[kind],
        strict=strict,
        also_known=(*_OWN_FIELDS, "recipients"),
    )
    template = _Template(kind, decoded.value, settings)
    blank = template.fill_with_nothing()
    sender = resolve_sender(blank, (), settings)
    problems += decoded.problems
    problems += validate_fields(blank, (), sender, settings, decoded.broken)
    known = {(problem.path, problem.code) for problem in problems}
    problems += [p for p in template.problems() if (p.path, p.code) not in known]
    return template, problems


def _sort_rows(
    rows: Iterable[Row], template: _Template, batch: BatchRequest
) -> Iterator[tuple[int, list[Problem]]]:
    """Add every row to the batch's recipients or duplicates; yield what is wrong with the others.

    Raises:
        InvalidRequestError: there are too many rows, or the rest of them cannot be read.
    """
    seen: set[str] = set()
    for count, row in enumerate(rows, 1):
        if count > MAX_BATCH_RECIPIENTS:
            message = f"has more than {MAX_BATCH_RECIPIENTS} recipients; send them in two batches"
            raise InvalidRequestError([Problem("$.recipients", "too_many", message)])
        recipient, problems = template.read_row(row)
        if recipient is None:
            yield row.line, problems
        elif recipient.to in seen:
            batch.duplicates.append(recipient)
        else:
            seen.add(recipient.to)
            batch.recipients.append(recipient)


class _Template:
    """The request that all recipients share, and what it takes from each row."""

    def __init__(self, kind: Kind, request: AnyRequest, settings: Settings) -> None:
        self.kind = kind
        self.request = request
        self._settings = settings
        self._texts = parse_templates(request)
        names = sorted(frozenset[str]().union(*(t.names for t in self._texts.values())))
        self._has_too_many_names = len(names) > MAX_COLUMNS
        self._names = names[:MAX_COLUMNS]
        self._missing: frozenset[str] = frozenset()
        self._found = 0
        self._missing_values = 0
        self._text = self._texts.get("body") or self._texts.get("say")
        # The metadata and the sender stand beside the request once more.
        beside = (request.metadata, resolve_sender(request, (), settings))
        self.room = (
            MAX_JOB_BYTES - _JOB_OVERHEAD_BYTES - len(msgspec.json.encode((request, beside)))
        )
        attributes = escape(f"{getattr(request, 'voice', '')}{getattr(request, 'language', '')}")
        self._say_bytes = _SAY_BYTES + len(attributes.encode())
        self._fixed_bytes = _count_twiml_bytes("".join(self._text.parts[::2]) if self._text else "")

        self._fixed = self._measure(defaultdict(str))
        self._is_too_long = bool(names) and self._fixed[0] > self._fixed[1]

    def fill_with_nothing(self) -> AnyRequest:
        """Return the request without recipient and placeholders: what every filled one holds."""
        filled = fill_request(self.request, defaultdict(str))
        # A text that consists of placeholders is a text all the same.
        texts = {name: "-" for name in ("body", "say")
                 if getattr(self.request, name, None) and not getattr(filled, name)}  # fmt: skip
        return msgspec.structs.replace(filled, to="", **texts)

    def problems(self) -> Iterator[Problem]:
        """Find broken placeholders, placeholders where none are filled, and a lack of room."""
        for name, text in self._texts.items():
            if text.broken:
                yield Problem(f"$.{cut_name(name)}", "broken_template", _BROKEN)
        for name, value in msgspec.structs.asdict(self.request).items():
            if name not in FILLABLE_FIELDS and PLACEHOLDER.search(
                msgspec.json.encode(value).decode()
            ):
                yield Problem(f"$.{name}", "no_placeholders", _ONLY_IN)
        if self._is_too_long:
            # Reported once, and not for each row.
            message = f"has {self._fixed[0]} {self._fixed[2]}; Twilio takes {self._fixed[1]}"
            name = "body" if self.kind == "message" else "say"
            yield Problem(f"$.{name}", "too_long", f"{message}: shorten it")
        if self._has_too_many_names:
            message = f"has more than {MAX_COLUMNS} different placeholders; use fewer"
            yield Problem("$", "too_many_placeholders", message)
        if self.room < _MIN_ROOM_BYTES:
            message = f"takes more than {MAX_JOB_BYTES} bytes with a recipient; shorten the text"
            yield Problem("$", "too_large", message)

    def match_columns(self, columns: list[str], line: int) -> list[Problem]:
        """Find placeholders that a CSV has no column for; its rows are not asked for them."""
        self._missing = frozenset(self._names).difference(columns)
        return [
            Problem(f"$.{cut_name(name)}", "missing_value", _name_missing(name, columns), line)
            for name in sorted(self._missing)
        ]

    def read_row(self, row: Row) -> tuple[Recipient | None, list[Problem]]:
        """Return the recipient of a row, or what is wrong with it."""
        if row.problem:
            return None, [row.problem]
        problems = self._validate_address(row)
        values = {}
        for name in self._names:
            if problems and self._found >= MAX_PROBLEMS:
                break  # that the row is invalid is all that anybody will read
            if name not in self._missing:
                value = row.values.get(name)
                values[name] = str(value) if isinstance(value, str | int | float) else ""
                problems += self._validate_value(row, name, value, values[name])
        self._found += len(problems)
        if not problems and not self._missing and not self._has_too_many_names:
            problems += self._validate_filled(row, values)
        if problems:
            return None, problems
        recipient = Recipient(row.line, row.values["to"], values)
        if recipient.size > max(self.room, _MIN_ROOM_BYTES):
            message = f"has values of more than {self.room} bytes; shorten them"
            return None, [Problem(row.path, "too_large", message, row.line)]
        return recipient, []

    def count_segments(self, recipients: Iterable[Recipient]) -> int | None:
        """Count the SMS segments of all filled texts, None if nothing is sent as SMS."""
        request = self.request
        if not isinstance(request, MessageRequest) or count_request_segments(request, ()) is None:
            return None
        by_sms = [each for each in recipients if not channel_of(self.kind, each.to)]
        text, smart = self._texts["body"], bool(request.smart_encoded)
        counts = [count_segments(text.fill(r.values), smart_encoded=smart).count for r in by_sms]
        return sum(counts) if counts else None

    def _validate_address(self, row: Row) -> list[Problem]:
        to, path = row.values.get("to"), f"{row.path}.to"
        if not isinstance(to, str) or not to:
            message = "needs the number to send to, as a text, e.g. +14155552671"
            return [Problem(path, "missing", message, row.line)]
        try:
            require_recipient(self.kind, to, self._settings)
            if self.request.from_:
                path = "$.from"
                require_same_channel(self.kind, self.request.from_, to)
        except NumberError as error:
            return [Problem(path, error.code, str(error), row.line)]
        return []

    def _validate_value(self, row: Row, name: str, value: object, text: str) -> list[Problem]:
        path = f"{row.path}.{cut_name(name)}"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            # To look for near misses in each of 50,000 rows would take minutes.
            self._missing_values += 1
            has_hint = self._missing_values <= MAX_HINTS
            given = list(islice(row.values, MAX_COLUMNS)) if has_hint else None
            return [Problem(path, "missing_value", _name_missing(name, given), row.line)]
        if len(text) > _MAX_VALUE_CHARACTERS:
            message = f"has {len(text)} characters; at most {_MAX_VALUE_CHARACTERS} are filled in"
            return [Problem(path, "too_long", message, row.line)]
        found = validate_characters(text, path)
        return [Problem(path, each.code, each.message, row.line) for each in found]

    def _validate_filled(self, row: Row, values: dict[str, str]) -> list[Problem]:
        """Find what is wrong with the text once it is filled."""
        if self._text is None or not self._text.names:
            return []
        size, limit, unit = self._measure(values)
        if self._text.length(values) == 0 and not getattr(self.request, "media_url", None):
            message = "the filled text is empty; give a value to a placeholder"
            return [Problem(row.path, "no_content", message, row.line)]
        if size <= limit or self._is_too_long:
            return []
        message = f"the filled text has {size} {unit}; Twilio takes {limit}: shorten it"
        return [Problem(row.path, "too_long", message, row.line)]

    def _measure(self, values: Mapping[str, str]) -> tuple[int, int, str]:
        """Return what the filled text takes, its limit, and the unit of both.

        A call's TwiML is not rendered for each of 50,000 recipients: this is a few bytes more.
        """
        text = self._text or parse_template("")
        length = text.length(values)
        if self.kind == "message":
            return length, MAX_BODY_CHARACTERS, "characters"
        filled = sum(count * _count_twiml_bytes(values[n]) for n, count in text.counts.items())
        says = length // _SAY_CHARACTERS + 1
        size = _DOCUMENT_BYTES + says * self._say_bytes + self._fixed_bytes + filled
        return size, MAX_ANSWER_BYTES, "bytes of TwiML"


def _name_missing(name: str, given: Iterable[str] | None) -> str:
    """Say which placeholder has no value, and which of the given names was probably meant."""
    message = f"needs a text for the placeholder {{{{{cut_name(name)}}}}}"
    if given is None:
        return message
    others = [each for each in given if each not in ("to", name, "")]
    near = suggest_name(name, others)
    hint = (
        f"did you mean {cut_name(near)}?" if near else f"given are: {list_names(['to', *others])}"
    )
    return f"{message}; {hint}"


def _count_twiml_bytes(text: str) -> int:
    """Count the bytes of a text in TwiML, where some characters are written as references."""
    return len(escape(text, quote=False).replace("\r", "&#13;").encode(errors="surrogatepass"))
