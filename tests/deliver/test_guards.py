"""What stops a send before Twilio is asked."""

from dataclasses import replace

import pytest

from shared.deliver.guards import Guards, Sending
from shared.deliver.send_request import build_send_request
from shared.errors import StorageUnavailableError
from shared.jobs.events import Accepted
from shared.ledger.ledger import Ledger
from shared.ledger.opt_outs import OptOut
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.clock import NOON
from tests.deliver.world import TO, World, numbers
from tests.environment import SENDER, settings

# A number each in the United States, France and Germany.
US, FR, DE = TO, "+33612345678", "+4915112345678"


async def sent(world: World, *to: str) -> list[tuple[str, str | None]]:
    """Send one text to each, one after the other: the state of each and the code of its error."""
    ends: list[tuple[str, str | None]] = []
    for number in to:
        job = await world.accepted(to=number)
        await world.until_quiet()
        (delivery,) = (await world.entry(job)).deliveries
        ends.append((delivery.state, delivery.error[0] if delivery.error else None))
    return ends


HANDED_OVER = ("handed_over", None)
CAPPED = ("refused", "daily_cap")


class CountingRows(MemoryTable):
    """A table that counts what is asked of it, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.away = False

    async def insert(self, row: Row) -> bool:
        self.steps += 1
        if self.away:
            raise StorageUnavailableError("table")
        return await super().insert(row)


def sending(number: int = 0) -> Sending:
    request = b'{"to": "+14155552671", "body": "Hi"}'
    accepted = Accepted(at=NOON, kind="message", to=(TO,), request=request, sender=SENDER)  # type: ignore[arg-type] # bytes are as good as msgspec.Raw
    asked = build_send_request("0" * 22, accepted, 0, "https://switchboard.example")
    return Sending(request=asked, job_id=f"job{number}", index=0, at=NOON)


async def test_without_settings_a_guard_costs_nothing() -> None:
    """Where nothing is set, a send costs not one row more."""
    rows = CountingRows()
    guards = Guards(settings(), Ledger(rows))
    assert await guards.stopped(sending()) is None
    guards.not_made(sending())
    assert rows.steps == 0


@pytest.mark.parametrize("to", ["client:alice", "sip:alice@example.com"])
async def test_what_is_outside_the_numbering_plans_passes(to: str) -> None:
    """Accepting knows which of those there may be; the guard refuses what may have changed."""
    asked = sending()
    asked = replace(asked, request=replace(asked.request, to=to))
    guards = Guards(settings(ALLOWED_COUNTRIES="FR"), Ledger(MemoryTable()))
    assert await guards.stopped(asked) is None


async def test_who_opted_out_is_not_texted_but_can_be_called() -> None:
    """A remembered stop refuses messages of that sender with Twilio's own code."""
    world = World()
    stop = OptOut(at=NOON, number=TO, sender=SENDER, says="stop", sid="SM1")
    await world.ledger.opt_outs.note(stop)
    assert await sent(world, TO) == [("refused", "21610")]
    assert world.twilio.asked == 0
    await world.accepted("call")
    await world.until_quiet()
    assert world.twilio.recipients() == [TO]


@pytest.mark.parametrize(
    ("caps", "to", "ends"),
    [
        ({"DAILY_CAP_RECIPIENT": "2"}, [US, US, US, f"whatsapp:{US}", FR],
         [HANDED_OVER, HANDED_OVER, CAPPED, CAPPED, HANDED_OVER]),
        ({"DAILY_CAP_TOTAL": "2"}, [US, FR, DE], [HANDED_OVER, HANDED_OVER, CAPPED]),
        ({"DAILY_CAP_COUNTRY": "1"}, [US, US, FR, FR],
         [HANDED_OVER, CAPPED, HANDED_OVER, CAPPED]),
        ({"DAILY_CAP_COUNTRY": "US=1"}, [US, US, FR, FR],
         [HANDED_OVER, CAPPED, HANDED_OVER, HANDED_OVER]),
        ({"DAILY_CAP_COUNTRY": "2,FR=1"}, [FR, FR, US, US, US],
         [HANDED_OVER, CAPPED, HANDED_OVER, HANDED_OVER, CAPPED]),
        ({"DAILY_CAP_RECIPIENT": "1", "DAILY_CAP_TOTAL": "2"}, [US, US, FR, DE],
         [HANDED_OVER, CAPPED, HANDED_OVER, CAPPED]),
        ({"DAILY_CAP_COUNTRY": "2", "DAILY_CAP_TOTAL": "1"}, [US, FR], [HANDED_OVER, CAPPED]),
    ],
)  # fmt: skip
async def test_a_cap_that_is_reached_refuses(
    caps: dict[str, str], to: list[str], ends: list[tuple[str, str | None]]
) -> None:
    """Up to the cap sends go out, beyond it they are refused, and Twilio is not asked."""
    world = World([], **caps)
    assert await sent(world, *to) == ends
    assert world.twilio.asked == ends.count(HANDED_OVER)


