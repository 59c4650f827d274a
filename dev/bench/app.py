"""Call the functions of function_app.py in this process, as the host calls them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, cast
from urllib.parse import urlencode

import azure.functions as func
from twilio.request_validator import RequestValidator

import function_app
from dev.bench.environment import PUBLIC
from dev.host.application import IndexedFunction
from dev.host.invocation import Context, TraceContext
from dev.host.request_target import read_target
from dev.local_settings import AUTH_TOKEN
from shared.app import App
from shared.kinds import Lane
from shared.storage.queues import QUEUE_OF_LANE

HOST_HEADER: Final = "10.0.0.4:8080"
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
# The worker's own class does not inherit from func.Context either.
INVOCATION: Final = cast("func.Context", Context("bench", "", "bench", TraceContext("")))
FUNCTION_OF_LANE: Final[Mapping[Lane, str]] = {"now": "deliver", "bulk": "deliver_bulk"}


@contextmanager
def use_services(services: App) -> Iterator[None]:
    """Let the functions use these services until the block ends."""
    usual = function_app.switchboard
    function_app.switchboard = services
    try:
        yield
    finally:
        function_app.switchboard = usual


def request(  # noqa: PLR0913 - the parts of a request
    target: str,
    body: bytes = b"",
    content_type: str = JSON,
    *,
    method: str = "POST",
    signature: str = "",
    route: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """Return a request as the worker gives it to a function."""
    read = read_target(target)
    return func.HttpRequest(
        method,
        read.url("http", HOST_HEADER),
        headers={"Content-Type": content_type, "X-Twilio-Signature": signature},
        params=read.params,
        route_params=dict(route or {}),
        body=body,
    )


def sign(target: str, form: Mapping[str, str]) -> str:
    """Return the signature that Twilio sends with a form to one of our URLs."""
    return str(RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC + target, form))


def signed_request(target: str, form: Mapping[str, str], **route: str) -> func.HttpRequest:
    """Return a webhook request of Twilio's."""
    body = urlencode(form).encode()
    return request(target, body, FORM, signature=sign(target, form), route=route)


def queue_function(lane: Lane) -> IndexedFunction:
    """Return the function of a lane's queue, as the host finds it."""
    function = getattr(function_app, FUNCTION_OF_LANE[lane])

    async def call(msg: func.QueueMessage) -> None:
        await function(msg)

    trigger = {"queueName": QUEUE_OF_LANE[lane], "connection": "MESSAGE_STORAGE"}
    return IndexedFunction(FUNCTION_OF_LANE[lane], call, "msg", trigger, wants_context=False)
