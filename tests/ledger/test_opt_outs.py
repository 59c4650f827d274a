"""Who may not be texted, as several workers know it."""

from datetime import datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.opt_outs import PARTITION, OptOut, OptOuts
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.environment import DIGESTS, SENDER
from tests.ledger.histories import TO

ANN, BOB, _ = TO
SECOND = timedelta(seconds=1)


def said(
    says: Literal["stop", "start"], at: datetime = NOON, *, number: str = ANN, sid: str = "SM1",
    sender: str = SENDER,
) -> OptOut:  # fmt: skip
    return OptOut(at=at, number=number, sender=sender, says=says, sid=sid)


async def test_a_stop_holds_for_one_number_and_one_sender() -> None:
    """Others may text the person, and the sender may text others."""
    opt_outs = OptOuts(MemoryTable(), DIGESTS)
    await opt_outs.note(said("stop"))
    assert await opt_outs.has_stopped(ANN, SENDER, NOON)
    assert not await opt_outs.has_stopped(BOB, SENDER, NOON)
    assert not await opt_outs.has_stopped(ANN, "MG1", NOON)


@pytest.mark.parametrize(
    ("noted", "asked", "stopped"),
    [
        ((f"rcs:{ANN}", SENDER), (ANN, SENDER), True),
        ((ANN, SENDER), (f"rcs:{ANN}", SENDER), True),
        ((ANN, "MG" + "ab" * 16), (ANN, "MG" + "AB" * 16), True),
        ((ANN, "MG" + "AB" * 16), (f"rcs:{ANN}", "MG" + "ab" * 16), True),
        ((f"whatsapp:{ANN}", SENDER), (ANN, SENDER), False),
    ],
)
async def test_a_stop_holds_however_the_two_are_written(
    noted: tuple[str, str], asked: tuple[str, str], *, stopped: bool
) -> None:
    """RCS and SMS are one, and so is a SID in upper case; WhatsApp is another."""
    rows = MemoryTable()
    await OptOuts(rows, DIGESTS).note(said("stop", number=noted[0], sender=noted[1]))
    assert await OptOuts(rows, DIGESTS).has_stopped(*asked, NOON) is stopped


async def test_what_a_worker_notes_it_knows_at_once() -> None:
    """Its own set is not waited for, however fresh it is."""
    opt_outs = OptOuts(MemoryTable(), DIGESTS)
    assert not await opt_outs.has_stopped(ANN, SENDER, NOON)
    await opt_outs.note(said("stop"))
    assert await opt_outs.has_stopped(ANN, SENDER, NOON)
    await opt_outs.note(said("start", NOON + SECOND / 2))
    assert not await opt_outs.has_stopped(ANN, SENDER, NOON)


async def test_another_worker_learns_of_it_within_a_second() -> None:
    """A stop and a start reach a worker that has been reading for long."""
    rows = MemoryTable()
    one, other = OptOuts(rows, DIGESTS), OptOuts(rows, DIGESTS)
    at = NOON
    for says in ("stop", "start", "stop"):
        before = await other.has_stopped(ANN, SENDER, at)
        at += SECOND / 2
        await one.note(said(says, at, sid=says))
        assert await other.has_stopped(ANN, SENDER, at) is before
        at += SECOND / 2
        assert await other.has_stopped(ANN, SENDER, at) is (says == "stop")


async def test_a_worker_that_starts_later_knows_everything() -> None:
    """The whole log is read once, however old it is."""
    rows = MemoryTable()
    await OptOuts(rows, DIGESTS).note(said("stop"))
    assert await OptOuts(rows, DIGESTS).has_stopped(ANN, SENDER, NOON + timedelta(days=4000))


@pytest.mark.parametrize("ahead", [-299, -30, 0, 30, 299])
async def test_clocks_may_differ_by_five_minutes(ahead: int) -> None:
    """A note of a worker whose clock is ahead or behind is not missed."""
    rows = MemoryTable()
    one, other = OptOuts(rows, DIGESTS), OptOuts(rows, DIGESTS)
    assert not await other.has_stopped(ANN, SENDER, NOON)
    await one.note(said("stop", NOON + timedelta(seconds=ahead)))
    assert await other.has_stopped(ANN, SENDER, NOON + SECOND)


async def test_a_note_that_was_slow_to_arrive_is_not_missed() -> None:
    """A row may be seen up to five minutes after the time that it bears."""
    rows = MemoryTable()
    one, other = OptOuts(rows, DIGESTS), OptOuts(rows, DIGESTS)
    for seconds in range(1, 200, 40):
        assert not await other.has_stopped(ANN, SENDER, NOON + seconds * SECOND)
    await one.note(said("stop"))
    assert await other.has_stopped(ANN, SENDER, NOON + 240 * SECOND)


async def test_the_same_word_of_the_same_message_is_one_note() -> None:
    """A webhook that Twilio repeats leaves one row."""
    rows = MemoryTable()
    opt_outs = OptOuts(rows, DIGESTS)
    for _ in range(3):
        await opt_outs.note(said("stop"))
    assert len([row async for row in rows.range(PARTITION)]) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["stop", "start"]), st.integers(0, 200_000), st.booleans()),
        max_size=8,
        unique_by=lambda word: word[1],
    ),
    st.data(),
)
async def test_the_last_word_counts_in_whatever_order_they_came(
    words: list[tuple[Literal["stop", "start"], int, bool]], data: st.DataObject
) -> None:
    """Two workers and a new one agree on it, whichever of them noted which word when."""
    rows = MemoryTable()
    workers = OptOuts(rows, DIGESTS), OptOuts(rows, DIGESTS)
    end = NOON + timedelta(days=3)
    for number, (says, seconds, by_first) in enumerate(data.draw(st.permutations(words))):
        note = said(says, NOON + timedelta(seconds=seconds), sid=f"SM{number}")
        await workers[by_first].note(note)
    last = max(words, key=lambda word: word[1], default=("start", 0, True))
    for worker in (*workers, OptOuts(rows, DIGESTS)):
        assert await worker.has_stopped(ANN, SENDER, end) is (last[0] == "stop")
