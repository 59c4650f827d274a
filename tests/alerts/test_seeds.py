"""Alerts at random: workers die, storage fails, Twilio is unclear, people answer at any time.

Each seed is a story of its own, the same in every run.
"""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from shared.errors import StorageUnavailableError
from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, CY, AlertWorld, Json, alert_of, level
from tests.deliver.seams import KilledError
from tests.deliver.twilio_double import LATE_BY, Way

pytestmark = pytest.mark.slow

SEEDS = 60
WAYS: list[Way] = ["answered", "answered", "lost_answer", "late", "unknown", "too_many"]
END = timedelta(hours=12)


class Trouble:
    """A gate at which a worker dies now and then, or storage fails, for the first `steps`."""

    def __init__(self, dice: Random, steps: int) -> None:
        self._dice = dice
        self._steps = steps

    async def __call__(self, step: str) -> None:
        self._steps -= 1
        if self._steps < 0:
            return
        chance = self._dice.random()
        if chance < 0.03:
            raise KilledError
        if chance < 0.06 and not step.startswith("carrier"):
            raise StorageUnavailableError("by chance")


def story_of(dice: Random) -> Json:
    """An alert with one to three levels."""
    people = [(ANA, "text"), (ANA, "call"), (BO, "text"), (BO, "call"), (CY, "call")]
    levels = [
        level(*dice.sample(people, dice.randint(1, 3)), wait=dice.choice([15, 60, 600]),
              times=dice.randint(1, 2))
        for _ in range(dice.randint(1, 3))
    ]  # fmt: skip
    return alert_of(*levels, then=dice.choice(["stop", "repeat"]), most=2, key="k")


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_story_keeps_its_promises(seed: int) -> None:
    """Nobody is paged too often or after the answer, and no alert stays open forever."""
    dice = Random(seed)  # noqa: S311 - the same in every run
    world = AlertWorld(dice.choices(WAYS, k=6))
    fields, trouble = story_of(dice), Trouble(dice, 400)
    for _ in range(20):
        try:
            reply = await world.ask(alerts.accept, fields, key="once", worker=world.worker(trouble))
        except KilledError:
            continue
        if reply.status_code == 202:
            break
    alert_id = await world.raise_alert(fields, key="once")
    begin, answers = world.clock(), dice.random() < 0.7
    if answers:
        await world.run(trouble, seconds=dice.randint(0, 900))
        handler = dice.choice([alerts.acknowledge, alerts.resolve, alerts.cancel])
        await world.ask(handler, id=alert_id)
    await world.run_until(begin + END, trouble)
    alert = await world.alert(alert_id)
    assert alert.state != "open"
    assert alert.count == 1
    # Two calls to one person that are unclear at the same time cannot be told apart, so it counts
    # how often each person was paged by each way: never more often than there were runs for it.
    pages = Counter((each.order.to, each.order.kind) for each in world.twilio.books)
    wanted = Counter(
        (notify.to, "message" if notify.by == "text" else "call")
        for run in alert.runs
        for notify in alert.level_of(run).notify
    )
    sids = [each.sid for entry in await world.entries() for each in entry.deliveries if each.sid]
    assert sorted(sids) == sorted(each.found.sid for each in world.twilio.books)
    assert pages <= wanted
    if alert.quiet_since is None:
        assert pages == wanted
    else:
        # What was unclear may be created late, by a request from before the answer.
        until = alert.quiet_since + LATE_BY
        assert all(each.found.created_at <= until for each in world.twilio.books)
        assert {each.found.status for each in world.twilio.of_kind("call")} <= {"canceled"}
    await world.until_quiet()
    assert world.queue.messages == []
