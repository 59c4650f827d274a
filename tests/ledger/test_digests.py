"""Digests of numbers: keyed, stable, and found under every key."""

import hashlib

from shared.app import App
from shared.ledger.digests import Digests
from shared.ledger.ledger import Ledger
from shared.ledger.opt_outs import OptOut
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.environment import AUTH_TOKEN, ENVIRONMENT

ANA = "+14155552671"
OLD, NEW = "an older key of some length", "a newer key of some length"


def test_a_digest_depends_on_its_key_and_is_not_a_plain_hash() -> None:
    """Two keys give two digests, and neither is what anybody can compute of a number."""
    one, other = Digests((OLD,)), Digests((NEW,))
    assert one.of(ANA) == Digests((OLD,)).of(ANA)
    assert len({one.of(ANA), other.of(ANA), hashlib.sha256(ANA.encode()).hexdigest()[:32]}) == 3
    assert Digests((NEW, OLD)).of(ANA) == other.of(ANA)
    assert Digests((NEW, OLD)).every(ANA) == (other.of(ANA), one.of(ANA))


def test_a_rotated_token_changes_no_digest() -> None:
    """What the app digests by outlives its tokens; a key of its own is put before the SID."""
    before = App(ENVIRONMENT).ledger.digests.every(ANA)
    rotated = {"TWILIO_AUTH_TOKEN": "another", "TWILIO_AUTH_TOKEN_SECONDARY": AUTH_TOKEN}
    assert App(ENVIRONMENT | rotated).ledger.digests.every(ANA) == before
    keyed = App(ENVIRONMENT | {"DIGEST_KEYS": f"{NEW}, {OLD}"}).ledger.digests.every(ANA)
    assert keyed == (Digests((NEW,)).of(ANA), Digests((OLD,)).of(ANA), *before)


async def test_an_opt_out_outlives_a_new_key() -> None:
    """A stop said under the older key holds, until a start under the newer one."""
    table = MemoryTable()
    stop = OptOut(at=NOON, number=ANA, sender="MG1", says="stop", sid="SM1")
    await Ledger(table, Digests((OLD,))).opt_outs.note(stop)
    later = Ledger(table, Digests((NEW, OLD)))
    assert await later.opt_outs.has_stopped(ANA, "MG1", NOON)
    start = OptOut(at=NOON.replace(hour=13), number=ANA, sender="MG1", says="start", sid="SM2")
    await later.opt_outs.note(start)
    assert not await later.opt_outs.has_stopped(ANA, "MG1", NOON)
    assert [each.says for each in await later.opt_outs.of(ANA, NOON)] == ["start", "stop"]
