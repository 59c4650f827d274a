"""Attribute processor time to the libraries that spend it."""

import cProfile
import pstats
from collections import Counter
from collections.abc import Awaitable
from typing import Final

PARTS: Final = (
    ("azure/data/tables", "azure-data-tables"),
    ("azure/storage/queue", "azure-storage-queue"),
    ("azure/", "azure-core"),
    ("aiohttp/", "aiohttp"),
    ("yarl/", "aiohttp"),
    ("multidict/", "aiohttp"),
    ("twilio/", "twilio"),
    ("/asyncio/", "asyncio"),
    ("_asyncio", "asyncio"),
    ("socket", "sockets"),
    ("select.epoll", "waiting"),
    ("/shared/", "Switchboard"),
)
REST: Final = "Python's library, called by all of them"
SMALLEST: Final = 0.01


async def profile_shares(work: Awaitable[object]) -> list[list[str]]:
    """Return each part and its share, the greatest first, without waiting."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        await work
    finally:
        profile.disable()
    times = Counter[str]()
    # The statistics are (file, line, function): (…, …, own time, …, …).
    for (file, _, function), figures in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # not in the stubs
        times[_part(f"{file} {function}")] += figures[2]
    del times["waiting"]
    total = sum(times.values()) or 1
    return [
        [part, f"{time / total:.0%}"]
        for part, time in times.most_common()
        if time / total >= SMALLEST
    ]


def _part(where: str) -> str:
    return next((part for text, part in PARTS if text in where), REST)
