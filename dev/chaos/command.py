"""The command: a load under trouble, then calm, then the reckoning."""

import argparse
import asyncio
import time
from contextlib import suppress
from random import Random
from typing import Final

from dev.chaos.load import Load
from dev.chaos.reckoning import Reckoning, reckon, until_quiet
from dev.chaos.stage import Stage, staged
from dev.chaos.trouble import CELLS, Faults, bad_weather, calm, each_fault_once
from dev.checkout import HERE
from dev.simulator.faults import KINDS
from dev.terminal import BOLD, GREEN, RED, Terminal, terminal_on

LOG: Final = HERE.logs / "chaos-host.log"


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags of `chaos`."""
    parser = argparse.ArgumentParser(prog="python3 dev chaos", description=__doc__)
    add = parser.add_argument
    add("--messages", type=int, default=500, metavar="N", help="recipients in all (500)")
    add("--seed", type=int, default=1, metavar="S", help="the same trouble again (1)")
    add("--patience", type=float, default=300, metavar="SECONDS", help="to be quiet in (300)")
    return parser.parse_args(arguments)


async def run(flags: argparse.Namespace, out: Terminal) -> Reckoning:
    """Play it all; shows progress on `out`."""
    dice = Random(flags.seed)  # noqa: S311 - the same trouble again, not a secret
    async with staged(flags.seed, LOG) as stage:
        load, faults = Load(stage, dice), Faults(stage)
        out.item("chaos", f"{flags.messages} recipients, seed {flags.seed}")
        await each_fault_once(stage, load, faults)
        out.item("matrix", f"{len(KINDS)} faults x {len(CELLS)} kinds of request, all struck")
        weather = asyncio.create_task(bad_weather(stage, dice, out))
        left = max(flags.messages - len(load.accepted), flags.messages // 2)
        sending = asyncio.create_task(load.send(load.mixed(left)))
        await asyncio.wait([weather, sending], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(min(10.0, flags.messages / 50))
        weather.cancel()
        with suppress(asyncio.CancelledError):
            await weather  # raises when it ended by itself, which is a bug
        await sending
        await _restart(stage)
        return await _reckoned(stage, load, flags.patience, out)


async def _restart(stage: Stage) -> None:
    """The trouble may have been stopped between a kill and a start."""
    calm(stage)
    await stage.end_host()
    await stage.start_host()


async def _reckoned(stage: Stage, load: Load, patience: float, out: Terminal) -> Reckoning:
    out.item("calm", f"{load.asked_again} requests had to be asked again, {stage.kills} kills")
    last = -1

    def tell(left: int) -> None:
        nonlocal last
        if left != last:
            out.status("waiting", f"for {left} messages on the queues")
        last = left

    quiet = await until_quiet(stage, patience, tell)
    return await reckon(stage, load.accepted, quiet=quiet)


def main(arguments: list[str]) -> int:
    """Run it; 0 when everything that was accepted was sent once."""
    flags, out = read_flags(arguments), terminal_on()
    began = time.monotonic()
    reckoning = asyncio.run(run(flags, out))
    out.line()
    for label, text in reckoning.rows():
        out.item(label, text, BOLD)
    out.item("took", f"{time.monotonic() - began:.0f} s", BOLD)
    words = "accepted is sent once" if reckoning.passed else f"FAILED; the host's log: {LOG}"
    out.line(out.paint(words, GREEN if reckoning.passed else RED))
    return 0 if reckoning.passed else 1
