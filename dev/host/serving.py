"""Serves one app: its HTTP, queue and timer functions, until the host is stopped or ends."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from dev.host.application import IndexedFunction, index
from dev.host.errors import ConnectionSettingError, PortTakenError
from dev.host.function_groups import select
from dev.host.host_file import HostFile, read_host_file
from dev.host.http_server import make_runner
from dev.host.http_trigger import Access, HttpTriggers, compile_routes
from dev.host.invocation import Invoker
from dev.host.leased_queue import open_leased_queue
from dev.host.queue_trigger import EndHost, QueueTrigger
from dev.host.storage_tries import Tries
from dev.host.timer_memory import TimerMemory
from dev.host.timer_trigger import TimerTrigger

log = logging.getLogger("dev.host")

HOST = "127.0.0.1"
LOOKS_UNTIL_READY, SECONDS_BETWEEN_LOOKS = 150, 0.1

Trigger = QueueTrigger | TimerTrigger


@dataclass(frozen=True)
class Options:
    """How the host serves; `lease` and `grace` are in seconds."""

    app: Path
    port: int
    groups: Sequence[str]
    lease: int
    grace: float
    tries: Tries
    timers: Path | None
    is_verbose: bool


async def serve(options: Options, access: Access, end_host: EndHost) -> None:
    """Serve the app until a signal, then give what is in flight its grace.

    Functions still in flight when it returns are not cancelled: end the process without running
    their `finally` blocks, as Azure does.

    Raises:
        AppRefusedError: Azure would not run the app.
        PortTakenError: the port cannot be used.
    """
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    host_file = read_host_file(options.app)
    os.chdir(options.app)  # as in Azure, where an app opens its files relative to its folder
    # Imported while a loop runs, as in the worker: asyncio.run() at import fails there too.
    functions = select(index(), options.groups)
    invoker = Invoker(options.app, ThreadPoolExecutor())
    triggers = _make_triggers(functions, host_file, options, invoker, end_host)
    http = HttpTriggers(
        compile_routes(functions, host_file.route_prefix),
        access,
        invoker,
        {name.lower(): trigger.run_now for name, trigger in triggers.items()},
        quiet_path=_path(host_file.route_prefix, "health"),
        pages=[
            _path(host_file.route_prefix, each.route)
            for each in functions
            if each.kind == "httpTrigger" and each.is_page
        ],
    )
    runner = make_runner(http.answer, shutdown_seconds=options.grace * 0.9)
    port = await _listen(runner, options.port)
    running = await _start(triggers.values(), stopped)
    if options.is_verbose:
        _print_triggers(functions, host_file.route_prefix, triggers)
    print(f"host ready on http://{HOST}:{port}", flush=True)
    stop = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([stop, *running], return_when=asyncio.FIRST_COMPLETED)
    for ended in done - {stop}:
        ended.result()  # raises: a trigger ended by itself, which is a bug of this host
    for trigger in triggers.values():
        trigger.stop()
    ending = [asyncio.create_task(runner.cleanup()), *running, *http.runs_by_hand]
    await asyncio.wait(ending, timeout=options.grace)


def _make_triggers(
    functions: Sequence[IndexedFunction],
    host_file: HostFile,
    options: Options,
    invoker: Invoker,
    end_host: EndHost,
) -> dict[str, Trigger]:
    triggers: dict[str, Trigger] = {}
    memory = TimerMemory(options.timers)
    for function in functions:
        try:
            if function.kind == "queueTrigger":
                queue = open_leased_queue(
                    function, os.environ, host_file.queues, options.lease, options.tries
                )
                triggers[function.name] = QueueTrigger(function, queue, invoker, end_host)
            elif function.kind == "timerTrigger":
                triggers[function.name] = TimerTrigger(function, os.environ, invoker, memory)
        except ConnectionSettingError as error:
            # as in Azure: this function is left out, the others are served
            log.error("%s is not served: %s", function.name, error)  # noqa: TRY400 - no trace helps
    return triggers


async def _listen(runner: web.ServerRunner, port: int) -> int:
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise PortTakenError(f"port {port} cannot be used: {why}") from error
    return int(runner.addresses[0][1])


async def _start(triggers: Collection[Trigger], stopped: asyncio.Event) -> list[asyncio.Task[None]]:
    """Start every trigger; return when each queue is there, or storage did not answer for it."""
    queues = [trigger for trigger in triggers if isinstance(trigger, QueueTrigger)]
    creations = [asyncio.create_task(queue.create_queues()) for queue in queues]
    running = [
        asyncio.create_task(trigger.run())
        for trigger in triggers
        if isinstance(trigger, TimerTrigger)
    ]
    running += [
        asyncio.create_task(_poll_after(creation, queue))
        for creation, queue in zip(creations, queues, strict=True)
    ]
    for _ in range(LOOKS_UNTIL_READY):
        waited_for = [c for q, c in zip(queues, creations, strict=True) if q.is_reachable]
        if stopped.is_set() or all(creation.done() for creation in waited_for):
            break
        await asyncio.wait(waited_for, timeout=SECONDS_BETWEEN_LOOKS)
    created = [q.source for q, c in zip(queues, creations, strict=True) if c.done() and c.result()]
    if created:
        log.info("created %s: Azure would not, a deployment must", ", ".join(sorted(created)))
    return running


async def _poll_after(creation: Awaitable[bool], trigger: QueueTrigger) -> None:
    await creation
    await trigger.run()


def _path(*segments: str) -> str:
    return "/" + "/".join(filter(None, segments))


def _print_triggers(
    functions: Sequence[IndexedFunction], prefix: str, triggers: Mapping[str, Trigger]
) -> None:
    for function in functions:
        if function.kind == "httpTrigger":
            methods = ",".join(sorted(function.methods or ("*",)))
            where = f"{methods} {_path(prefix, function.route)} ({function.auth_level})"
        elif function.name in triggers:
            where = triggers[function.name].source
        else:
            where = "is not served"
        print(f"{function.name}: {function.kind} {where}")
