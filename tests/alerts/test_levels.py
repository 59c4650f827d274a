"""Levels: a text, then a call, then the next person, until somebody answers."""

import json
import logging
from datetime import datetime

import pytest

from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, CY, AlertWorld, alert_of, level
from tests.deliver.seams import FailAt


async def test_levels_follow_each_other_until_nobody_is_left() -> None:
    """Each level is paged when the one before it has waited; then the alert is exhausted."""
    world = AlertWorld()
    alert_id = await world.raise_alert()
    await world.run(seconds=1)
    assert world.paged() == [("Ana", "text")]
    await world.run(seconds=58)
    assert world.paged() == [("Ana", "text")]
    await world.run(seconds=2)
    assert world.paged()[1:] == [("Ana", "call")]
    await world.run(seconds=60)
    assert sorted(world.paged()[2:]) == [("Bo", "call"), ("Bo", "text")]
    assert (await world.story(alert_id))["state"] == "open"
    await world.run(seconds=60)
    assert (await world.story(alert_id))["state"] == "exhausted"
    await world.until_quiet()
    assert await world.pages() == {(1, 0): 1, (2, 0): 1, (3, 0): 1, (3, 1): 1}


async def test_each_level_is_logged_when_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    """An operator sees which level of which round began, the first one included."""
    caplog.set_level(logging.INFO)
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text")), level((BO, "call"))))
    await world.until_quiet()
    lines = [each for each in caplog.messages if each.startswith("alert_level")]
    assert [json.loads(each.removeprefix("alert_level ")) for each in lines] == [
        {"id": alert_id, "n": n, "index": n - 1, "round": 1} for n in (1, 2)
    ]


async def test_a_text_shows_the_number_and_says_how_to_answer() -> None:
    """The number that tells alerts apart is in the text; the next alert has the next one."""
    world = AlertWorld()
    for _ in range(2):
        await world.raise_alert(alert_of(level((ANA, "text"))))
    await world.run(seconds=1)
    bodies = [each.order.parameters["body"] for each in world.twilio.books]
    assert sorted(body.partition(" Reply")[0] for body in bodies) == [
        "Disk full on web-3 (A 1)",
        "Disk full on web-3 (A 2)",
    ]
    assert bodies[0].endswith("Reply A to acknowledge, E to escalate, R to resolve.")


async def test_a_level_is_repeated_and_so_are_the_rounds() -> None:
    """`times` repeats a level, `then` all of them, and `most` counts all rounds."""
    world = AlertWorld()
    two = (level((ANA, "call"), times=2), level((BO, "call")))
    alert_id = await world.raise_alert(alert_of(*two, then="repeat", most=2))
    await world.run(minutes=10)
    once = [("Ana", "call"), ("Ana", "call"), ("Bo", "call")]
    assert world.paged() == once + once
    assert (await world.story(alert_id))["state"] == "exhausted"
    runs = [(run.round, run.level, run.time) for run in (await world.alert(alert_id)).runs]
    assert runs == [(1, 0, 1), (1, 0, 2), (1, 1, 1), (2, 0, 1), (2, 0, 2), (2, 1, 1)]


@pytest.mark.parametrize(
    ("handler", "state"),
    [(alerts.acknowledge, "acknowledged"), (alerts.resolve, "resolved"),
     (alerts.cancel, "canceled")],
)  # fmt: skip
async def test_nobody_is_paged_after_the_answer(handler: object, state: str) -> None:
    """An answer by the API ends the levels, and the story says who and when."""
    world = AlertWorld()
    alert_id = await world.raise_alert()
    await world.run(seconds=70)
    story = await world.post(handler, alert_id)  # type: ignore[arg-type] # one of the three
    assert story["state"] == state
    field = {"acknowledged": "answered"}.get(state, state)
    assert story[field]["by"] == "the API"
    await world.until_quiet()
    assert world.paged() == [("Ana", "text"), ("Ana", "call")]


