"""Finding entries by recipient and SID: exact, newest first, at a cost that others do not raise."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import ids
from shared.jobs.events import Answer, Outcome
from shared.ledger import schema
from shared.ledger.index import ERASED, starts_of_sids
from shared.ledger.ledger import Ledger, event_row
from shared.ledger.listing import list_newest
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.clock import NOON
from tests.environment import DIGESTS
from tests.in_memory_app import InMemoryApp
from tests.ledger.counted_rows import CountedRows
from tests.ledger.histories import TO, accepted

ANA, BO = TO[:2]


class CountedWrites(MemoryTable):
    """Rows that count the requests by which they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    async def transaction(self, row: Row, beside: object) -> bool:
        self.requests += 1 + (len(beside) > 99)  # type: ignore[arg-type]
        return await super().transaction(row, beside)  # type: ignore[arg-type]


async def listed(ledger: Ledger, *to: str, limit: int = 100) -> list[str]:
    """The ids of what was sent to some addresses, page by page."""
    found, cursor = list[str](), None
    starts = ledger.index.starts_of_recipients(to)
    while True:
        page = await list_newest(
            ledger.table, lambda *_: True, limit=limit, cursor=cursor, starts=starts
        )
        found += [delivery.id for _, delivery in page.items]
        if page.next is None:
            return found
        cursor = page.next


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (99, 1), (100, 2)])
async def test_accepting_costs_no_more_than_one_further_request(count: int, requests: int) -> None:
    """One message, and a list of 99, is one request with its index; a job of a hundred is two."""
    table = CountedWrites()
    to = [f"+1415555{number:04}" for number in range(count)]
    job = ids.new_id(NOON, 1)
    await Ledger(table, DIGESTS).record(job, accepted(*to))
    assert table.requests == requests
    keys = [row.key async for row in table.prefix(ids.partition(job), schema.RECIPIENTS.place(""))]
    assert len(keys) == count


moments = st.lists(
    st.tuples(
        st.integers(0, 6 * 86_400_000 - 1), st.integers(0, 2**60 - 1), st.sampled_from([0, 1, 2])
    ),
    max_size=25,
    unique_by=lambda each: each[:2],
)


@given(moments, st.integers(1, 7))
async def test_a_person_is_found_newest_first(
    drawn: list[tuple[int, int, int]], limit: int
) -> None:
    """Whatever was sent when, a search finds what a listing would, in its order, page by page."""
    ledger = Ledger(MemoryTable(), DIGESTS)
    for milliseconds, random, who in drawn:
        at = NOON - timedelta(days=10) + timedelta(milliseconds=milliseconds)
        to = [(ANA,), (BO,), (BO, f"whatsapp:{ANA}")][who]
        await ledger.record(ids.new_id(at, random), accepted(*to, at=at))
    everything = await list_newest(ledger.table, lambda *_: True, limit=100, cursor=None)
    expected = [each.id for _, each in everything.items if (each.to or "").endswith(ANA)]
    assert await listed(ledger, ANA, limit=limit) == expected
    assert await listed(ledger, f"rcs:{ANA}", limit=limit) == expected
    assert sorted(await listed(ledger, ANA, BO, limit=limit)) == sorted(
        each.id for _, each in everything.items
    )


async def test_a_person_is_found_over_gaps_and_at_the_first_of_days() -> None:
    """Months without an entry are skipped, and a search ends at the first day that ids know."""
    table = CountedRows()
    ledger = Ledger(table, DIGESTS)
    times = [NOON, NOON - timedelta(days=400), datetime.fromisoformat("1970-01-01T00:00Z")]
    jobs = [ids.new_id(at, 1) for at in times]
    for job, at in zip(jobs, times, strict=True):
        await ledger.record(job, accepted(ANA, at=at))
    assert await listed(ledger, ANA) == jobs
    table.asked = 0
    page = await list_newest(
        table, lambda *_: True, limit=5, cursor=None, since=NOON - timedelta(days=1),
        starts=ledger.index.starts_of_recipients([ANA]),
    )  # fmt: skip
    assert [delivery.id for _, delivery in page.items] == jobs[:1]
    assert table.asked == 2 * ids.SHARDS + 1


