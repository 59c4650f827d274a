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
from dev.simulate.mutations import MUTATIONS
from dev.simulate.scenario import ACTORS, Scenario
from dev.simulate.world import World

SETTLE_HOURS: Final = 30
LOOK_SECONDS: Final = 30.0
PROGRESS_SEEDS: Final = 50


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags of `simulate`."""
    parser = argparse.ArgumentParser(prog="python3 dev simulate", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=40, metavar="N", help="runs, each of another seed (40)")
    add("--seed", type=int, default=1, metavar="K", help="the first of the seeds (1)")
    add("--trace", action="store_true", help="show what happens, and what the app logs")
    add("--leave-out", default="", metavar="A,B", help=f"actors to leave out: {', '.join(ACTORS)}")
    add(
        "--break",
        dest="broken",
        choices=[*MUTATIONS, "all"],
        metavar="NAME",
        help="break a rule of the app, or `all` one by one: see dev/simulate/mutations.py",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the seeds; returns 0 when nothing was lost, doubled or stuck."""
    flags = read_flags(arguments)
    if flags.broken == "all":
        return break_each(flags)
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of texts have another order in each interpreter otherwise.
        return subprocess.call(_command(*arguments), cwd=HERE.root, env=_environment())
    configure_logs(is_shown=flags.trace)
    total = Counts()
    leave_out = frozenset(filter(None, flags.leave_out.split(",")))
    for seed in range(flags.seed, flags.seed + flags.seeds):
        world, counts = run_seed(seed, leave_out, is_traced=flags.trace)
        for code, text in world.problems:
            print(f"seed {seed}: {code}: {text}", flush=True)
        if world.problems and not flags.trace and not flags.broken:
            left_out = ",".join(shrink(seed, leave_out))
            print(f"seed {seed} fails all the same with --leave-out {left_out or 'nothing'}")
        total.add(counts)
        if world.problems and flags.broken:
            break
        if (done := seed - flags.seed + 1) % PROGRESS_SEEDS == 0 and done < flags.seeds:
            print(f"so far: seeds {done}, alerts {total.alerts}, {total}", flush=True)
    print(f"alerts {total.alerts}")
    for risk, count in sorted(total.explained.items()):
        print(f"explained by a documented risk, {risk}: {count}")
    print(f"seeds {flags.seeds}, {total}")
    return 0 if total.is_clean else 1


def break_each(flags: argparse.Namespace) -> int:
    """Break each rule in a process of its own, up to the first seed that misses it.

    Returns how many of them no seed misses.
    """
    unnoticed = 0
    for name in MUTATIONS:
        command = _command("--seeds", str(flags.seeds), "--seed", str(flags.seed), "--break", name)
        done = subprocess.run(
            command, cwd=HERE.root, env=_environment(), capture_output=True, check=False, text=True
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("seed ")]
        unnoticed += not lines
        nothing = done.stderr or f"{flags.seeds} seeds miss nothing"
        print(f"{name}: {lines[0] if lines else nothing}", flush=True)
    return unnoticed


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dev.simulate", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0"}


def configure_logs(*, is_shown: bool) -> None:
    """Show the app's own lines in a trace, and nothing of them otherwise."""
    logging.getLogger("switchboard").setLevel(logging.INFO if is_shown else logging.CRITICAL)
    if is_shown:
        logging.basicConfig(
            stream=sys.stdout, format="            %(message)s", level=logging.ERROR
        )


def shrink(seed: int, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """Return the actors without which a seed fails as well, tried one after another."""
    for actor in ACTORS:
        if actor not in leave_out and run_seed(seed, leave_out | {actor})[0].problems:
            leave_out |= {actor}
    return sorted(leave_out)


def run_seed(
    seed: int, leave_out: frozenset[str] = frozenset(), *, is_traced: bool = False
) -> tuple[World, Counts]:
    """Run one seed on virtual time; return its world and what it came to."""
    gc.collect()
    gc.disable()  # a collection would end abandoned tasks in the middle of a run
    try:
        return virtual_time.run(_run(seed, leave_out, is_traced=is_traced))
    finally:
        gc.enable()


async def _run(seed: int, leave_out: frozenset[str], *, is_traced: bool) -> tuple[World, Counts]:
    world = World(seed, _print if is_traced else None)
    scenario = Scenario(world, leave_out)
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
