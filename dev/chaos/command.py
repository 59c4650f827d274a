"""Send a load while everything fails, let the failures end, then audit what was sent."""

import argparse
import asyncio
import time
from contextlib import suppress
from random import Random
from typing import Final

from dev.chaos.audit import Audit, audit_books, wait_until_idle
from dev.chaos.environment import open_environment
from dev.chaos.faults import (
    REQUEST_KINDS,
    FaultCounter,
    cut_storage,
    fail_at_random,
    inject_each_fault,
    stop_faults,
)
from dev.chaos.load import Load
from dev.checkout import HERE
from dev.simulator.faults import KINDS
from dev.terminal import BOLD, GREEN, RED, Terminal, terminal_on

LOG: Final = HERE.logs / "chaos-host.log"


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags of `chaos`."""
    parser = argparse.ArgumentParser(prog="python3 dev chaos", description=__doc__)
    add = parser.add_argument
    add("--messages", type=int, default=500, metavar="N", help="recipients in all (500)")
    add("--seed", type=int, default=1, metavar="S", help="repeats the same faults (1)")
    add("--patience", type=float, default=300, metavar="SECONDS", help="to empty the queues (300)")
    add(
        "--outage",
        type=float,
        default=0,
        metavar="SECONDS",
        help="halfway, cut off all storage for so long; the host ends, and is started again (0)",
    )
    add("--retry-pause", type=float, default=0.8, metavar="SECONDS",
        help="the host's first pause at storage (0.8: it ends after 25 s)")  # fmt: skip
    return parser.parse_args(arguments)


async def run(flags: argparse.Namespace, out: Terminal) -> Audit:
    """Run all of it; shows progress on `out`."""
    random = Random(flags.seed)  # noqa: S311 - repeats the same faults
    async with open_environment(flags.seed, LOG, flags.retry_pause) as environment:
        load, counter = Load(environment, random), FaultCounter(environment)
        out.item("chaos", f"{flags.messages} recipients, seed {flags.seed}")
        await inject_each_fault(environment, load, counter)
        out.item(
            "matrix", f"{len(KINDS)} faults x {len(REQUEST_KINDS)} kinds of request, all injected"
        )
        faults = asyncio.create_task(fail_at_random(environment, random, out))
        rest = max(flags.messages - len(load.accepted), flags.messages // 2)
        sending = asyncio.create_task(load.send(load.mixed(rest)))
        await asyncio.wait([faults, sending], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(min(10.0, flags.messages / 50))
        faults.cancel()
        with suppress(asyncio.CancelledError):
            await faults  # raises when it ended by itself, which is a bug
        await sending
        if flags.outage:
            await cut_storage(environment, load, flags.outage, out)
        stop_faults(environment)
        await environment.kill_host()
        out.item("calm", f"{load.repeats} requests repeated, {environment.kills} hosts killed, "
                 f"{environment.ends} ended for lack of storage")  # fmt: skip
        is_idle = await wait_until_idle(environment, flags.patience, out)
        return await audit_books(environment, load.accepted, is_idle=is_idle)


def main(arguments: list[str]) -> int:
    """Run it; returns 0 when everything that was accepted was sent once."""
    flags, out = read_flags(arguments), terminal_on()
    began = time.monotonic()
    audit = asyncio.run(run(flags, out))
    out.line()
    for label, text in audit.rows():
        out.item(label, text, BOLD)
    out.item("took", f"{time.monotonic() - began:.0f} s", BOLD)
    verdict = "accepted is sent once" if audit.passed else f"FAILED; the host's log: {LOG}"
    out.line(out.paint(verdict, GREEN if audit.passed else RED))
    return 0 if audit.passed else 1
