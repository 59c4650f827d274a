"""SIDs of our own: ids in another notation."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.ids import ALPHABET, LENGTH, EntryId
from shared.jobs.sids import format_sid, parse_sid
from shared.kinds import Kind

JOB = "zbpn7196bfzff9kh2444pa"
kinds = st.sampled_from(("message", "call"))
entries = st.builds(
    EntryId,
    st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH),
    st.none() | st.integers(0, 99),
)


@given(kinds, entries)
def test_a_sid_and_an_id_are_the_same_thing(kind: Kind, entry: EntryId) -> None:
    """Every id has one SID in Twilio's form, and that SID leads back to it and to nothing else."""
    sid = format_sid(kind, entry)
    assert re.fullmatch("(SM|CA)[0-9a-f]{32}", sid)
    assert parse_sid(kind, sid) == entry
    assert parse_sid("call" if kind == "message" else "message", sid) is None


@given(kinds, st.text("0123456789abcdef", min_size=30, max_size=30))
def test_what_reads_as_ours_is_written_the_same(kind: Kind, digits: str) -> None:
    """No two SIDs lead to one id: what can be read is exactly what would be written."""
    sid = ("SM" if kind == "message" else "CA") + "5b" + digits
    entry = parse_sid(kind, sid)
    assert entry is None or format_sid(kind, entry) == sid


@given(kinds, entries, entries)
def test_two_ids_have_two_sids(kind: Kind, one: EntryId, other: EntryId) -> None:
    """Different entries never share a SID."""
    assert (format_sid(kind, one) == format_sid(kind, other)) == (one == other)


def test_a_sid_stays_what_it_was() -> None:
    """Clients keep SIDs, so the notation never changes."""
    assert format_sid("message", EntryId(JOB, None)) == "SM5b003ebb54e14996ffbde99c444212ca"
    assert format_sid("call", EntryId(JOB, 99)) == "CA5b193ebb54e14996ffbde99c444212ca"


@pytest.mark.parametrize(
    "sid",
    ["", "SM", "SM" + "0" * 32, "SM5b" + "f" * 30, "SM5B" + "0" * 30, "sm5b" + "0" * 30,
     "SM5b" + "0" * 29, "SM5b" + "0" * 31, "SM5b" + "0" * 30 + "\n", "MM5b" + "0" * 30, JOB],
)  # fmt: skip
def test_other_sids_are_not_ours(sid: str) -> None:
    """Twilio's SIDs, and what is no SID, name no entry by themselves."""
    assert parse_sid("message", sid) is None
