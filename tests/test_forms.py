from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.forms import Form, form_parameters, is_sid, query_parameters, snake_case


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_what_was_sent_is_what_is_read(pairs: list[tuple[str, str]]) -> None:
    """Repeats, blanks, order and every character survive a form and a query."""
    encoded = urlencode(pairs, errors="surrogatepass").encode()
    try:
        assert form_parameters(encoded).pairs == tuple(pairs)
    except UnicodeDecodeError:
        assert any("\ud800" <= character <= "\udfff" for pair in pairs for character in str(pair))


def test_a_form_gives_its_values_by_name() -> None:
    """`get` takes the first value, `getall` all of them, and a missing name is blank."""
    form = form_parameters(b"A=1&B=&A=2&C")
    assert form.get("A") == "1"
    assert form.getall("A") == ["1", "2"]
    assert form.get("B", "default") == ""
    assert form.get("D", "default") == "default"
    assert form.getall("D") == []
    assert list(form) == ["A", "B", "C"]
    assert "C" in form
    assert "D" not in form


def test_a_form_is_not_a_mapping() -> None:
    """`dict(form)`, which would lose repeats, is an error."""
    with pytest.raises(ValueError, match="dictionary update"):
        dict(form_parameters(b"From=1&From=2"))  # type: ignore[arg-type]


def test_a_form_shows_no_values_in_a_log() -> None:
    """A repr names the fields and keeps what people wrote to itself."""
    assert repr(form_parameters(b"From=%2B14155552671&Body=secret")) == "Form(From, Body)"


def test_a_query_is_read_up_to_its_fragment() -> None:
    """Only what stands between `?` and `#` counts, and bytes that are not UTF-8 do no harm."""
    assert query_parameters("https://x/y?a=1&a=%FF#?b=2").pairs == (("a", "1"), ("a", "�"))
    assert query_parameters("https://x/y").pairs == Form().pairs


@pytest.mark.parametrize(
    ("text", "known"),
    [("CA" + "0" * 32, True), ("CA" + "aF" * 16, True), ("CA" + "0" * 31, False), ("CA", False),
     ("SM" + "0" * 32, False), ("ca" + "0" * 32, False), ("CA" + "g" * 32, False), ("", False),
     ("CA" + "0" * 32 + "\n", False), ("CA/" + "0" * 31, False),
     ("CA" + "\N{ARABIC-INDIC DIGIT ONE}" * 32, False)],
)  # fmt: skip
def test_a_sid_is_well_formed_or_none(text: str, known: bool) -> None:  # noqa: FBT001 - a table
    """Two letters of a kind and 32 hexadecimal digits, and nothing around them."""
    assert is_sid(text, "CA", "MM") is known


@pytest.mark.parametrize(
    ("name", "ours"),
    [("CallerCity", "caller_city"), ("StirVerstat", "stir_verstat"), ("WaId", "wa_id"),
     ("MediaUrl0", "media_url0"), ("SipHeader_X-My-Id", "sip_header_x_my_id"),
     ("APIVersion", "api_version"), ("ToZip", "to_zip"), ("address", "address"), ("__", "")],
)  # fmt: skip
def test_fields_are_named_as_ours_are(name: str, ours: str) -> None:
    """Twilio's names in snake_case."""
    assert snake_case(name) == ours
