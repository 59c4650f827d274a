"""The carrier against a Twilio that really listens: each outcome in its class, no POST twice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.ports import free_ports
from dev.simulator.faults import FaultSettings as Faults
from dev.simulator.messages.outbound import new_message
from shared.errors import ProviderUnavailableError
from shared.kinds import Kind
from shared.provider.provider import SendRequest, SendResult
from shared.provider.rest_api import TwilioProvider
from tests.conftest import Simulator
from tests.environment import SENDER, settings
from tests.patience import PATIENCE_SECONDS

TO = "+14155552671"
SERVICE = "MG" + "0" * 32
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
kinds = pytest.mark.parametrize("kind", ["message", "call"])
CONTENT: dict[Kind, dict[str, Any]] = {
    "message": {"body": "Hi"},
    "call": {"twiml": "<Response><Pause length='600'/></Response>"},
}


def order(kind: Kind = "message", to: str = TO, sender: str = SENDER, **more: Any) -> SendRequest:  # noqa: ANN401 - as in the library
    return SendRequest(kind=kind, to=to, sender=sender, parameters=CONTENT[kind] | more)


def carrier_for(url: str, **changes: str) -> TwilioProvider:
    return TwilioProvider(
        settings(**{"TWILIO_API_BASE_URL": url, "TWILIO_TIMEOUT_SECONDS": "5"} | changes)
    )


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[TwilioProvider]:
    provider = carrier_for(simulator.url)
    yield provider
    await provider.close()


def created(simulator: Simulator, kind: Kind = "message") -> list[Any]:
    books = simulator.exchange.books
    return list((books.messages if kind == "message" else books.calls).rows.values())


@kinds
async def test_what_twilio_takes_has_a_sid(
    simulator: Simulator, provider: TwilioProvider, kind: Kind
) -> None:
    """A 201 is the SID, Twilio's status and the request's id, after one POST."""
    answer = await provider.create(order(kind))
    [row] = created(simulator, kind)
    assert (answer.result, answer.sid, answer.status) == ("sent", row.sid, "queued")
    assert (row.to, row.sender) == (TO, SENDER)
    assert answer.request_id
    assert len(simulator.posts()) == 1


async def test_every_parameter_reaches_twilio(
    simulator: Simulator, provider: TwilioProvider
) -> None:
    """What an order holds is in the form, in Twilio's names, lists as repeated fields."""
    asked = order(
        "call", status_callback="http://127.0.0.1:9/x#rc=5", status_callback_event=["ringing"],
        machine_detection="Enable", async_amd="true", record=False, timeout=5, send_digits="1w2",
    )  # fmt: skip
    assert (await provider.create(asked)).result == "sent"
    asked = order(media_url=["https://a.example/1", "https://a.example/2"], smart_encoded=True)
    assert (await provider.create(asked)).result == "sent"
    call, message = simulator.posts()
    for part in ("StatusCallback=http%3A%2F%2F127.0.0.1%3A9%2Fx%23rc%3D5", "Timeout=5",
                 "StatusCallbackEvent=ringing", "MachineDetection=Enable", "AsyncAmd=true",
                 "Record=false", "SendDigits=1w2"):  # fmt: skip
        assert part in call.split("&")
    assert message.count("MediaUrl=") == 2
    assert "SmartEncoded=true" in message.split("&")


async def test_a_messaging_service_is_named_as_one(
    simulator: Simulator, provider: TwilioProvider
) -> None:
    """A sender that is a service goes as MessagingServiceSid, and Twilio chooses the number."""
    answer = await provider.create(order(sender=SERVICE))
    assert (answer.result, answer.status) == ("sent", "accepted")
    [form] = simulator.posts()
    assert f"MessagingServiceSid={SERVICE}" in form
    assert "From=" not in form


