"""What goes wrong, and when: every fault on every kind of request once, then all at random."""

import asyncio
import time
from collections import Counter
from itertools import product
from random import Random
from typing import Final, get_args
from urllib.parse import parse_qs

from dev.chaos.load import Kind, Load, Request
from dev.chaos.stage import Stage
from dev.chaos.storage_proxy import WEATHERS
from dev.simulator.faults import KINDS, FaultSettings
from dev.terminal import Terminal

LATENCY_MS: Final = 300
FEW: Final = 2
CELLS: Final[list[tuple[Kind, bool]]] = list(product(get_args(Kind), (False, True)))
Cell = tuple[str, Kind, bool]

CALM: Final = FaultSettings()
LONGEST_SPELL: Final = 2.0  # seconds
FAIR_WEATHER: Final = 0.6
LIVES: Final = (2.0, 12.0)  # seconds from one `kill -9` to the next, the start not counted


class Faults:
    """Which faults struck which kind of request, from the simulator's own journal."""

    def __init__(self, stage: Stage) -> None:
        self._journal = stage.exchange.journal
        self._read_to = 0
        self._requests: dict[str, Request] = {}
        self.struck = Counter[Cell]()

    def expect(self, request: Request) -> None:
        """Know a request by its recipients."""
        self._requests |= dict.fromkeys(request.to, request)

    def read(self) -> None:
        """Read on in the journal."""
        for event in self._journal.after(self._read_to):
            self._read_to = int(str(event["n"]))
            if event["kind"] != "request" or event["method"] != "POST" or not event["fault"]:
                continue
            request = self._requests.get(parse_qs(str(event["form"])).get("To", [""])[0])
            if request is not None:
                self.struck[str(event["fault"]), request.kind, request.many] += 1


async def each_fault_once(stage: Stage, load: Load, faults: Faults) -> None:
    """Let every fault strike a message and a call, to one recipient and to several."""
    for fault in KINDS:
        while True:
            faults.read()
            missing = [cell for cell in CELLS if not faults.struck[(fault, *cell)]]
            if not missing:
                break
            requests = [load.request(kind, FEW if many else 1) for kind, many in missing]
            for request in requests:
                faults.expect(request)
            strikes = sum(len(request.to) for request in requests)
            stage.exchange.faults.put(
                FaultSettings(kinds=[fault], latency_ms=LATENCY_MS, remaining=strikes)
            )
            await load.send(requests)
            await _until_used_up(stage)
    stage.exchange.faults.put(CALM)


async def _until_used_up(stage: Stage) -> None:
    for _ in range(60):
        if not stage.exchange.faults.remaining:
            return
        await asyncio.sleep(0.05)


async def bad_weather(stage: Stage, dice: Random, out: Terminal) -> None:
    """Let everything go wrong at random, spell after spell, until it is stopped."""
    dies_at = time.monotonic() + dice.uniform(*LIVES)
    while True:
        order = FaultSettings(
            kinds=dice.sample(sorted(KINDS), 4),
            per_cent=dice.choice([5, 20, 50]),
            latency_ms=LATENCY_MS,
            seed=dice.randrange(10**6),
            callbacks=dice.choice([None, "lost", "late", "shuffled"]),
            reads=dice.random() < 0.3,  # noqa: PLR2004 - now and then
        )
        stage.exchange.faults.put(order)
        for proxy in (stage.queue, stage.table):
            fair = dice.random() < FAIR_WEATHER
            proxy.weather = "fair" if fair else dice.choice(list(WEATHERS))
        out.status("weather", f"Twilio {','.join(order.kinds)} {order.per_cent:.0f} %, "
                   f"queue {stage.queue.weather}, table {stage.table.weather}")  # fmt: skip
        await asyncio.sleep(dice.uniform(0.3, LONGEST_SPELL))
        if time.monotonic() > dies_at:
            out.status("kill -9", "the function host")
            await stage.kill_host()
            dies_at = time.monotonic() + dice.uniform(*LIVES)


def calm(stage: Stage) -> None:
    """Let nothing go wrong any more."""
    stage.exchange.faults.put(CALM)
    stage.queue.weather = stage.table.weather = "fair"
