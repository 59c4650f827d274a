"""Accepting an alert: from untrusted fields to its first event, and a message that drives it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, structs

from shared.accept.decode import decode_fields
from shared.accept.idempotency import digest_of, key_name, require_same
from shared.accept.outbox import put
from shared.accept.validate import validate_request
from shared.errors import InvalidRequestError, Problem, StorageUnavailableError
from shared.jobs import ids
from shared.jobs.alerts import (
    DEFAULT_ROUNDS,
    MAX_KEY_CHARACTERS,
    MAX_LEVELS,
    MAX_NOTIFICATIONS,
    MAX_TEXT_CHARACTERS,
    AlertMessage,
    Joined,
    Level,
    Notify,
    PartOf,
    Payload,
    Raised,
    Then,
    Until,
)
from shared.jobs.job import VERSION
from shared.ledger.alerts import Policy
from shared.ledger.ledger import IdempotencyRecord
from shared.log import log
from shared.twiml.text import validate_characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from shared.jobs.alerts import Alert
    from shared.kinds import Kind
    from shared.services import Services
    from shared.settings import Settings

POLICY_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NAME_RULE: Final = "must have 1 to 64 letters, digits, dots, dashes or underscores, e.g. ops"

Levels = Annotated[
    list[Level],
    Meta(
        min_length=1,
        max_length=MAX_LEVELS,
        description=f"Whom to notify, in order; at most {MAX_NOTIFICATIONS} notifications in all.",
    ),
]
UntilField = Annotated[
    Until,
    Meta(
        description="What ends it: somebody acknowledges it (default), a person picks up a call, "
        "or a text is delivered."
    ),
]
ThenField = Annotated[
    Then, Meta(description="After the last level: begin with the first again, or `stop` (default).")
]
MostField = Annotated[
    int, Meta(ge=1, le=100, description="How many rounds there are in all, with `repeat`.")
]
UrgentField = Annotated[bool, Meta(description="Notify during QUIET_HOURS too.")]
AlertMetadata = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Annotated[str, Meta(max_length=256)]],
    Meta(max_length=10, description="At most ten short strings; echoed back."),
]


class AlertRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """An alert that somebody must answer: `levels`, or a `policy` that has them."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_TEXT_CHARACTERS,
            description="What people read and hear.",
            examples=["Disk full on web-3"],
        ),
    ]
    key: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_KEY_CHARACTERS,
                description="Joins an alert with this key that is not resolved.",
            ),
        ]
        | None
    ) = None
    levels: Levels | None = None
    policy: (
        Annotated[str, Meta(description="The name of a policy, in place of `levels`.")] | None
    ) = None
    until: UntilField | None = None
    then: ThenField | None = None
    most: MostField | None = None
    urgent: UrgentField | None = None
    metadata: AlertMetadata | None = None


class PolicyRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Levels to be used by name."""

    levels: Levels
    until: UntilField | None = None
    then: ThenField | None = None
    most: MostField | None = None
    urgent: UrgentField | None = None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The alert that was raised, or that was joined."""

    alert: Alert
    is_new: bool


def read_policy(fields: Mapping[str, Any], settings: Settings, now: datetime) -> Policy:
    """Return the policy that `fields` describe.

    Raises:
        InvalidRequestError: with every problem.
    """
    is_given = "levels" in fields
    levels, problems = _read_levels(fields["levels"]) if is_given else ((), [])
    decoded = decode_fields({**fields, "levels": []} if is_given else fields, _NoLevels)
    problems = [*decoded.problems, *problems]
    request: _NoLevels = decoded.value
    policy = _build_policy(levels, request)
    if not problems:
        problems += _validate_people(policy, "Test", settings, now)
    if problems:
        raise InvalidRequestError(problems)
    return policy


