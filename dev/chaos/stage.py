"""Everything real: storage behind proxies, the simulator, and the host as a process to kill."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, Final

import aiohttp

from dev import azurite
from dev.chaos.storage_proxy import StorageProxy
from dev.checkout import HERE
from dev.errors import CommandError
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

LEASE: Final = 2  # seconds that a dead worker keeps a message
PATIENCE: Final = 30.0  # seconds for the host to be there
SHORT: Final = {"TWILIO_TIMEOUT_SECONDS": "2", "RESOLVE_AFTER_SECONDS": "4"}


@dataclass
class Stage:
    """What a run plays on; storage is reached past the proxies by `storage`."""

    ports: Ports
    exchange: Exchange
    queue: StorageProxy
    table: StorageProxy
    storage: str
    session: aiohttp.ClientSession
    log: IO[bytes]
    kills: int = 0
    _host: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The app's."""
        return app_address(self.ports)

    async def start_host(self) -> None:
        """Start the function host and wait until it takes connections.

        Raises CommandError when it ends first, or is not there in time.
        """
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._host = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dev.host", "--port", str(self.ports.app),
            "--app", str(HERE.root), "--key", FUNCTION_KEY, f"--lease={LEASE}", "--grace=1",
            env={**own, **resolve(self.ports, {}, {}), **SHORT},
            cwd=HERE.root, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not await self._is_there():
            late = asyncio.get_running_loop().time() > deadline
            if self._host.returncode is not None or late:
                raise CommandError("the function host does not start", f"read {self.log.name}")
            await asyncio.sleep(0.05)

    async def _is_there(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self.ports.app)
        except OSError:
            return False
        writer.close()
        return True

    async def kill_host(self) -> None:
        """End the host as a power cut does, with whatever it has in flight, and start another."""
        self.kills += 1
        await self.end_host()
        await self.start_host()

    async def end_host(self) -> None:
        """`kill -9`."""
        if self._host is not None and self._host.returncode is None:
            self._host.kill()
            await self._host.wait()


@asynccontextmanager
async def staged(seed: int, log: Path) -> AsyncIterator[Stage]:
    """Set everything up, and take it all down again."""
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
        stage = Stage(
            ports=ports, exchange=exchange, queue=queue, table=table, storage=storage,
            session=await held.enter_async_context(aiohttp.ClientSession()),
            log=held.enter_context(closing(log.open("wb"))),
        )  # fmt: skip
        held.push_async_callback(stage.end_host)
        await stage.start_host()
        yield stage


def _origin(endpoint: str) -> str:
    """`http://127.0.0.1:1234` of `http://127.0.0.1:1234/account`."""
    return endpoint.rpartition("/")[0]
