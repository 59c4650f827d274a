"""Check the form of a new or changed call as Twilio does."""

import re
from dataclasses import replace
from typing import Final

from dev.simulator.addresses import callee, is_web_address, phone_number
from dev.simulator.calls.options import MAX_CALL_SECONDS, CallOptions, StatusCallback
from dev.simulator.documents import DocumentUrl, InlineTwiml, Source
from dev.simulator.errors import RefusalError
from dev.simulator.rest.magic_numbers import refuse_magic_call
from dev.simulator.rest.serving import RestRequest, parse_int

MAX_TWIML_CHARACTERS: Final = 4000
MAX_RINGING_SECONDS: Final = 600
SEND_DIGITS = re.compile(r"[0-9#*wW]{1,32}")
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


def read_parties(request: RestRequest) -> tuple[str, str]:
    """Return whom to call, and from which number.

    Raises:
        RefusalError: One of them is missing or not valid.
    """
    if not request.get("To"):
        raise RefusalError(21201)
    if not request.get("From"):
        raise RefusalError(21213)
    to = callee(request.get("To"))
    if to is None:
        raise RefusalError(21211, request.get("To"))
    # A client or SIP endpoint may be called from any name; a phone only from a number.
    is_named = ":" in to or request.get("From").startswith("client:")
    sender = request.get("From") if is_named else phone_number(request.get("From"))
    if sender is None:
        raise RefusalError(21212, request.get("From"))
    refuse_magic_call(to, sender, owned=request.exchange.account.number)
    return to, sender


def read_options(request: RestRequest) -> CallOptions:
    """Return the options of a new call.

    Raises:
        RefusalError: The first thing that Twilio would refuse.
    """
    _check_urls(request)
    if request.get("MachineDetection") not in DETECTIONS:
        raise RefusalError(21207, request.get("MachineDetection"))
    digits = request.get("SendDigits")
    if digits and not SEND_DIGITS.fullmatch(digits):
        raise RefusalError(21206, digits)
    source = _source(request)
    # A TwiML application has a fallback and status callbacks of its own, or none.
    by_application = not (request.get("Url") or request.get("Twiml"))
    return CallOptions(
        source=source,
        ring_for=_seconds(request, "Timeout", 60, MAX_RINGING_SECONDS),
        time_limit=_seconds(request, "TimeLimit", MAX_CALL_SECONDS, MAX_CALL_SECONDS),
        fallback=None if by_application else _fallback(request),
        status_callback=StatusCallback() if by_application else _status_callback(request),
        send_digits=digits,
        # SendDigits turns detection off.
        detection="" if digits else request.get("MachineDetection"),
        async_detection=request.get("AsyncAmd") == "true",
        detection_callback=request.get("AsyncAmdStatusCallback"),
        detection_method=request.get("AsyncAmdStatusCallbackMethod", "POST"),
        record=request.get("Record") == "true",
        recording_dual=request.get("RecordingChannels") == "dual",
        recording_callback=request.get("RecordingStatusCallback"),
        recording_method=request.get("RecordingStatusCallbackMethod", "POST"),
    )


def read_changes(request: RestRequest, options: CallOptions) -> tuple[Source | None, CallOptions]:
    """Return the document to go on with, if any, and the options of a call that is going on.

    Raises:
        RefusalError: The first thing that Twilio would refuse.
    """
    _check_urls(request)
    source = _source(request) if request.get("Url") or request.get("Twiml") else None
    if request.get("FallbackUrl"):
        options = replace(options, fallback=_fallback(request))
    if request.get("StatusCallback"):
        callback = replace(
            options.status_callback,
            url=request.get("StatusCallback"),
            method=request.get("StatusCallbackMethod", "POST"),
        )
        options = replace(options, status_callback=callback)
    return source, options


def _check_urls(request: RestRequest) -> None:
    for name in METHOD_FIELDS:
        if request.get(name, "POST").upper() not in {"GET", "POST"}:
            raise RefusalError(21209, request.get(name))
    for name in URL_FIELDS:
        if request.get(name) and not is_web_address(request.get(name)):
            raise RefusalError(21205, request.get(name))


def _fallback(request: RestRequest) -> DocumentUrl | None:
    url = request.get("FallbackUrl")
    return DocumentUrl(url, request.get("FallbackMethod", "POST")) if url else None


def _status_callback(request: RestRequest) -> StatusCallback:
    return StatusCallback.from_attributes(
        request.get("StatusCallback"),
        " ".join(request.form.get("StatusCallbackEvent", [])),
        request.get("StatusCallbackMethod", "POST"),
    )


def _seconds(request: RestRequest, name: str, default: int, most: int) -> int:
    text = request.get(name) or str(default)
    value = parse_int(text)
    if value is None or value > most:
        raise RefusalError(21208, f"{name} {text}")
    return value


def _source(request: RestRequest) -> Source:
    """Return the call's first document: Url, else Twiml, else ApplicationSid."""
    if url := request.get("Url"):
        if not is_web_address(url):
            raise RefusalError(21205, url)
        return DocumentUrl(url, request.get("Method", "POST"))
    if twiml := request.get("Twiml"):
        if len(twiml) > MAX_TWIML_CHARACTERS:
            raise RefusalError(32018)
        return InlineTwiml(twiml)
    if application := request.get("ApplicationSid"):
        if not application.startswith("AP"):
            raise RefusalError(21218, application)
        # Only Twilio has a TwiML application's Voice URL; the default number's stands in for it.
        exchange = request.exchange
        return DocumentUrl(exchange.phones.find_number(exchange.account.number).voice_url)
    raise RefusalError(21205, "none was given")
