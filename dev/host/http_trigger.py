"""Serves the HTTP functions, and the host's own POST /admin/functions/{name}."""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web
from azure.functions.http import HttpRequest, HttpResponseConverter

from dev.host.application import IndexedFunction
from dev.host.errors import AppRefusedError
from dev.host.invocation import Invoker
from dev.host.request_target import RequestTarget, read_target
from dev.host.route_template import RouteTemplate, compile_route
from dev.local_settings import ADMIN_KEY

log = logging.getLogger("dev.host")

ADMIN_PATH = "/admin/functions/"
LARGEST_BODY = 100 * 1024 * 1024
FRAMING_HEADERS = ("content-length", "transfer-encoding")  # aiohttp writes these

RunNow = Callable[[str], Awaitable[None]]


class HttpTriggers:
    """Routes requests to the app's HTTP functions."""

    def __init__(
        self,
        functions: Sequence[IndexedFunction],
        prefix: str,
        function_key: str,
        invoker: Invoker,
        others: Mapping[str, RunNow],
    ) -> None:
        self._routes = [(_template(function, prefix), function) for function in functions]
        self._keys = {"function": (function_key, ADMIN_KEY), "admin": (ADMIN_KEY,)}
        self._invoker = invoker
        self._others = {name.lower(): run for name, run in others.items()}
        self._quiet_path = f"/{prefix}/health" if prefix else "/health"
        self.ordered: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        """Return the aiohttp application that answers every path."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        raw_path = request.raw_path.partition("?")[0]
        response = await self._respond(request)
        level = logging.DEBUG if raw_path == self._quiet_path else logging.INFO
        log.log(level, "%s %s %s", request.method, raw_path, response.status)
        return response

    async def _respond(self, request: web.Request) -> web.Response:
        if not request.raw_path.isascii():
            return web.Response(status=400)
        if (request.content_length or 0) > LARGEST_BODY:
            return web.Response(status=413, headers={"Connection": "close"})
        target = read_target(request.raw_path)
        if target.path.startswith(ADMIN_PATH) and request.method == "POST":
            return await self._order(request, target)
        for template, function in self._routes:
            if function.methods is not None and request.method not in function.methods:
                continue
            route_params = template.match(target.path)
            if route_params is not None:
                return await self._call(function, request, target, route_params)
        return web.Response(status=404)

    async def _call(
        self,
        function: IndexedFunction,
        request: web.Request,
        target: RequestTarget,
        route_params: dict[str, str],
    ) -> web.Response:
        if not self._opens(function.auth_level, request, target):
            return web.Response(status=401)
        # the host hands over a body only when its length was declared: a chunked one is lost
        body = await request.read() if request.content_length else b""
        argument = HttpRequest(
            request.method,
            target.url(request.scheme, request.headers.get("Host", "")),
            headers={n.lower(): ",".join(request.headers.getall(n)) for n in request.headers},
            params=target.params,
            route_params=route_params,
            body_type="bytes",
            body=body,
        )
        try:
            trace = request.headers.get("traceparent", "")
            return _response(await self._invoker.invoke(function, argument, trace))
        except Exception:
            log.exception("%s failed", function.name)
            return web.Response(status=500)

    def _opens(self, level: str, request: web.Request, target: RequestTarget) -> bool:
        if level == "anonymous":
            return True
        # the header comes first: a wrong one is not saved by a right ?code=
        given = request.headers.get("x-functions-key", target.query.get("code", [""])[0])
        sent = given.encode(errors="surrogateescape")
        return any(hmac.compare_digest(sent, key.encode()) for key in self._keys[level])

    async def _order(self, request: web.Request, target: RequestTarget) -> web.Response:
        """Run a queue or timer function at once.

        https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
        """
        if not self._opens("admin", request, target):
            return web.Response(status=401)
        run_now = self._others.get(target.path.removeprefix(ADMIN_PATH).lower())
        if run_now is None:
            return web.Response(status=404)
        try:
            given = json.loads(await request.read() or b"{}").get("input") or ""
        except (ValueError, AttributeError):
            return web.Response(status=400)
        text = given if isinstance(given, str) else json.dumps(given)
        task = asyncio.ensure_future(run_now(text))
        self.ordered.add(task)
        task.add_done_callback(self.ordered.discard)
        return web.Response(status=202)


def _template(function: IndexedFunction, prefix: str) -> RouteTemplate:
    try:
        return compile_route("/".join(filter(None, (prefix, function.route))))
    except ValueError as error:
        raise AppRefusedError(f"{function.name}: {error}") from error


def _response(result: object) -> web.Response:
    datum = HttpResponseConverter.encode(result, expected_type=None)
    if datum.type == "string":
        return web.Response(text=datum.value)
    parts = datum.value
    response = web.Response(
        status=int(parts["status_code"].value),
        body=parts["body"].value,
        headers={
            name: header.value
            for name, header in parts["headers"].items()
            if name.lower() not in FRAMING_HEADERS
        },
    )
    for cookie in parts["cookies"] or ():
        for morsel in cookie.values():
            response.headers.add("Set-Cookie", morsel.OutputString())
    return response
