"""Ids: their order, their place, and what is no id."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import ids
from tests.clock import NOON

bits = st.integers(0, 2**60 - 1)
times = st.datetimes(
    datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - hypothesis adds the zone
)  # fmt: skip


@given(times, times, bits, bits)
def test_ids_sort_newest_first(one: datetime, other: datetime, first: int, second: int) -> None:
    """Of two ids in one shard the later sorts first, and a later day sorts first in any."""
    a, b = ids.new_id(one, first), ids.new_id(other, second)
    if ids.partition(a)[4] == ids.partition(b)[4] or one.date() != other.date():
        older, newer = sorted((one, other))
        if newer - older >= timedelta(milliseconds=1):
            assert (a < b) == (one > other)


@given(times, bits)
def test_an_id_tells_its_time_and_place(at: datetime, random: int) -> None:
    """From an id come its day, its millisecond, its partition and its row, and it parses."""
    made = ids.new_id(at, random)
    assert timedelta() <= at - ids.accepted_at(made) < timedelta(milliseconds=1)
    assert ids.day_of(made).date() == at.date()
    assert ids.partition(made) in ids.partitions(ids.day_key(at))
    assert ids.partition(made) + ids.row(made) == made
    assert ids.parse(made) == ids.EntryId(made, None)
    assert len(made) == ids.LENGTH


@given(bits, bits)
def test_random_bits_make_ids_differ(first: int, second: int) -> None:
    """Two ids of one millisecond are the same only if their 59 bits are."""
    one, other = ids.new_id(NOON, first), ids.new_id(NOON, second)
    assert (one == other) == (first % 2**59 == second % 2**59)


def test_shards_share_a_day() -> None:
    """A day's ids spread over every one of its partitions, and over no others."""
    made = {ids.partition(ids.new_id(NOON, n << 55)) for n in range(32)}
    assert sorted(made) == ids.partitions(ids.day_key(NOON))
    assert len(made) == ids.SHARDS


def test_a_zone_does_not_change_an_id() -> None:
    """The same moment in another zone makes the same id."""
    there = NOON.astimezone(timezone(timedelta(hours=14)))
    assert ids.new_id(there, 7) == ids.new_id(NOON, 7)
    assert ids.day_key(there) == ids.day_key(NOON)


@given(st.integers(0, 99))
def test_a_recipients_id_parses_back(index: int) -> None:
    """One recipient of several is the job's id and an index, and parses to both."""
    job = ids.new_id(NOON, 1)
    name = ids.recipient_id(job, index, 100)
    assert ids.parse(name) == ids.EntryId(job, index)
    assert ids.recipient_id(job, 0, 1) == job


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "zbpn7196bfzff9kh2444p",
        "zbpn7196bfzff9kh2444paa",
        "ZBPN7196BFZFF9KH2444PA",
        "zbpn7196bfzff9kh2444pi",
        "zbpn7196bfzff9kh2444pa-",
        "zbpn7196bfzff9kh2444pa-00",
        "zbpn7196bfzff9kh2444pa-100",
        "zbpn7196bfzff9kh2444pa-1\n",
        " zbpn7196bfzff9kh2444pa",
        "zbpn7196bfzff9kh2444pa'",
        "\N{ARABIC-INDIC DIGIT ONE}" * 22,
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    """Anything that this app would not have written is no id."""
    assert ids.parse(text) is None


@given(st.text(max_size=30))
def test_parsing_never_raises(text: str) -> None:
    """Any text at all parses, to a place or to none."""
    place = ids.parse(text)
    assert place is None or text.startswith(place.job_id)


def test_a_queue_messages_id_is_the_same_at_every_delivery() -> None:
    """The id follows from the message alone: its own id, its time and its text."""
    first = ids.id_of_queue_message("m", NOON, b"text")
    assert ids.id_of_queue_message("m", NOON, b"text") == first
    assert ids.accepted_at(first) == NOON
    others = {
        ids.id_of_queue_message("n", NOON, b"text"),
        ids.id_of_queue_message("m", NOON, b"texts"),
        ids.id_of_queue_message("mt", NOON, b"ext"),
        ids.id_of_queue_message("m", None, b"text"),
    }
    assert len(others | {first}) == 5