@pytest.mark.parametrize(
    ("kind", "fields", "result", "code"),
    [
        ("message", {"sender": "+15005550001"}, "rejected", "21212"),
        ("message", {"sender": "+15005550007"}, "rejected", "21606"),
        ("message", {"sender": "+15005550008"}, "retryable", "21611"),
        ("message", {"to": "+15005550001"}, "rejected", "21211"),
        ("message", {"to": "+15005550002"}, "rejected", "21612"),
        ("message", {"to": "+15005550003"}, "rejected", "21408"),
        ("message", {"to": "+15005550004"}, "rejected", "21610"),
        ("message", {"to": "+15005550009"}, "rejected", "21614"),
        ("message", {"body": ""}, "rejected", "21602"),
        ("call", {"to": "+15005550001"}, "rejected", "21217"),
        ("call", {"to": "+15005550002"}, "rejected", "21214"),
        ("call", {"to": "+15005550003"}, "rejected", "21215"),
        ("call", {"to": "+15005550004"}, "rejected", "21216"),
        ("call", {"sender": "+15005550001"}, "rejected", "21212"),
        ("call", {"sender": "+15005550009"}, "rejected", "21210"),
        ("call", {"twiml": "x" * 4001}, "rejected", "32018"),
    ],
)
async def test_each_refusal_has_its_class(  # noqa: PLR0913, PLR0917 - fixtures and a table
    simulator: Simulator, provider: TwilioProvider, kind: Kind, fields: dict[str, Any],
    result: str, code: str,
) -> None:  # fmt: skip
    """The magic numbers' refusals come with Twilio's code, and create nothing."""
    answer = await provider.create(order(kind, **fields))
    assert (answer.result, answer.code, answer.sid) == (result, code, None)
    assert answer.message
    assert created(simulator, kind) == []
    assert len(simulator.posts()) == 1


async def test_wrong_credentials_are_no_fault_of_the_message(simulator: Simulator) -> None:
    """Twilio's 401 processed nothing: the message waits until the token is right."""
    provider = carrier_for(simulator.url, TWILIO_AUTH_TOKEN="wrong")
    answer = await provider.create(order())
    assert (answer.result, answer.code) == ("retryable", "20003")
    await provider.close()


@kinds
@pytest.mark.parametrize(
    ("fault", "result", "code", "there"),
    [
        ("429", "retryable", "20429", 0),
        ("500_before", "unknown", "20500", 0),
        ("500_after", "unknown", "20500", 1),
        ("503", "unknown", "20503", 0),
        ("503_after", "unknown", "20503", 1),
        ("reset_before", "unknown", "no_answer", 0),
        ("reset_after", "unknown", "no_answer", 1),
        ("timeout_before", "unknown", "no_answer", 0),
        ("timeout_after", "unknown", "no_answer", 1),
        ("not_json_before", "unknown", "http_502", 0),
        ("not_json", "unknown", "http_502", 1),
    ],
)
async def test_each_fault_has_its_class(  # noqa: PLR0913, PLR0917 - fixtures and a table
    simulator: Simulator, kind: Kind, fault: str, result: str, code: str, there: int
) -> None:
    """Whether or not Twilio created it, a fault is its class, and the POST is never repeated."""
    patience = "1" if fault.startswith("timeout") else "20"
    provider = carrier_for(simulator.url, TWILIO_TIMEOUT_SECONDS=patience)
    simulator.exchange.faults.put(Faults(kinds=[fault]))
    answer = await provider.create(order(kind))
    assert (answer.result, answer.code, answer.sid) == (result, code, None)
    assert len(created(simulator, kind)) == there
    assert len(simulator.posts()) == 1
    assert answer.retry_after == (1.0 if fault == "429" else None)
    await provider.close()


async def test_no_connection_is_certainly_not_processed() -> None:
    """Where nobody listens, nothing was asked, and the order may be tried again."""
    provider = carrier_for(f"http://127.0.0.1:{free_ports(1)[0]}")
    answer = await provider.create(order())
    assert (answer.result, answer.code) == ("retryable", "no_connection")
    with pytest.raises(ProviderUnavailableError):
        await provider.fetch("message", "SM" + "0" * 32)
    await provider.close()