async def read_alert(app: Services, fields: Mapping[str, Any]) -> Raised:
    """Return the first event of the alert that `fields` describe; its number is not taken yet.

    A person in a policy who cannot be notified is a warning: the others are notified.

    Raises:
        InvalidRequestError: with every problem.
    """
    at = app.now()
    without = {name: value for name, value in fields.items() if name != "levels"}
    decoded = decode_fields(without, AlertRequest, text="", key=None)
    request, problems = decoded.value, decoded.problems
    policy: Policy | None = None
    if "levels" in fields:
        levels, more = _read_levels(fields["levels"])
        problems += more
        policy = _build_policy(levels, request)
        if "policy" in fields:
            problems.append(Problem("$.policy", "conflict", "give either levels or policy"))
    elif request.policy is not None:
        policy = await find_policy(app, request.policy)
        if policy is None:
            problems.append(_unknown_policy(request.policy))
    elif "policy" not in decoded.broken:
        problems.append(Problem("$.levels", "missing", "needs levels, or a policy that has them"))
    problems += validate_characters(request.text, "$.text")
    warnings: list[str] = []
    if policy is not None and not problems:
        for each in _validate_people(policy, request.text, app.settings, at):
            # A policy outlives a person who is erased, and a country that is no longer allowed.
            if request.policy is not None and each.path.endswith(".to"):
                warnings.append(f"{each.path} of the policy {each.message}")
            else:
                problems.append(each)
    if problems or policy is None:
        raise InvalidRequestError(problems)
    return build_raised(request, policy, at, warnings=tuple(warnings))


def build_raised(
    request: AlertRequest,
    policy: Policy,
    at: datetime,
    **more: Any,  # noqa: ANN401 - its fields
) -> Raised:
    """Return the first event of an alert; what the request says wins over its policy."""
    repeats = request.then is not None or request.most is not None
    chosen = _build_policy(policy.levels, request)
    return Raised(
        at=at,
        text=request.text,
        number=0,
        token="",
        levels=policy.levels,
        key=request.key,
        until=request.until or policy.until,
        then=chosen.then if repeats else policy.then,
        most=chosen.most if repeats else policy.most,
        urgent=policy.urgent if request.urgent is None else request.urgent,
        metadata=request.metadata,
        policy=request.policy,
        **more,
    )


async def find_policy(app: Services, name: str) -> Policy | None:
    """Return a policy; None where there is none of this name, or it cannot be a name."""
    return await app.ledger.alerts.policy(name) if POLICY_NAME.fullmatch(name) else None


def require_policy_name(name: str) -> str:
    """Return a name that a policy may have.

    Raises:
        InvalidRequestError: it may not.
    """
    if not POLICY_NAME.fullmatch(name):
        raise InvalidRequestError([Problem("$.name", "malformed", _NAME_RULE)])
    return name


async def raise_alert(
    app: Services,
    raised: Raised,
    *,
    key: str | None = None,
    meaning: object = None,
    payload: str | None = None,
) -> Acceptance:
    """Raise an alert, or join the one with its key; once for each idempotency key `key`.

    `meaning` is what the key stands for. `payload` is what another system sent.

    Raises:
        IdempotencyMismatchError: the key was used for a request with another meaning.
        StorageUnavailableError: it is unknown whether the alert was kept.
    """
    # The shard has no use here: a day's alerts stand in one partition, in order.
    alert_id = ids.new_id(raised.at, app.random() % 2**55)
    token = f"{app.random():x}"
    if key is not None:
        token = key_name(key)
        mine = IdempotencyRecord(job=alert_id, at=raised.at, digest=digest_of({"alert": meaning}))
        held = await app.ledger.hold_key(token, mine)
        require_same(held, mine)
        alert_id, raised = held.job, structs.replace(raised, at=held.at, token=token)
        first = await app.ledger.alerts.of_request(alert_id) if held != mine else None
        if first is not None and await app.ledger.alerts.find(first):
            return await _join(app, first, raised)
    raised = structs.replace(raised, token=token)
    if raised.key is None:
        return await _keep(app, alert_id, raised, payload)
    return await _raise_keyed(app, alert_id, raised, payload, may_repeat=key is not None)