async def test_other_peoples_messages_cost_a_search_nothing() -> None:
    """As many rows are read for somebody's two messages among ten as among a thousand."""
    costs = []
    for others in (10, 1000):
        table = CountedRows()
        ledger = Ledger(table, DIGESTS)
        for number in range(others):
            at = NOON - timedelta(minutes=number)
            await ledger.record(ids.new_id(at, number << 52), accepted(BO, at=at))
        for number in (1, 2):
            at = NOON - timedelta(hours=number)
            await ledger.record(ids.new_id(at, number), accepted(ANA, at=at))
        table.read_rows = 0
        assert len(await listed(ledger, ANA)) == 2
        costs.append(table.read_rows)
    assert costs == [4, 4]


async def test_a_sid_is_found(app: InMemoryApp) -> None:
    """What Twilio calls a message leads to it, one recipient of a list too; others are nobody's."""
    ledger = app.services.ledger
    job = ids.new_id(NOON, 1)
    await ledger.record(job, accepted(ANA, BO))
    outcomes = [Outcome(index=n, result="sent", sid=f"SM{n:032}") for n in range(2)]
    await ledger.record(job, Answer(at=NOON, n=1, outcomes=tuple(outcomes)))
    for n in range(2):
        page = await app.get(f"/api/messages?sid=SM{n:032}")
        assert [item["id"] for item in page.json["items"]] == [f"{job}-{n}"]
    for nobody in ("SM", "SM" + "0" * 31, "x'y", "."):
        assert (await app.get(f"/api/messages?sid={nobody}")).json["items"] == []
    assert starts_of_sids(["SM1"]) == {"~sid.SM1."}


async def test_a_busy_person_is_found_whole() -> None:
    """Many messages of one minute come all, each once, newest first."""
    ledger = Ledger(MemoryTable(), DIGESTS)
    jobs = []
    for number in range(35):
        at = NOON - timedelta(seconds=number)
        jobs.append(ids.new_id(at, number << 53))
        await ledger.record(jobs[-1], accepted(ANA, at=at))
    assert await listed(ledger, ANA) == jobs
    assert await listed(ledger, ANA, limit=12) == jobs


async def test_a_pointer_to_what_is_gone_is_passed_over() -> None:
    """A row of the index whose job is just being forgotten finds nothing, without an error."""
    ledger = Ledger(MemoryTable(), DIGESTS)
    job = ids.new_id(NOON, 1)
    await ledger.record(job, accepted(ANA))
    await ledger.table.delete(ids.partition(job), [f"{ids.row(job)}.accepted"])
    assert await listed(ledger, ANA) == []


async def test_no_number_is_in_a_key(app: InMemoryApp) -> None:
    """Keys and partitions show nobody's number after a message was accepted, sent and reported."""
    await app.post("/api/messages", {"to": [ANA, f"whatsapp:{BO}"], "body": "Hi"})
    partition = await app.table.next_partition()
    assert partition is not None
    keys = [row.key async for row in app.table.range(partition)]
    assert len(keys) == 3
    assert not [key for key in keys if ANA[1:] in key or BO[1:] in key]


async def test_the_lists_use_the_index(app: InMemoryApp) -> None:
    """`?to=` finds one channel of a number, several numbers, and nobody else."""
    one = (await app.post("/api/messages", {"to": ANA, "body": "Hi"})).json["id"]
    app.clock.move(days=20)
    two = (await app.post("/api/messages", {"to": f"whatsapp:{ANA}", "body": "Hi"})).json["id"]
    other = (await app.post("/api/messages", {"to": BO, "body": "Hi"})).json["id"]
    call = (await app.post("/api/calls", {"to": ANA, "say": "Hi"})).json["id"]

    async def found(query: str) -> list[str]:
        return [item["id"] for item in (await app.get(f"/api/{query}")).json["items"]]

    assert await found(f"messages?to={ANA}") == [one]
    assert await found(f"messages?to=whatsapp:{ANA}") == [two]
    assert set(await found(f"messages?to={ANA},{BO}")) == {one, other}
    assert await found(f"calls?to={ANA}") == [call]
    assert await found(f"messages?to={ANA}&state=parked") == []
    assert await found("messages?to=nobody") == []


def test_nobody_who_was_erased_is_in_the_index() -> None:
    """Of a job from which a person was erased, the index has the others."""
    job, event = ids.new_id(NOON, 1), accepted(ERASED, BO)
    [row] = Ledger(MemoryTable(), DIGESTS).index.rows(event_row(job, event), event)
    assert (row.partition, row.key.endswith(f"{ids.row(job)}-01")) == (ids.partition(job), True)
