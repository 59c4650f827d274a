"""The app as a process, real storage and the simulator: all that a whole call needs."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from azure.storage.queue.aio import QueueClient
from yarl import URL

from dev.ports import free_ports
from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve
from tests.dev.host.running_host import ROOT, running_host
from tests.environment import ACCOUNT_SID, AUTH_TOKEN, ENVIRONMENT, SENDER
from tests.patience import PATIENCE_SECONDS

Json = dict[str, Any]


@dataclass(frozen=True)
class CallWorld:
    """A way to make calls happen, and to see what came of them."""

    app: str
    twilio: str
    exchange: Exchange
    session: aiohttp.ClientSession
    queue: QueueClient
    inbox: list[Json] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: object = None) -> Json:
        """Ask the app, with its key."""
        async with self.session.request(
            method, self.app + path, json=body, headers={"x-functions-key": "local-key"}
        ) as answer:
            assert answer.status < 300, await answer.text()
            found: Json = await answer.json()
            return found

    async def simulate(self, method: str, path: str, body: object = None) -> Json:
        """Let somebody outside do something, through the simulator."""
        url = f"{self.twilio}/_simulator{path}"
        async with self.session.request(method, url, json=body) as answer:
            assert answer.status < 300, await answer.text()
            found: Json = await answer.json()
            return found

    async def rings(self, to: str = SENDER, *script: object, **more: object) -> list[str]:
        """Somebody calls one of our numbers; gives all that was said, when the call is over."""
        caller = {"from": "+14155552671", "to": to, "script": list(script), **more}
        call = await self.simulate("POST", "/calls", caller)
        return heard(await self.ended(call["sid"]))

    async def ended(self, sid: str) -> Json:
        """Wait for the end of a call, and give its transcript."""
        await asyncio.wait_for(self.exchange.lines[sid].over.wait(), PATIENCE_SECONDS)
        return await self.simulate("GET", f"/calls/{sid}")

    async def entry(self, path: str, until: Callable[[Json], object]) -> Json:
        """An entry as soon as it is as expected."""
        found: Json = {}

        async def there() -> bool:
            found.update(await self.ask("GET", path))
            return bool(until(found))

        await eventually(there)
        return found

    async def inbound(self, count: int, **having: str) -> list[Json]:
        """The messages on the queue `inbound` that have these fields, when there are so many."""

        def fitting() -> list[Json]:
            return [reported for reported in self.inbox if having.items() <= reported.items()]

        async def there() -> bool:
            async for message in self.queue.receive_messages():
                self.inbox.append(json.loads(base64.b64decode(message.content)))
                await self.queue.delete_message(message)
            return len(fitting()) >= count

        await eventually(there)
        return fitting()

    async def repeat(self, page: str, times: int) -> list[int]:
        """Let Twilio make every request so far for a page again, at the same time."""
        received = [
            event
            for event in self.exchange.journal.after(0)
            if event["kind"] == "webhook" and page in str(event["url"])
        ]
        assert received

        async def once(event: Mapping[str, Any]) -> int:
            by_post = event["method"] == "POST"
            async with self.session.request(
                event["method"],
                URL(event["url"], encoded=True),
                data=event["parameters"] if by_post else None,
                headers={"X-Twilio-Signature": event["signature"]},
            ) as answer:
                return answer.status

        return await asyncio.gather(*(once(event) for event in received for _ in range(times)))


def heard(story: Json) -> list[str]:
    """Return what was said, played and texted in a call."""
    return [line["text"] for line in story["transcript"] if line["event"] in {"say", "play", "sms"}]


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Poll until something has come true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await look():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.05)


@asynccontextmanager
async def call_world(
    storage: str, errors: Path, settings: Mapping[str, str]
) -> AsyncIterator[CallWorld]:
    """Run simulator and app until the block ends."""
    (port,) = free_ports(1)
    app = f"http://127.0.0.1:{port}"
    account = Account(sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, number=SENDER, app_url=app)
    exchange = Exchange(
        account, clock=Clock(speed=200, patience=40, step=0.005), count_segments=count_segments
    )
    queue = QueueClient.from_connection_string(storage, "inbound")
    async with serve(exchange) as twilio, aiohttp.ClientSession() as session, queue:
        given = {**ENVIRONMENT, "TWILIO_API_BASE_URL": twilio, "PUBLIC_BASE_URL": app,
                 "MESSAGE_STORAGE": storage, **settings}  # fmt: skip
        with running_host(ROOT, errors, "--port", str(port), **given):
            yield CallWorld(app, twilio, exchange, session, queue)
