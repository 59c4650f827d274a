"""One trace from a request, over the queue, to Twilio's request id and the status callback."""

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.app import App
from shared.log import current_trace, follow_trace, read_trace_id
from tests.conftest import Simulator
from tests.environment import ENVIRONMENT, PUBLIC_BASE_URL
from tests.in_memory_app import InMemoryApp, invocation
from tests.ledger.histories import TO, sid

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
TEXT = {"to": TO[0], "body": "Hi"}


@pytest.fixture
async def tracing_app(app: InMemoryApp, simulator: Simulator) -> AsyncIterator[InMemoryApp]:
    """The app, whose Twilio is the simulator."""
    real = App(ENVIRONMENT | {"TWILIO_API_BASE_URL": simulator.url}, now=app.clock)
    app.services.provider = real.provider
    yield app
    await real.provider.close()  # type: ignore[attr-defined] # the real one


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    """What the app has logged: event names and fields."""
    told = [record.getMessage() for record in caplog.records if record.name == "switchboard"]
    return [
        (name, json.loads(fields)) for name, _, fields in (line.partition(" ") for line in told)
    ]


def reports_to(simulator: Simulator) -> str:
    """Path and query of the URL at which Twilio was asked to report."""
    [form] = simulator.posts()
    [url] = parse_qs(form)["StatusCallback"]
    return url.partition("#")[0].removeprefix(PUBLIC_BASE_URL)


async def test_one_trace_goes_all_the_way(
    tracing_app: InMemoryApp, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Accepting, the attempt with Twilio's request id and the report are of the same trace."""
    caplog.set_level("INFO", "switchboard")
    reply = await tracing_app.post("/api/messages", TEXT, traceparent=TRACEPARENT)
    follow_trace(None)  # each function is a task of its own
    assert await tracing_app.deliver() == 1
    follow_trace(None)
    target = reports_to(simulator)
    assert urlsplit(target).path == f"/api/webhooks/status/{reply.json['id']}"
    report = {"MessageSid": sid(0), "MessageStatus": "delivered"}
    assert (await tracing_app.twilio("POST", target, report)).status == 204
    way = [(name, told["id"]) for name, told in lines(caplog) if told.get("trace") == TRACE]
    assert way == [(name, reply.json["id"]) for name in ("accepted", "attempt", "reported")]
    [attempt] = [told for name, told in lines(caplog) if name == "attempt"]
    assert re.fullmatch("RQ[0-9a-f]{32}", str(attempt["request_id"]))


async def test_each_job_of_a_batch_is_of_its_trace(
    tracing_app: InMemoryApp, caplog: pytest.LogCaptureFixture
) -> None:
    """What a batch sends has the trace of its request."""
    caplog.set_level("INFO", "switchboard")
    batch = {"body": "Hi", "recipients": [{"to": to} for to in TO]}
    await tracing_app.post("/api/batches", batch, traceparent=TRACEPARENT)
    follow_trace(None)
    await tracing_app.deliver("outbound-bulk")
    traces = [told.get("trace") for name, told in lines(caplog) if name == "attempt"]
    assert traces == [TRACE] * len(TO)


async def test_what_is_given_up_is_of_its_trace(
    tracing_app: InMemoryApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The line about a job from the poison queue has the trace of its request."""
    caplog.set_level("INFO", "switchboard")
    await tracing_app.post("/api/messages", TEXT, traceparent=TRACEPARENT)
    follow_trace(None)
    [put] = tracing_app.queues.take("outbound")
    await tracing_app.drop(put.message, queue="outbound-poison")
    assert [told["trace"] for name, told in lines(caplog) if name == "parked"] == [TRACE]


async def test_without_a_trace_no_line_has_one(
    tracing_app: InMemoryApp, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the host gives no trace, no line and no URL has one."""
    caplog.set_level("INFO", "switchboard")
    await tracing_app.post("/api/messages", TEXT)
    await tracing_app.deliver()
    assert urlsplit(reports_to(simulator)).query == ""
    assert lines(caplog)
    assert not any("trace" in told for _, told in lines(caplog))


async def test_a_forged_trace_is_refused(
    tracing_app: InMemoryApp, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The signature covers the trace: nobody else can write it into the log."""
    caplog.set_level("INFO", "switchboard")
    await tracing_app.post("/api/messages", TEXT, traceparent=TRACEPARENT)
    await tracing_app.deliver()
    follow_trace(None)
    target = reports_to(simulator).replace(TRACE, "f" * 32)
    reply = await tracing_app.ask("POST", target, b"MessageStatus=sent")
    assert reply.status == 403
    assert "f" * 32 not in caplog.text


@pytest.mark.parametrize(
    "word", ["", "x", f"00-{TRACE}", f"00-{TRACE.upper()}-b7ad6b7169203331-01"]
)
def test_a_malformed_trace_is_ignored(word: str) -> None:
    """A trace in another form than the standard's is ignored."""
    assert read_trace_id(invocation(word)) is None
    assert read_trace_id(invocation(TRACEPARENT)) == TRACE


def test_nothing_is_followed_at_first() -> None:
    """A new task follows no trace."""
    assert current_trace() is None
