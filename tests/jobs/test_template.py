"""Texts with placeholders."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.events import Accepted
from shared.jobs.request import CallRequest, MessageRequest
from shared.jobs.template import (
    fill_request,
    parse_template,
    parse_templates,
    request_of_recipient,
)
from tests.clock import NOON

NAMES = ("name", "n_2", "Grüße")


@given(st.lists(st.text(st.characters(blacklist_characters="{}")) | st.sampled_from(NAMES)))
def test_a_text_is_filled_in_its_places_and_nowhere_else(parts: list[str]) -> None:
    """Each placeholder is replaced by its value; braces alone tell it from text."""
    values = {name: f"<{{{{{name}}}}} é>" for name in NAMES}
    text = parse_template("".join(f"{{{{ {p} }}}}" if p in NAMES else p for p in parts))
    expected = "".join(values.get(part, part) for part in parts)
    assert text.fill(values) == expected
    assert text.length(values) == len(expected)
    assert text.names == {part for part in parts if part in NAMES}
    assert not text.broken


@pytest.mark.parametrize(
    ("text", "names", "broken"),
    [
        ("", set(), False),
        ("{} {a} }{", set(), False),
        ("{{a}}{{ a }}{{\tb\n}}", {"a", "b"}, False),
        ("{{{a}}}", {"a"}, False),
        ("{{a b}}", set(), True),
        ("{{}}", set(), True),
        ("{{a}", set(), True),
        ("a}}", set(), True),
        ("{{a}} {{", {"a"}, True),
        ("{{a.b}}", set(), True),
    ],
)
def test_braces_that_make_no_placeholder_are_noticed(
    text: str, names: set[str], *, broken: bool
) -> None:
    """A placeholder is one word between double braces; double braces elsewhere are a mistake."""
    assert parse_template(text).names == names
    assert parse_template(text).broken is broken


def test_only_the_texts_of_a_request_are_filled() -> None:
    """Body, `say` and a template's variables hold placeholders; everything else stays as it is."""
    message = MessageRequest(to="-", body="Hi {{n}}", status_callback="https://a.example/{{n}}")
    assert fill_request(message, {"n": "Ann"}) == msgspec.structs.replace(message, body="Hi Ann")
    call = CallRequest(to="-", say="Hi {{n}}", voice="alice")
    assert fill_request(call, {"n": "Ann"}) == msgspec.structs.replace(call, say="Hi Ann")
    content = MessageRequest(to="-", content_sid="HX" + "0" * 32)
    assert parse_templates(content) == {}
    content = msgspec.structs.replace(
        content, content_variables={"1": "Hi {{n}}", "a.b": "{{n}}", "": "x"}
    )
    assert fill_request(content, {"n": "{{m}}"}) == msgspec.structs.replace(
        content, content_variables={"1": "Hi {{m}}", "a.b": "{{m}}", "": "x"}
    )


def test_each_recipient_of_a_job_has_a_request_of_its_own() -> None:
    """A template is filled with the recipient's values; without values it is the same for all."""
    raw = msgspec.Raw(b'{"to":"-","say":"Hi {{n}}"}')
    values = ({"n": "Ann"}, {"n": "Bob"})
    job = Accepted(at=NOON, kind="call", to=("+1", "+2"), request=raw, values=values)
    texts = [getattr(request_of_recipient(job, index), "say", None) for index in range(2)]
    assert texts == ["Hi Ann", "Hi Bob"]
    plain = msgspec.structs.replace(job, values=())
    assert request_of_recipient(plain, 1) == CallRequest(to="-", say="Hi {{n}}")
