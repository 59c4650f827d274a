import pytest

from shared.twiml.text import strip_forbidden, validate_document, validate_twiml

LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Response><Say>&b;</Say></Response>'


@pytest.mark.parametrize(
    ("twiml", "code"),
    [
        ("<Response/>", None),
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Say>😀 שלום &lt;</Say></Response>',
            None,
        ),
        ("", "not_xml"),
        ("Hello", "not_xml"),
        ("<Response>", "not_xml"),
        ("<Response/><Response/>", "not_xml"),
        ("<Response>&nbsp;</Response>", "not_xml"),
        (LAUGHS, "not_xml"),
        ('<!DOCTYPE Response SYSTEM "file:///etc/passwd"><Response/>', "not_xml"),
        ("<Say>Hello</Say>", "not_twiml"),
        ("<Response>\x00</Response>", "forbidden_character"),
        ("<Response>\ud83d</Response>", "forbidden_character"),
        (f"<Response><Say>{'x' * 3968}</Say></Response>", None),
        (f"<Response><Say>{'x' * 3969}</Say></Response>", "too_long"),
    ],
)
def test_a_calls_own_twiml_is_read_before_twilio_is_asked(twiml: str, code: str | None) -> None:
    """Well-formed TwiML of 4000 characters passes; anything else is named, entities included."""
    found = validate_twiml(twiml)
    assert [(problem.path, problem.code) for problem in found] == (
        [("$.twiml", code)] if code else []
    )


def test_a_document_on_its_own_url_may_be_longer() -> None:
    """The 4000 characters are the limit of a request's parameter, not of TwiML."""
    assert validate_document(f"<Response><Say>{'x' * 9000}</Say></Response>", "$") == []


def test_what_xml_cannot_hold_is_left_out() -> None:
    """Text that nobody can be asked to mend loses those characters and nothing else."""
    assert strip_forbidden("a\x00b\ud800c\ufffe\td\r\n😀") == "abc\td\r\n😀"


def test_exactly_the_characters_of_xml_are_kept() -> None:
    """XML 1.0 has tab, newlines, and all from the space on but surrogates and two more."""
    ranges = [(0x9, 0xB), (0xD, 0xE), (0x20, 0xD800), (0xE000, 0xFFFE), (0x10000, 0x110000)]
    legal = "".join(chr(code) for start, end in ranges for code in range(start, end))
    assert strip_forbidden("".join(map(chr, range(0x110000)))) == legal
