"""function_app.py with its parts in memory, asked as the host asks it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

import azure.functions as func
from azure.functions.queue import QueueMessage
from twilio.request_validator import RequestValidator

from dev.host.application import IndexedFunction
from dev.host.invocation import Context, TraceContext
from dev.host.request_target import read_target
from dev.host.route_template import compile_route
from shared.app import App
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from tests.clock import Clock
from tests.environment import AUTH_TOKEN, PUBLIC_BASE_URL

# The host sees the name by which the platform reached it, not the one that Twilio called.
HOST_SEEN = "10.0.0.4:8080"
FORM = "application/x-www-form-urlencoded"


def request(
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    route_params: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """A request as the worker gives it to a function; `target` is path and query as sent."""
    read = read_target(target)
    return func.HttpRequest(
        method,
        read.url("http", HOST_SEEN),
        headers=dict(headers or {}),
        params=read.params,
        route_params=dict(route_params or {}),
        body=body,
    )


def invocation(traceparent: str = "") -> func.Context:
    """What a function is told of its invocation, which is part of a trace."""
    # The worker's own class does not inherit from func.Context either.
    told = Context("function", "", "invocation", TraceContext(traceparent))
    return cast("func.Context", told)


def signature(target: str, form: Mapping[str, str] | None = None, token: str = AUTH_TOKEN) -> str:
    """What Twilio's own library signs for a request to `target`."""
    return str(RequestValidator(token).compute_signature(PUBLIC_BASE_URL + target, form or {}))


def signed(
    method: str,
    target: str,
    form: Mapping[str, str] | None = None,
    *,
    token: str = AUTH_TOKEN,
    route_params: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """A request as Twilio makes it: the form in the body of a POST, and a signature."""
    headers = {"X-Twilio-Signature": signature(target, form, token)}
    if form:
        headers["Content-Type"] = FORM
    body = urlencode(form or {}).encode()
    return request(method, target, body=body, headers=headers, route_params=route_params)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return json.loads(self.body)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The path and code of every problem."""
        return [(error["path"], error["code"]) for error in self.json["errors"]]


@dataclass(frozen=True)
class InMemoryApp:
    """The app and the parts that a test looks into."""

    functions: Sequence[IndexedFunction]
    services: App
    table: MemoryTable
    queues: MemoryQueues
    clock: Clock

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request to the function whose route and method fit; none is 404."""
        path = read_target(target).path
        for function in self.functions:
            if function.kind != "httpTrigger" or method not in (function.methods or {method}):
                continue
            found = compile_route(f"api/{function.route}").match(path)
            if found is not None:
                req = request(method, target, body=body, headers=headers, route_params=found)
                given: dict[str, object] = {function.argument: req}
                if function.wants_context:
                    given["context"] = invocation(req.headers.get("traceparent", ""))
                reply = await function.call(**given)
                all_headers = {**reply.headers, "Content-Type": reply.mimetype}
                return Reply(reply.status_code, all_headers, reply.get_body())
        return Reply(404, {}, b"")

    async def post(self, target: str, fields: object, **headers: str) -> Reply:
        """POST some JSON; `headers` with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", target, json.dumps(fields).encode(), named)

    async def get(self, target: str) -> Reply:
        return await self.ask("GET", target)

    async def twilio(
        self, method: str, target: str, form: Mapping[str, str] | None = None
    ) -> Reply:
        """Make a request as Twilio does, signed."""
        req = signed(method, target, form)
        return await self.ask(method, target, req.get_body(), dict(req.headers))

    async def drop(self, body: bytes, *, queue: str = "outbound", **seen: Any) -> None:  # noqa: ANN401 - a message's own
        """Give a queue's function one message, as the worker does; `seen` is its metadata."""
        about = {"id": "message-1", "dequeue_count": 1, "insertion_time": self.clock()} | seen
        for function in self.functions:
            if function.trigger.get("queueName") == queue:
                message = QueueMessage(body=body, **about)  # type: ignore[no-untyped-call] # the library's
                await function.call(**{function.argument: message})

    async def deliver(self, queue: str = "outbound") -> int:
        """Deliver everything that is on a queue now; gives how many messages that were."""
        taken = self.queues.take(queue)
        for number, put in enumerate(taken):
            await self.drop(put.message, queue=queue, id=f"put-{number}")
        return len(taken)


Configure = Callable[..., InMemoryApp]
