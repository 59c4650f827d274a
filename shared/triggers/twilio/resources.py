"""Messages and calls: create, fetch, list, change and delete them as with Twilio."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.accept.accept import accept_request
from shared.accept.idempotency import MAX_KEY_LENGTH, key_name
from shared.accept.validate import resolve_sender
from shared.deliver.cancel import cancel_entry
from shared.errors import InvalidRequestError, NotFoundError, OverError, Problem
from shared.jobs.fold import fold
from shared.jobs.request import REQUEST_OF_KIND
from shared.ledger.redaction import redact_entry
from shared.log import follow_trace, log, read_trace_id
from shared.provider import statuses
from shared.triggers.entries import find_entry
from shared.triggers.requests import IDEMPOTENCY_KEY
from shared.triggers.responses import empty_response, json_response
from shared.triggers.twilio.errors import (
    BAD_PARAMETER,
    CALL_IS_OVER,
    NOT_CANCELABLE,
    NOT_OVER,
    OPTED_OUT,
    RefusalError,
    refusal_of,
)
from shared.triggers.twilio.form import names_of, read_fields, read_form
from shared.triggers.twilio.paging import read_page
from shared.triggers.twilio.shapes import is_shown, show_resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import azure.functions as func

    from shared.accept.accept import Acceptance
    from shared.app import App
    from shared.forms import Form
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind
    from shared.triggers.twilio.door import Client

IDEMPOTENCY_TOKEN: Final = "I-Twilio-Idempotency-Token"  # noqa: S105 - a header's name
_CREATED: Final = 201
_OVER: Final = frozenset({"refused", "parked", "canceled"})
_END_OF_KIND: Final = {"message": ("canceled",), "call": ("canceled", "completed")}


async def create(
    req: func.HttpRequest, app: App, client: Client, kind: Kind, context: func.Context
) -> func.HttpResponse:
    """Answer 201 with the message or call as it is when it was just accepted.

    What is answered follows from what was kept, and nothing that can fail comes after that: a
    client repeats what failed.
    """
    follow_trace(read_trace_id(context))
    form = read_form(req)
    fields = read_fields(kind, form, app.settings)
    key = await _key_of(req, app, client, kind, form)
    if kind == "message":
        await _refuse_opted_out(app, fields, key)
    acceptance = await _accept(app, kind, fields, key, client)
    log("accepted", id=acceptance.id, kind=kind, count=1, source="twilio", client=client.key)
    entry = fold(acceptance.id, [acceptance.accepted])
    return json_response(_show(app, entry, entry.deliveries[0]), status=_CREATED)


async def fetch(req: func.HttpRequest, app: App, client: Client, kind: Kind) -> func.HttpResponse:
    """Answer the message or call that a SID names, ours or Twilio's."""
    del client
    return json_response(_show(app, *await _find(req, app, kind)))


async def list_page(
    req: func.HttpRequest, app: App, client: Client, kind: Kind
) -> func.HttpResponse:
    """Answer a page of messages or calls, newest first."""
    del client
    return json_response(await read_page(req, app, kind))


async def update(req: func.HttpRequest, app: App, client: Client, kind: Kind) -> func.HttpResponse:
    """Cancel or hang up, or remove a message's text; answer the resource after that."""
    del client
    form = read_form(req)
    entry, delivery = await _find(req, app, kind)
    if "Status" in form:
        entry = await _end(app, entry, delivery, form.get("Status"), kind)
    elif "Body" in form and kind == "message":
        if form.get("Body"):
            raise RefusalError(BAD_PARAMETER, "Body can only be set to an empty string")
        entry = await _remove(app, entry, delivery, kind, body_only=True)
    elif form.pairs:
        about = f"{next(iter(form))} (here Status can be set, and Body to an empty string)"
        raise RefusalError(BAD_PARAMETER, about)
    return json_response(_show(app, entry, entry.deliveries[delivery.index]))


async def delete(req: func.HttpRequest, app: App, client: Client, kind: Kind) -> func.HttpResponse:
    """Answer 204 once what was sent, and to whom, is removed here and at Twilio."""
    del client
    await _remove(app, *await _find(req, app, kind), kind)
    return empty_response()


async def _accept(
    app: App, kind: Kind, fields: dict[str, Any], key: str | None, client: Client
) -> Acceptance:
    """Accept a request; a field that only goes with another one is ignored without it."""
    try:
        return await accept_request(app, kind, fields, key=key, client=client.key)
    except InvalidRequestError as error:
        alone = {p.path.removeprefix("$.") for p in error.problems if _is_alone(p)}
        if len(alone) < len(error.problems):
            others = [problem for problem in error.problems if not _is_alone(problem)]
            raise refusal_of(kind, others, names_of(kind)) from None
    for name in alone:
        log("twilio_parameter_ignored", name=name)
    fields = {name: value for name, value in fields.items() if name not in alone}
    return await _accept(app, kind, fields, key, client)