@asynccontextmanager
async def answers(status: int, body: str, **headers: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The address of a Twilio that answers everything so, and the requests that it was sent."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), asked


async def answering(status: int, body: str, **headers: str) -> tuple[SendResult, int]:
    """What an order comes to where Twilio answers so, and how often it was asked."""
    async with answers(status, body, **headers) as (url, asked):
        provider = carrier_for(url)
        answer = await provider.create(order())
        await provider.close()
    return answer, len(asked)


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (201, '{"status": "queued"}', {}, ("unknown", "unreadable", None)),
        (201, "<html>", {}, ("unknown", "unreadable", None)),
        (201, '{"sid": "SM1", "status": "queued"}', {}, ("sent", None, None)),
        (302, "", {"Location": "http://127.0.0.1:9/"}, ("unknown", "unreadable", None)),
        (400, "no JSON", {}, ("unknown", "http_400", None)),
        (400, "[]", {}, ("unknown", "http_400", None)),
        (400, '{"code": 0}', {}, ("unknown", "http_400", None)),
        (400, '{"code": 99999, "message": "New"}', {}, ("rejected", "99999", None)),
        (400, '{"type": "x", "code": 99999, "detail": "New"}', {}, ("rejected", "99999", None)),
        (429, "", {"Retry_After": "7"}, ("retryable", "http_429", 7.0)),
        (
            429,
            "",
            {"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"},
            ("retryable", "http_429", None),
        ),
        (429, "", {"Retry_After": "9" * 400}, ("retryable", "http_429", 86_400.0)),
        (429, "", {}, ("retryable", "http_429", None)),
        (400, '{"code": 21611}', {}, ("retryable", "21611", 3600.0)),
        (400, '{"code": 21611}', {"Retry_After": "9"}, ("retryable", "21611", 9.0)),
        (429, '{"code": 63018}', {}, ("retryable", "63018", 3600.0)),
        (503, "", {"Retry_After": "7"}, ("unknown", "http_503", 7.0)),
        (408, "", {}, ("unknown", "http_408", None)),
    ],
)
async def test_answers_out_of_the_ordinary(
    status: int, body: str, headers: dict[str, str], expected: tuple[str, str | None, float | None]
) -> None:
    """An answer without a code, or without sense, is unknown or as its status says; once asked."""
    answer, asked = await answering(status, body, **headers)
    assert (answer.result, answer.code, answer.retry_after) == expected
    assert asked == 1


async def test_twilios_words_show_no_number() -> None:
    """A message of Twilio's that names a number is kept with the number masked."""
    told = '{"code": 99999, "message": "no route to +14155552671"}'
    answer, _ = await answering(400, told, Twilio_Request_Id="RQ1")
    assert answer.message == "no route to +1415•••2671"
    assert answer.request_id == "RQ1"


async def test_a_connection_that_breaks_off_in_the_answer_is_unknown() -> None:
    """Half an answer is no answer."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1", 0) as server:
        provider = carrier_for(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        answer = await provider.create(order())
        await provider.close()
    assert (answer.result, answer.code) == ("unknown", "no_answer")


async def test_a_connection_that_is_never_made_is_certainly_not_processed() -> None:
    """A time-out while connecting proves that nothing was asked."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        for _ in range(4):  # fills the backlog, so that the next connection hangs
            one = socket.socket()
            one.setblocking(False)  # noqa: FBT003 - the library's signature
            one.connect_ex(address)
            waiting.append(one)
        provider = carrier_for(f"http://127.0.0.1:{address[1]}", TWILIO_TIMEOUT_SECONDS="0.2")
        answer = await provider.create(order())
        await provider.close()
        for one in waiting:
            one.close()
    assert (answer.result, answer.code) == ("retryable", "no_connection")