async def test_what_rings_is_hung_up_and_a_conversation_is_not() -> None:
    """An acknowledged alert stops the calls that nobody has picked up yet."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"), (BO, "call"), (CY, "call"))))
    await world.run(seconds=2)
    await world.callback(0, CallStatus="in-progress")
    await world.callback(1, CallStatus="ringing")
    world.twilio.set_status(world.twilio.books[0].found.sid, "in-progress")
    world.twilio.set_status(world.twilio.books[2].found.sid, "in-progress")
    await world.post(alerts.acknowledge, alert_id, {"by": "Dee"})
    await world.until_quiet()
    statuses = [each.found.status for each in world.twilio.books]
    assert statuses == ["in-progress", "canceled", "in-progress"]


async def test_what_has_not_left_is_canceled() -> None:
    """A notification that Twilio does not have yet never reaches it after the answer."""
    world = AlertWorld(["too_many"] * 3)
    alert_id = await world.raise_alert(alert_of(level((ANA, "text"))))
    await world.run(seconds=1)
    await world.post(alerts.acknowledge, alert_id)
    await world.until_quiet()
    assert world.twilio.books == []
    [notification] = (await world.story(alert_id))["notifications"]
    assert notification["state"] == "canceled"


async def test_what_was_being_sent_is_looked_at_again() -> None:
    """A call whose request was unclear at the time of the answer is hung up once it is found."""
    world = AlertWorld(["lost_answer"])
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    await world.run(seconds=1)
    await world.post(alerts.acknowledge, alert_id)
    await world.until_quiet()
    assert [each.found.status for each in world.twilio.books] == ["canceled"]


async def test_the_first_answer_stands() -> None:
    """A second acknowledgement changes nothing, and is told who was first."""
    world = AlertWorld()
    alert_id = await world.raise_alert()
    await world.run(seconds=1)
    await world.post(alerts.acknowledge, alert_id, {"by": "Ana"})
    story = await world.post(alerts.acknowledge, alert_id, {"by": "Bo"})
    assert story["answered"]["by"] == "Ana"
    assert [each["event"] for each in story["events"]].count("answered") == 1


async def test_escalating_begins_the_next_level_at_once() -> None:
    """The rest of the wait, and of the times, is left out; the last level has no next one."""
    world = AlertWorld()
    two = (level((ANA, "call"), times=3), level((BO, "call")))
    alert_id = await world.raise_alert(alert_of(*two))
    await world.run(seconds=5)
    reply = await world.ask(alerts.escalate, {"by": "Dee"}, id=alert_id)
    assert reply.status_code == 202
    await world.run(seconds=1)
    assert world.paged() == [("Ana", "call"), ("Bo", "call")]
    reply = await world.ask(alerts.escalate, id=alert_id)
    assert reply.status_code == 409
    assert "nobody left" in json.loads(reply.get_body())["detail"]
    await world.until_quiet()
    assert len(world.paged()) == 2


async def test_escalating_a_run_that_was_seen_is_done_once() -> None:
    """Asked twice for the end of run 1, run 3 does not begin; of a run that ended, it is 409."""
    world = AlertWorld()
    levels = (level((ANA, "text")), level((BO, "text"), wait=60), level((CY, "text")))
    alert_id = await world.raise_alert(alert_of(*levels))
    await world.run(seconds=5)
    for _ in range(2):
        await world.post(alerts.escalate, alert_id, {"run": 1})
        await world.run(seconds=1)
    assert world.paged() == [("Ana", "text"), ("Bo", "text")]
    await world.run(seconds=60)
    reply = await world.ask(alerts.escalate, {"run": 2}, id=alert_id)
    assert reply.status_code == 409
    assert "The next level has begun already" in json.loads(reply.get_body())["detail"]
    reply = await world.ask(alerts.escalate, {"run": 0}, id=alert_id)
    assert [each["path"] for each in json.loads(reply.get_body())["errors"]] == ["$.run"]


async def test_a_run_that_has_not_begun_cannot_be_escalated() -> None:
    """The level under way goes on: it is not the one that was named."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text")), level((BO, "text"))))
    details = []
    for run in (1, 2):
        reply = await world.ask(alerts.escalate, {"run": run}, id=alert_id)
        assert reply.status_code == 409
        details.append(json.loads(reply.get_body())["detail"])
        await world.run(seconds=5)
    assert details == ["Nobody was notified yet", "Run 2 has not begun; the newest one is run 1"]
    assert world.paged() == [("Ana", "text")]


