"""Answers to a gather, and where a call goes on after one."""

from typing import Any

import pytest

from shared.errors import InvalidRequestError
from shared.twiml.stages import choose_branch, find_stage, next_steps
from shared.twiml.steps import branches_of, render_rest, render_steps, validate_steps

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
INNER: list[Any] = [
    {"say": "Why?"},
    {"gather": {"on": {"no": [{"say": "No"}], "else": [{"record": {}}]}}},
    {"say": "Still there?"},
]
STEPS: list[Any] = [
    {"say": "Hello"},
    {"gather": {"on": {"1": [{"say": "One"}], "2": INNER, "else": [{"hangup": {}}]}}},
    {"dial": "+14155552671"},
    {"record": {}},
    {"gather": [{"say": "Press a key"}]},
]


def come_back(place: str) -> str:
    return f"https://s.example/?Stage={place}"


@pytest.mark.parametrize(
    ("place", "verb", "branches"),
    [
        ("1", "gather", ["1", "2", "else"]),
        ("1.1.1", "gather", ["no", "else"]),
        ("1.1.1.1.0", "record", []),
        ("2", "dial", []),
        ("4", "gather", []),
    ],
)
def test_a_place_names_a_step(place: str, verb: str, branches: list[str]) -> None:
    """Places lead through the branches to one step, and are written as they were read."""
    stage = find_stage(STEPS, place)
    assert stage is not None
    assert (stage.verb, list(stage.on), stage.place) == (verb, branches, place)


@pytest.mark.parametrize(
    "place",
    ["", "0", "1.0.0", "5", "99999", "1.", "1.1", "1.9.0", "1.1.9", "0.0.0", "2.0.0", "4.0.0", "-1",
     "a",
     "1.-1.0", "\N{ARABIC-INDIC DIGIT ONE}", "1.1.1.1.0\n"],
)  # fmt: skip
def test_what_is_not_a_place_is_none(place: str) -> None:
    """Places outside the steps, and texts that are none, name nothing."""
    assert find_stage(STEPS, place) is None


def test_other_steps_have_no_place() -> None:
    """Steps that were stored in another shape name nothing and raise nothing."""
    assert find_stage([{"gather": {"on": 5}}], "0.0.0") is None
    assert find_stage(["text"], "0") is None
    assert find_stage([{"a": 1, "b": 2}], "0") is None


@pytest.mark.parametrize(
    ("digits", "speech", "branch"),
    [
        ("1", "", "1"),
        ("", "1", "1"),
        ("", "One.", None),
        ("*9", "", "*9"),
        ("", "Yes, please!", "yes please"),
        ("", "YES   please", "yes please"),
        ("", "yes", "else"),
        ("3", "", "else"),
        ("", "\N{GRINNING FACE}", "else"),
        ("else", "", "else"),
        ("", "else", "else"),
        ("", "", None),
    ],
)
def test_an_answer_fits_one_branch(digits: str, speech: str, branch: str | None) -> None:
    """Keys fit as they are, words in any case and punctuation; silence fits nothing."""
    keys = ["1", "*9", "yes please", "else"]
    if branch is None and speech:
        keys.remove("else")
    assert choose_branch({key: [] for key in keys}, digits, speech) == branch


@pytest.mark.parametrize(
    ("place", "digits", "inside"),
    [
        ("1", "1", "<Say>One</Say>"),
        ("1", "7", "<Hangup />"),
        ("1", "2",
         ('<Say>Why?</Say><Gather action="https://s.example/?Stage=1.1.1" input="dtmf speech" />'
          "<Say>Still there?</Say>")),
        ("1.1.1", "", "<Say>Still there?</Say>"),
        ("1.1.1", "5", '<Record action="https://s.example/?Stage=1.1.1.1.0" />'),
        ("1.1.1.1.0", "", ""),
        ("2", "",
         ('<Record action="https://s.example/?Stage=3" />'
          '<Gather action="https://s.example/?Stage=4"><Say>Press a key</Say></Gather>')),
        ("4", "1", ""),
    ],
)  # fmt: skip
def test_a_call_goes_on_with_a_branch_or_the_next_step(
    place: str, digits: str, inside: str
) -> None:
    """A branch is a document of its own; without one the steps after that step follow."""
    stage = find_stage(STEPS, place)
    assert stage is not None
    document = render_rest(*next_steps(stage, digits), come_back)
    whole = f"<Response>{inside}</Response>" if inside else "<Response />"
    assert document == HEAD + whole


