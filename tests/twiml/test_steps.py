import inspect
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from shared.errors import InvalidRequestError
from shared.kinds import Kind
from shared.twiml.steps import MAX_DEPTH, MAX_STEPS, render_steps, validate_steps
from shared.twiml.verbs import RESPONSES, all_verb_names, takes_plain_text, verbs_in

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
TABLE = (Path(__file__).parent / "steps_and_twiml.txt").read_text().splitlines()


@pytest.mark.parametrize(("steps", "xml"), list(zip(TABLE[::2], TABLE[1::2], strict=True)))
def test_steps_are_the_twiml_that_they_name(steps: str, xml: str) -> None:
    """Each step is its element, its attributes and its children, exactly."""
    kind, _, source = steps.partition(" ")
    made = render_steps(json.loads(source), cast("Kind", kind))
    assert made == f"{HEAD}<Response>{xml}</Response>"


def places() -> Iterator[tuple[Kind, list[str], type[TwiML]]]:
    """Every place where a verb may stand: the way to it, and the element that it stands in."""
    for kind, response in RESPONSES.items():
        seen: set[type[TwiML]] = set()
        todo: list[tuple[list[str], type[TwiML]]] = [([], response)]
        for way, element in todo:
            if element not in seen:
                seen.add(element)
                yield cast("Kind", kind), way, element
                todo += [([*way, name], verb.element) for name, verb in verbs_in(element).items()]


def method_of(parent: TwiML, name: str) -> Any:  # noqa: ANN401 - the library is not typed
    return getattr(parent, name, None) or getattr(parent, f"{name}_")


@pytest.mark.parametrize(("kind", "way", "element"), list(places()))
def test_every_verb_with_every_attribute_is_what_the_library_writes(
    kind: Kind, way: list[str], element: type[TwiML]
) -> None:
    """Wherever a verb may stand, all that it takes comes out as when its method is called."""
    for name in verbs_in(element):
        response = RESPONSES[kind]()
        parent: TwiML = response
        for step in way:
            required = inspect.signature(method_of(parent, step)).parameters.values()
            words = ["x" for known in required if known.default is known.empty and known.kind == 1]
            parent = method_of(parent, step)(*words)
        method = method_of(parent, name)
        names = [known for known in inspect.signature(method).parameters if known != "kwargs"]
        method(**{known: f"<{known}>" for known in names})
        nested: dict[str, Any] = {name: {known.rstrip("_"): f"<{known}>" for known in names}}
        for outer in reversed(way):
            nested = {outer: {"steps": [nested]}}
        assert render_steps([nested], kind) == str(response)


def test_what_is_no_public_method_of_the_library_is_no_verb() -> None:
    """The library's own plumbing cannot be reached from JSON."""
    plumbing = {name for name in vars(TwiML) if not name.startswith("__")}
    assert not plumbing & all_verb_names()
    assert {"dial", "say", "break", "message", "media", "conversation_relay"} <= all_verb_names()
    for name in (*plumbing, "__class__", "__init__", "xml"):
        assert validate_steps([{name: {}}])[0].code == "unknown_verb"


def test_every_required_parameter_of_the_library_is_a_text() -> None:
    """The one thing that a verb may require is its text, so that is all that steps check."""
    for _, _, element in places():
        for name, verb in verbs_in(element).items():
            parameters = inspect.signature(getattr(element, verb.method)).parameters.values()
            required = [known.name for known in parameters if known.default is known.empty]
            assert [*required] == [
                "self",
                *([verb.text] if verb.text_required else []),
                "kwargs",
            ], name
            assert not {"text", "steps"} & set(verb.attributes)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&\"'😀שلם"),
    max_size=30,
)
VALUES = TEXTS | st.integers(-(10**9), 10**9) | st.booleans() | st.lists(TEXTS, min_size=1)


