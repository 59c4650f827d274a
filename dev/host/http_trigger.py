"""Serves the HTTP functions, and the host's own POST /admin/functions/{name}."""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from aiohttp import web
from azure.functions.http import HttpRequest, HttpResponseConverter

from dev.host.application import IndexedFunction
from dev.host.errors import AppRefusedError
from dev.host.guard import is_from_another_site, is_local, is_open_to_strangers
from dev.host.http_server import ShortBodyError, find_excess, read_body
from dev.host.invocation import Invoker
from dev.host.request_target import RequestTarget, read_target
from dev.host.route_template import RouteTemplate, compile_route

log = logging.getLogger("dev.host")

ADMIN_PATH = "/admin/functions/"
OWN_PATHS = ("/admin/", "/runtime/")
MAX_LOGGED_PATH = 500
FRAMING_HEADERS = ("content-length", "transfer-encoding")  # aiohttp writes these
LANDING_PAGE = (
    "<!DOCTYPE html><title>Functions</title><p>Your function app is up and running.</p>"
    "<p>What can be read here without a key:</p><ul>{links}</ul>"
)

RunNow = Callable[[str], Awaitable[None]]
Routes = Sequence[tuple[RouteTemplate, IndexedFunction]]


@dataclass(frozen=True)
class Access:
    """The keys, and who else may ask; `is_public` admits a Host that is not this machine's."""

    function_key: str
    admin_key: str
    is_public: bool = False
    has_landing_page: bool = True

    def opens(self, level: str, request: web.BaseRequest, target: RequestTarget) -> bool:
        """Whether the request has a key of this auth level, or needs none."""
        if level == "anonymous":
            return True
        # the header comes first: a wrong one is not saved by a right ?code=
        key = request.headers.get("x-functions-key", target.first("code"))
        keys = (self.admin_key,) if level == "admin" else (self.function_key, self.admin_key)
        sent = key.encode(errors="surrogateescape")
        return any(hmac.compare_digest(sent, right.encode()) for right in keys)


