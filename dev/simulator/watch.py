"""Follow what happens: the journal as a list, and as server-sent events."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Final

import msgspec
from aiohttp import web

from dev.simulator.exchange import Exchange
from dev.simulator.journal import Event
from dev.simulator.overview import overview, shown

# Seconds of silence after which a stream shows that it lives, and finds out who has left.
HEARTBEAT: Final = 2.0


class Watch:
    """Handlers for whoever watches."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._journal = exchange.journal

    def routes(self) -> list[web.RouteDef]:
        """The table of contents."""
        return [
            web.get("/_simulator/overview", self.overview),
            web.get("/_simulator/journal", self.journal),
            web.get("/_simulator/events", self.events),
        ]

    async def overview(self, _request: web.Request) -> web.Response:
        """Everything that a page needs to begin; `events?after=n` goes on from there."""
        return web.Response(
            body=msgspec.json.encode(overview(self._exchange)), content_type="application/json"
        )

    async def journal(self, request: web.Request) -> web.Response:
        """What happened after event ``after``."""
        events = self._journal.after(int(request.query.get("after", "0")))
        return web.Response(
            body=msgspec.json.encode({"events": [shown(event) for event in events]}),
            content_type="application/json",
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens, as server-sent events; ``after`` or Last-Event-ID catches up first.

        With ``answering``, phones that were told nothing ring until somebody answers, for as long
        as the stream is open.
        """
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        last = request.headers.get("Last-Event-ID") or request.query.get("after")
        answering = self._answering() if "answering" in request.query else nullcontext()
        with suppress(ConnectionResetError), self._journal.subscribed() as queue, answering:
            # Looked up before anything else can happen, so that no event is told twice.
            known = self._journal.after(int(last)) if last else []
            await response.prepare(request)
            for event in known:
                await response.write(_server_sent(event))
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                else:
                    await response.write(_server_sent(event))
        return response  # to nobody: the stream ends when its reader has gone

    @contextmanager
    def _answering(self) -> Iterator[None]:
        self._exchange.phones.pages += 1
        try:
            yield
        finally:
            self._exchange.phones.pages -= 1


def _server_sent(event: Event) -> bytes:
    body = msgspec.json.encode(shown(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        int(str(event["n"])),
        str(event["kind"]).encode(),
        body,
    )
