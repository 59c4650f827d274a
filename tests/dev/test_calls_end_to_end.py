"""Whole calls and texts: real storage, the app as a process, a simulator that runs the TwiML."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from urllib.parse import quote

import pytest
import pytest_asyncio

from dev.azurite import azurite, is_installed
from tests.dev.call_world import CallWorld, Json, call_world, heard
from tests.environment import SENDER
from tests.patience import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not is_installed(), reason="`python3 dev test` installs Azurite"),
]

CALLER, PERSON, OWNER = "+14155552671", "+14165550123", "+14155550100"
OURS, VOICEMAIL, LOOP = (f"+1415555020{n}" for n in range(3))

# The menu of the README: 1 for the hours, 2 for a person, else and after that voicemail.
MENU = """menu?Message=For our opening hours press 1. To talk to a person press 2.
  &Options[1]=message?Message=We are open from nine to five.
  &Options[2]=forward?PhoneNumber=+14165550123%26FailUrl=voicemail?Phone=+14155550100
  &FailUrl=voicemail?Message=Please leave a message.%26Phone=+14155550100"""
ASKS = "For our opening hours press 1. To talk to a person press 2."
THANKS = "Thank you. Good bye."
RTL = "\N{WAVING HAND SIGN} שלום & <مرحبا>"

SETTINGS = {
    "INBOUND_CALL": MENU,
    "INBOUND_MESSAGE": json.dumps([{"message": RTL}]),
    f"INBOUND_CALL_{OURS[1:]}": json.dumps([{"say": RTL}, {"pause": {"length": 1}}]),
    f"INBOUND_CALL_{VOICEMAIL[1:]}": f"voicemail?Message=Speak&Phone={OWNER}",
    f"INBOUND_CALL_{LOOP[1:]}": json.dumps(
        [{"redirect": f"/api/twiml/echo?Twiml={quote('<Response><Redirect/></Response>')}"}]
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallWorld]:
    """One app and one simulator for all calls of this module."""
    errors = tmp_path_factory.mktemp("host") / "errors"
    with azurite() as storage:
        async with call_world(storage, errors, SETTINGS) as world:
            for number in (OURS, VOICEMAIL, LOOP):
                await world.simulate("PUT", f"/numbers/{number}", {})
            yield world


async def test_one_is_for_the_hours(world: CallWorld) -> None:
    """A caller of the README's menu who presses 1 hears the hours, and the call is over."""
    assert await world.rings(SENDER, {"digits": "1"}) == [ASKS, "We are open from nine to five."]


async def test_two_is_for_a_person(world: CallWorld) -> None:
    """A caller who presses 2 is connected, and each side hears the other."""
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": ["answer", {"speech": "Hello!"}]})
    call = await world.simulate("POST", "/calls", {"from": CALLER, "script": [{"digits": "2"}]})
    story = await world.ended(call["sid"])
    assert [(leg["to"], leg["status"]) for leg in story["legs"]] == [(PERSON, "completed")]
    assert ("other", "Hello!") in [(line["who"], line["text"]) for line in story["transcript"]]


async def test_a_person_who_is_busy_has_a_voicemail(world: CallWorld) -> None:
    """Where the person cannot take the call the caller leaves a message, which is texted on."""
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": [], "busy": True})
    words = "Please call me back about the invoice of last week"
    said = await world.rings(SENDER, {"digits": "2"}, {"record": words})
    assert said == [ASKS, "Please leave a message after the beep.", THANKS]
    (event,) = [each for each in await world.inbound(1, event="transcription") if each["text"]]
    assert (event["text"], event["from"], event["to"]) == (words, CALLER, SENDER)
    await world.inbound(1, event="recording", sid=event["sid"])
    text = await delivered(world, OWNER)
    assert words in text


@pytest.mark.parametrize("script", [[], [{"digits": "9"}]])
async def test_else_it_is_the_voicemail(world: CallWorld, script: list[object]) -> None:
    """A caller who presses nothing, or another key, can leave a message too."""
    said = await world.rings(SENDER, *script, {"wait": 8}, {"record": "Hello"})
    assert said == [ASKS, "Please leave a message.", THANKS]


