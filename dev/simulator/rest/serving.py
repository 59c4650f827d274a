"""Serve Twilio's REST resources: authentication, headers, errors and faults."""

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from dev.simulator.calls.line import Exchange
from dev.simulator.errors import RefusalError, error_body
from dev.simulator.rest.breakages import BREAKAGES, JSON_HEADERS

DIGITS: Final = re.compile(r"[0-9]{1,9}")

Form = dict[str, list[str]]


def parse_int(text: str) -> int | None:
    """Read a whole number in plain digits; None for anything else."""
    return int(text) if DIGITS.fullmatch(text) else None


@dataclass(slots=True)
class RestRequest:
    """One REST request as the resources see it."""

    exchange: Exchange
    path: str
    query: dict[str, str]
    form: Form

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a form field."""
        values = self.form.get(name)
        return values[-1] if values else default


@dataclass(slots=True)
class Reply:
    """The answer of a resource."""

    body: bytes
    status: int = 200
    content_type: str = ""


Resource = Callable[..., Reply]


class Rest:
    """Serves resources with authentication, Twilio's headers and the faults that are on."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._concurrent = 0
        self._numbers = count(1)
        self._logins = frozenset(
            "Basic " + b64encode(f"{name}:{password}".encode()).decode()
            for name, password in exchange.account.logins.items()
        )

    def handler_for(
        self, resource: Resource, *, creates: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return an aiohttp handler for a resource."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self._concurrent += 1
            try:
                return await self._handle(request, resource, creates=creates)
            finally:
                self._concurrent -= 1

        return handle

    async def _handle(
        self, request: web.Request, resource: Resource, *, creates: bool
    ) -> web.StreamResponse:
        began = time.perf_counter()
        faults = self._exchange.faults
        body = (await request.read()).decode("utf-8", "replace")
        fault = faults.for_request(creates=creates)
        if faults.every_request_waits or fault == "latency":
            await asyncio.sleep(faults.settings.latency_ms / 1000)
        if fault.endswith("_before") or fault in {"429", "503"}:
            reply: Reply | None = None
        else:
            reply = self._answer(request, resource, body)
        self._add_to_journal(request, body, reply, fault)
        if fault and fault != "latency":
            return await BREAKAGES[fault.partition("_")[0]](request)
        assert reply is not None, "only a fault leaves a request without a reply"  # noqa: S101
        return self._response(reply, began)

    def _answer(self, request: web.Request, resource: Resource, body: str) -> Reply:
        try:
            self._check_access(request)
            form: Form = {}
            for name, value in parse_qsl(body, keep_blank_values=True):
                form.setdefault(name, []).append(value)
            query = dict(request.query) if request.query_string else {}
            rest_request = RestRequest(self._exchange, request.path, query, form)
            sid = request.match_info.get("sid")
            return resource(rest_request, sid) if sid else resource(rest_request)
        except RefusalError as refusal:
            return Reply(error_body(refusal.code, refusal.message, refusal.status), refusal.status)

    def _check_access(self, request: web.Request) -> None:
        if request.headers.get("Authorization") not in self._logins:
            raise RefusalError(20003)
        account = self._exchange.account.sid
        if request.match_info.get("account", account) != account:
            raise RefusalError(20404, request.path)

    def _add_to_journal(
        self, request: web.Request, body: str, reply: Reply | None, fault: str
    ) -> None:
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
                **({"Content-Type": reply.content_type} if reply.content_type else JSON_HEADERS),
                "Twilio-Request-Id": f"RQ{next(self._numbers):032x}",
                "Twilio-Concurrent-Requests": str(self._concurrent),
                "Twilio-Request-Duration": f"{time.perf_counter() - began:.3f}",
                "X-Home-Region": "us1",
                "X-API-Domain": "api.twilio.com",
            },
        )
