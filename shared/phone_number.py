"""Telephone numbers by Google's numbering plans: read, place, mask.

The plans are imported on first use: a TwiML answer that needs no number does not pay for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_SHOWN_HEAD: Final = 5
_SHOWN_TAIL: Final = 4


class NumberError(ValueError):
    """A text that Switchboard does not call or text; `code` says which kind of no it is."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def read_number(text: str, *, country: str | None = None) -> str:
    """The E.164 form of `text`; national forms are read as numbers of `country` (ISO code).

    Raises:
        NumberError: `invalid_number`, where the numbering plans know no such number.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise NumberError("invalid_number", "is not a telephone number") from None
    if not phonenumbers.is_valid_number(number):
        raise NumberError("invalid_number", "is not a number in any numbering plan")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_e164(text: str) -> str:
    """`text` itself, if it is a valid number written as E.164 (`+`, country code, digits).

    Raises:
        NumberError: `invalid_number`, also for a valid number in another notation.
    """
    if not (text.startswith("+") and text[1:].isascii() and text[1:].isdigit()):
        raise NumberError("invalid_number", "must be E.164, such as +14155552671")
    if read_number(text) != text:
        raise NumberError("invalid_number", "must be E.164, such as +14155552671")
    return text


def check_destination(number: str, allowed_countries: Collection[str]) -> None:
    """Refuse premium-rate numbers, and countries outside `allowed_countries` (empty: all).

    Raises:
        NumberError: `premium_rate` or `country_not_allowed`.
    """
    import phonenumbers

    parsed = phonenumbers.parse(number)
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise NumberError("premium_rate", "is a premium-rate number; those are never called")
    country = country_of(number)
    if allowed_countries and country not in allowed_countries:
        raise NumberError(
            "country_not_allowed", f"is in {country or 'no country'}, not in ALLOWED_COUNTRIES"
        )


def country_of(number: str) -> str | None:
    """The ISO code of an E.164 number's country, or None for a number that has none."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None


def masked(address: str) -> str:
    """An address with its middle hidden, fit for a log: `+1415•••2671`, `whatsapp:+1415•••2671`."""
    channel, colon, number = address.rpartition(":")
    if len(number) <= _SHOWN_HEAD + _SHOWN_TAIL:
        return f"{channel}{colon}•••"
    return f"{channel}{colon}{number[:_SHOWN_HEAD]}•••{number[-_SHOWN_TAIL:]}"


def without_numbers(text: str) -> str:
    """A text of somebody else's with every number in it masked."""
    return re.sub(r"\+\d{7,15}", lambda found: masked(found[0]), text)
