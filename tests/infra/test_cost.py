"""docs/cost.md adds up, and follows from the counts and prices that it names."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.infra.template import CHECKOUT

PAGE: Final = (CHECKOUT / "docs" / "cost.md").read_text()


def rows(head: str) -> dict[str, list[float]]:
    """A table of the page, by what its first column begins with."""
    text = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| \**([^|,*]+)[^|]*((?:\| \**[\d.,]+\** )+)\|$", text, re.MULTILINE)
    return {
        name.strip(): [float(cell.strip(" *").replace(",", "")) for cell in cells.split("|")[1:]]
        for name, cells in found
    }


BILL: Final = rows("US dollars for a million messages")
NEEDS: Final = rows("of one message, its 3 status callbacks included")


@pytest.mark.parametrize("column", [0, 1])
def test_the_bills_add_up(column: int) -> None:
    """The total of each column is the sum of what stands above it."""
    idle = [row[column] for row in rows("US dollars a month").values()]
    assert len(idle) == 6
    assert sum(idle[:-1]) == pytest.approx(idle[-1], abs=0.001)
    azure = [row[column] for name, row in BILL.items() if name not in {"Azure", "Twilio"}]
    assert len(azure) == 5
    assert sum(azure) == pytest.approx(BILL["Azure"][column], abs=0.001)


@pytest.mark.parametrize("column", [0, 1])
def test_the_bill_follows_from_the_needs(column: int) -> None:
    """A million messages cost what one needs, times the price that the row names."""
    of_one = {name: row[column] for name, row in NEEDS.items()}
    dollars = {
        "storage transactions": of_one["storage transactions"] * 0.0004 / 10_000 * 1e6,
        "rows of 700 bytes": of_one["rows in the ledger"] * 700 / 1e9 * 90 / 30 * 0.045 * 1e6,
        "executions": of_one["function executions"] * 0.40,
        "GB-seconds": of_one["core seconds"] / 0.7 * 2 * 0.000026 * 1e6,
        "telemetry": of_one["telemetry"] * 2.30,
        "Twilio": 0.0083 * 1e6,
    }
    for name, value in dollars.items():
        assert BILL[name][column] == pytest.approx(value, abs=0.01), name


@pytest.mark.parametrize("column", [0, 1])
def test_the_walls_follow_from_the_needs(column: int) -> None:
    """A limit is met where the busiest second of a day needs as much as there is."""
    of_one = {name: row[column] for name, row in NEEDS.items()}
    a_second = {
        r"segments": 100,
        r"requests at once": 100 / 0.1,
        r"messages a second": 2000 / of_one["queue messages"],
        r"requests a second": 20_000 / of_one["storage transactions"],
        r"rows a second": 2000 * 16 / of_one["rows in the ledger"],
        r"instances": 1000 * 0.7 / of_one["core seconds"],
    }
    text = PAGE.partition("| wall, one of each thing in use |")[2].partition("\n\n")[0]
    for name, limit in a_second.items():
        (cells,) = re.findall(
            rf"^\| \[?{name} .*\| ([\d.,]+) million \| ([\d.,]+) million \|$", text, re.MULTILINE
        )
        millions = float(cells[column].replace(",", ""))
        assert millions == pytest.approx(limit * 86_400 / 2.927 / 1e6, rel=0.02), name