async def _raise_keyed(
    app: Services, alert_id: str, raised: Raised, payload: str | None, *, may_repeat: bool
) -> Acceptance:
    """Raise an alert under its key, or join the one that has the key; always the same, if repeated.

    `alert_id` is the id that the request took. It holds the key before anything is noted or kept.
    """
    key = raised.key or ""
    while True:
        number, newest = await app.ledger.alerts.of_key(key)
        target = alert_id
        if newest is not None:
            alert = await app.ledger.alerts.find(newest)
            # Whatever took the key may have died before the alert was kept.
            if alert is None or newest == alert_id or alert.takes_key:
                target = newest
        if target != newest and not await app.ledger.alerts.hold_key(key, number + 1, alert_id):
            continue
        if may_repeat:
            target = await _note_alert(app, alert_id, target, raised)
        return await _keep_or_join(app, target, raised, payload)


async def _keep_or_join(
    app: Services, alert_id: str, raised: Raised, payload: str | None
) -> Acceptance:
    if await app.ledger.alerts.find(alert_id) is None:
        return await _keep(app, alert_id, raised, payload)
    return await _join(app, alert_id, raised)


async def _keep(app: Services, alert_id: str, raised: Raised, payload: str | None) -> Acceptance:
    """Put the message that drives an alert, then note the alert.

    The message alone repairs itself when it is delivered; the row alone would never be looked at.
    """
    number = await app.ledger.alerts.take_number(alert_id)
    raised = structs.replace(raised, number=number)
    if payload is not None:
        await app.ledger.alerts.record(alert_id, Payload(at=raised.at, text=payload))
    message = AlertMessage(v=VERSION, alert=alert_id, n=0, raised=raised)
    await put(app, message, app.now())
    if not await app.ledger.alerts.record(alert_id, raised):
        return await _join(app, alert_id, raised)
    log("alert_raised", id=alert_id, source=raised.source, policy=raised.policy)
    return Acceptance(alert=await _find(app, alert_id), is_new=True)


async def _note_alert(app: Services, own_id: str, alert_id: str, raised: Raised) -> str:
    """Leave under the id that a request took which alert it is part of; return the one that counts.

    That is the alert noted first, by whichever try of the request, unless it was forgotten since.
    A try that was frozen for long must not raise what another one has joined.
    """
    noted = await app.ledger.alerts.note_part(own_id, PartOf(at=raised.at, alert=alert_id))
    if noted == alert_id:
        return noted
    # One that is not kept yet is not forgotten: its key still leads to it.
    _, newest = await app.ledger.alerts.of_key(raised.key or "")
    is_there = noted == newest or await app.ledger.alerts.find(noted)
    return noted if is_there else alert_id


async def _join(app: Services, alert_id: str, raised: Raised) -> Acceptance:
    """Count one request more, unless the alert is its own: one that is repeated."""
    alert = await _find(app, alert_id)
    if alert.raised.token == raised.token:
        return Acceptance(alert=alert, is_new=True)
    await app.ledger.alerts.record(alert_id, Joined(at=raised.at, token=raised.token))
    log("alert_joined", id=alert_id)
    return Acceptance(alert=await _find(app, alert_id), is_new=False)


async def _find(app: Services, alert_id: str) -> Alert:
    """Return an alert that is known to be there."""
    alert = await app.ledger.alerts.find(alert_id, in_full=True)
    if alert is None:
        raise StorageUnavailableError("the alert was deleted while it was raised")
    return alert