async def test_a_new_day_has_new_places() -> None:
    """What was refused today goes out after midnight UTC, retried by an operator."""
    world = World(DAILY_CAP_TOTAL="1")
    assert await sent(world, US, FR) == [HANDED_OVER, CAPPED]
    world.clock.move(hours=12)
    assert await sent(world, FR) == [HANDED_OVER]


async def test_a_send_counts_once_however_often_twilio_is_asked() -> None:
    """A send that its worker has to repeat takes one place under every cap."""
    caps = {f"DAILY_CAP_{each}": "2" for each in ("RECIPIENT", "COUNTRY", "TOTAL")}
    world = World(["too_many", "no_connection", "too_many"], **caps)
    assert await sent(world, US, US, US) == [HANDED_OVER, HANDED_OVER, CAPPED]
    assert world.twilio.asked == 5


@pytest.mark.parametrize("workers", [1, 3])
async def test_a_job_of_many_is_capped_within(workers: int) -> None:
    """Of 30 recipients of three jobs 12 are sent to, and the others are refused one by one."""
    world = World(DAILY_CAP_COUNTRY="12")
    gateways = [world.worker() for _ in range(workers)]
    jobs = [await world.accepted(to=numbers(10)) for _ in range(3)]
    taken = [world.queue.take() for _ in jobs]
    for number, message in enumerate(taken):
        assert message is not None
        await world.deliver(gateways[number % workers], message)
    states = [d.state for job in jobs for d in (await world.entry(job)).deliveries]
    assert (states.count("handed_over"), states.count("refused")) == (12, 18)


async def test_quiet_hours_hold_a_message_until_morning() -> None:
    """A text to San Francisco at 4 o'clock there arrives at 8, and says why it waits."""
    world = World(QUIET_HOURS="21:00-08:00")
    job = await world.accepted()
    first = world.queue.take()
    assert first is not None
    await world.deliver(world.worker(), first)
    (delivery,) = (await world.entry(job)).deliveries
    assert (delivery.state, delivery.error and delivery.error[0]) == ("accepted", "quiet_hours")
    await world.until_quiet()
    assert [each.found.created_at.hour for each in world.twilio.books] == [16]
    await world.check_sent_once()


async def test_quiet_hours_can_refuse() -> None:
    """With the action `refuse` the same text is refused, and Twilio is not asked."""
    world = World(QUIET_HOURS="21:00-08:00", QUIET_HOURS_ACTION="refuse")
    assert await sent(world, US, FR) == [("refused", "quiet_hours"), HANDED_OVER]


async def test_what_is_held_takes_no_place() -> None:
    """A send that is held leaves its place under the caps to others."""
    world = World(QUIET_HOURS="21:00-08:00", DAILY_CAP_TOTAL="1")
    await world.accepted(to=US)
    await world.accepted(to=FR)
    for _ in range(2):
        await world.deliver_next()
    assert world.twilio.recipients() == [FR]


async def test_a_guard_without_its_storage_is_asked_again() -> None:
    """While the table is away nothing is decided: the send is held for a moment, not refused."""
    rows = CountingRows()
    guards = Guards(settings(DAILY_CAP_TOTAL="1"), Ledger(rows))
    rows.away = True
    held = await guards.stopped(sending())
    assert held is not None
    assert (held.result, held.code) == ("retryable", "not_begun")
    assert held.not_before is not None
    assert held.not_before > NOON
    rows.away = False
    assert await guards.stopped(sending()) is None


async def test_time_that_runs_out_in_the_guards_gives_the_place_back() -> None:
    """A send whose guards took longer than its claim lasts is not made, and takes no place."""
    world = World(DAILY_CAP_TOTAL="1")
    steps = 0

    async def slow_at_the_cap(step: str) -> None:
        """The claim is the first row that a worker inserts, the place under the cap the second."""
        nonlocal steps
        steps += step == "rows.insert after"
        if steps == 2:
            steps += 1
            world.clock.move(seconds=30)

    await world.accepted()
    await world.until_quiet(slow_at_the_cap)
    await world.check_sent_once()
    (entry,) = await world.entries()
    assert entry.attempts == 2
