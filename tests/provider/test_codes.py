"""Twilio's error codes: each in its class, and a tested unknown."""

import pytest

from shared.provider.codes import CODES, ToDo, what_to_do

CLASSES: dict[ToDo, str] = {
    "retry": "20429",
    "unknown": "20500 20503",
    "retry_later": "21611 30001 22005 63017 63018 35125",
    "refused": "21211 21217 21214 21216 21610 21612 21614 63016 63021 32018 21219",
    "refused_setup": "20003 20404 21212 21606 21601 21401 21608 21408 21210 21215 "
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
        (401, "20003", "refused_setup"),
        (401, None, "refused_setup"),
        (403, None, "refused_setup"),
        (404, "20404", "refused_setup"),
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
