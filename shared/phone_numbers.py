"""Telephone numbers and addresses by Google's numbering plans: read, compare, place and mask them.

An address is a number in E.164, or one with a channel before it: `whatsapp:+14155552671`,
`rcs:+14155552671`. The plans are imported on first use: a TwiML answer that needs no number does
not pay for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from phonenumbers import PhoneNumber

WHATSAPP: Final = "whatsapp:"
RCS: Final = "rcs:"
_E164: Final = "must be a number in E.164, e.g. +14155552671"
_E164_FORM: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# What rows may hold of a person: longer and shorter than any plan's numbers.
_PERSON: Final = re.compile(r"\+[1-9][0-9]{4,17}")
_SERVICE_SID: Final = re.compile("MG[0-9a-fA-F]{32}")
_NORTH_AMERICA: Final = 1
_VISIBLE_HEAD: Final = 5
_VISIBLE_TAIL: Final = 4
_NO_REGION: Final = "ZZ"
# Numbers for films and examples that no plan assigns, and the plans therefore call invalid:
# Ofcom 07700 900xxx, Arcep 06 39 98 xx xx, ComReg 020 91x xxxx, 555-01xx under any area code.
_RESERVED: Final = re.compile(
    r"\+(447700900[0-9]{3}|3363998[0-9]{4}|3532091[0-9]{5}|1[2-9][0-9]{2}55501[0-9]{2})"
)


class NumberError(ValueError):
    """A text that Switchboard does not call or text; `code` says which rule refuses it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def parse_number(text: str, *, country: str | None = None) -> str:
    """Return the E.164 form of `text`, reading national forms as numbers of `country` (ISO code).

    Only the length is checked, so that a number newer than the installed numbering plans is
    accepted too.

    Raises:
        NumberError: `invalid_number`.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise NumberError("invalid_number", f"is not a telephone number; {_E164}") from None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NumberError("invalid_number", f"has the wrong length for its country; {_E164}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_e164(text: str, *, reserved: bool = False) -> str:
    """Return `text` if it is a valid number written as E.164, or a WhatsApp or RCS address.

    Raises:
        NumberError: `invalid_number`, also for a valid number in another notation.
    """
    require_destination(text, (), premium=True, reserved=reserved)
    return text


def parse_person(text: str) -> str:
    """Return the number of a person to look for: `text` without its channel.

    Any number that was ever accepted can be looked for, so numbering plans do not matter here.

    Raises:
        NumberError: `invalid_number`.
    """
    number = strip_channel(text)
    if not _PERSON.fullmatch(number):
        raise NumberError("invalid_number", _E164)
    return number


def require_destination(
    text: str,
    allowed_countries: Collection[str],
    *,
    premium: bool = False,
    reserved: bool = False,
) -> None:
    """Refuse an address that is not a valid number, or one that may not be sent to.

    WhatsApp addresses some numbers as they were before their country's plan changed (Mexico
    `+521…`, Brazil without the ninth digit, Ivory Coast with eight digits). So plans do not bind
    WhatsApp addresses; their country is that of the calling code.

    `allowed_countries` are ISO codes (empty: all). `premium` lets premium-rate numbers pass,
    `reserved` the numbers that are set aside for examples.

    Raises:
        NumberError: `invalid_number`, `premium_rate` or `country_not_allowed`.
    """
    import phonenumbers

    on_whatsapp = text.startswith(WHATSAPP)
    number_text = text.removeprefix(WHATSAPP if on_whatsapp else RCS)
    number = _parse(number_text)
    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN and not (
        on_whatsapp or (reserved and _RESERVED.fullmatch(number_text))
    ):
        raise NumberError("invalid_number", "is not a valid number in its country's numbering plan")
    if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE and not premium:
        raise NumberError("premium_rate", "is a premium-rate number; those are never sent to")
    if allowed_countries:
        _require_country(_region_of(number), allowed_countries)


def require_dialable(
    text: str, allowed_countries: Collection[str], *, country: str | None = None
) -> None:
    """Refuse a number inside TwiML that may not be called or texted.

    TwiML takes national notations, which are read as numbers of `country` (ISO code).

    Raises:
        NumberError: `invalid_number`, `premium_rate` or `country_not_allowed`.
    """
    import phonenumbers

    number = phonenumbers.parse(parse_number(text, country=country))
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise NumberError("premium_rate", "is a premium-rate number; those are never called")
    if allowed_countries:
        _require_country(_region_of(number), allowed_countries)


def country_of(address: str) -> str | None:
    """Return the ISO code of an address's country, or None if it has none.

    A number that its plan does not know belongs to the main country of its calling code.
    """
    import phonenumbers

    try:
        return _region_of(phonenumbers.parse(strip_channel(address)))
    except phonenumbers.NumberParseException:
        return None


def time_zones_of(address: str) -> tuple[str, ...]:
    """Return the time zones (IANA names) in which a number can be; none if it has no place."""
    from phonenumbers import NumberParseException, PhoneNumberType, number_type, parse, timezone

    try:
        number = parse(strip_channel(address))
    except NumberParseException:
        return ()
    # For mobiles the library uses the country code alone, and +1 is twenty-five countries, which
    # the area code tells apart. For numbers that a plan does not know it says nothing.
    if number.country_code == _NORTH_AMERICA or number_type(number) == PhoneNumberType.UNKNOWN:
        zones = timezone.time_zones_for_geographical_number(number)
    else:
        zones = timezone.time_zones_for_number(number)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def strip_channel(address: str) -> str:
    """Return the number in an address: `+1415…` for `whatsapp:+1415…`; others stay as they are."""
    number = address.rpartition(":")[2]
    return number if number.startswith("+") else address


def canonical_address(address: str) -> str:
    """Return the one form of an address or sender under which opt-outs are kept and compared.

    An opt-out holds for RCS, SMS and MMS together, so `rcs:+1415…` is `+1415…`; WhatsApp stands
    for itself. Twilio writes SIDs in lower case after their prefix, whatever a caller wrote.
    """
    if is_messaging_service(address):
        return address[:2] + address[2:].lower()
    number = address.removeprefix(RCS)
    return number if number.startswith("+") else address


def is_messaging_service(sender: str) -> bool:
    """Tell a Messaging Service's SID from an alphanumeric sender such as `MGMT`."""
    return _SERVICE_SID.fullmatch(sender) is not None