@dataclass(frozen=True)
class HttpTriggers:
    """Answers every request: `others` are the functions that the admin path can run, by name.

    `pages` are the paths to which the landing page links; Azure's has no such links.
    """

    routes: Routes
    access: Access
    invoker: Invoker
    others: Mapping[str, RunNow]
    quiet_path: str
    pages: Sequence[str] = ()
    runs_by_hand: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer a request, and log it without its query."""
        response = await self._respond(request)
        raw_path = request.raw_path.partition("?")[0][:MAX_LOGGED_PATH]
        level = logging.DEBUG if raw_path == self.quiet_path else logging.INFO
        log.log(level, "%s %s %s", request.method, raw_path, response.status)
        return response

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        excess = find_excess(request)
        if excess:
            return web.Response(status=excess, headers={"Connection": "close"})
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or not request.raw_path.isascii():
            return web.Response(status=400)
        is_stranger = not is_local(hosts[0])
        if is_from_another_site(request.headers) or (is_stranger and not self.access.is_public):
            return web.Response(status=403, text="only for pages and programs of this machine")
        try:
            target = read_target(request.raw_path, hosts[0])
        except ValueError:
            return web.Response(status=400)
        if target.path.lower().startswith(OWN_PATHS):
            return await self._answer_own(request, target, is_stranger=is_stranger)
        return await self._call_function(request, target, is_stranger=is_stranger)

    async def _call_function(
        self, request: web.BaseRequest, target: RequestTarget, *, is_stranger: bool
    ) -> web.Response:
        for template, function in self.routes:
            if function.methods is not None and request.method not in function.methods:
                continue
            route_params = template.match(target.path)
            if route_params is None:
                continue
            if is_stranger and not is_open_to_strangers(function):
                return web.Response(status=403)
            if not self.access.opens(function.auth_level, request, target):
                return web.Response(status=401)
            return await self._call(function, request, target, route_params)
        if target.path == "/" and not is_stranger:
            has_page = self.access.has_landing_page
            return _landing_page(self.pages) if has_page else web.Response(status=204)
        return web.Response(status=404)

    async def _call(
        self,
        function: IndexedFunction,
        request: web.BaseRequest,
        target: RequestTarget,
        route_params: dict[str, str],
    ) -> web.Response:
        try:
            argument = HttpRequest(
                request.method,
                target.url(request.scheme, request.headers["Host"]),
                headers={n.lower(): ",".join(request.headers.getall(n)) for n in request.headers},
                params=target.params,
                route_params=route_params,
                body_type="bytes",
                body=await read_body(request),
            )
            trace = request.headers.get("traceparent", "")
            return _response(await self.invoker.invoke(function, argument, trace))
        except ShortBodyError as error:
            log.error("%s was not called: %s", function.name, error)  # noqa: TRY400 - no trace helps
        except Exception:
            log.exception("%s failed", function.name)
        return web.Response(status=500)

    async def _answer_own(
        self, request: web.BaseRequest, target: RequestTarget, *, is_stranger: bool
    ) -> web.Response:
        """Answer a path of the host's own: it can run a queue or timer function at once.

        https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
        """
        if is_stranger or not self.access.opens("admin", request, target):
            has_key = is_stranger or self.access.opens("function", request, target)
            return web.Response(status=403 if has_key else 401)
        path = target.path.lower()
        run_now = self.others.get(path.removeprefix(ADMIN_PATH))
        if request.method != "POST" or not path.startswith(ADMIN_PATH) or run_now is None:
            return web.Response(status=404)
        try:
            value = json.loads(await request.read() or b"{}").get("input") or ""
        except (ValueError, AttributeError):
            return web.Response(status=400)
        text = value if isinstance(value, str) else json.dumps(value)
        task = asyncio.ensure_future(run_now(text))
        self.runs_by_hand.add(task)
        task.add_done_callback(self.runs_by_hand.discard)
        return web.Response(status=202)


def compile_routes(functions: Sequence[IndexedFunction], prefix: str) -> Routes:
    """Compile the routes of the HTTP functions, in the order in which they are tried.

    The first that fits is taken, and the functions' names decide which is first. A route that an
    earlier, wider one hides is logged: Azure says nothing.

    Raises:
        AppRefusedError: a route is malformed.
    """
    routes = [
        (_template(function, prefix), function)
        for function in functions
        if function.kind == "httpTrigger"
    ]
    for position, (_, function) in enumerate(routes):
        example = "/" + "/".join(filter(None, (prefix, function.example_path)))
        for template, earlier in routes[:position]:
            if template.match(example) and earlier.shares_a_method(function):
                log.warning(
                    "%s hides %s: its route %s fits too, and its name comes first",
                    earlier.name,
                    function.name,
                    earlier.route,
                )
    return routes


def _template(function: IndexedFunction, prefix: str) -> RouteTemplate:
    try:
        return compile_route("/".join(filter(None, (prefix, function.route))))
    except ValueError as error:
        raise AppRefusedError(f"{function.name}: {error}") from error


def _landing_page(pages: Sequence[str]) -> web.Response:
    links = "".join(f'<li><a href="{escape(page)}">{escape(page)}</a>' for page in pages)
    return web.Response(text=LANDING_PAGE.format(links=links), content_type="text/html")


def _response(result: object) -> web.Response:
    datum = HttpResponseConverter.encode(result, expected_type=None)
    if datum.type == "string":
        return web.Response(text=datum.value)
    fields = datum.value
    response = web.Response(
        status=int(fields["status_code"].value),
        body=fields["body"].value,
        headers={
            name: header.value
            for name, header in fields["headers"].items()
            if name.lower() not in FRAMING_HEADERS
        },
    )
    for cookie in fields["cookies"] or ():
        for morsel in cookie.values():
            response.headers.add("Set-Cookie", morsel.OutputString())
    return response
