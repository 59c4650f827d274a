"""A timer that was missed while the host was down."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import azure.functions as func
import pytest

from dev.host.application import IndexedFunction
from dev.host.invocation import Invoker
from dev.host.timer_memory import TimerMemory
from dev.host.timer_trigger import TimerTrigger

YEARLY = "0 0 0 1 1 *"


async def runs_at_start(
    memory: TimerMemory, schedule: str, trigger: Mapping[str, object]
) -> list[bool]:
    """Whether each run that begins with the host was past due."""
    seen: list[bool] = []

    async def timer(timer: func.TimerRequest) -> None:
        seen.append(timer.past_due)

    binding = {"type": "timerTrigger", "name": "timer", "schedule": schedule, **trigger}
    function = IndexedFunction("f", timer, "timer", binding, wants_context=False)
    with ThreadPoolExecutor() as threads:
        ours = TimerTrigger(function, {}, Invoker(Path(), threads), memory)
        ours.stop()  # before its first scheduled run
        await ours.run()
    return seen


def remembering(folder: Path, hours: int) -> TimerMemory:
    TimerMemory(folder / "timers.json").remember("f", datetime.now(UTC) + timedelta(hours=hours))
    return TimerMemory(folder / "timers.json")


async def test_a_run_that_was_missed_is_made_up_for(tmp_path: Path) -> None:
    """It runs once at the start, past due, and the next start has nothing to make up for."""
    memory = remembering(tmp_path, -1)
    assert await runs_at_start(memory, YEARLY, {}) == [True]
    assert await runs_at_start(TimerMemory(tmp_path / "timers.json"), YEARLY, {}) == []


@pytest.mark.parametrize(
    ("hours", "schedule", "trigger", "runs"),
    [
        (1, YEARLY, {}, []),
        (1, YEARLY, {"runOnStartup": True}, [False]),
        (-1, YEARLY, {"runOnStartup": True}, [True]),
        (-1, YEARLY, {"useMonitor": False}, []),
        (-1, "*/30 * * * * *", {}, []),
    ],
)
async def test_what_runs_at_the_start(
    tmp_path: Path, hours: int, schedule: str, trigger: dict[str, object], runs: list[bool]
) -> None:
    """A schedule of less than a minute, or without a monitor, makes up for nothing."""
    assert await runs_at_start(remembering(tmp_path, hours), schedule, trigger) == runs


async def test_without_a_file_nothing_is_remembered() -> None:
    """A host without a memory starts as if it had never run."""
    assert await runs_at_start(TimerMemory(), YEARLY, {}) == []