async def test_a_voicemail_that_comes_five_times_more_is_one(world: CallWorld) -> None:
    """Every request of a voicemail repeated five times at once: one event each and one text."""
    await world.rings(VOICEMAIL, {"record": "Do not lose this and do not double it"})
    for event in ("call", "voicemail", "recording", "transcription"):
        await world.inbound(1, event=event)
    async with asyncio.timeout(PATIENCE_SECONDS):
        # The books have no event for a change.
        while not any(  # noqa: ASYNC110
            "Do not lose this" in text for text in await texts(world, OWNER)
        ):
            await asyncio.sleep(0.05)
    before = await texts(world, OWNER)
    statuses = {*await world.repeat("/webhooks/calls", 5), *await world.repeat("/voicemail", 5)}
    assert statuses == {200}
    await world.rings(OURS)
    await world.inbound(1, event="call", to=OURS)
    sids = [(event["event"], event["sid"]) for event in world.inbox]
    assert len(sids) == len(set(sids))
    assert await texts(world, OWNER) == before


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "client:alice"])
async def test_callers_without_a_number_are_answered(world: CallWorld, caller: str) -> None:
    """A withheld number and a client hear the same as everybody, in any script."""
    assert await world.rings(OURS, **{"from": caller}) == [RTL]
    (event,) = await world.inbound(1, event="call", **{"from": caller})
    assert event["to"] == OURS


async def test_a_phone_rings_between_two_of_our_own_ends(world: CallWorld) -> None:
    """A call that we place dials a number of ours, whose own answer is heard through it."""
    steps = [{"say": "One moment"}, {"dial": {"timeout": 600, "steps": [{"number": OURS}]}}]
    accepted = await world.ask("POST", "/api/calls", {"to": CALLER, "steps": steps})
    entry = await world.entry(
        accepted["links"]["self"], lambda entry: entry["twilio_status"] == "completed"
    )
    story = await world.simulate("GET", f"/calls/{entry['sid']}")
    assert heard(story) == ["One moment", RTL]
    (event,) = await world.inbound(1, event="call", to=OURS, **{"from": SENDER})
    assert event["sid"] != entry["sid"]


@pytest.mark.parametrize("later", [False, True])
async def test_an_entry_tells_the_whole_call(world: CallWorld, later: bool) -> None:  # noqa: FBT001 - both ways
    """An entry has the machine detection, keys, dials, recordings and every status, in order."""
    phone = {"script": ["answer", {"digits": "2"}, {"wait": 3}], "machine": False}
    await world.simulate("PUT", f"/phones/{CALLER}", phone)
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": [], "busy": True})
    options = f"Options[2]={quote(f'callme?PhoneNumber={PERSON}')}"
    url = f"{world.app}/api/twiml/menu?Message=Hi&{options}"
    fields = {"to": CALLER, "url": url, "record": True, "machine_detection": "Enable"}
    accepted = await world.ask(
        "POST", "/api/calls", fields | ({"async_amd": True} if later else {})
    )
    expected = {"noted.machine", "noted.gather", "noted.dial", "noted.recording",
                "reported.initiated", "reported.ringing", "reported.in-progress",
                "reported.completed"}  # fmt: skip

    def is_complete(entry: Json) -> bool:
        return expected <= {event["event"] for event in entry["events"]}

    entry = await world.entry(accepted["links"]["self"], is_complete)
    events = {event["event"]: event.get("fields", {}) for event in entry["events"]}
    assert events["noted.machine"]["AnsweredBy"] == "human"
    assert events["noted.gather"]["Digits"] == "2"
    assert events["noted.dial"]["DialCallStatus"] == "busy"
    reported = [event["event"] for event in entry["events"] if "reported" in event["event"]]
    assert reported == ["reported.initiated", "reported.ringing", "reported.in-progress",
                        "reported.completed"]  # fmt: skip
    assert [events[name]["SequenceNumber"] for name in reported] == ["0", "1", "2", "3"]
    (recording,) = await world.inbound(1, event="recording", id=entry["id"])
    assert recording["call_sid"] == entry["sid"]
    await world.simulate("PUT", f"/phones/{CALLER}", {"script": []})


