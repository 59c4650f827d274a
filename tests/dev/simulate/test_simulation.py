"""The simulation: its clock, that it repeats itself, and that nothing is lost in forty seeds."""

import asyncio
import importlib
import inspect
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dev.checkout import HERE
from dev.simulate import command, mutations, virtual_time
from dev.simulate.audit import Counts
from dev.simulate.process import Death, KilledError, Process
from dev.simulate.scenario import ACTORS
from dev.simulate.storage import (
    LEASE,
    SHORT_LEASE_SECONDS,
    LostLeaseError,
    QueueServer,
    TableServer,
)
from dev.simulate.world import World
from shared.errors import StorageUnavailableError
from shared.storage.table import Row

SEEDS = 40


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    command.configure_logs(is_shown=False)
    yield
    logging.getLogger("switchboard").setLevel(logging.NOTSET)


def simulate(*flags: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a program of its own."""
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "dev.simulate", *flags],
        cwd=HERE.root, capture_output=True, check=False, text=True,
    )  # fmt: skip


def process(name: str = "p") -> Process:
    return Process(name, timedelta(), lambda low, _: low)


@pytest.mark.slow
def test_forty_seeds_are_clean() -> None:
    """Nothing is lost, doubled or stuck, and the last line says so."""
    done = simulate("--seeds", str(SEEDS))
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(rf"seeds {SEEDS}, sends \d+, lost 0, doubled 0, stuck 0", last), done.stdout
    assert done.returncode == 0


def test_a_seed_repeats_itself_to_the_last_line() -> None:
    """The same seed takes the same steps, whatever ran before it in the process."""
    first = simulate("--seeds", "2", "--seed", "2", "--trace").stdout.splitlines()
    second = simulate("--seeds", "1", "--seed", "3", "--trace").stdout.splitlines()
    assert len(second) > 100
    assert first[-len(second) : -2] == second[:-2]


@pytest.mark.parametrize("name", mutations.MUTATIONS)
def test_a_rule_can_be_broken_where_the_code_says_it(name: str) -> None:
    """The place that a mutation changes is still there, once, and differs afterwards."""
    mutation = mutations.MUTATIONS[name]
    source = inspect.getsource(importlib.import_module(mutation.module))
    assert mutations.change_source(mutation, source) != source


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("cancel-without-claim", "31"),
        ("absence-too-early", "1"),
        ("alert-not-looked-at", "1"),
        ("level-without-end", "1"),
    ],
)
def test_a_broken_rule_is_found(name: str, first: str) -> None:
    """Each rule of the app, once broken, is missed within a few seeds, from the first one on."""
    done = simulate("--seed", first, "--seeds", "20", "--break", name)
    assert done.returncode == 1, done.stdout
    assert "seed " in done.stdout


def test_a_seed_that_fails_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every actor goes without whom it fails all the same."""
    played: list[frozenset[str]] = []

    def run_seed(_: int, leave_out: frozenset[str]) -> tuple[World, Counts]:
        played.append(leave_out)
        world = World(1)
        if not leave_out & {"kills", "clients"}:
            world.problem("lost", "something")
        return world, Counts()

    monkeypatch.setattr(command, "run_seed", run_seed)
    monkeypatch.setattr(World, "say", lambda *_: None)
    assert {*ACTORS} - {*command.shrink(1)} == {"kills", "clients"}
    assert len(played) == len(ACTORS)


def test_hours_pass_without_waiting() -> None:
    """Time moves to the next timer, and back to nobody."""

    async def sleep() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(sleep()) == 86_400


def test_a_run_in_which_everything_waits_for_nothing_ends() -> None:
    """It is an error, and no endless loop."""

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.NothingToDoError):
        virtual_time.run(wait())


def test_what_a_killed_process_has_sent_takes_effect() -> None:
    """The server acts, the process never learns of it, and it can ask for nothing more."""

    async def play() -> list[str]:
        done: list[str] = []
        killed = process()
        task = killed.spawn(killed.call(lambda: done.append("served")))
        await asyncio.sleep(0)
        killed.kill()
        await asyncio.sleep(1)
        assert task.cancelled()
        with pytest.raises(KilledError):
            await killed.call(lambda: done.append("never"))
        return done

    assert virtual_time.run(play()) == ["served"]


@pytest.mark.parametrize(("death", "served"), [("before", []), ("after", ["served"])])
def test_a_process_can_die_at_a_step_of_its_own(death: Death, served: list[str]) -> None:
    """It dies with a request that nobody gets, or with one whose answer it never sees."""

    async def play() -> list[str]:
        done: list[str] = []
        dying = Process("p", timedelta(), lambda low, _: low, lambda: death)
        task = dying.spawn(dying.call(lambda: done.append("served")))
        await asyncio.sleep(1)
        assert not dying.is_alive
        assert task.done()
        return done

    assert virtual_time.run(play()) == served


def test_a_frozen_process_goes_on_where_it_was() -> None:
    """The answer that came meanwhile is there when it thaws."""

    async def play() -> float:
        frozen = process()
        task = frozen.spawn(frozen.call(lambda: None))
        await asyncio.sleep(0)
        frozen.freeze(700)
        await task
        return asyncio.get_running_loop().time()

    assert virtual_time.run(play()) == 700


def test_a_lease_ends_and_its_receipt_with_it() -> None:
    """Another process gets the message after ten minutes, and the first can delete nothing."""

    async def play() -> None:
        queue = QueueServer(World(1).stream("queue"))
        queue.put("outbound", b"job")
        ((message, receipt),) = queue.receive("outbound")
        assert queue.receive("outbound") == []
        await asyncio.sleep(LEASE.total_seconds())
        ((_, newer),) = queue.receive("outbound")
        assert message.dequeue_count == 2
        with pytest.raises(LostLeaseError):
            queue.delete(message, receipt)
        queue.delete(message, newer)
        assert not queue.messages

    virtual_time.run(play())


def test_a_lease_may_end_at_once() -> None:
    """Another process gets the message while the first one is at it."""

    async def play() -> None:
        queue = QueueServer(World(1).stream("queue"))
        queue.short_leases = 1.0
        queue.put("outbound", b"job")
        assert queue.receive("outbound")
        await asyncio.sleep(SHORT_LEASE_SECONDS)
        assert queue.receive("outbound")

    virtual_time.run(play())


@pytest.mark.parametrize(
    ("fault", "is_kept"), [("is_out", False), ("refused", False), ("lost", True)]
)
def test_a_storage_fault_fails_a_request(fault: str, *, is_kept: bool) -> None:
    """Only a lost answer leaves the row behind."""

    async def play() -> bool:
        table = TableServer(World(1).stream("table"), lambda _: None)
        setattr(table.fault, fault, True)
        row = Row("p", "k", "text")
        with pytest.raises(StorageUnavailableError):
            await table.ask(process(), lambda: table.operate("insert", (row,), {}))
        return not table.operate("insert", (row,), {})

    assert virtual_time.run(play()) is is_kept
