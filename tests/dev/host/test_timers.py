from pathlib import Path

import pytest

from tests.dev.host.running_host import APPS, eventually, running_host

pytestmark = pytest.mark.slow


def test_timers_run_by_schedule_at_start_and_by_hand(tmp_path: Path) -> None:
    """A schedule from a setting, runOnStartup, and the admin path each run their function."""
    errors = tmp_path / "errors.txt"
    with running_host(APPS / "timer_app", errors, "--verbose", EVERY_SECOND="* * * * * *") as host:
        assert "each_second: timerTrigger * * * * * *" in host.announced
        admin = {"x-functions-key": "local-admin-key"}
        assert host.ask("POST", "/admin/functions/by_hand", b"", admin).status == 202
        every = {"at_start", "by_hand", "each_second past_due=False"}
        eventually(lambda: set(host.ask("GET", "/runs").json()) == every)
        assert host.ask("GET", "/runs").json().count("at_start") == 1
        assert "by_hand failed" in errors.read_text()


def test_a_failing_timer_runs_again(tmp_path: Path) -> None:
    """A timer goes on after a run."""
    with running_host(
        APPS / "timer_app", tmp_path / "errors.txt", EVERY_SECOND="*/1 * * * * *"
    ) as host:
        eventually(lambda: len(host.ask("GET", "/runs").json()) >= 3)