async def test_an_error_of_our_own_before_anything_was_sent_is_not_sent(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing function of a library puts nothing in doubt, and its traceback is logged."""
    provider = carrier_for(simulator.url)
    assert (await provider.create(order())).result == "sent"
    monkeypatch.delattr(aiohttp, "encode_basic_auth")
    answer = await provider.create(order())
    assert (answer.result, answer.code, answer.message) == (
        "retryable", "not_sent", "AttributeError")  # fmt: skip
    assert len(simulator.posts()) == 1
    assert "encode_basic_auth" in caplog.text
    await provider.close()


async def test_an_answer_that_makes_no_sense_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What the library could not read may have been created, and the traceback says why."""
    answer, _ = await answering(201, "<html>")
    assert (answer.result, answer.code) == ("unknown", "unreadable")
    assert "request_failed" in caplog.text
    assert "rest_api.py" in caplog.text


@kinds
async def test_search_finds_what_was_created(
    simulator: Simulator, provider: TwilioProvider, kind: Kind
) -> None:
    """What is there for a recipient and sender is found, with what tells one from another."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    answer = await provider.create(order(kind))
    await provider.create(order(kind, to="+14165550123"))
    await provider.create(order(kind, sender="+14155550000"))
    [found] = await provider.search(order(kind), before)
    assert found.sid == answer.sid
    assert found.created_at >= before
    assert found.body == ("Hi" if kind == "message" else None)
    assert found.direction == "outbound-api"
    assert (found.num_media, found.messaging_service_sid) == (
        0 if kind == "message" else None,
        None,
    )
    assert await provider.search(order(kind), datetime.now(UTC) + timedelta(seconds=5)) == []
    assert len(simulator.posts()) == 3


async def test_search_for_a_service_goes_by_recipient(
    simulator: Simulator, provider: TwilioProvider
) -> None:
    """What a service sent is found by its recipient alone; what came in is not found."""
    answer = await provider.create(order(sender=SERVICE))
    new_message(simulator.exchange, TO, SENDER, "Hi", status="received", direction="inbound")
    found = await provider.search(order(sender=SERVICE), LONG_AGO)
    assert [each.sid for each in found] == [answer.sid]
    assert found[0].messaging_service_sid == SERVICE


@kinds
async def test_fetch_gives_one_or_none(provider: TwilioProvider, kind: Kind) -> None:
    """A SID that Twilio has is fetched; one that it has not is none."""
    answer = await provider.create(order(kind))
    assert answer.sid
    found = await provider.fetch(kind, answer.sid)
    assert found is not None
    assert found.sid == answer.sid
    assert found.error_code is None
    assert await provider.fetch(kind, answer.sid[:2] + "f" * 32) is None


async def test_fetch_shows_why_it_was_not_delivered(
    simulator: Simulator, provider: TwilioProvider
) -> None:
    """The error code of a message that failed is a text."""
    answer = await provider.create(order())
    assert answer.sid
    row = simulator.exchange.books.messages.rows[answer.sid]
    row.status, row.error_code = "failed", 30003
    found = await provider.fetch("message", answer.sid)
    assert found is not None
    assert (found.status, found.error_code) == ("failed", "30003")


async def test_stop_hangs_up_a_call(simulator: Simulator, provider: TwilioProvider) -> None:
    """A call that goes on ends; a second time it is too late."""
    answer = await provider.create(order("call"))
    assert answer.sid
    assert await provider.stop("call", answer.sid) is not None
    line = simulator.exchange.lines[answer.sid]
    await asyncio.wait_for(line.over.wait(), PATIENCE_SECONDS)
    assert created(simulator, "call")[0].status in {"completed", "canceled"}
    assert await provider.stop("call", answer.sid) is None


async def test_stop_cancels_what_twilio_holds(
    simulator: Simulator, provider: TwilioProvider
) -> None:
    """A message that Twilio has scheduled is canceled; one that went out is too late."""
    later = datetime.now(UTC) + timedelta(hours=1)
    held = await provider.create(order(sender=SERVICE, send_at=later, schedule_type="fixed"))
    assert held.sid
    stopped = await provider.stop("message", held.sid)
    assert stopped is not None
    assert stopped.status == "canceled"
    sent = await provider.create(order())
    assert sent.sid
    assert await provider.stop("message", sent.sid) is None
    assert len(created(simulator)) == 2


def hold_time(simulator: Simulator) -> None:
    """Let nothing at Twilio go on by itself, for hours."""
    simulator.exchange.clock.step, simulator.exchange.clock.speed = 3600, 0.001


@kinds
async def test_what_is_over_is_removed(
    simulator: Simulator, provider: TwilioProvider, kind: Kind
) -> None:
    """Not before it is over; what Twilio does not have any more is as good as removed."""
    hold_time(simulator)
    answer = await provider.create(order(kind))
    assert answer.sid
    created(simulator, kind)[0].status = "queued"
    assert not await provider.remove(kind, answer.sid)
    if kind == "call":
        await provider.stop(kind, answer.sid)
        await asyncio.wait_for(simulator.exchange.lines[answer.sid].over.wait(), 5)
    else:
        created(simulator, kind)[0].status = "delivered"
    for _ in range(2):
        assert await provider.remove(kind, answer.sid)
        assert created(simulator, kind) == []


async def test_a_text_is_removed_alone(simulator: Simulator, provider: TwilioProvider) -> None:
    """The message stays, with an empty text."""
    hold_time(simulator)
    answer = await provider.create(order())
    assert answer.sid
    row = created(simulator)[0]
    row.status = "queued"
    assert not await provider.remove("message", answer.sid, body_only=True)
    row.status = "delivered"
    assert await provider.remove("message", answer.sid, body_only=True)
    assert [each.body for each in created(simulator)] == [""]


@pytest.mark.parametrize("fault", ["429", "500_before", "not_json_before", "reset_before"])
async def test_a_question_without_an_answer_is_one_error(
    simulator: Simulator, provider: TwilioProvider, fault: str
) -> None:
    """Where Twilio does not answer a question, that is ProviderUnavailableError, not absence."""
    simulator.exchange.faults.put(Faults(kinds=[fault], reads=True))
    sid = "SM" + "0" * 32
    for question in (provider.search(order(), LONG_AGO), provider.fetch("message", sid),
                     provider.stop("message", sid), provider.remove("message", sid)):  # fmt: skip
        with pytest.raises(ProviderUnavailableError):
            await question


@kinds
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"),
        (200, "[]"),
        (302, ""),
        (401, '{"code": 20003}'),
        (403, "<html>"),
        (404, "<html>"),
    ],
)
async def test_an_answer_without_sense_says_nothing_of_what_is_there(
    kind: Kind, status: int, body: str
) -> None:
    """Some proxy's page, or a no to us and not to the question, is no news of any message."""
    async with answers(status, body) as (url, asked):
        provider = carrier_for(url)
        for question in (provider.search(order(kind), LONG_AGO), provider.fetch(kind, "SM1"),
                         provider.stop(kind, "SM1"), provider.remove(kind, "SM1")):  # fmt: skip
            with pytest.raises(ProviderUnavailableError):
                await question
        await provider.close()
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"messages": [{"sid": "SM1", "date_created": null}]}'),
        (400, '{"code": 21211}'),
        (404, '{"code": 20404}'),
    ],
)
async def test_a_search_that_fails_is_not_absence(status: int, body: str) -> None:
    """Only a list that can be read says that Twilio has nothing."""
    async with answers(status, body) as (url, _):
        provider = carrier_for(url)
        with pytest.raises(ProviderUnavailableError):
            await provider.search(order(), LONG_AGO)
        await provider.close()


async def test_an_api_key_opens_the_account() -> None:
    """With an API key, requests are made in its name, for the same account."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        asked.append(request.headers["Authorization"])
        return web.json_response({"sid": "SM1", "status": "queued"}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(app) as server:
        provider = carrier_for(
            str(server.make_url("")).rstrip("/"),
            TWILIO_API_KEY_SID="SK" + "1" * 32,
            TWILIO_API_KEY_SECRET="key-secret",
        )
        await provider.create(order())
        await provider.close()
    assert asked[0] == "/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages.json"
    assert asked[1] == aiohttp.encode_basic_auth("SK" + "1" * 32, "key-secret")


async def test_no_more_at_once_than_allowed() -> None:
    """Requests beyond the ceiling wait for a connection instead of opening one."""
    now, most = 0, 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.json_response({"sid": "SM1", "status": "queued"}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        provider = carrier_for(url, TWILIO_MAX_CONCURRENCY="3")
        await asyncio.gather(*(provider.create(order()) for _ in range(12)))
        await provider.close()
    assert most == 3


async def test_closing_what_was_never_opened_is_nothing() -> None:
    """A carrier that was never used closes without a word."""
    await carrier_for("http://127.0.0.1:9").close()