async def test_a_client_calls_a_number_and_a_client(world: CallWorld) -> None:
    """A Twilio Client's call rings the number with our own to show, and another client."""
    await world.simulate("PUT", f"/phones/{PERSON}", {"script": [], "busy": False})
    for to in (PERSON, "client:bob"):
        number = to if to.startswith("+") else SENDER
        call = await world.simulate(
            "POST",
            "/calls",
            # As from the TwiML app: `To` is what the SDK was given.
            {"from": "client:alice", "to": number, "parameters": {"To": to}},
        )
        story = await world.ended(call["sid"])
        assert [(leg["to"], leg["status"]) for leg in story["legs"]] == [(to, "completed")]
        leg = world.exchange.books.calls.rows[story["legs"][0]["sid"]]
        assert leg.sender == (SENDER if to == PERSON else "client:alice")


async def test_a_redirect_that_goes_round_comes_to_an_end(world: CallWorld) -> None:
    """A document that leads to itself ends with Twilio's own error, and is one call to us."""
    said = await world.rings(LOOP)
    assert said == ["We're sorry. An application error has occurred. Goodbye."]
    assert len(await world.inbound(1, event="call", to=LOOP)) == 1


async def test_a_menu_without_options_ends(world: CallWorld) -> None:
    """There is nothing to choose: the caller hears so, and the menu ends."""
    fields = {"to": CALLER, "url": f"{world.app}/api/twiml/menu?Message=Hi"}
    accepted = await world.ask("POST", "/api/calls", fields)
    entry = await world.entry(
        accepted["links"]["self"], lambda entry: entry["twilio_status"] == "completed"
    )
    story = await world.simulate("GET", f"/calls/{entry['sid']}")
    assert heard(story) == ["Hi", "Sorry, there is nothing to choose from here. Good bye."]


async def test_a_text_is_answered_and_passed_on(world: CallWorld) -> None:
    """Emoji, right-to-left text and markup survive both ways."""
    sent = {"from": CALLER, "body": RTL, "media_url": "https://a.example/b.png"}
    message = await world.simulate("POST", "/messages", sent)
    assert message["answer"]["error_code"] is None
    (event,) = await world.inbound(1, event="message", sid=message["sid"])
    assert (event["body"], event["media"][0]["url"]) == (RTL, "https://a.example/b.png")
    assert RTL in await texts(world, CALLER)


async def test_who_says_stop_is_left_alone(world: CallWorld) -> None:
    """After a stop nothing is sent, not even to Twilio; after a start it is again."""
    person = "+14155559999"
    for body, event, state in (("Stop", "opt_out", "refused"), ("START", "opt_in", "handed_over")):
        message = await world.simulate("POST", "/messages", {"from": person, "body": body})
        assert "<Message>" not in message["answer"]["twiml"]
        await world.inbound(1, event=event, sid=message["sid"])
        accepted = await world.ask("POST", "/api/messages", {"to": person, "body": f"After {body}"})
        await world.entry(accepted["links"]["self"], partial(is_in, state))
    assert "After Stop" not in await texts(world, person)
    assert "After START" in await texts(world, person)


def is_in(state: str, entry: Json) -> bool:
    """Whether an entry has come to a state."""
    return bool(entry["state"] == state)


async def texts(world: CallWorld, to: str) -> list[str]:
    """The bodies of all texts in Twilio's books to a number."""
    return [message.body for message in world.exchange.books.messages.newest(to=to)]


async def delivered(world: CallWorld, to: str) -> str:
    """The first text to a number, once there is one."""
    items = await world.entry(f"/api/messages?to={quote(to)}", lambda page: page["items"])
    path = items["items"][0]["links"]["self"]
    await world.entry(path, partial(is_in, "handed_over"))
    return "\n".join(await texts(world, to))