def elements(parent: type[TwiML], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Random steps for `parent`, straight from what the library takes."""
    return st.sampled_from(sorted(verbs_in(parent))).flatmap(lambda name: step(parent, name, depth))


def step(parent: type[TwiML], name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    verb = verbs_in(parent)[name]
    fields: dict[str, st.SearchStrategy[Any]] = {}
    if verb.text is not None:
        fields["text"] = TEXTS.filter(bool) if verb.text_required else TEXTS
    attributes: st.SearchStrategy[dict[str, Any]] = st.just({})
    if verb.attributes:
        attributes = st.dictionaries(st.sampled_from(sorted(verb.attributes)), VALUES, max_size=2)
    children: st.SearchStrategy[list[Any]] = st.just([])
    if depth and verbs_in(verb.element):
        child: st.SearchStrategy[Any] = elements(verb.element, depth - 1)
        if takes_plain_text(verb.element):
            child |= TEXTS
        children = st.lists(child, max_size=3)
    return st.tuples(st.fixed_dictionaries(fields), attributes, children).map(
        lambda parts: {name: parts[1] | parts[0] | ({"steps": parts[2]} if parts[2] else {})}
    )


def said(steps: list[Any]) -> str:
    """All text of some steps, in the order of reading."""
    return "".join(
        part if isinstance(part, str) else "".join(
            value.get("text", "") + said(value.get("steps", [])) for value in part.values()
        )
        for part in steps
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["call", "message"])
@given(data=st.data())
def test_random_steps_parse_and_say_their_text_verbatim(kind: Kind, data: st.DataObject) -> None:
    """Whatever the steps hold, the TwiML parses and its text is theirs, character for character."""
    steps = data.draw(st.lists(elements(RESPONSES[kind], 3), min_size=1, max_size=4))
    root = ET.fromstring(render_steps(steps, kind))  # noqa: S314 - our own
    assert root.tag == "Response"
    assert "".join(root.itertext()) == said(steps)
    assert len(root) == len(steps)


@given(TEXTS.filter(bool), VALUES)
def test_attributes_hold_their_values_verbatim(text: str, value: object) -> None:
    """A string is itself, a list its words, a boolean true or false, a number its digits."""
    say = ET.fromstring(render_steps([{"say": {"text": text, "voice": value}}]))[0]  # noqa: S314 - our own
    written = " ".join(value) if isinstance(value, list) else value
    assert say.get("voice") == (str(written).lower() if isinstance(written, bool) else str(written))
    assert say.text == text


BAD: list[tuple[object, list[tuple[str, str]]]] = [
    ("say", [("$.steps", "wrong_type")]),
    ({"say": "x"}, [("$.steps", "wrong_type")]),
    (None, [("$.steps", "wrong_type")]),
    ([], [("$.steps", "required")]),
    (["Hello"], [("$.steps[0]", "not_a_step")]),
    ([{}], [("$.steps[0]", "not_a_step")]),
    ([{"say": "x", "hangup": {}}], [("$.steps[0]", "not_a_step")]),
    ([{"sya": "x"}, {"say": 1}],
     [("$.steps[0].sya", "unknown_verb"), ("$.steps[1].say", "wrong_type")]),
    ([{"say": None}], [("$.steps[0].say", "wrong_type")]),
    ([{"say": {"text": 5}}], [("$.steps[0].say.text", "wrong_type")]),
    ([{"say": {"steps": "x"}}], [("$.steps[0].say.steps", "wrong_type")]),
    ([{"say": {"text": "a", "message": "b"}}], [("$.steps[0].say.message", "unknown_attribute")]),
    ([{"say": {"text": "x", "numDigits": 1, "a b\n": 1}}],
     [("$.steps[0].say.numDigits", "unknown_attribute"),
      ("$.steps[0].say['a b\\n']", "unknown_attribute")]),
    ([{"say": ["x", {"dial": "y"}]}], [("$.steps[0].say[1].dial", "misplaced_verb")]),
    ([{"hangup": {}}, {"gather": {"steps": [{"hangup": {}}]}}],
     [("$.steps[1].gather.steps[0].hangup", "misplaced_verb")]),
    ([{"hangup": {}}, {"gather": {"steps": [{"say": {"voice": {}}}]}}],
     [("$.steps[1].gather.steps[0].say.voice", "wrong_type")]),
    ([{"gather": ["text"]}], [("$.steps[0].gather[0]", "not_a_step")]),
    ([{"media": "https://x"}], [("$.steps[0].media", "misplaced_verb")]),
    ([{"redirect": {}}], [("$.steps[0].redirect.text", "required")]),
    ([{"redirect": ""}], [("$.steps[0].redirect", "required")]),
    ([{"redirect": []}], [("$.steps[0].redirect.text", "required")]),
    ([{"hangup": "now"}], [("$.steps[0].hangup", "misplaced_text")]),
    ([{"hangup": {"text": ""}}], [("$.steps[0].hangup.text", "misplaced_text")]),
    ([{"play": {"url": "https://x", "steps": []}}], [("$.steps[0].play.steps", "misplaced_steps")]),
    ([{"pause": [{"say": "x"}]}], [("$.steps[0].pause", "misplaced_steps")]),
    ([{"say": {"text": "a", "steps": [{"break": ["b"]}]}}],
     [("$.steps[0].say.steps[0].break", "misplaced_steps")]),
    *(([{"say": {"text": "x", "loop": value}}], [("$.steps[0].say.loop", "wrong_type")])
      for value in list[object]([None, {}, [], ["a", 1], math.nan, math.inf, -math.inf, 10**400])),
    ([{"say": "\x00\x0b"}], [("$.steps[0].say", "forbidden_character")]),
    ([{"say": {"text": "x", "voice": ["a", "\ud800"]}}],
     [("$.steps[0].say.voice", "forbidden_character")]),
    ([{"say": ["a", "\ufffe"]}], [("$.steps[0].say[1]", "forbidden_character")]),
    ([{"\ud800": 1}], [("$.steps[0]['\\ud800']", "unknown_verb")]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "problems"), BAD)
def test_bad_steps_are_named_by_path_and_code(
    steps: object, problems: list[tuple[str, str]]
) -> None:
    """Every problem is reported, at the very place where it is."""
    found = validate_steps(steps)
    assert [(problem.path, problem.code) for problem in found] == problems
    with pytest.raises(InvalidRequestError) as raised:
        render_steps(steps)
    assert raised.value.problems == tuple(found)


def test_forbidden_characters_are_named() -> None:
    """The message says which characters XML cannot hold."""
    [problem] = validate_steps([{"say": "\x00a\x0b\x00\udfff\uffff"}])
    assert problem.message == "XML cannot hold the character U+0000, U+000B, U+DFFF, U+FFFF"


@pytest.mark.parametrize(
    ("kind", "verb", "attributes", "limit"),
    [
        ("call", "say", {}, 4096),
        ("call", "say", {"voice": "alice"}, 4096),
        ("call", "say", {"voice": "Polly.Joanna-Neural"}, 3000),
        ("call", "say", {"voice": "Google.en-US-Chirp3-HD-Aoede"}, 5000),
        ("call", "sms", {}, 1600),
        ("message", "message", {}, 1600),
    ],
)
def test_twilios_text_limits_are_checked(
    kind: Kind, verb: str, attributes: dict[str, object], limit: int
) -> None:
    """A text of just the limit passes, one character more is named."""
    assert validate_steps([{verb: {"text": "é" * limit, **attributes}}], kind) == []
    [problem] = validate_steps([{verb: {"text": "é" * limit + "x", **attributes}}], kind)
    assert (problem.path, problem.code) == (f"$.steps[0].{verb}", "too_long")
    assert f"{limit + 1} characters" in problem.message


def test_a_say_is_measured_with_the_ssml_in_it() -> None:
    """Text in nested SSML counts, and a message's media do not."""
    words = ["x" * 4000, {"p": [{"s": "y" * 50}, "z" * 46]}]
    assert validate_steps([{"say": words}]) == []
    assert [problem.code for problem in validate_steps([{"say": [*words, "!"]}])] == ["too_long"]
    media = [{"media": "https://x/" + "y" * 900}] * 2
    assert validate_steps([{"message": {"text": "x", "steps": media}}], "message") == []


def test_size_depth_and_count_are_bounded() -> None:
    """64 kB of TwiML, twenty levels and a thousand steps are the most that is taken."""
    large: list[object] = [{"say": "é" * 4000}] * 8
    assert validate_steps(large) == []
    [problem] = validate_steps([*large, {"play": "https://x/" + "y" * 2000}], path="$.greeting")
    assert (problem.path, problem.code) == ("$.greeting", "too_long")
    nested: object = "end"
    for _ in range(MAX_DEPTH - 2):
        nested = {"emphasis": [nested]}
    assert validate_steps([{"say": [nested]}]) == []
    [problem] = validate_steps([{"say": [{"emphasis": [nested]}]}])
    assert problem.code == "too_deep"
    assert problem.path.count("emphasis") == MAX_DEPTH - 1
    assert validate_steps([{"pause": {}}] * MAX_STEPS) == []
    [problem] = validate_steps([{"pause": {}}] * (MAX_STEPS + 1))
    assert (problem.path, problem.code) == ("$.steps", "too_many")


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ({"gather": {"action": "/next"}}, "$.steps[0].gather.action"),
        ({"record": {"action": "next?a=1"}}, "$.steps[0].record.action"),
        ({"pay": {"action": "//host/next"}}, "$.steps[0].pay.action"),
        ({"redirect": "../next"}, "$.steps[0].redirect"),
        ({"redirect": {"text": "https:///x"}}, "$.steps[0].redirect.text"),
    ],
)
def test_twiml_without_an_address_takes_absolute_urls_only(
    step: dict[str, object], path: str
) -> None:
    """Relative actions and redirects are fine where a URL serves the steps, not inline."""
    assert validate_steps([step]) == []
    [problem] = validate_steps([step], inline=True)
    assert (problem.path, problem.code) == (path, "relative_url")
    absolute = {"gather": {"action": "HTTPS://x/next"}}
    assert validate_steps([absolute, {"redirect": "http://x"}], inline=True) == []
    assert [p.code for p in validate_steps([{"gather": {"action": 5}}], inline=True)] == []


def test_the_libraries_two_responses_are_the_two_kinds() -> None:
    """A call is a VoiceResponse, a message a MessagingResponse."""
    assert RESPONSES["call"] is VoiceResponse
    assert RESPONSES["message"] is MessagingResponse
    assert render_steps([{"hangup": {}}]) == f"{HEAD}<Response><Hangup /></Response>"