class _NoLevels(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's fields; its levels are read apart, to name every problem in them."""

    levels: list[Any]
    until: Until | None = None
    then: Then | None = None
    most: MostField | None = None
    urgent: bool | None = None


def _build_policy(levels: tuple[Level, ...], request: AlertRequest | _NoLevels) -> Policy:
    is_repeated = request.then == "repeat" or (request.then is None and request.most is not None)
    return Policy(
        levels=levels,
        until=request.until or "acknowledged",
        then="repeat" if is_repeated else "stop",
        most=(request.most or DEFAULT_ROUNDS) if is_repeated else 1,
        urgent=bool(request.urgent),
    )


def _unknown_policy(name: str) -> Problem:
    message = f"there is no policy of this name; make one by PUT /api/policies/{name[:64]}"
    return Problem("$.policy", "unknown_policy", message)


def _read_levels(value: object) -> tuple[tuple[Level, ...], list[Problem]]:
    """Return levels as far as they can be read, and everything that is wrong with them."""
    if not isinstance(value, list):
        return (), [Problem("$.levels", "wrong_type", "must be a list of levels")]
    problems = []
    if not value:
        problems.append(Problem("$.levels", "too_short", "must have at least one level"))
    if len(value) > MAX_LEVELS:
        message = f"has {len(value)} levels; at most {MAX_LEVELS} are possible"
        problems.append(Problem("$.levels", "too_long", message))
        value = value[:MAX_LEVELS]
    levels = []
    for index, fields in enumerate(value):
        level, more = _read_level(fields, f"$.levels[{index}]")
        problems += more
        levels += [level] if level else []
    count = sum(len(level.notify) for level in levels)
    if count > MAX_NOTIFICATIONS:
        message = f"have {count} notifications; at most {MAX_NOTIFICATIONS} are possible"
        problems.append(Problem("$.levels", "too_long", message))
    return tuple(levels), problems


def _read_level(fields: object, path: str) -> tuple[Level | None, list[Problem]]:
    if not isinstance(fields, dict):
        return None, [Problem(path, "wrong_type", "must be an object")]
    people = fields.get("notify")
    decoded = decode_fields({**fields, "notify": []} if "notify" in fields else fields, _Level)
    problems = _below(path, decoded.problems)
    if "notify" in fields and not isinstance(people, list):
        problems.append(Problem(f"{path}.notify", "wrong_type", "must be a list"))
    elif people == []:
        problems.append(Problem(f"{path}.notify", "too_short", "must name somebody"))
    notify: list[Notify] = []
    for index, person in enumerate(people if isinstance(people, list) else ()):
        at = f"{path}.notify[{index}]"
        if not isinstance(person, dict):
            problems.append(Problem(at, "wrong_type", "must be an object"))
            continue
        read = decode_fields(person, Notify)
        problems += _below(at, read.problems)
        if read.problems:
            continue
        if read.value in notify:
            message = f"is in this level by {read.value.by} already"
            problems.append(Problem(at, "duplicate", message))
        notify.append(read.value)
    if problems:
        # With what can be read the rest is looked at all the same.
        return Level(notify=notify, wait=MAX_LEVELS), problems
    return Level(notify=notify, wait=decoded.value.wait, times=decoded.value.times), []


class _Level(msgspec.Struct, frozen=True, kw_only=True):
    """A level's fields; who is notified is read apart."""

    notify: list[Any]
    wait: Annotated[int, Meta(ge=15, le=86_400)]
    times: Annotated[int, Meta(ge=1, le=10)] = 1


def _below(path: str, problems: list[Problem]) -> list[Problem]:
    return [replace(each, path=path + each.path.removeprefix("$")) for each in problems]


def _validate_people(
    policy: Policy, text: str, settings: Settings, now: datetime
) -> Iterator[Problem]:
    """Yield what is wrong with the messages and calls that an alert would make."""
    for n, level in enumerate(policy.levels):
        for index, notify in enumerate(level.notify):
            path = f"$.levels[{n}].notify[{index}]"
            content = {"body": text} if notify.by == "text" else {"say": text}
            try:
                kind: Kind = "message" if notify.by == "text" else "call"
                validate_request(kind, {"to": notify.to, **content}, settings, now)
            except InvalidRequestError as error:
                for each in error.problems:
                    where = f"{path}.to" if each.path == "$.to" else path
                    yield replace(each, path=where)
