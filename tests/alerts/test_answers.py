"""Answers: keys in the call, replies to the text, machines, and who hears what afterwards."""

import asyncio
import json

import pytest

from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, CY, AlertWorld, alert_of, level
from tests.deliver.seams import FailAt

BOTH = alert_of(level((ANA, "call"), (BO, "call")), level((CY, "call")))
TEXTS = alert_of(level((ANA, "text"), (BO, "text")), level((CY, "text")))


async def test_the_call_says_what_to_press() -> None:
    """The alert and the three keys are heard, and again by somebody who presses none of them."""
    world = AlertWorld()
    await world.raise_alert(alert_of(level((ANA, "call")), text="Disk full on web-3."))
    await world.run(seconds=1)
    said = "Disk full on web-3. Press 1 to acknowledge, 2 to escalate, 3 to resolve."
    assert world.twilio.books[0].order.parameters["twiml"].count(said) == 2
    assert said in await world.press(0, "")
    assert said in await world.press(0, "7")
    assert await world.press(0, "", stage="1") == "Good bye."


async def test_one_acknowledges_and_the_next_level_never_begins() -> None:
    """The first phone rings out, the second presses 1, the third is never called."""
    world = AlertWorld()
    alert_id = await world.raise_alert(BOTH)
    await world.run(seconds=5)
    await world.callback(0, CallStatus="no-answer")
    await world.callback(1, CallStatus="in-progress")
    assert await world.press(1, "1") == "Acknowledged by you. (A 1)"
    await world.until_quiet()
    assert world.paged() == [("Ana", "call"), ("Bo", "call")]
    story = await world.story(alert_id)
    assert (story["state"], story["answered"]["via"]) == ("acknowledged", "key")
    assert story["answered"]["by"] == "+1416•••0123"
    assert [each["digits"] for each in story["notifications"][1]["results"]] == ["1"]


async def test_two_press_one_in_the_same_second() -> None:
    """One answer is recorded; the other hears whose it is."""
    world = AlertWorld()
    alert_id = await world.raise_alert(BOTH)
    await world.run(seconds=5)
    heard = await asyncio.gather(world.press(0, "1"), world.press(1, "1"))
    first = [text for text in heard if "by you" in text]
    assert len(first) == 1
    by = (await world.story(alert_id))["answered"]["by"]
    assert f"Acknowledged by {by} at 12:00 UTC. (A 1)" in heard
    assert [each["event"] for each in (await world.story(alert_id))["events"]].count(
        "answered"
    ) == 1


async def test_whoever_is_still_on_the_line_hears_who_has_it() -> None:
    """Somebody who presses nothing, or escalates too late, hears who was first."""
    world = AlertWorld()
    alert_id = await world.raise_alert(BOTH)
    await world.run(seconds=5)
    await world.post(alerts.acknowledge, alert_id, {"by": "Dee"})
    for key in ("", "1", "2"):
        assert (await world.press(0, key)).startswith("Acknowledged by Dee at 12:00 UTC.")
    assert await world.press(0, "3") == "Resolved by you. (A 1)"
    assert (await world.press(1, "3")).startswith("Resolved by +1415•••2671 at 12:00")
    assert (await world.story(alert_id))["state"] == "resolved"


async def test_two_escalates_at_once() -> None:
    """Key 2 begins the next level, once however many press it, and never a level that is not."""
    world = AlertWorld()
    await world.raise_alert(BOTH)
    await world.run(seconds=5)
    assert (await world.press(0, "2")).startswith("Escalated")
    assert (await world.press(1, "2")).startswith("Escalated")
    await world.run(seconds=1)
    assert world.paged()[2:] == [("Cy", "call")]
    assert (await world.press(2, "2")).startswith("There is nobody left to escalate to.")


async def test_a_key_that_could_not_be_kept_is_asked_for_again() -> None:
    """While storage is away the call asks once more and nobody hears of an answer."""
    world = AlertWorld()
    alert_id = await world.raise_alert(BOTH)
    await world.run(seconds=5)
    # The call's own entry can be read; nothing after that works.
    for place in range(2, 12):
        said = await world.press(0, "1", worker=world.worker(FailAt(place, times=100)))
        assert "Press 1" in said
    assert (await world.press(0, "1")).startswith("Acknowledged by")
    assert (await world.story(alert_id))["state"] == "acknowledged"


