"""Alternate runs of a baseline and a candidate, and time them."""

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
MIN_SECONDS: Final = 1e-9


class CannotRunError(Exception):
    """Something that a benchmark needs is missing on this machine; says what."""


@dataclass(frozen=True)
class Size:
    """How much to measure: the rounds, and the share of the full numbers in each."""

    rounds: int
    part: float = 1.0

    def of(self, full: int, least: int = 1) -> int:
        """Return the share of `full`."""
        return max(least, round(full * self.part))


FULL: Final = Size(rounds=7)


def with_progress(each: Iterable[T], label: str) -> Iterator[T]:
    """Iterate with a progress bar, on a terminal."""
    bar: Iterator[T] = iter(tqdm(each, desc=f"{label:<28}", disable=None, leave=False))
    return bar


async def alternate(
    label: str, size: Size, baseline: Measure, candidate: Measure
) -> list[tuple[float, float]]:
    """Return pairs of measurements, after one of each to warm up.

    Which of the two runs first changes from round to round.
    """
    await baseline()
    await candidate()
    pairs = []
    for number in with_progress(range(size.rounds), label):
        if number % 2:
            second = await candidate()
            pairs.append((await baseline(), second))
        else:
            first = await baseline()
            pairs.append((first, await candidate()))
    return pairs


async def run_concurrently(
    concurrency: int, items: Iterable[T], step: Callable[[T], Awaitable[object]]
) -> None:
    """Run `step` for every item, several at a time."""
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await step(item)

    await asyncio.gather(*(work() for _ in range(concurrency)))


async def per_second(count: int, work: Awaitable[object]) -> float:
    """Return how many a second, by the clock on the wall."""
    with _garbage_frozen():
        began = time.perf_counter()
        await work
        return count / max(time.perf_counter() - began, MIN_SECONDS)


async def per_core_second(count: int, work: Awaitable[object]) -> float:
    """Return how many a second of this process's processor time."""
    with _garbage_frozen():
        began = time.process_time()
        await work
        return count / max(time.process_time() - began, MIN_SECONDS)


@contextmanager
def _garbage_frozen() -> Iterator[None]:
    """Keep the collector from walking objects that were made before the measurement."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
