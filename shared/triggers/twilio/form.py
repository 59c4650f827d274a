"""From a form in Twilio's names to the fields of a request in ours."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared import routes
from shared.accept.decode import decode_fields
from shared.errors import TooLargeError
from shared.forms import Form, form_parameters
from shared.jobs.request import REQUEST_OF_KIND
from shared.log import log
from shared.phone_numbers import NumberError, country_of, is_messaging_service, parse_number
from shared.triggers.requests import MAX_BODY_BYTES, read_media_type
from shared.triggers.twilio.errors import BAD_PARAMETER, RefusalError, refusal_of

if TYPE_CHECKING:
    import azure.functions as func

    from shared.kinds import Kind
    from shared.settings import Settings

# The fields that are ours alone, and that a form therefore cannot have.
_OURS: Final = frozenset({"lane", "metadata", "say", "steps", "voice", "language"})
_JSON: Final = "application/json"
_LISTS: Final = frozenset(
    {"media_url", "persistent_action", "status_callback_event", "recording_status_callback_event"}
)
_WORDS: Final = frozenset({"status_callback_event", "recording_status_callback_event"})
# Numbers this long are telephone numbers, perhaps without a plus; shorter ones are short codes.
_MIN_DIGITS: Final = 10
_HOME: Final = "US"
# What Twilio ignores beside a TwiML application.
_LEFT_TO_APPLICATION: Final = (
    "method", "fallback_url", "fallback_method", "status_callback", "status_callback_method",
    "status_callback_event",
)  # fmt: skip
# The magic numbers of Twilio's test credentials, which the simulator has too:
# https://www.twilio.com/docs/iam/test-credentials
_MAGIC: Final = "+1500555"
_MAGIC_SENDER: Final = "+15005550006"
_MAGIC_FROM: Final[dict[Kind, dict[str, int]]] = {
    "message": {"0001": 21212, "0007": 21606, "0008": 21611},
    "call": {"0001": 21212},
}
_OTHER_MAGIC_FROM: Final[dict[Kind, int]] = {"message": 21606, "call": 21210}
_MAGIC_TO: Final[dict[Kind, dict[str, int]]] = {
    "message": {"0001": 21211, "0002": 21612, "0003": 21408, "0004": 21610, "0009": 21614},
    "call": {"0001": 21217, "0002": 21214, "0003": 21215, "0004": 21216},
}


def twilio_name(field: str) -> str:
    """Return Twilio's name of a field: `MediaUrl` of `media_url`."""
    return "".join(word.capitalize() for word in field.split("_"))


def names_of(kind: Kind) -> dict[str, str]:
    """Return Twilio's names of the fields that a form may have, by our names."""
    fields = REQUEST_OF_KIND[kind].__struct_encode_fields__
    return {field: twilio_name(field) for field in fields if field not in _OURS}


def read_form(req: func.HttpRequest) -> Form:
    """Return the form in the body of a request, or the JSON object that says the same.

    Twilio takes forms alone; some programs' generic senders know JSON alone.

    Raises:
        TooLargeError: it has more than `MAX_BODY_BYTES`.
        RefusalError: it is not UTF-8, or not an object of texts.
    """
    body = req.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise TooLargeError(f"the body may have {MAX_BODY_BYTES} bytes")
    try:
        if read_media_type(req) != _JSON:
            return form_parameters(body)
        fields = msgspec.json.decode(body, type=dict[str, str | list[str]])
    except (ValueError, RecursionError):
        raise RefusalError(BAD_PARAMETER, "the body is not a form in UTF-8") from None
    return Form(
        (name, value)
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    )


def read_fields(kind: Kind, form: Form, settings: Settings) -> dict[str, Any]:
    """Return the fields of the request that a form describes; what Twilio ignores is left out.

    Raises:
        RefusalError: a value cannot be read, or is one of the magic numbers.
    """
    fields = _prepare(kind, _fields_in(kind, form), settings)
    decoded = decode_fields(fields, REQUEST_OF_KIND[kind], strict=False, to="")
    if decoded.problems:
        raise refusal_of(kind, decoded.problems, names_of(kind))
    if settings.is_simulated:
        _refuse_magic(kind, fields)
    read: dict[str, Any] = msgspec.to_builtins(decoded.value)
    return read


def _fields_in(kind: Kind, form: Form) -> dict[str, Any]:
    known = {name.lower(): field for field, name in names_of(kind).items()}
    fields: dict[str, Any] = {}
    for name in form:
        field = known.get(name.lower())
        values = [value for value in form.getall(name) if value]
        if field is None:
            log("twilio_parameter_ignored", name=name[:64])
        elif values and field in _LISTS:
            fields[field] = values
        elif values:
            fields[field] = values[0]
    return fields


def _prepare(kind: Kind, fields: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Read what a form writes in its own way, and drop what Twilio would not look at."""
    for name in _WORDS & fields.keys():
        fields[name] = [word for text in fields[name] for word in text.split()]
    for name in ("to", "from"):
        if name in fields:
            fields[name] = read_number(fields[name], settings)
    return (_prepare_message if kind == "message" else _prepare_call)(fields, settings)


def _prepare_message(fields: dict[str, Any], settings: Settings) -> dict[str, Any]:
    del settings
    if is_messaging_service(fields.get("from", "")):
        fields.setdefault("messaging_service_sid", fields.pop("from"))
    if "content_variables" in fields:
        with suppress(msgspec.DecodeError):
            fields["content_variables"] = msgspec.json.decode(fields["content_variables"])
    return _without(fields, "body", "media_url") if "content_sid" in fields else fields


def _prepare_call(fields: dict[str, Any], settings: Settings) -> dict[str, Any]:
    if "status_callback" in fields:
        fields.setdefault("status_callback_event", ["completed"])
    if "url" in fields:
        fields["url"] = routes.own_twimlet_url(fields["url"], settings.public_base_url)
        return _without(fields, "twiml", "application_sid")
    if "twiml" in fields:
        return _without(fields, "application_sid")
    return _without(fields, *_LEFT_TO_APPLICATION) if "application_sid" in fields else fields


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def read_number(text: str, settings: Settings) -> str:
    """Return a number as E.164 where it is one in another notation, else the text as it is.

    Twilio reads national notations too; a number without a plus is one of the default sender's
    country, or of the USA.
    """
    if sum(letter.isdecimal() for letter in text) < _MIN_DIGITS or any(map(str.isalpha, text)):
        return text
    sender = settings.twilio_from_number
    try:
        return parse_number(text, country=country_of(sender or "") or _HOME)
    except NumberError:
        return text


def _refuse_magic(kind: Kind, fields: dict[str, Any]) -> None:
    sender, to = fields.get("from", ""), fields["to"]
    if sender.startswith(_MAGIC) and sender != _MAGIC_SENDER:
        code = _MAGIC_FROM[kind].get(sender.removeprefix(_MAGIC), _OTHER_MAGIC_FROM[kind])
        raise RefusalError(code, sender)
    if to.startswith(_MAGIC) and (code := _MAGIC_TO[kind].get(to.removeprefix(_MAGIC), 0)):
        raise RefusalError(code, to)
