"""What ends an alert by itself: a text that is delivered, a person who picks up. Quiet hours."""

import pytest

from tests.alerts.alert_world import ANA, BO, AlertWorld, alert_of, level

FALLBACK = alert_of(level((ANA, "text")), level((ANA, "call")), until="delivered")
PICK_UP = alert_of(level((ANA, "call"), (BO, "text")), level((BO, "call")), until="answered")


async def test_a_fallback_is_not_needed_when_the_text_arrives() -> None:
    """`delivered` ends it: the call is never placed, and the text asks for nothing."""
    world = AlertWorld()
    alert_id = await world.raise_alert(FALLBACK)
    await world.run(seconds=5)
    assert world.twilio.books[0].order.parameters["body"] == "Disk full on web-3 (A 1)"
    await world.callback(0, MessageStatus="sent")
    await world.callback(0, MessageStatus="delivered")
    await world.until_quiet()
    assert world.paged() == [("Ana", "text")]
    story = await world.story(alert_id)
    assert (story["state"], story["answered"]["via"]) == ("delivered", "report")
    assert story["answered"]["by"] == "+1415•••2671"


async def test_a_late_receipt_is_shown() -> None:
    """A text that arrives after the call began ends the alert, and the story shows both."""
    world = AlertWorld()
    alert_id = await world.raise_alert(FALLBACK)
    await world.run(seconds=65)
    await world.callback(0, MessageStatus="delivered")
    await world.until_quiet()
    story = await world.story(alert_id)
    assert story["state"] == "delivered"
    assert [each["twilio_status"] for each in story["notifications"]] == ["delivered", "canceled"]
    assert [each["event"] for each in story["events"]][-1] == "answered"


async def test_a_receipt_after_everything_still_counts() -> None:
    """An exhausted alert becomes delivered when its receipt comes."""
    world = AlertWorld()
    alert_id = await world.raise_alert(FALLBACK)
    await world.until_quiet()
    assert (await world.story(alert_id))["state"] == "exhausted"
    await world.callback(0, MessageStatus="read")
    await world.until_quiet()
    assert (await world.story(alert_id))["state"] == "delivered"


async def test_a_receipt_whose_message_was_lost_is_found_at_the_end_of_the_level() -> None:
    """The report is in the ledger; the next level does not begin for want of a queue message."""
    world = AlertWorld()
    alert_id = await world.raise_alert(FALLBACK)
    await world.run(seconds=5)
    await world.callback(0, MessageStatus="delivered")
    world.queue.messages = [each for each in world.queue.messages if b'"job"' not in each.body]
    await world.until_quiet()
    assert world.paged() == [("Ana", "text")]
    assert (await world.story(alert_id))["state"] == "delivered"


@pytest.mark.parametrize("who", ["human", "unknown"])
async def test_a_person_who_picks_up_ends_it(who: str) -> None:
    """`answered` is a person, not a machine and not a receipt."""
    world = AlertWorld()
    alert_id = await world.raise_alert(PICK_UP)
    await world.run(seconds=5)
    calls = [n for n, each in enumerate(world.twilio.books) if each.order.kind == "call"]
    texts = [n for n, each in enumerate(world.twilio.books) if each.order.kind == "message"]
    await world.callback(texts[0], MessageStatus="delivered")
    await world.run(seconds=1)
    assert (await world.story(alert_id))["state"] == "open"
    await world.callback(calls[0], AnsweredBy=who)
    await world.until_quiet()
    assert (await world.story(alert_id))["state"] == "answered"
    assert len(world.paged()) == 2


async def test_a_machine_does_not_end_it() -> None:
    """The next level begins at once instead."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call")), level((BO, "call")),
                                                until="answered"))  # fmt: skip
    await world.run(seconds=5)
    assert "Press" not in world.twilio.books[0].order.parameters["twiml"]
    await world.callback(0, AnsweredBy="machine_end_beep")
    await world.run(seconds=1)
    assert world.paged() == [("Ana", "call"), ("Bo", "call")]
    assert (await world.story(alert_id))["state"] == "open"


@pytest.mark.parametrize(("urgent", "paged"), [(True, 1), (False, 0)])
async def test_only_what_is_urgent_is_sent_in_quiet_hours(urgent: bool, paged: int) -> None:  # noqa: FBT001 - a parameter
    """Without `urgent` a page waits for the morning, unless somebody answers before."""
    world = AlertWorld(QUIET_HOURS="00:00-12:00")
    await world.raise_alert(alert_of(level((ANA, "text")), urgent=urgent))
    await world.run(minutes=5)
    assert len(world.paged()) == paged
    await world.until_quiet()
    assert len(world.paged()) == 1


async def test_an_opt_out_holds_for_alerts() -> None:
    """Whoever said stop gets no text, however urgent; a call still reaches them."""
    world = AlertWorld(["opted_out"])
    fields = alert_of(level((ANA, "text")), level((ANA, "call")), urgent=True)
    alert_id = await world.raise_alert(fields)
    await world.until_quiet()
    assert world.paged() == [("Ana", "call")]
    first, _ = (await world.story(alert_id))["notifications"]
    assert (first["state"], first["error"]["code"]) == ("refused", "21610")
