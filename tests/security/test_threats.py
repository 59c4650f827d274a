"""SECURITY.md's table of who can do what: each cell is tried."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.deliver.twilio_double import TwilioDouble
from tests.in_memory_app import Configure
from tests.security import threats
from tests.security.threats import CLIENT_KEY, READ_ONLY_KEY, Attempt, Holder, Who

SECURITY = Path(__file__).parents[2] / "SECURITY.md"
SETTINGS = {
    "CONSOLE_KEYS": json.dumps({"duty": READ_ONLY_KEY}),
    "CLIENT_KEYS": json.dumps({CLIENT_KEY[0]: {"secret": CLIENT_KEY[1], "name": "shop"}}),
    "ALLOWED_COUNTRIES": "US",
    "TWILIO_API_KEY_SID": "SK" + "1" * 32,
    "TWILIO_API_KEY_SECRET": "s" * 32,
    "TWILIO_TWIML_APP_SID": "AP" + "2" * 32,
}
EVERYBODY = frozenset(get_args(Who))
PROGRAMS = frozenset({"function key", "admin key"})
# These speak Twilio's own API with us.
CLIENTS = frozenset({"Auth Token", "client key"})

# What can be done, how it is tried, and whose attempt succeeds.
THREATS: dict[str, tuple[Attempt, frozenset[str]]] = {
    "read the console's page and the API's description": (
        threats.look_at_public_pages, EVERYBODY),
    "read entries: numbers, texts, what became of them": (
        threats.read_entries, PROGRAMS | CLIENTS | {"read-only key"}),
    "see everything about a person": (threats.find_person, PROGRAMS | {"read-only key"}),
    "send a text or place a call": (threats.send, PROGRAMS | CLIENTS | {"queue writer"}),
    "send to a country that `ALLOWED_COUNTRIES` leaves out": (
        threats.send_where_closed, frozenset()),
    "cancel what waits": (threats.cancel, PROGRAMS | CLIENTS),
    "send again what failed": (threats.retry, PROGRAMS),
    "make access tokens": (threats.make_access_token, PROGRAMS),
    "report on an entry, or be an inbound text": (threats.report, frozenset({"Auth Token"})),
    "choose whom a twimlet dials": (threats.choose_whom_to_dial, frozenset({"Auth Token"})),
    "erase a person": (threats.erase, frozenset({"admin key"})),
}  # fmt: skip


@pytest.mark.parametrize("who", get_args(Who))
@pytest.mark.parametrize("what", THREATS)
async def test_each_cell_is_true(configure: Configure, what: str, who: Who) -> None:
    """An attempt succeeds exactly for those for whom the table says yes."""
    attempt, allowed = THREATS[what]
    app = configure(**SETTINGS)
    app.services.provider = TwilioDouble(app.clock)
    assert await attempt(Holder(app, who)) is (who in allowed)


def test_the_page_has_this_table() -> None:
    """SECURITY.md shows the same rows, columns and cells."""
    lines = re.findall(r"^\| (.*) \|$", SECURITY.read_text(), re.MULTILINE)
    head, rule, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert head[1:] == list(get_args(Who))
    assert set(rule) <= {"---", ":-:"}
    assert {row[0]: row[1:] for row in rows} == {
        what: ["yes" if who in allowed else "no" for who in head[1:]]
        for what, (_, allowed) in THREATS.items()
    }
