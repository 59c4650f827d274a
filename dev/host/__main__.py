"""Starts the local Functions host: `python -m dev.host --app DIR`. See dev/host/__init__.py.

Exit codes: 0 stopped by a signal, 3 the app was refused or cannot be imported, 4 the port is
taken.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from aiohttp import web

from dev.host.application import IndexedFunction, index
from dev.host.errors import AppRefusedError, ConnectionSettingError, PortTakenError
from dev.host.host_file import HostFile, read_host_file
from dev.host.http_trigger import HttpTriggers
from dev.host.invocation import Invoker
from dev.host.queue_trigger import QueueTrigger
from dev.host.timer_trigger import TimerTrigger

log = logging.getLogger("dev.host")

HOST = "127.0.0.1"
REFUSED, PORT_TAKEN = 3, 4
SECONDS_TO_CREATE_QUEUES = 15

Trigger = QueueTrigger | TimerTrigger


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.host", description=__doc__)
    parser.add_argument("--port", type=int, default=7071, help="0 chooses a free one")
    parser.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py")
    parser.add_argument("--key", default="local-key", help="the function key")
    parser.add_argument("--lease", type=float, default=600, help="seconds a message is hidden")
    parser.add_argument("--grace", type=float, default=8, help="seconds to finish in when stopped")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    host_file = read_host_file(options.app)
    os.chdir(options.app)  # as in Azure, where an app opens its files relative to its folder
    # Imported while a loop runs, as in the worker: asyncio.run() at import fails there too.
    functions = index()
    invoker = Invoker(options.app, ThreadPoolExecutor())
    triggers = _triggers(functions, host_file, max(1, round(options.lease)), invoker)
    http = HttpTriggers(
        [function for function in functions if function.kind == "httpTrigger"],
        host_file.route_prefix,
        options.key,
        invoker,
        {name: trigger.run_now for name, trigger in triggers.items()},
    )
    runner = web.AppRunner(
        http.application(),
        access_log=None,
        auto_decompress=False,  # the real host leaves a Content-Encoding to the function
        shutdown_timeout=options.grace * 0.9,
    )
    port = await _listen(runner, options.port)
    await _create_queues(triggers.values())
    running = [asyncio.create_task(trigger.run()) for trigger in triggers.values()]
    _announce(functions, host_file.route_prefix, triggers)
    print(f"host ready on http://{HOST}:{port}", flush=True)
    stop = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([stop, *running], return_when=asyncio.FIRST_COMPLETED)
    for dead in done - {stop}:
        dead.result()  # raises: a trigger ended by itself, which is a bug of this host
    for trigger in triggers.values():
        trigger.stop()
    await _finish([asyncio.create_task(runner.cleanup()), *running, *http.ordered], options.grace)


def _triggers(
    functions: Sequence[IndexedFunction], host_file: HostFile, lease: int, invoker: Invoker
) -> dict[str, Trigger]:
    triggers: dict[str, Trigger] = {}
    for function in functions:
        try:
            if function.kind == "queueTrigger":
                triggers[function.name] = QueueTrigger(
                    function, os.environ, host_file.queues, lease, invoker
                )
            elif function.kind == "timerTrigger":
                triggers[function.name] = TimerTrigger(function, os.environ, invoker)
        except ConnectionSettingError as error:
            # as in Azure: this function is left out, the others are served
            log.error("%s is not served: %s", function.name, error)  # noqa: TRY400 - no trace helps
    return triggers


async def _listen(runner: web.AppRunner, port: int) -> int:
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise PortTakenError(f"port {port} cannot be used: {why}") from error
    return int(runner.addresses[0][1])


async def _create_queues(triggers: Iterable[Trigger]) -> None:
    queues = [trigger for trigger in triggers if isinstance(trigger, QueueTrigger)]
    try:
        async with asyncio.timeout(SECONDS_TO_CREATE_QUEUES):
            await asyncio.gather(*(queue.create_queues() for queue in queues))
    except TimeoutError:
        log.warning("storage gave no answer in %s s; polling goes on", SECONDS_TO_CREATE_QUEUES)


def _announce(
    functions: Sequence[IndexedFunction], prefix: str, triggers: Mapping[str, Trigger]
) -> None:
    for function in functions:
        if function.kind == "httpTrigger":
            methods = ",".join(sorted(function.methods or ("*",)))
            path = "/".join(filter(None, (prefix, function.route)))
            where = f"{methods} /{path} ({function.auth_level})"
        elif function.name in triggers:
            where = triggers[function.name].source
        else:
            where = "is not served"
        print(f"{function.name}: {function.kind} {where}")


async def _finish(ending: Sequence[asyncio.Task[None]], grace: float) -> None:
    """Give what is in flight its `grace`; a message cut off returns when its lease ends."""
    _, unfinished = await asyncio.wait(ending, timeout=grace)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)


def _leave() -> NoReturn:
    """End the process as Azure ends a worker: at once, and without finalizers.

    Python would wait for ever for a plain function that does not return, and complain about each
    client that the app rightly keeps open.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def main() -> int:
    """Run the host; returns an exit code when it could not, and ends the process otherwise."""
    options = _options()
    options.app = options.app.resolve()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    sys.path.insert(0, str(options.app))
    try:
        asyncio.run(_serve(options))
    except AppRefusedError as error:
        print(f"Azure would not run this app: {error}", file=sys.stderr)
        return REFUSED
    except PortTakenError as error:
        print(error, file=sys.stderr)
        return PORT_TAKEN
    _leave()


if __name__ == "__main__":
    sys.exit(main())
