"""Whom a document calls or texts."""

import pytest

from shared.twiml.destinations import destinations_in


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<Dial>+14155552671</Dial>", [("Response/Dial", "+14155552671")]),
        ("<Dial> <Number url='u'>\n415-555-2671 </Number><Number>2</Number></Dial>",
         [("Response/Dial/Number", "415-555-2671"), ("Response/Dial/Number", "2")]),
        ("<Dial><Client>alice</Client><Sip>sip:a@b.example</Sip></Dial>", []),
        ("<Dial><Conference>1</Conference></Dial><Enqueue>2</Enqueue>", []),
        ("<Sms to='+1900' from='+1'>Hi</Sms>", [("Response/Sms/@to", "+1900")]),
        ("<Message to=' +1900 '>Hi</Message><Message>Hi</Message>",
         [("Response/Message/@to", "+1900")]),
        ("<Refer>+1900</Refer>", [("Response/Refer", "+1900")]),
        ("<Gather><Say>+1900</Say></Gather><Dial/>", []),
    ],
)  # fmt: skip
def test_every_number_is_found(inside: str, found: list[tuple[str, str]]) -> None:
    """Numbers are found in elements and attributes; names, texts and empty elements are not."""
    assert destinations_in(f"<Response>{inside}</Response>") == found
