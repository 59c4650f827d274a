"""`webhook`: a signed voice webhook, against Twilio's own Flask quickstart."""

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import function_app
from dev.bench.app import FORM, request, sign, use_services
from dev.bench.environment import PUBLIC, settings
from dev.bench.figures import Aim, Comparison, Result
from dev.bench.quickstart import quickstart
from dev.bench.runs import Size, alternate, per_core_second
from dev.bench.start import CALL, TARGET
from shared.app import App

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REQUESTS: Final = 1500
TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello</Say></Response>'
BODY: Final = urlencode(CALL).encode()
SERVER: Final = PUBLIC.partition("://")[2]
HOW: Final = (
    "A signed `POST` that asks for one sentence to be said. Both sides begin with the request as "
    "their server hands it over, parsed (Flask: a WSGI environment; env: an HttpRequest, made "
    "for each request), and end with the bytes of the same TwiML; no server and no test client is "
    "on the clock. In Azure both have the same server, so comparing two servers would say nothing "
    "of either. Counted by processor time, one request after the other."
)


async def webhook(size: Size) -> Result:
    """Run the benchmark."""
    count = size.of(REQUESTS, 4)
    app = quickstart()
    proof = sign(TARGET, CALL)
    services = App(settings("UseDevelopmentStorage=true", PUBLIC))

    async def by_flask() -> float:
        return await per_core_second(count, _times(count, lambda: call_flask(app, proof)))

    async def by_us() -> float:
        async def all_of_them() -> None:
            for _ in range(count):
                await call_function(proof)

        return await per_core_second(count, all_of_them())

    with use_services(services):
        _check(call_flask(app, proof))
        _check(await call_function(proof))
        pairs = await alternate("webhook", size, by_flask, by_us)
    return Result(
        name="webhook",
        measures="signed voice webhooks per second of one core",
        how=HOW,
        comparisons=[
            Comparison(
                what="the twimlet's function",
                against="Flask with Twilio's RequestValidator and VoiceResponse",
                unit="a second of one core",
                pairs=pairs,
                aim=Aim("≥", 2),
            )
        ],
    )


async def _times(count: int, step: Callable[[], object]) -> None:
    for _ in range(count):
        step()


def _check(body: bytes) -> None:
    if body.decode() != TWIML:
        raise RuntimeError(f"unexpected TwiML: {body!r}")


async def call_function(proof: str) -> bytes:
    """Call the function."""
    signed = request(TARGET, BODY, FORM, signature=proof, route={"name": "message"})
    body: bytes = (await function_app.twimlet(signed)).get_body()
    return body


def call_flask(
    app: Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]], proof: str
) -> bytes:
    """Call the quickstart."""
    path, _, query = TARGET.partition("?")
    environment: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": SERVER,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": SERVER,
        "HTTP_X_TWILIO_SIGNATURE": proof,
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return b"".join(app(environment, _begin))


def _begin(*_: object) -> Callable[[bytes], object]:
    return len
