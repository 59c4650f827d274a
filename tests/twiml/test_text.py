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
        ('<?xml version="1.0" encoding="UTF-16"?><Response/>', "not_xml"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><Response/>', "not_xml"),
        ('<?xml version="1.0" encoding="utf-8"?><Response/>', None),
        ('<?xml version="1.0"?><Response/>', None),
        ("\ufeff<Response/>", "not_xml"),
        ("<Response><foo:Say>Hi</foo:Say></Response>", "not_xml"),
        ("<Response><Say foo:voice='alice'>Hi</Say></Response>", "not_xml"),
        ("<response/>", "not_twiml"),
        ("<Response><say>Hi</say></Response>", "unknown_verb"),
        ("<Response><Gather><Foo/></Gather></Response>", "unknown_verb"),
        ("<Response><Message>Hi</Message></Response>", "unknown_verb"),
        ("<Response><Say>a <break/><say-as>1</say-as></Say><Dial><Sip>1</Sip></Dial></Response>",
         None),
        ("<Response>\x00</Response>", "forbidden_character"),
        ("<Response>\ud83d</Response>", "forbidden_character"),
        (f"<Response><Say>{'x' * 3968}</Say></Response>", None),
        (f"<Response><Say>{'x' * 3969}</Say></Response>", "too_long"),
    ],
)  # fmt: skip
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
    """Text that nobody can be asked to fix loses those characters and nothing else."""
    assert strip_forbidden("a\x00b\ud800c\ufffe\td\r\n😀") == "abc\td\r\n😀"


def test_exactly_the_characters_of_xml_are_kept() -> None:
    """XML 1.0 has tab, newlines, and all from the space on but surrogates and two more."""
    ranges = [(0x9, 0xB), (0xD, 0xE), (0x20, 0xD800), (0xE000, 0xFFFE), (0x10000, 0x110000)]
    legal = "".join(chr(code) for start, end in ranges for code in range(start, end))
    assert strip_forbidden("".join(map(chr, range(0x110000)))) == legal


def test_unknown_verbs_are_named_once_each() -> None:
    """The message names what is not TwiML, in order, and says that letter case counts."""
    [problem] = validate_twiml("<Response><say/><Say/><Foo><say/></Foo></Response>")
    assert problem.message.startswith("has <say>, <Foo>, which is not TwiML for calls")


def test_a_declared_encoding_is_named() -> None:
    """The message says which encoding the document declares, and which one it has."""
    [problem] = validate_document('<?xml version="1.0" encoding="UTF-16"?><Response/>', "$")
    assert problem.message.endswith("its encoding is UTF-8, and it declares UTF-16")
