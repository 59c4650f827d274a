"""Two identical messages to one number: what each of them may call its own."""

from datetime import timedelta

import pytest

from shared.kinds import Kind
from shared.provider.provider import SendRequest, SendResult
from tests.clock import NOON, Clock
from tests.deliver.twilio_double import TwilioDouble
from tests.deliver.world import TO, World

pytestmark = pytest.mark.slow

KINDS: list[Kind] = ["message", "call"]


class SlowTwilio(TwilioDouble):
    """Takes `seconds` for each request, half of them before it writes in its books."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__(clock)
        self._clock = clock
        self._half = seconds / 2

    async def create(self, order: SendRequest) -> SendResult:
        self._clock.move(seconds=self._half)
        result = await super().create(order)
        self._clock.move(seconds=self._half)
        return result


@pytest.mark.parametrize("waited", [0, 15, 29, 31, 120, 5000])
@pytest.mark.parametrize("slow", [0, 16, 34])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_is_not_adopted_from_an_entry_that_was_answered(
    kind: Kind, slow: float, waited: float
) -> None:
    """However long its owner waited on the queue, and Twilio took, a twin in doubt leaves it."""
    world = World(TWILIO_TIMEOUT_SECONDS="35", RESOLVE_AFTER_SECONDS="60")
    await world.accepted(kind)
    (owner,) = world.queue.messages
    world.clock.move(seconds=waited)
    world.twilio = SlowTwilio(world.clock, slow)
    world.queue.lease(owner)
    await world.deliver(world.worker(), owner)
    (written,) = world.twilio.books
    # Its twin is accepted so that its own window covers what the owner sent.
    world.clock.at = written.found.created_at - timedelta(seconds=1)
    fast = TwilioDouble(world.clock, ["unknown"])
    fast.books = world.twilio.books
    world.twilio = fast
    await world.accepted(kind)
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.recipients() == [TO, TO]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "script",
    [
        ["lost_answer", "unknown"],
        ["unknown", "lost_answer"],
        ["lost_answer", "lost_answer"],
        ["unknown", "unknown"],
        ["late", "unknown"],
        ["unknown", "late"],
    ],
)
@pytest.mark.parametrize("apart", [0, 3, 20])
async def test_both_in_doubt_at_once(kind: Kind, script: list[str], apart: float) -> None:
    """Of two in doubt each finds one, or sends again: two in the books in the end."""
    world = World()
    world.twilio.script.extend(script)  # type: ignore[arg-type]  # ways, by their names
    await world.accepted(kind)
    world.clock.move(seconds=apart)
    await world.accepted(kind)
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.recipients() == [TO, TO]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_somebody_else_sent_long_before_is_left_alone(kind: Kind) -> None:
    """A message from before the attempt's window is nobody's answer."""
    world = World(["unknown"])
    await world.accepted(kind)
    await world.until_quiet()
    world.clock.move(minutes=5)
    world.twilio.script.append("unknown")
    await world.accepted(kind)
    await world.until_quiet()
    await world.check_sent_once()
    assert world.clock() > NOON
