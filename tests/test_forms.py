from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.forms import Form, form_parameters, query_parameters


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


def test_a_form_is_no_mapping() -> None:
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
