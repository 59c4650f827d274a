"""Telephone numbers: read, compared, placed and masked."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.phone_numbers import (
    NumberError,
    canonical_address,
    country_of,
    is_messaging_service,
    mask_number,
    mask_numbers,
    parse_e164,
    parse_number,
    parse_person,
    require_destination,
    require_dialable,
    strip_channel,
    time_zones_of,
)


def code_of(step: Callable[[], object]) -> str | None:
    """Return the code of the error that a step raises, or None."""
    try:
        step()
    except NumberError as error:
        return error.code
    return None


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
def test_other_texts_are_refused(text: str) -> None:
    """A text that no numbering plan knows, or a national number without a country, is refused."""
    with pytest.raises(NumberError) as error:
        parse_number(text)
    assert error.value.code == "invalid_number"


@pytest.mark.parametrize("text", ["911", "555-2671", "415-555-26711"])
def test_a_part_of_a_number_is_refused(text: str) -> None:
    """A number without its area code, a short one or a long one is refused."""
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


def test_e164_with_a_national_zero_is_refused() -> None:
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
    ("address", "allowed", "code"),
    [
        ("whatsapp:+5215512345678", [], None),
        ("whatsapp:+5215512345678", ["MX"], None),
        ("whatsapp:+5215512345678", ["US"], "country_not_allowed"),
        ("whatsapp:+554188887777", ["BR"], None),
        ("whatsapp:+22507123456", ["CI"], None),
        ("whatsapp:+14165550123", ["US"], "country_not_allowed"),
        ("whatsapp:+19005551234", [], "premium_rate"),
        ("whatsapp:+999123456789", [], "invalid_number"),
        ("whatsapp:+52 155 1234 5678", [], "invalid_number"),
        ("whatsapp:5215512345678", [], "invalid_number"),
        ("whatsapp:", [], "invalid_number"),
        ("whatsapp:rcs:+14155552671", [], "invalid_number"),
        ("+5215512345678", [], "invalid_number"),
        ("rcs:+5215512345678", [], "invalid_number"),
        ("rcs:+14155552671", ["US"], None),
        ("+447700900123", [], "invalid_number"),
    ],
)
def test_numbering_plans_do_not_bind_whatsapp(
    address: str, allowed: list[str], code: str | None
) -> None:
    """WhatsApp addresses some old numbers as they were; countries hold by calling code."""
    assert code_of(lambda: require_destination(address, allowed)) == code


@pytest.mark.parametrize(
    "number", ["+447700900123", "+33639981234", "+353209101234", "+15555550100"]
)
def test_numbers_for_examples_are_valid_if_asked_for(number: str) -> None:
    """Numbers that no plan assigns, and that films and documents use, pass as reserved."""
    assert code_of(lambda: parse_e164(number)) == "invalid_number"
    assert parse_e164(number, reserved=True) == number
    assert code_of(lambda: parse_e164(f"{number}0", reserved=True)) == "invalid_number"


@pytest.mark.parametrize(
    ("text", "country", "allowed", "code"),
    [
        ("415-555-2671", "US", ["US"], None),
        ("+14155552671", None, ["US"], None),
        ("415-555-2671", None, [], "invalid_number"),
        ("900-555-1234", "US", [], "premium_rate"),
        ("+44 20 7946 0958", "US", ["US"], "country_not_allowed"),
        ("+447700900123", None, ["GB"], None),
        ("sales", "US", [], "invalid_number"),
    ],
)
def test_a_number_inside_twiml_is_held_to_the_rules(
    text: str, country: str | None, allowed: list[str], code: str | None
) -> None:
    """However it is written, it must not be premium-rate, nor in a country that is not allowed."""
    assert code_of(lambda: require_dialable(text, allowed, country=country)) == code


@pytest.mark.parametrize(
    ("text", "number"),
    [("+14155552671", "+14155552671"), ("whatsapp:+5215512345678", "+5215512345678"),
     ("rcs:+14155552671", "+14155552671"), ("+5215512345678", "+5215512345678"),
     ("+1", None), ("415-555-2671", None), ("client:alice", None), ("", None)],
)  # fmt: skip
def test_a_person_can_be_looked_for_by_any_number(text: str, number: str | None) -> None:
    """Any number that was accepted can be erased, whatever the numbering plans say today."""
    if number is None:
        assert code_of(lambda: parse_person(text)) == "invalid_number"
    else:
        assert parse_person(text) == number


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("+14155552671", "+14155552671"),
        ("rcs:+14155552671", "+14155552671"),
        ("whatsapp:+14155552671", "whatsapp:+14155552671"),
        ("rcs:brand_agent", "rcs:brand_agent"),
        ("MG" + "AB" * 16, "MG" + "ab" * 16),
        ("MG" + "ab" * 16, "MG" + "ab" * 16),
        ("MGMT", "MGMT"),
        ("ACME", "ACME"),
    ],
)
def test_an_address_has_one_form(address: str, form: str) -> None:
    """An opt-out on RCS is one on SMS, and a SID is the same in upper case."""
    assert canonical_address(address) == form
    assert canonical_address(form) == form


@pytest.mark.parametrize(
    ("sender", "is_service"),
    [("MG" + "0" * 32, True), ("MG" + "F" * 32, True), ("MGMT", False), ("MG" + "0" * 31, False),
     ("MG" + "0" * 32 + "\n", False), ("+14155552671", False)],
)  # fmt: skip
def test_a_service_is_its_whole_sid(sender: str, is_service: bool) -> None:  # noqa: FBT001 - a column of the table
    """A name that begins with the same letters is a name."""
    assert is_messaging_service(sender) is is_service


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+14155552671", "US"),
        ("+14165550123", "CA"),
        ("+442079460958", "GB"),
        ("x", None),
        ("whatsapp:+5215512345678", "MX"),
        ("+554188887777", "BR"),
        ("rcs:+14155552671", "US"),
        ("+999123456789", None),
        ("client:alice", None),
        ("+80012345678", "001"),
    ],
)
def test_a_number_tells_its_country(number: str, country: str | None) -> None:
    """The country is that of the number, else of its calling code; a name has none."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+442079460958", ("Europe/London",)),
        ("+14155552671", ("America/Los_Angeles",)),
        ("whatsapp:+442079460958", ("Europe/London",)),
        ("whatsapp:+554188887777", ("America/Sao_Paulo",)),
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
    """The number after the channel is returned; an address without one stays as it is."""
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
def test_an_address_is_masked(address: str, shown: str) -> None:
    """The middle of a number is hidden, and all of a short one."""
    assert mask_number(address) == shown


@given(st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_no_mask_gives_a_number_away(number: str) -> None:
    """Whatever the number, its mask and a text about it leave digits out."""
    assert number not in mask_number(number)
    assert mask_numbers(f"to {number}, please") == f"to {mask_number(number)}, please"
