"""Twilio's statuses: their order, which are final, and a word that nobody knows."""

from itertools import pairwise

import pytest

from shared.provider.statuses import is_final, is_known, rank

FINAL = {"delivered", "undelivered", "failed", "read", "canceled", "completed", "busy", "no-answer"}


@pytest.mark.parametrize(
    "way",
    [
        ("accepted", "queued", "sending", "sent", "delivered", "read"),
        ("scheduled", "queued", "sending", "sent", "undelivered"),
        ("accepted", "queued", "failed"),
        ("scheduled", "canceled"),
        ("queued", "initiated", "ringing", "in-progress", "completed"),
        ("queued", "initiated", "ringing", "busy"),
        ("queued", "initiated", "ringing", "no-answer"),
        ("queued", "initiated", "failed"),
        ("queued", "canceled"),
        ("failed", "delivered"),
        ("undelivered", "delivered"),
    ],
)
def test_each_way_only_goes_forward(way: tuple[str, ...]) -> None:
    """Along each way that Twilio documents, every word ranks above the one before it."""
    assert all(rank(before) < rank(after) for before, after in pairwise(way))


def test_final_words_are_told_from_others() -> None:
    """After a final word nothing is reported; of two final words one is always the last."""
    known = [*FINAL, "accepted", "scheduled", "queued", "sending", "sent", "initiated", "ringing",
             "in-progress"]  # fmt: skip
    assert {word for word in known if is_final(word)} == FINAL
    assert all(is_known(word) for word in known)
    messages = FINAL - {"completed", "busy", "no-answer"}
    assert len({rank(word) for word in messages}) == len(messages)


def test_a_new_word_of_twilios_changes_nothing() -> None:
    """A word that the table lacks comes before all others and is not final; none is no status."""
    assert not is_known("brand-new")
    assert rank("brand-new") < rank("accepted")
    assert not is_final("brand-new")
    assert not is_final(None)
