"""A short run of `python3 dev chaos`: real storage, a host that is killed, and every fault."""

import re

import pytest

from dev.azurite import is_installed
from dev.chaos import main
from dev.chaos.audit import Audit
from dev.simulator.faults import KINDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_installed(), reason="Azurite is not installed: `python3 dev test` does that"
    ),
]


@pytest.mark.longest
def test_nothing_is_lost_or_doubled(capfd: pytest.CaptureFixture[str]) -> None:
    """Every fault x message and call x one and several, kills, an outage: each is sent once."""
    flags = ["--messages", "60", "--seed", "3", "--patience", "1200"]
    status = main([*flags, "--outage", "8", "--retry-pause", "0.05"])
    shown = capfd.readouterr().out
    assert status == 0, shown
    table = dict(
        re.findall(r"^(accepted|at Twilio|lost|doubled|in doubt) +(\d+)", shown, re.MULTILINE)
    )
    assert int(table["accepted"]) >= 60
    assert table["at Twilio"] == table["accepted"]
    assert (table["lost"], table["doubled"], table["in doubt"]) == ("0", "0", "0")
    assert f"{len(KINDS)} faults x 4 kinds of request, all injected" in shown
    assert re.search(r"[1-9]\d* ended for lack of storage", shown)


@pytest.mark.parametrize(
    ("lost", "doubled", "states", "is_idle", "passed"),
    [
        ((), (), {"handed_over": 2}, True, True),
        ((("message", "+1"),), (), {}, True, False),
        ((), (("call", "+1"),), {}, True, False),
        ((), (), {"in_doubt": 1}, True, False),
        ((), (), {"handed_over": 2}, False, False),
    ],
)
def test_when_a_run_has_passed(
    lost: tuple[tuple[str, str], ...],
    doubled: tuple[tuple[str, str], ...],
    states: dict[str, int],
    is_idle: bool,  # noqa: FBT001 - a row of the table
    passed: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Only a run that came to rest with nothing lost, doubled or in doubt has passed."""
    audit = Audit(
        accepted=2,
        at_twilio=2,
        lost=lost,  # type: ignore[arg-type]  # kinds, as texts
        doubled=doubled,  # type: ignore[arg-type]  # kinds, as texts
        states=states,
        longest=1.0,
        is_idle=is_idle,
    )
    assert audit.passed is passed
    assert dict(audit.rows())["accepted"] == "2"