async def test_a_key_in_another_call_is_no_answer() -> None:
    """A request about another call of Twilio's does not answer the alert."""
    world = AlertWorld()
    alert_id = await world.raise_alert(BOTH)
    await world.run(seconds=5)
    other = world.twilio.books[1]
    said = await world.press(0, "1", CallSid=other.found.sid, To=other.order.to)
    assert "Press 1" in said
    assert (await world.story(alert_id))["state"] == "open"
    # The SIDs of two calls to one person that were unclear together may be swapped.
    assert "by you" in await world.press(0, "1", CallSid=other.found.sid)


async def test_a_machine_is_no_answer() -> None:
    """An answering machine begins the next level at once, and the rest of the times is left out."""
    world = AlertWorld()
    await world.raise_alert(alert_of(level((ANA, "call"), times=3, wait=300), level((BO, "call"))))
    await world.run(seconds=5)
    await world.callback(0, AnsweredBy="machine_start")
    await world.run(seconds=1)
    assert world.paged() == [("Ana", "call"), ("Bo", "call")]
    await world.callback(0, AnsweredBy="machine_start")
    await world.callback(1, AnsweredBy="human")
    await world.run(seconds=1)
    assert len(world.paged()) == 2


async def test_one_machine_of_two_calls_lets_the_other_ring() -> None:
    """The level ends when every call of it has reached a machine."""
    world = AlertWorld()
    await world.raise_alert(BOTH)
    await world.run(seconds=5)
    await world.callback(0, AnsweredBy="machine_start")
    await world.run(seconds=1)
    assert len(world.paged()) == 2
    await world.callback(1, AnsweredBy="fax")
    await world.run(seconds=1)
    assert world.paged()[2:] == [("Cy", "call")]


@pytest.mark.parametrize("body", ["A", "a", " ack ", "ACK.", "A 1", "a1", "A #1"])
async def test_a_reply_acknowledges(body: str) -> None:
    """Each way of writing it answers the alert that the person was notified of."""
    world = AlertWorld()
    alert_id = await world.raise_alert(TEXTS)
    await world.run(seconds=5)
    assert await world.text(BO, body) == "Acknowledged by you. (A 1)"
    assert (await world.text(ANA, body)).startswith("Acknowledged by +1416•••0123 at 12:00 UTC.")
    await world.until_quiet()
    assert len(world.paged()) == 2
    story = await world.story(alert_id)
    assert (story["state"], story["answered"]["via"]) == ("acknowledged", "reply")


async def test_replies_escalate_and_resolve() -> None:
    """E begins the next level, R resolves."""
    world = AlertWorld()
    alert_id = await world.raise_alert(TEXTS)
    await world.run(seconds=5)
    assert (await world.text(ANA, "E")).startswith("Escalated")
    await world.run(seconds=1)
    assert world.paged()[2:] == [("Cy", "text")]
    assert await world.text(CY, "R 1") == "Resolved by you. (A 1)"
    assert (await world.story(alert_id))["state"] == "resolved"


@pytest.mark.parametrize(
    ("sender", "body"), [(CY, "A"), (CY, "A 1"), (ANA, "A 2"), (ANA, "Already on it"), (ANA, "")]
)
async def test_other_texts_are_ordinary_messages(sender: str, body: str) -> None:
    """A stranger, a number that is not theirs, and any other text answer nothing."""
    world = AlertWorld()
    alert_id = await world.raise_alert(TEXTS)
    await world.run(seconds=5)
    assert await world.text(sender, body) == ""
    assert (await world.story(alert_id))["state"] == "open"


async def test_a_reply_that_fits_two_is_asked_back_once() -> None:
    """The person is told the numbers once; a number then says which alert is meant."""
    world = AlertWorld()
    first = await world.raise_alert(TEXTS)
    second = await world.raise_alert({**TEXTS, "text": "Cold room too warm"})
    await world.run(seconds=5)
    asked = await world.text(ANA, "A")
    assert asked == "Which one? Reply A 2: Cold room too warm; A 1: Disk full on web-3"
    assert await world.text(ANA, "A") == ""
    assert await world.text(ANA, "A 1") == "Acknowledged by you. (A 1)"
    assert await world.text(ANA, "A") == "Acknowledged by you. (A 2)"
    assert (await world.text(BO, "R")).startswith("Which one?")
    states = [(await world.story(each))["state"] for each in (first, second)]
    assert states == ["acknowledged", "acknowledged"]


async def test_a_reply_is_an_event_all_the_same() -> None:
    """Programs that read the queue `inbound` see every text."""
    world = AlertWorld()
    await world.raise_alert(TEXTS)
    await world.run(seconds=5)
    await world.text(ANA, "A")
    bodies = [m.body for m in world.queue.messages if m.queue == "inbound"]
    assert [json.loads(body)["body"] for body in bodies] == ["A"]