async def test_an_open_alert_shows_its_next_step() -> None:
    """What begins next, and when, is shown at each time; nothing once somebody answered."""
    world = AlertWorld()
    levels = (level((ANA, "text"), wait=60, times=2), level((BO, "text"), wait=90))
    alert_id = await world.raise_alert(alert_of(*levels, then="repeat", most=2))
    raised_at = world.clock()

    async def shown() -> tuple[float, *tuple[int | None, ...]]:
        upcoming = (await world.story(alert_id))["next"]
        at = datetime.fromisoformat(upcoming["at"]) - raised_at
        return (at.total_seconds(), upcoming["level"], upcoming["round"], upcoming["time"])

    steps = [await shown()]
    for seconds in (1, 60, 60, 90):
        await world.run(seconds=seconds)
        steps.append(await shown())
    assert steps == [(0, 0, 1, 1), (60, 0, 1, 2), (120, 1, 1, 1), (210, 0, 2, 1), (270, 0, 2, 2)]
    await world.run(seconds=60)
    escalated = await world.post(alerts.escalate, alert_id)
    assert escalated["next"] | {"at": ""} == {"at": "", "level": 1, "round": 2, "time": 1}
    assert escalated["next"]["at"] == escalated["events"][-1]["at"]
    await world.run(seconds=1)
    assert (await shown())[1:] == (None, None, None)
    assert (await world.post(alerts.acknowledge, alert_id))["next"] is None


async def test_an_exhausted_alert_has_no_next_step() -> None:
    """Without levels, nobody is left from the beginning; after that nothing follows."""
    world = AlertWorld()
    reply = await world.ask(alerts.take_in, b"{}", source="generic")
    alert_id = json.loads(reply.get_body())["id"]
    assert (await world.story(alert_id))["next"]["level"] is None
    await world.until_quiet()
    story = await world.story(alert_id)
    assert (story["state"], story["next"]) == ("exhausted", None)


async def test_what_is_over_answers_409() -> None:
    """A change of what is over is refused, with who was first; the same one again is not."""
    world = AlertWorld()
    resolved, canceled = await world.raise_alert(), await world.raise_alert()
    await world.post(alerts.resolve, resolved, {"by": "Ana"})
    await world.post(alerts.resolve, resolved)
    await world.post(alerts.cancel, canceled)
    await world.post(alerts.cancel, canceled)
    refused = {
        (alerts.acknowledge, resolved), (alerts.escalate, resolved), (alerts.cancel, resolved),
        (alerts.acknowledge, canceled), (alerts.escalate, canceled), (alerts.resolve, canceled),
    }  # fmt: skip
    for handler, alert_id in refused:
        reply = await world.ask(handler, id=alert_id)
        assert reply.status_code == 409
        detail = json.loads(reply.get_body())["detail"]
        assert detail.startswith("Resolved by Ana at 12:00" if alert_id == resolved else "Canceled")


async def test_an_exhausted_alert_can_still_be_acknowledged_and_resolved() -> None:
    """Somebody who answers late is recorded."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text"))))
    await world.until_quiet()
    assert (await world.ask(alerts.escalate, id=alert_id)).status_code == 409
    assert (await world.ask(alerts.cancel, id=alert_id)).status_code == 409
    assert (await world.post(alerts.acknowledge, alert_id))["state"] == "acknowledged"
    assert (await world.post(alerts.resolve, alert_id))["state"] == "resolved"


async def test_who_cannot_be_notified_is_shown_and_the_others_are() -> None:
    """Settings that changed after the alert was raised stop one notification, not the level."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text"), (BO, "text"))))
    world.deploy(ALLOWED_COUNTRIES="CA")
    await world.run(seconds=1)
    assert world.paged() == [("Bo", "text")]
    first, second = (await world.story(alert_id))["notifications"]
    assert (first["state"], first["error"]["code"]) == ("refused", "not_accepted")
    assert "ALLOWED_COUNTRIES" in first["error"]["message"]
    assert second["state"] == "handed_over"


async def test_storage_that_is_away_only_postpones() -> None:
    """Wherever storage fails while an alert is driven, everybody is paged once in the end."""
    for place in range(40):
        world = AlertWorld()
        alert_id = await world.raise_alert()
        await world.run_until(world.clock.at.replace(hour=14), FailAt(place))
        assert set((await world.pages()).values()) == {1}
        assert len(await world.pages()) == 4
        assert (await world.story(alert_id))["state"] == "exhausted"