def test_every_place_that_is_written_can_be_found() -> None:
    """Each address in the document and in every branch leads to the step that has it."""
    documents = [render_steps(STEPS, come_back=come_back)]
    documents += [
        render_rest(steps, 0, prefix, come_back) for _, prefix, steps in branches_of(STEPS)
    ]
    places = [part.partition('"')[0] for text in documents for part in text.split("Stage=")[1:]]
    assert sorted(places) == ["1", "1.1.1", "1.1.1.1.0", "2", "3", "4"]
    assert all(find_stage(STEPS, place) for place in places)
    assert [path for path, _, _ in branches_of(STEPS)] == [
        "$.steps[1].gather.on.1", "$.steps[1].gather.on.2", "$.steps[1].gather.on.else",
        "$.steps[1].gather.on.2[1].gather.on.no", "$.steps[1].gather.on.2[1].gather.on.else",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("gather", "attributes"),
    [
        ({"on": {"1": [{"pause": {}}], "42": [{"pause": {}}]}}, 'numDigits="2"'),
        ({"on": {"1": [{"pause": {}}]}, "num_digits": 4}, 'numDigits="4"'),
        ({"on": {"#": [{"pause": {}}]}}, 'finishOnKey="" numDigits="1"'),
        ({"on": {"yes": [{"pause": {}}]}}, 'input="dtmf speech"'),
        ({"on": {"yes": [{"pause": {}}]}, "input": "speech"}, 'input="speech"'),
        ({"on": {"else": [{"pause": {}}]}}, ""),
    ],
)
def test_a_gather_listens_for_its_answers(gather: dict[str, Any], attributes: str) -> None:
    """How many keys, and whether words count, follows from the answers unless it is given."""
    found = render_steps([{"gather": gather}])
    expected = f"<Gather {attributes} />".replace("  ", " ")
    assert found == f"{HEAD}<Response>{expected}</Response>"


BAD: list[tuple[object, list[tuple[str, str]]]] = [
    ({"on": {}}, [("$.steps[0].gather.on", "wrong_type")]),
    ({"on": [{"say": "x"}]}, [("$.steps[0].gather.on", "wrong_type")]),
    ({"on": {"1": []}}, [("$.steps[0].gather.on.1", "required")]),
    ({"on": {"1": "Hi", "*": [{"sing": "x"}]}},
     [("$.steps[0].gather.on.1", "wrong_type"),
      ("$.steps[0].gather.on['*'][0].sing", "unknown_verb")]),
    ({"on": {"1": [{"pause": {}}]}, "action": "https://x.example"},
     [("$.steps[0].gather.on", "conflict")]),
    ({"on": {"Yes": [{"pause": {}}], "yes!": [{"pause": {}}]}},
     [("$.steps[0].gather.on['yes!']", "duplicate")]),
    ({"on": {"?": [{"pause": {}}]}}, [("$.steps[0].gather.on['?']", "malformed")]),
    ({"on": {"1": [{"gather": {"on": {"1": [{"redirect": "/x"}]}}}]}},
     [("$.steps[0].gather.on.1[0].gather.on.1[0].redirect", "relative_url")]),
    ({"on": {"1": [{"say": "é" * 4000}] * 9}}, [("$.steps[0].gather.on.1", "too_long")]),
]  # fmt: skip


@pytest.mark.parametrize(("gather", "problems"), BAD)
def test_wrong_answers_are_named(gather: object, problems: list[tuple[str, str]]) -> None:
    """Each branch is read as steps are, with exact paths; answers must differ and be answers."""
    found = validate_steps([{"gather": gather}], inline=True)
    assert [(problem.path, problem.code) for problem in found] == problems
    with pytest.raises(InvalidRequestError):
        render_steps([{"gather": gather}], inline=True)


def test_branches_are_bounded_in_depth() -> None:
    """A gather in a gather in a gather … ends at twenty levels."""
    steps: list[Any] = [{"hangup": {}}]
    for _ in range(25):
        steps = [{"gather": {"on": {"1": steps}}}]
    assert {problem.code for problem in validate_steps(steps)} == {"too_deep"}


def test_on_belongs_to_a_gather() -> None:
    """Elsewhere it is an attribute like any other, and unknown."""
    [problem] = validate_steps([{"record": {"on": {"1": []}}}])
    assert (problem.path, problem.code) == ("$.steps[0].record.on", "unknown_attribute")


def test_an_action_of_ones_own_stays() -> None:
    """Where the steps say where to go on, that is where the call goes."""
    steps = [{name: {"action": "https://x.example"}} for name in ("gather", "record", "dial")]
    assert "Stage" not in render_steps(steps, come_back=come_back)
    assert "action" not in render_steps([{"pause": {}}, {"say": "Hi"}], come_back=come_back)
