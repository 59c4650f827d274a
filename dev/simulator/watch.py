"""Follow what happens: the journal as a list, and as server-sent events."""

import asyncio
from typing import Final

import msgspec
from aiohttp import web

from dev.simulator.journal import Event, Journal

HEARTBEAT: Final = 15.0  # seconds of silence after which a stream shows that it lives


class Watch:
    """Handlers for whoever watches."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def routes(self) -> list[web.RouteDef]:
        """The table of contents."""
        return [
            web.get("/_simulator/journal", self.journal),
            web.get("/_simulator/events", self.events),
        ]

    async def journal(self, request: web.Request) -> web.Response:
        """What happened after event ``after``."""
        events = self._journal.after(int(request.query.get("after", "0")))
        return web.Response(
            body=msgspec.json.encode({"events": [_shown(event) for event in events]}),
            content_type="application/json",
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens, as server-sent events; ``after`` or Last-Event-ID catches up first."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        last = request.headers.get("Last-Event-ID") or request.query.get("after")
        with self._journal.subscribed() as queue:
            await response.prepare(request)
            known = self._journal.after(int(last)) if last else []
            for event in known:
                await response.write(_server_sent(event))
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                else:
                    await response.write(_server_sent(event))


def _shown(event: Event) -> Event:
    answer = event.get("answer")
    return event | {"answer": answer.decode()} if isinstance(answer, bytes) else event


def _server_sent(event: Event) -> bytes:
    body = msgspec.json.encode(_shown(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        int(str(event["n"])),
        str(event["kind"]).encode(),
        body,
    )
