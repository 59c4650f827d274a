"""Everything real: storage behind proxies, the simulator, and the host as a process to kill."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, Final

import aiohttp

from dev import azurite
from dev.chaos.storage_proxy import StorageProxy
from dev.checkout import HERE
from dev.errors import CommandError
from dev.host.__main__ import STORAGE_OUT_OF_REACH
from dev.local_settings import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    FROM_NUMBER,
    FUNCTION_KEY,
    SIMULATED,
    app_address,
    resolve,
)
from dev.ports import HOST, Ports, free_ports
from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve

LEASE_SECONDS: Final = 4  # how long a dead worker keeps a message
START_SECONDS: Final = 30.0
RESTART_PAUSE_SECONDS: Final = 0.5
SHORT_WAITS: Final = {"TWILIO_TIMEOUT_SECONDS": "2", "RESOLVE_AFTER_SECONDS": "4"}


@dataclass
class Environment:
    """What a run needs; `storage` leads past the proxies.

    `kills` counts the hosts that were killed here, `ends` those that ended because storage was out
    of reach.
    """

    ports: Ports
    exchange: Exchange
    queue: StorageProxy
    table: StorageProxy
    storage: str
    session: aiohttp.ClientSession
    log: IO[bytes]
    retry_pause: float
    kills: int = 0
    ends: int = 0
    _host: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _supervisor: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address of the app."""
        return app_address(self.ports)

    async def start_host(self) -> None:
        """Start the function host, and keep it running until `end_host`.

        Raises CommandError when it ends for another reason than storage, or takes too long.
        """
        self._supervisor = asyncio.create_task(self._keep_host_running())
        await self.wait_until_reachable()

    async def kill_host(self) -> None:
        """End the host as a power cut does (`kill -9`), and wait for the next one."""
        if self._host is not None and self._host.returncode is None:
            self.kills += 1
            self._host.kill()
            await self._host.wait()
        await self.wait_until_reachable()

    async def end_host(self) -> None:
        """Kill the host, and start no other."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        if self._host is not None and self._host.returncode is None:
            self._host.kill()
            await self._host.wait()

    async def _keep_host_running(self) -> None:
        while True:
            self._host = await self._spawn_host()
            code = await self._host.wait()
            if code == STORAGE_OUT_OF_REACH:
                self.ends += 1
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            elif code != -signal.SIGKILL:
                raise CommandError(f"the function host ended by itself ({code})", self._read_log)

    async def _spawn_host(self) -> asyncio.subprocess.Process:
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        keys = {"SWITCHBOARD_HOST_KEY": FUNCTION_KEY}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dev.host", f"--port={self.ports.app}", f"--app={HERE.root}",
            f"--lease={LEASE_SECONDS}", "--grace=1", f"--retry-pause={self.retry_pause:g}",
            env={**own, **resolve(self.ports, {}, {}), **SHORT_WAITS, **keys},
            cwd=HERE.root, stdout=self.log, stderr=self.log,
        )  # fmt: skip

    async def wait_until_reachable(self) -> None:
        """Wait until the host takes connections."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self._is_reachable():
            if self._supervisor is None or self._supervisor.done():
                raise CommandError("the function host does not start", self._read_log)
            if asyncio.get_running_loop().time() > deadline:
                raise CommandError("the function host takes too long to start", self._read_log)
            await asyncio.sleep(0.05)

    async def _is_reachable(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self.ports.app)
        except OSError:
            return False
        writer.close()
        return True

    @property
    def _read_log(self) -> str:
        return f"read {self.log.name}"


@asynccontextmanager
async def open_environment(seed: int, log: Path, retry_pause: float) -> AsyncIterator[Environment]:
    """Start everything, and stop all of it at the end of the block."""
    log.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as held:
        storage = held.enter_context(azurite.azurite())
        endpoints = dict(part.split("=", 1) for part in storage.strip(";").split(";"))
        queue, table = (
            StorageProxy(_origin(endpoints[name]), Random(f"{name} {seed}"))  # noqa: S311 - repeats
            for name in ("QueueEndpoint", "TableEndpoint")
        )
        for proxy in (queue, table):
            await held.enter_async_context(proxy.running())
        app, simulator = free_ports(2)
        ports = Ports(app=app, simulator=simulator, queue=queue.port, table=table.port)
        account = Account(
            sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, number=FROM_NUMBER, app_url=app_address(ports),
            api_key_sid=SIMULATED["TWILIO_API_KEY_SID"],
            api_key_secret=SIMULATED["TWILIO_API_KEY_SECRET"],
        )  # fmt: skip
        exchange = Exchange(
            account, Books(), Clock(speed=400, step=0.005), count_segments=count_segments
        )
        await held.enter_async_context(serve(exchange, simulator))
        environment = Environment(
            ports=ports, exchange=exchange, queue=queue, table=table, storage=storage,
            session=await held.enter_async_context(aiohttp.ClientSession()),
            log=held.enter_context(closing(log.open("wb"))), retry_pause=retry_pause,
        )  # fmt: skip
        held.push_async_callback(environment.end_host)
        await environment.start_host()
        yield environment


def _origin(endpoint: str) -> str:
    """Return `http://127.0.0.1:1234` of `http://127.0.0.1:1234/account`."""
    return endpoint.rpartition("/")[0]
