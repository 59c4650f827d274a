"""What people press, say and record in a call of ours: recorded, published, and followed."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dev.azurite import azurite, is_installed
from dev.checkout import HERE
from shared.triggers.openapi.operations import OPERATIONS
from tests.dev.call_world import CallWorld, Json, call_world, heard

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not is_installed(), reason="`python3 dev test` installs Azurite"),
]

PERSON, OTHER = "+14155552671", "+14165550123"
DESK = "+14155550204"
ASKS = "1 to confirm, 2 to cancel"
ASK: Json = {"num_digits": 1, "steps": [{"say": ASKS}]}
CHOICE: list[Json] = [
    {
        "gather": {
            **ASK,
            "on": {
                "1": [{"say": "Confirmed"}],
                "2": [
                    {"say": "Why?"},
                    {"gather": {"input": "speech", "on": {
                        "too late": [{"say": "Sorry for that"}],
                        "else": [{"say": "I see"}],
                    }}},
                    {"say": "Canceled anyway"},
                ],
                "else": [{"say": "Good bye"}],
            },
        }
    },
    {"say": "Nobody is there"},
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallWorld]:
    """One app and one simulator for all calls of this module."""
    errors = tmp_path_factory.mktemp("host") / "errors"
    settings = {f"INBOUND_CALL_{DESK[1:]}": json.dumps(CHOICE)}
    with azurite() as storage:
        async with call_world(storage, errors, settings) as world:
            await world.simulate("PUT", f"/numbers/{DESK}", {})
            yield world


async def place(world: CallWorld, fields: Json, *script: object) -> tuple[Json, list[str]]:
    """Place a call, let the person act, and return the entry at its end and what was said."""
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": ["answer", *script]})
    accepted = await world.ask("POST", "/api/calls", {"to": PERSON, **fields})
    path = accepted["links"]["self"]
    entry = await world.entry(path, lambda entry: entry["twilio_status"] == "completed")
    return entry, heard(await world.simulate("GET", f"/calls/{entry['sid']}"))


def results(entry: Json) -> list[Json]:
    """The results of a call without their times."""
    return [{n: v for n, v in each.items() if n != "at"} for each in entry["results"]]


@pytest.mark.parametrize(
    ("script", "said", "expected"),
    [
        ([{"digits": "1"}], ["Confirmed"], [{"digits": "1"}]),
        ([{"digits": "7"}], ["Good bye"], [{"digits": "7"}]),
        ([{"digits": "2"}, {"speech": "Too late."}], ["Why?", "Sorry for that"],
         [{"digits": "2"}, {"speech": "Too late."}]),
        ([{"digits": "2"}, {"speech": "It rains"}], ["Why?", "I see"],
         [{"digits": "2"}, {"speech": "It rains"}]),
        ([{"digits": "2"}, {"wait": 9}], ["Why?", "Canceled anyway"], [{"digits": "2"}]),
        ([{"wait": 9}], ["Nobody is there"], []),
    ],
)  # fmt: skip
async def test_the_call_goes_on_as_was_pressed(
    world: CallWorld, script: list[object], said: list[str], expected: list[Json]
) -> None:
    """Keys, words, other keys and silence lead to their own steps, and are told once each."""
    entry, words = await place(world, {"steps": CHOICE}, *script)
    assert words == [ASKS, *said]
    assert results(entry) == [{"verb": "gather", **each} for each in expected]
    events = await world.inbound(len(expected), event="gather", call_sid=entry["sid"])
    told = [{n: e[n] for n in ("digits", "speech") if n in e} for e in events]
    assert told == expected
    assert all(event["id"] == entry["id"] and event["to"] == PERSON for event in events)
    assert len({event["sid"] for event in events} | {entry["sid"]}) == len(expected) + 1


async def test_a_call_goes_on_after_a_recording_and_a_dial(world: CallWorld) -> None:
    """Steps after `record` and `dial` are reached, with both results on the entry in order."""
    await world.simulate("PUT", f"/phones/{OTHER}", {"script": [], "busy": True})
    steps = [{"record": {"max_length": 5}}, {"dial": OTHER}, {"say": "That was all"}]
    entry, said = await place(world, {"steps": steps}, {"record": "Two flat tyres"})
    assert said == ["That was all"]
    record, dial = results(entry)
    assert (record["verb"], dial) == ("record", {"verb": "dial", "dial_status": "busy"})
    (recording,) = await world.inbound(1, event="recording", call_sid=entry["sid"])
    assert recording["recording_url"] == record["recording_url"]
    (dialled,) = await world.inbound(1, event="dial", call_sid=entry["sid"])
    assert (dialled["status"], dialled["id"]) == ("busy", entry["id"])


async def test_a_long_call_goes_on_too(world: CallWorld) -> None:
    """Steps that are too long to travel with the call are fetched, and go on in the same way."""
    steps = [{"say": "Lorem ipsum dolor sit amet. " * 145}, *CHOICE]
    entry, said = await place(world, {"steps": steps}, {"digits": "1"})
    assert said[1:] == [ASKS, "Confirmed"]
    assert results(entry) == [{"verb": "gather", "digits": "1"}]


async def test_a_caller_of_ours_chooses_in_the_same_way(world: CallWorld) -> None:
    """The steps of INBOUND_CALL go on like those of a call of ours."""
    assert await world.rings(DESK, {"digits": "1"}) == [ASKS, "Confirmed"]
    (told,) = await world.inbound(1, event="gather", to=DESK)
    assert (told["digits"], told["from"]) == ("1", PERSON)
    assert "id" not in told


def written_examples() -> dict[str, list[Json]]:
    """The steps in every example that somebody may paste: API, README, guide and console."""
    found: dict[str, list[Json]] = {}
    for operation in OPERATIONS:
        for name, example in (operation.examples or {}).items():
            if "steps" in example and example.get("kind", "call") == "call":
                found[f"{operation.name}-{name}"] = example["steps"]
    for document in ("README.md", "docs/answering.md", "docs/api.md", "docs/recipes.md"):
        blocks = re.findall(
            r"```json\n(\[.*?\])\n```", (HERE.root / document).read_text("utf-8"), re.DOTALL
        )
        found |= {f"{document}-{number}": json.loads(text) for number, text in enumerate(blocks)}
    console = (HERE.root / "shared" / "console" / "preview.js").read_text("utf-8")
    [example] = re.findall(r"EXAMPLE = '(.*)';", console)
    found["console"] = json.loads(example.replace("\\n", "\n"))
    return found


EXAMPLES = written_examples()


async def test_examples_are_found() -> None:
    """The API's two, the console's, and those of the documents."""
    expected = {"accept_call-steps", "preview_twiml-menu", "console", "docs/answering.md-0"}
    assert expected < EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
async def test_every_example_is_a_call_that_comes_to_its_end(world: CallWorld, name: str) -> None:
    """Placed as it stands and answered with a 1, each ends without an application error."""
    steps = EXAMPLES[name]
    await world.simulate("PUT", f"/phones/{OTHER}", {"script": [], "busy": False})
    entry, said = await place(world, {"steps": steps}, {"digits": "1"}, {"speech": "Yes"})
    assert not [words for words in said if "application error" in words]
    assert said or "say" not in json.dumps(steps)
    answers = [each for each in entry["results"] if each["verb"] == "gather"]
    assert len(answers) == sum("gather" in step for step in steps)
    assert all(each.get("digits") == "1" or each.get("speech") == "Yes" for each in answers)


async def test_the_say_example_is_heard(world: CallWorld) -> None:
    """The API's example of a text to say is said."""
    [operation] = [each for each in OPERATIONS if each.name == "accept_call"]
    example = (operation.examples or {})["say"]
    _, said = await place(world, {"say": example["say"]})
    assert said == [example["say"]]


async def test_a_batch_of_long_calls_says_each_name(world: CallWorld) -> None:
    """What is too long to travel is filled for each recipient when Twilio fetches it."""
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": ["answer"]})
    body = {"kind": "call", "say": "Good morning {{name}}. " + "School is closed today. " * 200,
            "recipients": [{"to": PERSON, "name": "Ana"}]}  # fmt: skip
    await world.ask("POST", "/api/batches", body)

    def is_there(page: Json) -> bool:
        return any(item["twilio_status"] == "completed" for item in page["items"][:1])

    page = await world.entry(f"/api/calls?to=%2B{PERSON[1:]}&limit=1", is_there)
    said = heard(await world.simulate("GET", f"/calls/{page['items'][0]['sid']}"))
    assert said[0].startswith("Good morning Ana. School")