def _is_alone(problem: Problem) -> bool:
    needed = ("$.shorten_urls", "$.schedule_type")
    return problem.code == "conflict" and problem.path != "$" and problem.path not in needed


async def _key_of(
    req: func.HttpRequest, app: App, client: Client, kind: Kind, form: Form
) -> str | None:
    """Return the key under which a request may be repeated, if it has one.

    Keys of the account are those of `/api/messages` too; every other client has keys of its own.
    """
    token: str | None = req.headers.get(IDEMPOTENCY_KEY) or req.headers.get(IDEMPOTENCY_TOKEN)
    if token is not None:
        if not token.strip() or len(token) > MAX_KEY_LENGTH:
            about = f"{IDEMPOTENCY_KEY} must have 1 to {MAX_KEY_LENGTH} characters"
            raise RefusalError(BAD_PARAMETER, about)
        return token if client.is_account else f"{client.key} {_digest(token)}"
    if not client.repeat_window_seconds:
        return None
    same = f"{client.key} {_digest(repr((kind, sorted(form.pairs))))}"
    return await _repeat_key(app, same, client.repeat_window_seconds, app.now())


async def _repeat_key(app: App, same: str, window_seconds: int, now: datetime) -> str:
    """Return the key of what was asked for within the window before, else a new one.

    Time is cut into windows, and a request belongs to the window in which its like came first.
    """
    number = int(now.timestamp()) // window_seconds
    before = f"{same} {window_seconds} {number - 1}"
    held = await app.ledger.key(key_name(before))
    if held is not None and (now - held.at).total_seconds() < window_seconds:
        return before
    return f"{same} {window_seconds} {number}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


async def _refuse_opted_out(app: App, fields: Mapping[str, Any], key: str | None) -> None:
    """Refuse a recipient that has opted out, but not the repeat of what was accepted before."""
    request = msgspec.convert(fields, REQUEST_OF_KIND["message"])
    sender = resolve_sender(request, (fields["to"],), app.settings)
    if not await app.ledger.opt_outs.has_stopped(fields["to"], sender or "", app.now()):
        return
    if key is None or await app.ledger.key(key_name(key)) is None:
        raise RefusalError(OPTED_OUT)


async def _find(req: func.HttpRequest, app: App, kind: Kind) -> tuple[Entry, Delivery]:
    """Return the entry and the recipient that a SID names.

    Raises:
        NotFoundError: there is none.
    """
    entry, index = await find_entry(req.route_params["sid"], app, kind)
    delivery = entry.deliveries[index or 0]
    if (index is None and len(entry.deliveries) > 1) or not is_shown(entry, delivery, kind):
        raise NotFoundError("there is nothing of this SID")
    return entry, delivery


async def _end(app: App, entry: Entry, delivery: Delivery, status: str, kind: Kind) -> Entry:
    """Cancel a message or call, or hang up; the same once more changes nothing."""
    if status not in _END_OF_KIND[kind]:
        allowed = " or ".join(_END_OF_KIND[kind])
        raise RefusalError(BAD_PARAMETER, f"Status must be {allowed}")
    if delivery.state == "canceled":
        return entry
    code = NOT_CANCELABLE if kind == "message" else CALL_IS_OVER
    if status == "canceled" and delivery.twilio_status == "in-progress":
        raise RefusalError(code, "It was answered: set Status to completed.")
    try:
        return await cancel_entry(app, entry, delivery.index)
    except OverError as error:
        raise RefusalError(code, error.detail) from None


async def _remove(
    app: App, entry: Entry, delivery: Delivery, kind: Kind, *, body_only: bool = False
) -> Entry:
    """Remove what was sent, first at Twilio and then here.

    Raises:
        RefusalError: it is not over yet, or its text belongs to others too.
    """
    if len(entry.deliveries) > 1:
        raise RefusalError(NOT_OVER, "its text was sent to several recipients at once")
    is_over = delivery.state in _OVER or statuses.is_final(delivery.twilio_status)
    if not is_over or (
        delivery.sid and not await app.provider.remove(kind, delivery.sid, body_only=body_only)
    ):
        raise RefusalError(NOT_OVER, "it is not over yet")
    await redact_entry(app.ledger, entry, body_only=body_only)
    return await app.ledger.find(entry.id) or entry


def _show(app: App, entry: Entry, delivery: Delivery) -> object:
    return show_resource(entry, delivery, app.settings)
