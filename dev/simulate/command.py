"""Run seeds of the simulation, and say what was lost, doubled or stuck."""

import argparse
import asyncio
import gc
import logging
import os
import subprocess
import sys
from typing import Final

from dev.checkout import HERE
from dev.simulate import virtual_time
from dev.simulate.audit import Counts, audit
from dev.simulate.scenario import Scenario
from dev.simulate.world import World

SETTLE_HOURS: Final = 30
LOOK_SECONDS: Final = 30.0


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags of `simulate`."""
    parser = argparse.ArgumentParser(prog="python3 dev simulate", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=40, metavar="N", help="runs, each of another seed (40)")
    add("--seed", type=int, default=1, metavar="K", help="the first of the seeds (1)")
    add("--trace", action="store_true", help="show what happens, and what the app logs")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the seeds; returns 0 when nothing was lost, doubled or stuck."""
    flags = read_flags(arguments)
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of texts have another order in each interpreter otherwise.
        command = [sys.executable, "-m", "dev.simulate", *arguments]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        return subprocess.call(command, cwd=HERE.root, env=environment)
    configure_logs(is_shown=flags.trace)
    total = Counts()
    for seed in range(flags.seed, flags.seed + flags.seeds):
        world, counts = run_seed(seed, is_traced=flags.trace)
        for code, text in world.problems:
            print(f"seed {seed}: {code}: {text}", flush=True)
        total.add(counts)
    for risk, count in sorted(total.explained.items()):
        print(f"explained by a documented risk, {risk}: {count}")
    print(f"seeds {flags.seeds}, {total}")
    return 0 if total.is_clean else 1


def configure_logs(*, is_shown: bool) -> None:
    """Show the app's own lines in a trace, and nothing of them otherwise."""
    logging.getLogger("switchboard").setLevel(logging.INFO if is_shown else logging.CRITICAL)
    if is_shown:
        logging.basicConfig(
            stream=sys.stdout, format="            %(message)s", level=logging.ERROR
        )


def run_seed(seed: int, *, is_traced: bool = False) -> tuple[World, Counts]:
    """Run one seed on virtual time; return its world and what it came to."""
    gc.collect()
    gc.disable()  # a collection would end abandoned tasks in the middle of a run
    try:
        return virtual_time.run(_run(seed, is_traced=is_traced))
    finally:
        gc.enable()


async def _run(seed: int, *, is_traced: bool) -> tuple[World, Counts]:
    world = World(seed, _print if is_traced else None)
    scenario = Scenario(world)
    await scenario.play()
    await _settle(world)
    return world, audit(world, scenario)


async def _settle(world: World) -> None:
    """Wait until nothing is on its way, or for as long as anything may take."""
    end = asyncio.get_running_loop().time() + SETTLE_HOURS * 3600
    pause = LOOK_SECONDS
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(pause)
        if world.is_quiet() and not any(entry.pending for entry in world.entries()):
            return
        pause = min(pause * 1.2, 900)


def _print(seconds: float, text: str) -> None:
    print(f"{seconds:10.3f}  {text}")
