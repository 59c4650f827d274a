"""What fails, and when: every fault on every kind of request once, then all of them at random."""

import asyncio
import time
from collections import Counter
from itertools import product
from random import Random
from typing import Final, get_args
from urllib.parse import parse_qs

from dev.chaos.environment import Environment
from dev.chaos.load import Kind, Load, Request
from dev.chaos.storage_proxy import FAULTS
from dev.simulator.faults import KINDS, FaultSettings
from dev.simulator.journal import Event
from dev.terminal import Terminal

LATENCY_MS: Final = 300
SEVERAL: Final = 2  # recipients
# Each kind of request: message or call, to one recipient or to several.
REQUEST_KINDS: Final[list[tuple[Kind, bool]]] = list(product(get_args(Kind), (False, True)))
NO_FAULTS: Final = FaultSettings()
MAX_SPELL_SECONDS: Final = 2.0
FAULTLESS_SHARE: Final = 0.6
# How much longer than asked for an outage lasts, for a host that is slow to end.
MAX_ENDING_SECONDS: Final = 120
SECONDS_BETWEEN_KILLS: Final = (2.0, 12.0)  # the start of the host not counted


class FaultCounter:
    """Counts which faults met which kind of request, from the simulator's own journal."""

    def __init__(self, environment: Environment) -> None:
        self._journal = environment.exchange.journal
        self._last_read = 0
        self._requests: dict[str, Request] = {}
        self.injected = Counter[tuple[str, Kind, bool]]()

    def expect(self, request: Request) -> None:
        """Recognise a request by its recipients."""
        self._requests |= dict.fromkeys(request.to, request)

    def read(self) -> None:
        """Read what the journal has gained."""
        for event in self._journal.after(self._last_read):
            self._last_read = int(str(event["n"]))
            if not _asks_to_send(event) or not event["fault"]:
                continue
            request = self._requests.get(parse_qs(str(event["form"])).get("To", [""])[0])
            if request is not None:
                self.injected[str(event["fault"]), request.kind, request.has_several] += 1


def _asks_to_send(event: Event) -> bool:
    return event["kind"] == "request" and event["method"] == "POST"


async def inject_each_fault(environment: Environment, load: Load, counter: FaultCounter) -> None:
    """Let every fault meet a message and a call, to one recipient and to several."""
    faults = environment.exchange.faults
    for fault in KINDS:
        while True:
            counter.read()
            missing = [each for each in REQUEST_KINDS if not counter.injected[(fault, *each)]]
            if not missing:
                break
            requests = [load.request(kind, SEVERAL if many else 1) for kind, many in missing]
            for request in requests:
                counter.expect(request)
            remaining = sum(len(request.to) for request in requests)
            faults.put(FaultSettings(kinds=[fault], latency_ms=LATENCY_MS, remaining=remaining))
            await load.send(requests)
            await _wait_until_used(environment)
    faults.put(NO_FAULTS)


async def _wait_until_used(environment: Environment) -> None:
    for _ in range(60):
        if not environment.exchange.faults.remaining:
            return
        await asyncio.sleep(0.05)


async def fail_at_random(environment: Environment, random: Random, out: Terminal) -> None:
    """Let everything fail at random until cancelled, and kill the host from time to time."""
    next_kill = time.monotonic() + random.uniform(*SECONDS_BETWEEN_KILLS)
    while True:
        settings = FaultSettings(
            kinds=random.sample(sorted(KINDS), 4),
            per_cent=random.choice([5, 20, 50]),
            latency_ms=LATENCY_MS,
            seed=random.randrange(10**6),
            callbacks=random.choice([None, "lost", "late", "shuffled"]),
            reads=random.random() < 0.3,  # noqa: PLR2004 - now and then
        )
        environment.exchange.faults.put(settings)
        for proxy in (environment.queue, environment.table):
            is_faultless = random.random() < FAULTLESS_SHARE
            proxy.fault = "none" if is_faultless else random.choice(list(FAULTS))
        out.status("faults", f"Twilio {','.join(settings.kinds)} {settings.per_cent:.0f} %, "
                   f"queue {environment.queue.fault}, table {environment.table.fault}")  # fmt: skip
        await asyncio.sleep(random.uniform(0.3, MAX_SPELL_SECONDS))
        if time.monotonic() > next_kill:
            out.status("kill -9", "the function host")
            await environment.kill_host()
            next_kill = time.monotonic() + random.uniform(*SECONDS_BETWEEN_KILLS)


async def cut_storage(environment: Environment, load: Load, seconds: float, out: Terminal) -> None:
    """Cut off all storage for a while, with messages in hand, as the host ends and ends again.

    The while lasts until the host has ended once. Raises AssertionError when it does not.
    """
    stop_faults(environment)
    await environment.wait_until_reachable()
    environment.exchange.faults.put(FaultSettings(latency_ms=LATENCY_MS))
    with environment.exchange.journal.subscribed() as events:
        sending = asyncio.create_task(load.send(load.mixed(len(load.accepted) // 4)))
        while not _asks_to_send(await events.get()):
            pass
    ends = environment.ends
    environment.queue.fault = environment.table.fault = "away"
    out.status("outage", f"no storage for {seconds:g} s")
    await asyncio.sleep(seconds)
    for _ in range(MAX_ENDING_SECONDS):
        if environment.ends > ends:
            break
        await asyncio.sleep(1)
    stop_faults(environment)
    await sending
    assert environment.ends > ends, "the host outlived the outage"  # noqa: S101 - what the run is for


def stop_faults(environment: Environment) -> None:
    """Let nothing fail any more."""
    environment.exchange.faults.put(NO_FAULTS)
    environment.queue.fault = environment.table.fault = "none"
