"""Decoding: whatever the fields, every problem has a path, and none is raised."""

import re
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accept.decode import Decoded, decode_fields
from shared.jobs.request import CallRequest, MessageRequest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    [*MessageRequest.__struct_encode_fields__, *CallRequest.__struct_encode_fields__]
)
requests = st.dictionaries(names | st.text(max_size=9), json_values, max_size=8)


@given(requests, st.sampled_from((MessageRequest, CallRequest)))
def test_any_json_is_decoded_or_explained(
    fields: dict[str, Any], into: type[MessageRequest | CallRequest]
) -> None:
    """Any object either is the struct or has problems, each with a path, code and message."""
    decoded: Decoded[MessageRequest | CallRequest] = decode_fields(fields, into, to="")
    assert isinstance(decoded.value, into)
    for problem in decoded.problems:
        assert problem.path.startswith("$")
        assert problem.code
        assert problem.message
    try:
        msgspec.convert(fields, into)
    except msgspec.ValidationError:
        assert decoded.problems
    else:
        assert not decoded.problems
        assert decoded.value == msgspec.convert(fields, into)


@given(requests)
def test_a_broken_field_is_named_and_left_out(fields: dict[str, Any]) -> None:
    """Each given field is in the struct, broken, or unknown."""
    decoded = decode_fields(fields, MessageRequest, to="")
    known = {f.encode_name: f.name for f in msgspec.structs.fields(MessageRequest)}
    for name in fields.keys() & known.keys():
        path_named = any(re.match(rf"\$\.{name}(?!\w)", p.path) for p in decoded.problems)
        assert path_named == (name in decoded.broken)


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, [("$.to", "missing")]),
        ({"to": "+1", "it's": 1}, [("$[\"it's\"]", "unknown_field")]),
        ({"to": ["a", 1, "", {}]},
         [("$.to[1]", "wrong_type"), ("$.to[2]", "too_short"), ("$.to[3]", "wrong_type")]),
        ({"to": {"a": 1}}, [("$.to", "wrong_type")]),
        ({"to": [*["+1"] * 100, 1]}, [("$.to", "too_long"), ("$.to[100]", "wrong_type")]),
        ({"to": "+1", "metadata": {"0": 1, **{f"{n}": "x" for n in range(1, 11)}}},
         [("$.metadata", "too_long"), ("$.metadata.0", "wrong_type")]),
        ({"to": "+1", "media_url": [""]}, [("$.media_url[0]", "too_short")]),
        ({"to": "+1", "validity_period": 1.5}, [("$.validity_period", "wrong_type")]),
        ({"to": "+1", "validity_period": 99_999}, [("$.validity_period", "out_of_range")]),
        ({"to": "+1", "lane": "x"}, [("$.lane", "not_one_of")]),
        ({"to": "+1", "send_at": "2026-01-01T00:00:00"}, [("$.send_at", "malformed")]),
        ({"to": "+1", "content_sid": "HX"}, [("$.content_sid", "malformed")]),
        ({"to": "+1", "metadata": {"a b": 1, "c": "x" * 257}},
         [("$.metadata['a b']", "wrong_type"), ("$.metadata.c", "too_long")]),
    ],
)  # fmt: skip
def test_paths_lead_to_the_mistake(fields: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    """Members of lists and objects are named each by itself."""
    found = decode_fields(fields, MessageRequest, to="").problems
    assert [(problem.path, problem.code) for problem in found] == problems


PYTHON: Final = re.compile(r"`|\bstr\b|\bint\b|\bbool\b|\bnull\b|regex|Expected|array")
MISTAKES: Final[dict[str, list[Any]]] = {
    "to": [5, "", [], ["x"] * 101, {}],
    "from": [5, "", "x" * 257],
    "body": [1, True, ["x"]],
    "media_url": [5, [], [""], ["https://example.com/a"] * 11],
    "content_sid": ["HX1", 5],
    "content_variables": [{"1": 5}, []],
    "lane": ["fast", 5],
    "metadata": [{"a": 1}, {str(n): "x" for n in range(11)}, []],
    "send_at": [
        "soon",
        "2026-11-21T13:00:00",
        "2026-11-21T13:00:00-0500",
        "2026-13-41T13:00:00Z",
        5,
    ],
    "validity_period": [0, 36_001, "60", 1.5, 10**30],
    "smart_encoded": ["yes", 1],
    "max_price": ["x", -1],
    "risk_check": ["on"],
    "persistent_action": ["x", []],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in MISTAKES.items() for value in values if value is not None],
)
def test_a_mistake_is_explained_with_an_example(name: str, value: object) -> None:
    """No message speaks of Python's types, and each has a value that would be taken."""
    problems = decode_fields({"to": "+1", name: value}, MessageRequest, to="").problems
    assert problems
    for problem in problems:
        assert not PYTHON.search(problem.message), problem.message
        example = msgspec.json.decode(problem.message.partition(", e.g. ")[2])
        if problem.path == f"$.{name}":
            assert decode_fields({"to": "+1", name: example}, MessageRequest, to="").problems == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [("boddy", "did you mean body?"), ("Body", "did you mean body?"),
     ("status-callback", "did you mean status_callback?"), ("nome", "to, "),
     ("messagingServiceSid", "did you mean messaging_service_sid?"),
     ("x" * 100_000, "to, "), ("recipents", "did you mean recipients?")],
)  # fmt: skip
def test_a_near_miss_is_named(name: str, hint: str) -> None:
    """A field that is not one says which was probably meant, else which there are."""
    [problem] = decode_fields(
        {"to": "+1", name: 1}, MessageRequest, to="", also_known=("recipients",)
    ).problems
    assert hint in problem.message
    assert len(problem.path) < 100


def test_a_query_may_write_numbers_as_texts() -> None:
    """Unless it is strict, a text may be a number; one without end is out of range."""
    fields = {"to": "+1", "validity_period": "60"}
    assert decode_fields(fields, MessageRequest, strict=False, to="").value.validity_period == 60
    fields["validity_period"] = "9" * 5000
    [problem] = decode_fields(fields, MessageRequest, strict=False, to="").problems
    assert (problem.path, problem.code) == ("$.validity_period", "out_of_range")
    assert len(problem.message) < 100


def test_an_answer_is_not_many_times_its_request() -> None:
    """Thousands of unknown fields are named up to a limit, and what there is only once."""
    fields = {"to": "+1"} | {f"{n:05}": 1 for n in range(5000)}
    problems = decode_fields(fields, MessageRequest, to="").problems
    assert len(problems) == 1000
    assert sum("messaging_service_sid" in problem.message for problem in problems) == 1


def test_a_path_keeps_numbers_to_itself() -> None:
    """A caller's own text in a path is cut, and numbers in it are masked."""
    [problem] = decode_fields({"to": "+1", "+14155552671": 1}, MessageRequest, to="").problems
    assert problem.path == "$['+1415•••2671']"
