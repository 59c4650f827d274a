"""`python -m dev.bench.peer_server`: Twilio's part in a benchmark, in a process of its own.

It answers each request for a message after a delay, with a resource like Twilio's, remembers when
each arrived, lists what it has for a number, and sends no status callbacks, which have a benchmark
of their own. The simulator does
far more for each message on the same two cores, which would be measured too.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from dev.bench.program import program
from dev.local_settings import ACCOUNT_SID
from dev.ports import HOST, free_ports
from dev.simulator.clock import now_rfc2822
from dev.simulator.resources import Message, new_sid

PATH: Final = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
ARRIVALS: Final = "/arrivals"
READY: Final = "peer server ready"


class PeerServer:
    """Creates messages; `latency` is in seconds."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._arrivals: list[tuple[str, float]] = []
        self._created: dict[str, list[Message]] = {}

    async def create(self, request: web.Request) -> web.Response:
        """Create a message."""
        at = time.time()
        form = parse_qs(await request.text())
        to = form["To"][0]
        self._arrivals.append((to, at))
        sid, now = new_sid("SM"), now_rfc2822()
        message = Message(
            sid=sid,
            account_sid=ACCOUNT_SID,
            to=to,
            sender=form.get("From", [""])[0],
            body=form["Body"][0],
            status="queued",
            direction="outbound-api",
            date_created=now,
            date_updated=now,
            date_sent=None,
            num_segments="1",
            num_media="0",
            messaging_service_sid=None,
            uri=PATH,
            subresource_uris={"media": PATH},
        )
        self._created.setdefault(to, []).append(message)
        await asyncio.sleep(self._latency)  # created, and the answer is on its way
        return _answer(message, 201)

    async def list_messages(self, request: web.Request) -> web.Response:
        """List the messages to a number, the newest first, on one page."""
        found = self._created.get(request.query.get("To", ""), [])
        page = {"messages": found[::-1], "next_page_uri": None, "page": 0, "page_size": 50}
        return _answer(page, 200)

    async def arrivals(self, request: web.Request) -> web.Response:
        """Return the number of arrivals; with ?times also to whom and when, and forget them."""
        count, times = len(self._arrivals), self._arrivals
        if "times" not in request.query:
            return web.json_response({"count": count})
        self._arrivals = []
        return web.json_response({"count": count, "times": times})


def _answer(resource: object, status: int) -> web.Response:
    body = msgspec.json.encode(resource)
    return web.Response(body=body, status=status, content_type="application/json")


@contextmanager
def peer_server(latency: float) -> Iterator[str]:
    """Run it until the block ends; gives its address."""
    (port,) = free_ports(1)
    flags = ["--port", str(port), "--latency", str(latency)]
    with program("dev.bench.peer_server", *flags, ready=READY):
        yield f"http://{HOST}:{port}"


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    flags = parser.parse_args()
    server = PeerServer(flags.latency)
    app = web.Application()
    app.add_routes(
        [
            web.post(PATH, server.create),
            web.get(PATH, server.list_messages),
            web.get(ARRIVALS, server.arrivals),
        ]
    )
    web.run_app(
        app,
        host=HOST,
        port=flags.port,
        backlog=1024,
        access_log=None,
        print=lambda *_: print(READY, flush=True),
    )


if __name__ == "__main__":
    main()
