"""Follow what happens: the journal as a list, and as server-sent events."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Final

import msgspec
from aiohttp import web

from dev.simulator.calls.line import Exchange
from dev.simulator.control.overview import as_json, build_overview
from dev.simulator.journal import Event

# After so long without an event, a stream sends a comment, which also shows whether its reader
# has gone.
HEARTBEAT_SECONDS: Final = 2.0


class Events:
    """Handlers of the paths that follow what happens."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._journal = exchange.journal

    def routes(self) -> list[web.RouteDef]:
        """Return every route."""
        return [
            web.get("/_simulator/overview", self.get_overview),
            web.get("/_simulator/journal", self.get_journal),
            web.get("/_simulator/events", self.stream_events),
        ]

    async def get_overview(self, _request: web.Request) -> web.Response:
        """Return everything that a page needs to start; `events?after=n` continues from there."""
        return web.Response(
            body=msgspec.json.encode(build_overview(self._exchange)),
            content_type="application/json",
        )

    async def get_journal(self, request: web.Request) -> web.Response:
        """Return the events after event number ``after``."""
        events = self._journal.after(int(request.query.get("after", "0")))
        return web.Response(
            body=msgspec.json.encode({"events": [as_json(event) for event in events]}),
            content_type="application/json",
        )

    async def stream_events(self, request: web.Request) -> web.StreamResponse:
        """Stream events as they happen, starting after ``after`` or Last-Event-ID.

        With ``answering``, phones without a behaviour of their own ring until somebody answers,
        as long as the stream is open.
        """
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        last = request.headers.get("Last-Event-ID") or request.query.get("after")
        answering = self._answering() if "answering" in request.query else nullcontext()
        with suppress(ConnectionResetError), self._journal.subscribed() as queue, answering:
            # Read before anything else can happen, so that no event is sent twice.
            missed = self._journal.after(int(last)) if last else []
            await response.prepare(request)
            for event in missed:
                await response.write(_encode_event(event))
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                else:
                    await response.write(_encode_event(event))
        return response  # never read: the stream ends when its reader has gone

    @contextmanager
    def _answering(self) -> Iterator[None]:
        self._exchange.phones.pages += 1
        try:
            yield
        finally:
            self._exchange.phones.pages -= 1


def _encode_event(event: Event) -> bytes:
    body = msgspec.json.encode(as_json(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        int(str(event["n"])),
        str(event["kind"]).encode(),
        body,
    )
