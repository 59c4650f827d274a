"""Taking turns: a baseline and a candidate, round by round, with a bar that shows how far."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

T = TypeVar("T")

Measure = Callable[[], Awaitable[float]]
SHORTEST: Final = 1e-9


@dataclass(frozen=True)
class Size:
    """How much is measured: rounds, and the part of the full numbers that each has."""

    rounds: int
    part: float = 1.0

    def of(self, full: int, least: int = 1) -> int:
        """So many instead of `full`."""
        return max(least, round(full * self.part))


FULL: Final = Size(rounds=7)


def shown(each: Iterable[T], words: str) -> Iterator[T]:
    """The same things with a progress bar, where somebody looks."""
    bar: Iterator[T] = iter(tqdm(each, desc=f"{words:<28}", disable=None, leave=False))
    return bar


async def alternate(
    words: str, size: Size, baseline: Measure, candidate: Measure
) -> list[tuple[float, float]]:
    """Pairs of measurements, after one of each that warms up and is thrown away.

    Which of the two comes first changes from round to round.
    """
    await baseline()
    await candidate()
    pairs = []
    for number in shown(range(size.rounds), words):
        if number % 2:
            second = await candidate()
            pairs.append((await baseline(), second))
        else:
            first = await baseline()
            pairs.append((first, await candidate()))
    return pairs


async def at_once(places: int, items: Iterable[T], step: Callable[[T], Awaitable[object]]) -> None:
    """Take a step with every item, so many at a time."""
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await step(item)

    await asyncio.gather(*(work() for _ in range(places)))


async def per_second(count: int, work: Awaitable[object]) -> float:
    """How many a second, by the clock on the wall."""
    with _garbage_frozen():
        began = time.perf_counter()
        await work
        return count / max(time.perf_counter() - began, SHORTEST)


async def per_core_second(count: int, work: Awaitable[object]) -> float:
    """How many a second of this process's own processor time."""
    with _garbage_frozen():
        began = time.process_time()
        await work
        return count / max(time.process_time() - began, SHORTEST)


@contextmanager
def _garbage_frozen() -> Iterator[None]:
    """Keep the collector from walking what was prepared, which is not what is measured."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
