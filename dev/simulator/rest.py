"""Twilio's REST surface: who may ask, which resource answers, and which fault strikes."""

import asyncio
import re
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from dev.simulator.errors import REFUSALS, RefusalError, error_body
from dev.simulator.exchange import Exchange

LONGEST_SILENCE = 120.0  # seconds after which even a lost request is let go
LINGER_ZERO = struct.pack("ii", 1, 0)  # closes with RST instead of FIN
HTML_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"
JSON_TYPE = {"Content-Type": "application/json;charset=utf-8"}

Form = dict[str, list[str]]
WHOLE = re.compile(r"[0-9]{1,9}")


def whole(text: str) -> int | None:
    """A whole number in plain digits, or None."""
    return int(text) if WHOLE.fullmatch(text) else None


@dataclass(slots=True)
class Asked:
    """One REST request as the resources see it."""

    exchange: Exchange
    path: str
    query: dict[str, str]
    form: Form

    def one(self, name: str, default: str = "") -> str:
        """The value of a form field that may be given once."""
        values = self.form.get(name)
        return values[-1] if values else default


@dataclass(slots=True)
class Reply:
    """What a resource answers."""

    body: bytes
    status: int = 200
    content_type: str = ""


Resource = Callable[..., Reply]


class Rest:
    """Serves resources with authentication, Twilio's headers and ordered faults."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._busy = 0
        self._numbers = count(1)
        self._logins = frozenset(
            "Basic " + b64encode(f"{name}:{word}".encode()).decode()
            for name, word in exchange.account.logins.items()
        )

    def serving(
        self, resource: Resource, *, creates: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """An aiohttp handler for a resource."""

        async def serve(request: web.Request) -> web.StreamResponse:
            self._busy += 1
            try:
                return await self._serve(request, resource, creates=creates)
            finally:
                self._busy -= 1

        return serve

    async def _serve(
        self, request: web.Request, resource: Resource, *, creates: bool
    ) -> web.StreamResponse:
        began = time.perf_counter()
        faults = self._exchange.faults
        body = (await request.read()).decode("utf-8", "replace")
        fault = faults.for_request(creates=creates)
        if faults.every_request_waits or fault == "latency":
            await asyncio.sleep(faults.order.latency_ms / 1000)
        if fault.endswith("_before") or fault in {"429", "503"}:
            reply: Reply | None = None
        else:
            reply = self._answer(request, resource, body)
        self._write_down(request, body, reply, fault)
        if fault and fault != "latency":
            return await BREAKAGES[fault.partition("_")[0]](request)
        assert reply is not None, "only a fault leaves a request without"  # noqa: S101
        return self._response(reply, began)

    def _answer(self, request: web.Request, resource: Resource, body: str) -> Reply:
        try:
            self._check_access(request)
            form: Form = {}
            for name, value in parse_qsl(body, keep_blank_values=True):
                form.setdefault(name, []).append(value)
            query = dict(request.query) if request.query_string else {}
            asked = Asked(self._exchange, request.path, query, form)
            sid = request.match_info.get("sid")
            return resource(asked, sid) if sid else resource(asked)
        except RefusalError as refusal:
            return Reply(error_body(refusal.code, refusal.message, refusal.status), refusal.status)

    def _check_access(self, request: web.Request) -> None:
        if request.headers.get("Authorization") not in self._logins:
            raise RefusalError(20003)
        account = self._exchange.account.sid
        if request.match_info.get("account", account) != account:
            raise RefusalError(20404, request.path)

    def _write_down(self, request: web.Request, body: str, reply: Reply | None, fault: str) -> None:
        self._exchange.journal.add(
            "request",
            method=request.method,
            path=request.raw_path,
            form=body,
            status=reply.status if reply else None,
            answer=reply.body if reply and not reply.content_type else None,
            fault=fault or None,
        )

    def _response(self, reply: Reply, began: float) -> web.Response:
        return web.Response(
            body=reply.body or None,
            status=reply.status,
            headers={
                **({"Content-Type": reply.content_type} if reply.content_type else JSON_TYPE),
                "Twilio-Request-Id": f"RQ{next(self._numbers):032x}",
                "Twilio-Concurrent-Requests": str(self._busy),
                "Twilio-Request-Duration": f"{time.perf_counter() - began:.3f}",
                "X-Home-Region": "us1",
                "X-API-Domain": "api.twilio.com",
            },
        )


def _refused(code: int, headers: dict[str, str] | None = None) -> web.Response:
    status, message = REFUSALS[code]
    return web.Response(
        body=error_body(code, message, status), status=status, headers=JSON_TYPE | (headers or {})
    )


async def _too_many(_request: web.Request) -> web.StreamResponse:
    return _refused(20429, {"Retry-After": "1"})


async def _internal(_request: web.Request) -> web.StreamResponse:
    return _refused(20500)


async def _unavailable(_request: web.Request) -> web.StreamResponse:
    return _refused(20503)


async def _silence(request: web.Request) -> web.StreamResponse:
    """Say nothing until the client gives up."""
    patience = time.monotonic() + LONGEST_SILENCE
    # aiohttp has no event for a client that went away.
    while time.monotonic() < patience and not _gone(request):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return await _reset(request)


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection in the middle."""
    if request.transport is not None:
        wire = request.transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        request.transport.abort()
    return web.Response()


async def _html(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=HTML_PAGE, status=HTTPStatus.BAD_GATEWAY, content_type="text/html")


BREAKAGES: Final[dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = {
    "429": _too_many,
    "500": _internal,
    "503": _unavailable,
    "timeout": _silence,
    "reset": _reset,
    "not": _html,
}
