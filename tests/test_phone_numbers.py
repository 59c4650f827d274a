"""Telephone numbers: read, placed and mask_number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.phone_numbers import (
    NumberError,
    country_of,
    mask_number,
    mask_numbers,
    parse_e164,
    parse_number,
    require_destination,
    strip_channel,
    time_zones_of,
)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155552671", None, "+14155552671"),
        ("415-555-2671", "US", "+14155552671"),
        ("(415) 555 2671", "US", "+14155552671"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("tel:+1-415-555-2671", None, "+14155552671"),
        ("555-123-4567", "US", "+15551234567"),
    ],
)
def test_numbers_are_read_in_any_notation(text: str, country: str | None, number: str) -> None:
    """International and national notations are the same number."""
    assert parse_number(text, country=country) == number


@pytest.mark.parametrize(
    "text", ["", "hello", "415-555-2671", "+1", "+1415555267", "+999123456789"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """A text that no numbering plan knows, or a national number without a country, is no number."""
    with pytest.raises(NumberError) as error:
        parse_number(text)
    assert error.value.code == "invalid_number"


@pytest.mark.parametrize("text", ["911", "555-2671", "415-555-26711"])
def test_a_part_of_a_number_is_none(text: str) -> None:
    """A number without its area code, a short one or a long one is no number of a country."""
    with pytest.raises(NumberError) as error:
        parse_number(text, country="US")
    assert error.value.code == "invalid_number"


@pytest.mark.parametrize(
    "text",
    ["14155552671", "+1 415 555 2671", "+1-415-555-2671", "tel:+14155552671", "+", "",
     "+\N{FULLWIDTH DIGIT ONE}4155552671", "+14155552671 ", "+14155552671\n", "+04155552671"],
)  # fmt: skip
def test_only_e164_is_e164(text: str) -> None:
    """A valid number in another notation is not E.164."""
    with pytest.raises(NumberError, match=r"number|E\.164") as error:
        parse_e164(text)
    assert error.value.code == "invalid_number"


def test_e164_with_a_national_zero_is_no_e164() -> None:
    """A number that the numbering plan writes otherwise is not taken as it stands."""
    assert parse_e164("+442079460958") == "+442079460958"
    with pytest.raises(NumberError, match=r"E\.164"):
        parse_e164("+4402079460958")


@pytest.mark.parametrize(
    ("number", "allowed", "code"),
    [
        ("+14155552671", [], None),
        ("+14155552671", ["US"], None),
        ("+14165550123", ["US"], "country_not_allowed"),
        ("+442079460958", ["US", "CA"], "country_not_allowed"),
        ("+19005551234", [], "premium_rate"),
        ("+19005551234", ["US"], "premium_rate"),
        ("+80012345678", ["US"], "country_not_allowed"),
    ],
)
def test_destinations_are_checked(number: str, allowed: list[str], code: str | None) -> None:
    """Premium-rate numbers never, other countries only if they are allowed."""
    try:
        require_destination(number, allowed)
        found = None
    except NumberError as error:
        found = error.code
    assert found == code


@pytest.mark.parametrize(
    ("number", "country"),
    [("+14155552671", "US"), ("+14165550123", "CA"), ("+442079460958", "GB"), ("x", None)],
)
def test_a_number_tells_its_country(number: str, country: str | None) -> None:
    """The country is that of the number itself, or none where it is no number."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+442079460958", ("Europe/London",)),
        ("+14155552671", ("America/Los_Angeles",)),
        ("+80012345678", ()),
        ("x", ()),
    ],
)
def test_a_number_tells_its_time_zones(number: str, zones: tuple[str, ...]) -> None:
    """A number's zones are those of its place, and none where it has no place."""
    assert time_zones_of(number) == zones


@pytest.mark.parametrize(
    ("address", "number"),
    [("whatsapp:+14155552671", "+14155552671"), ("+14155552671", "+14155552671"),
     ("client:alice", "client:alice")],
)  # fmt: skip
def test_a_channel_is_taken_off_a_number(address: str, number: str) -> None:
    """What follows the channel is given where it is a number, else the address as it is."""
    assert strip_channel(address) == number


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+14155552671", "+1415•••2671"),
        ("whatsapp:+14155552671", "whatsapp:+1415•••2671"),
        ("+1415", "•••"),
        ("", "•••"),
        ("123456789", "•••"),
    ],
)
def test_an_address_is_mask_number(address: str, shown: str) -> None:
    """The middle of a number is hidden, and all of a short one."""
    assert mask_number(address) == shown


@given(st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_no_mask_gives_a_number_away(number: str) -> None:
    """Whatever the number, its mask and a text about it leave digits out."""
    assert number not in mask_number(number)
    assert mask_numbers(f"to {number}, please") == f"to {mask_number(number)}, please"
