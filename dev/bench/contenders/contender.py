"""The contenders: how each one's worker is started, with which settings."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from dev.bench.contenders.brokers import (
    Broker,
    left_by_celery,
    left_by_dramatiq,
    open_redis_broker,
    open_switchboard_broker,
)
from dev.bench.environment import MAX_CONCURRENT
from dev.checkout import HERE

# How long what a dead worker held stays away, where a contender can be told.
LEASE_SECONDS: Final = 30
PREFORK_PROCESSES: Final = 16
DRAMATIQ_PROCESSES: Final = 2
CELERY: Final = "dev.bench.contenders.celery_texts"
DRAMATIQ: Final = "dev.bench.contenders.dramatiq_texts"

SOON: Final = {"LEASE_SECONDS": str(LEASE_SECONDS)}


@dataclass(frozen=True, eq=False)
class Contender:
    """A worker's command behind `python`, and what opens its broker for Twilio's address.

    `takes_numbers` is for one without a queue, which reads the numbers from its standard input.
    """

    name: str
    command: tuple[str, ...]
    open: Callable[[str], AbstractAsyncContextManager[Broker]]
    environment: Mapping[str, str] = field(default_factory=dict)
    takes_numbers: bool = False


def celery(name: str, pool: str, processes: int, **environment: str) -> Contender:
    """Return a worker of Celery's."""
    command = ("-m", "celery", "--app", CELERY, "worker", "--pool", pool, "--concurrency")
    opened = partial(open_redis_broker, CELERY, left_by_celery)
    return Contender(name, (*command, str(processes)), opened, environment)


def dramatiq(name: str, **environment: str) -> Contender:
    """Return a worker of dramatiq's."""
    threads = MAX_CONCURRENT // DRAMATIQ_PROCESSES
    flags = ("--processes", str(DRAMATIQ_PROCESSES), "--threads", str(threads))
    opened = partial(open_redis_broker, DRAMATIQ, left_by_dramatiq)
    return Contender(name, ("-m", "dramatiq", DRAMATIQ, *flags), opened, environment)


def switchboard(name: str, lease: int) -> Contender:
    """Return the app in the local host; it takes any free port."""
    flags = ("--port", "0", "--app", str(HERE.root), f"--lease={lease}")
    return Contender(name, ("-m", "dev.host", *flags), open_switchboard_broker)


GEVENT: Final = celery("Celery, gevent", "gevent", MAX_CONCURRENT)
PREFORK: Final = celery("Celery, prefork", "prefork", PREFORK_PROCESSES)
THREADS: Final = dramatiq("dramatiq")
HOST: Final = switchboard("Switchboard, local host", 600)
ALONE: Final = Contender(
    "Switchboard, own process",
    ("-m", "dev.bench.contenders.app_alone"),
    open_switchboard_broker,
    takes_numbers=True,
)
FULL_SPEED: Final = (GEVENT, PREFORK, THREADS, HOST, ALONE)
KILLED: Final = (
    GEVENT,
    celery("Celery, gevent, acks late", "gevent", MAX_CONCURRENT, **SOON),
    PREFORK,
    celery("Celery, prefork, acks late", "prefork", PREFORK_PROCESSES, **SOON),
    THREADS,
    dramatiq("dramatiq, short heartbeat", **SOON),
    switchboard("Switchboard, local host", LEASE_SECONDS),
)
