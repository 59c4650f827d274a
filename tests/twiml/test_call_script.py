"""What an outgoing call says: a text of any length, or steps, as TwiML."""

from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequestError
from shared.jobs.request import CallRequest
from shared.twiml.call_script import render_call_script, render_documents, split_speech

LONGEST_SAY = 3000  # Polly's; https://www.twilio.com/docs/voice/twiml/say
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
xml_text = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)


def call(**fields: Any) -> CallRequest:  # noqa: ANN401 - as many types as fields
    return msgspec.convert({"to": "+14155552671"} | fields, CallRequest)


@pytest.mark.parametrize(
    ("fields", "twiml"),
    [
        ({"say": "Hi"}, "<Response><Say>Hi</Say></Response>"),
        ({"say": "Tom & <Ann>"}, "<Response><Say>Tom &amp; &lt;Ann&gt;</Say></Response>"),
        ({"say": "Hallo", "voice": "Polly.Vicki", "language": "de-DE"},
         '<Response><Say language="de-DE" voice="Polly.Vicki">Hallo</Say></Response>'),
        ({"steps": [{"say": "Hi"}, {"pause": {"length": 2}}, {"hangup": {}}]},
         '<Response><Say>Hi</Say><Pause length="2" /><Hangup /></Response>'),
    ],
)  # fmt: skip
def test_text_and_steps_are_twiml(fields: dict[str, Any], twiml: str) -> None:
    """A text is said with its voice and language, and steps are done in order."""
    assert render_call_script(call(**fields)) == HEAD + twiml


@pytest.mark.parametrize("fields", [{"twiml": "<Response/>"}, {"url": "https://a.example/"}, {}])
def test_somebody_elses_twiml_is_none_of_ours(fields: dict[str, Any]) -> None:
    """A call that brings its TwiML or a URL has no script here."""
    assert render_call_script(call(**fields)) is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"say": "a\x00"}, "$.say"),
        ({"say": "x" * 70_000}, "$.say"),
        ({"steps": [{"sing": "x"}]}, "$.steps[0].sing"),
        ({"steps": []}, "$.steps"),
    ],
)
def test_a_script_that_cannot_be_is_refused(fields: dict[str, Any], path: str) -> None:
    """What Twilio could not read is refused under the field that it came in."""
    with pytest.raises(InvalidRequestError) as error:
        render_call_script(call(**fields))
    assert {problem.path for problem in error.value.problems} == {path}


@given(xml_text.filter(bool), st.integers(1, 200))
def test_every_word_is_said(text: str, times: int) -> None:
    """However long, the text is said whole and verbatim, in parts that one Say takes."""
    long = text * times
    parts = split_speech(long)
    assert "".join(parts) == long
    assert all(len(part) < LONGEST_SAY for part in parts)


def test_a_long_text_is_broken_between_words() -> None:
    """No word is cut where there is a blank to break at."""
    words = [f"word{number}" for number in range(2000)]
    script = render_call_script(call(say=" ".join(words)))
    assert script is not None
    said = [verb.text or "" for verb in ET.fromstring(script)]  # noqa: S314 - our own
    assert len(said) > 1
    assert " ".join(said).split() == words


def test_every_document_of_a_script_is_there() -> None:
    """The text, or the steps with each branch of their gathers, are documents by their paths."""
    inner = {"gather": {"on": {"else": [{"dial": "+19005550100"}]}}}
    steps = [{"say": "Hi"}, {"gather": {"on": {"1": [inner]}}}]
    documents = render_documents(call(steps=steps), str)
    inside = "$.steps[1].gather.on.1[0].gather.on.else"
    assert list(documents) == ["$.steps", "$.steps[1].gather.on.1", inside]
    assert documents[inside] == (
        f'{HEAD}<Response><Dial action="1.0.0.0.0">+19005550100</Dial></Response>'
    )
    assert "action" not in "".join(render_documents(call(steps=steps)).values())
    said = f"{HEAD}<Response><Say>Hi</Say></Response>"
    assert render_documents(call(say="Hi")) == {"$.say": said}
    assert render_documents(call(url="https://a.example/")) == {}
    with pytest.raises(InvalidRequestError):
        render_documents(call(steps=[{"gather": {"on": {"1": [{"sing": "x"}]}}}]))
