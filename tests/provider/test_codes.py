"""Twilio's error codes: each in its class, and a tested unknown."""

import pytest

from shared.provider.codes import CODES, ToDo, is_outage, what_to_do

CLASSES: dict[ToDo, str] = {
    "retry": "20429",
    "unknown": "20500 20503",
    "retry_later": "21611 30001 22005 63017 63018 35125",
    "refused": "21211 21217 21214 21216 21610 21612 21614 63016 63021 32018 21219",
    "wait": "20003 20404 20005 10001",
    "refused_setup": "21212 21606 21601 21401 21608 21408 21210 21215 "
                     "35114 35115 35116 35117 35118",
}  # fmt: skip


def test_every_code_is_in_its_class() -> None:
    """The table holds the documented codes, each in one class, each with a few words."""
    assert {code: entry.to_do for code, entry in CODES.items()} == {
        code: to_do for to_do, codes in CLASSES.items() for code in codes.split()
    }
    assert all(entry.means for entry in CODES.values())


@pytest.mark.parametrize(
    ("status", "code", "to_do"),
    [
        (400, "21211", "refused"),
        (400, "21611", "retry_later"),
        (401, "20003", "wait"),
        (401, None, "wait"),
        (403, None, "refused_setup"),
        (404, "20404", "wait"),
        (400, "99999", "refused"),
        (400, None, "unknown"),
        (404, None, "unknown"),
        (418, "1", "refused"),
        (408, None, "unknown"),
        (429, None, "retry"),
        (429, "20429", "retry"),
        (429, "21211", "retry"),
        (429, "21611", "retry_later"),
        (429, "63018", "retry_later"),
        (500, None, "unknown"),
        (500, "20500", "unknown"),
        (502, None, "unknown"),
        (503, "21211", "unknown"),
        (599, None, "unknown"),
        (400, "20500", "unknown"),
    ],
)
def test_status_and_code_say_what_to_do(status: int, code: str | None, to_do: ToDo) -> None:
    """A 5xx is unknown whatever its code, a code that nobody knows is refused, none is unknown."""
    assert what_to_do(status, code) == to_do


@pytest.mark.parametrize(
    ("code", "outage"),
    [
        ("no_connection", True),
        ("no_answer", True),
        ("http_429", True),
        ("http_401", True),
        ("http_503", True),
        ("http_400", False),
        ("20003", True),
        ("20404", True),
        ("20429", True),
        ("20500", True),
        ("21611", False),
        ("21211", False),
        ("not_begun", False),
        (None, False),
    ],
)
def test_what_is_an_outage_and_what_is_about_the_message(code: str | None, *, outage: bool) -> None:
    """A wrong token and a lost connection say nothing about the message; a full sender does."""
    assert is_outage(code) == outage