def mask_number(address: str) -> str:
    """Hide the middle of an address, fit for a log: `+1415•••2671`, `whatsapp:+1415•••2671`."""
    channel, colon, number = address.rpartition(":")
    if len(number) <= _VISIBLE_HEAD + _VISIBLE_TAIL:
        return f"{channel}{colon}•••"
    return f"{channel}{colon}{number[:_VISIBLE_HEAD]}•••{number[-_VISIBLE_TAIL:]}"


def mask_numbers(text: str) -> str:
    """Mask every number in a text that somebody else wrote."""
    return re.sub(r"\+\d{7,15}", lambda found: mask_number(found[0]), text)


def _parse(text: str) -> PhoneNumber:
    """Parse a number that is written as E.164.

    Raises:
        NumberError: `invalid_number`.
    """
    import phonenumbers

    if not _E164_FORM.fullmatch(text):
        raise NumberError("invalid_number", _E164)
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise NumberError("invalid_number", _E164) from None
    if phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != text:
        raise NumberError("invalid_number", _E164)
    return number


def _region_of(number: PhoneNumber) -> str | None:
    import phonenumbers

    region = phonenumbers.region_code_for_number(number)
    if region is None:
        region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return None if region == _NO_REGION else region


def _require_country(country: str | None, allowed_countries: Collection[str]) -> None:
    if country not in allowed_countries:
        message = f"is in {country or 'no country'}, which ALLOWED_COUNTRIES does not list"
        raise NumberError("country_not_allowed", message)
