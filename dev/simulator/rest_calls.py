"""The Calls resource."""

import re
from typing import Final

import msgspec

from dev.simulator.addresses import callee, phone_number, web_address
from dev.simulator.books import Call
from dev.simulator.call_engine.calls import place
from dev.simulator.call_engine.documents import Ask, Inline, Program
from dev.simulator.call_engine.new_call import new_call
from dev.simulator.call_engine.order import LONGEST_CALL, CallOrder, Reports
from dev.simulator.errors import RefusalError
from dev.simulator.magic_numbers import refuse_magic_call
from dev.simulator.paging import in_range, page
from dev.simulator.rest import Asked, Reply, whole

LONGEST_TWIML: Final = 4000
LONGEST_RINGING: Final = 600
SEND_DIGITS = re.compile(r"[0-9#*wW]{1,32}")
METHODS = {"GET", "POST"}
DETECTIONS = {"", "Enable", "DetectMessageEnd"}
URL_FIELDS = (
    "FallbackUrl",
    "StatusCallback",
    "RecordingStatusCallback",
    "AsyncAmdStatusCallback",
)
METHOD_FIELDS = (
    "Method",
    "FallbackMethod",
    "StatusCallbackMethod",
    "RecordingStatusCallbackMethod",
    "AsyncAmdStatusCallbackMethod",
)
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}

encode = msgspec.json.Encoder().encode


def create(asked: Asked) -> Reply:
    """Take a call: 201 with the resource, and the phone will ring."""
    to, sender = _parties(asked)
    order = _order(asked)
    call = new_call(asked.exchange, to, sender, direction="outbound-api", status="queued")
    reply = Reply(encode(call), 201)
    place(asked.exchange, call, order)
    return reply


def fetch(asked: Asked, sid: str) -> Reply:
    """One call."""
    return Reply(encode(_found(asked, sid)))


def listed(asked: Asked) -> Reply:
    """Calls by To, From, Status, ParentCallSid, StartTime and EndTime, newest first."""
    query = asked.query

    def fits(call: Call) -> bool:
        return (
            query.get("Status", call.status) == call.status
            and query.get("ParentCallSid", call.parent_call_sid) == call.parent_call_sid
            and in_range(query, "StartTime", call.start_time)
            and in_range(query, "EndTime", call.end_time)
        )

    return Reply(encode(page(asked.exchange.books.calls, "calls", asked.path, query, fits)))


def update(asked: Asked, sid: str) -> Reply:
    """Hang up, cancel, or send a call to another document."""
    call = _found(asked, sid)
    wanted = asked.one("Status")
    if wanted not in {"", "completed", "canceled"}:
        raise RefusalError(20001, f"Status {wanted}")
    line = asked.exchange.lines.get(sid)
    if call.status in OVER or line is None:
        raise RefusalError(21220)
    if wanted:
        if wanted == "canceled" and line.answered:
            raise RefusalError(21220)
        line.end("completed" if line.answered else "canceled")
        line.finish("completed" if line.answered else "canceled")
    elif "Url" in asked.form or "Twiml" in asked.form:
        if not line.answered:
            raise RefusalError(21220)
        line.switch_to(_program(asked))
    return Reply(encode(call))


def delete(asked: Asked, sid: str) -> Reply:
    """Forget a call that is over."""
    if _found(asked, sid).status not in OVER:
        raise RefusalError(20009)
    asked.exchange.books.delete("call", sid)
    return Reply(b"", 204)


def _found(asked: Asked, sid: str) -> Call:
    call = asked.exchange.books.calls.rows.get(sid)
    if call is None:
        raise RefusalError(20404, asked.path)
    return call


def _parties(asked: Asked) -> tuple[str, str]:
    if not asked.one("To"):
        raise RefusalError(21201)
    if not asked.one("From"):
        raise RefusalError(21213)
    to = callee(asked.one("To"))
    if to is None:
        raise RefusalError(21211, asked.one("To"))
    # A client or SIP endpoint may be called from any name; a phone only from a number.
    named = ":" in to or asked.one("From").startswith("client:")
    sender = asked.one("From") if named else phone_number(asked.one("From"))
    if sender is None:
        raise RefusalError(21212, asked.one("From"))
    refuse_magic_call(to, sender, owned=asked.exchange.account.number)
    return to, sender


def _order(asked: Asked) -> CallOrder:
    """Check everything else that a call may be asked with."""
    for name in METHOD_FIELDS:
        if asked.one(name, "POST").upper() not in METHODS:
            raise RefusalError(21209, asked.one(name))
    for name in URL_FIELDS:
        if asked.one(name) and not web_address(asked.one(name)):
            raise RefusalError(21205, asked.one(name))
    if asked.one("MachineDetection") not in DETECTIONS:
        raise RefusalError(21207, asked.one("MachineDetection"))
    digits = asked.one("SendDigits")
    if digits and not SEND_DIGITS.fullmatch(digits):
        raise RefusalError(21206, digits)
    program = _program(asked)
    # A TwiML application has a fallback and status callbacks of its own, or none.
    by_application = not (asked.one("Url") or asked.one("Twiml"))
    return CallOrder(
        program=program,
        ring_for=_seconds(asked, "Timeout", 60, LONGEST_RINGING),
        time_limit=_seconds(asked, "TimeLimit", LONGEST_CALL, LONGEST_CALL),
        fallback=None if by_application else _fallback(asked),
        reports=Reports() if by_application else _reports(asked),
        send_digits=digits,
        # SendDigits turns detection off.
        detection="" if digits else asked.one("MachineDetection"),
        async_detection=asked.one("AsyncAmd") == "true",
        detection_callback=asked.one("AsyncAmdStatusCallback"),
        detection_method=asked.one("AsyncAmdStatusCallbackMethod", "POST"),
        record=asked.one("Record") == "true",
        recording_dual=asked.one("RecordingChannels") == "dual",
        recording_callback=asked.one("RecordingStatusCallback"),
        recording_method=asked.one("RecordingStatusCallbackMethod", "POST"),
    )


def _fallback(asked: Asked) -> Ask | None:
    url = asked.one("FallbackUrl")
    return Ask(url, asked.one("FallbackMethod", "POST")) if url else None


def _reports(asked: Asked) -> Reports:
    return Reports.of(
        asked.one("StatusCallback"),
        " ".join(asked.form.get("StatusCallbackEvent", [])),
        asked.one("StatusCallbackMethod", "POST"),
    )


def _seconds(asked: Asked, name: str, default: int, most: int) -> int:
    text = asked.one(name) or str(default)
    value = whole(text)
    if value is None or value > most:
        raise RefusalError(21208, f"{name} {text}")
    return value


def _program(asked: Asked) -> Program:
    """Url, else Twiml, else ApplicationSid."""
    method = asked.one("Method", "POST")
    if url := asked.one("Url"):
        if not web_address(url):
            raise RefusalError(21205, url)
        return Ask(url, method)
    if twiml := asked.one("Twiml"):
        if len(twiml) > LONGEST_TWIML:
            raise RefusalError(32018)
        return Inline(twiml)
    if application := asked.one("ApplicationSid"):
        if not application.startswith("AP"):
            raise RefusalError(21218, application)
        # A TwiML application's Voice URL lives at Twilio; here it is the application's own.
        return Ask(asked.exchange.phones.our_number(asked.exchange.account.number).voice_url)
    raise RefusalError(21205, "none was given")
