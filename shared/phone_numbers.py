"""Telephone numbers by Google's numbering plans: read, place, mask.

The plans are imported on first use: a TwiML answer that needs no number does not pay for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_E164: Final = "must be a number in E.164, such as +14155552671"
_NORTH_AMERICA: Final = 1
_SHOWN_HEAD: Final = 5
_SHOWN_TAIL: Final = 4


class NumberError(ValueError):
    """A text that Switchboard does not call or text; `code` says which kind of no it is."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def parse_number(text: str, *, country: str | None = None) -> str:
    """The E.164 form of `text`; national forms are read as numbers of `country` (ISO code).

    Its length is looked at, and no more: a number that is newer than the numbering plans at hand
    is read too.

    Raises:
        NumberError: `invalid_number`, for what can be no number.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise NumberError("invalid_number", "is not a telephone number") from None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NumberError("invalid_number", "is not as long as a number of its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_e164(text: str) -> str:
    """`text` itself, if it is a valid number written as E.164 (`+`, country code, digits).

    Raises:
        NumberError: `invalid_number`, also for a valid number in another notation.
    """
    require_destination(text, (), premium=True)
    return text


def require_destination(
    text: str, allowed_countries: Collection[str], *, premium: bool = False
) -> None:
    """Refuse what is no valid E.164 number, or none that may be sent to.

    `allowed_countries` are ISO codes (empty: all); premium-rate numbers only where `premium`.

    Raises:
        NumberError: `invalid_number`, `premium_rate` or `country_not_allowed`.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise NumberError("invalid_number", _E164) from None
    if phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != text:
        raise NumberError("invalid_number", _E164)
    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        raise NumberError("invalid_number", "is not a number in any numbering plan")
    if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE and not premium:
        raise NumberError("premium_rate", "is a premium-rate number; those are never sent to")
    if allowed_countries:
        country = phonenumbers.region_code_for_number(number)
        if country not in allowed_countries:
            words = f"is in {country or 'no country'}, which ALLOWED_COUNTRIES does not list"
            raise NumberError("country_not_allowed", words)


def country_of(number: str) -> str | None:
    """The ISO code of an E.164 number's country, or None for a number that has none."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None


def time_zones_of(number: str) -> tuple[str, ...]:
    """The time zones (IANA names) in which an E.164 number can be; none where it has no place."""
    from phonenumbers import NumberParseException, parse, timezone

    try:
        parsed = parse(number)
    except NumberParseException:
        return ()
    # Of mobiles the library looks no further than the country code, and +1 is twenty-five
    # countries, which the area code tells apart.
    if parsed.country_code == _NORTH_AMERICA:
        zones = timezone.time_zones_for_geographical_number(parsed)
    else:
        zones = timezone.time_zones_for_number(parsed)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def strip_channel(address: str) -> str:
    """The number in an address: `+1415…` of `whatsapp:+1415…`; others stay as they are."""
    number = address.rpartition(":")[2]
    return number if number.startswith("+") else address


def mask_number(address: str) -> str:
    """An address with its middle hidden, fit for a log: `+1415•••2671`, `whatsapp:+1415•••2671`."""
    channel, colon, number = address.rpartition(":")
    if len(number) <= _SHOWN_HEAD + _SHOWN_TAIL:
        return f"{channel}{colon}•••"
    return f"{channel}{colon}{number[:_SHOWN_HEAD]}•••{number[-_SHOWN_TAIL:]}"


def mask_numbers(text: str) -> str:
    """A text of somebody else's with every number in it masked."""
    return re.sub(r"\+\d{7,15}", lambda found: mask_number(found[0]), text)
