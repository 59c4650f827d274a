"""Status callbacks to a client: its SID, its secret, and else the form as Twilio wrote it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from shared.deliver.send_request import build_send_request
from shared.jobs.job import Job, decode_queue_message
from shared.provider.provider import SendRequest, SendResult
from shared.triggers.timers import release_scheduled
from tests.deliver.twilio_double import TwilioDouble
from tests.environment import ACCOUNT_SID, AUTH_TOKEN
from tests.in_memory_app import Configure, InMemoryApp
from tests.triggers.twilio.client import CALL, TEXT, TwilioClient

HERE = "http://127.0.0.1:7071"
KEYS = '{"SKshop": {"secret": "a1b2c3", "name": "shop"}}'
THEIRS = "SM" + "a" * 32


@dataclass
class Receiver:
    """A client's own program, which checks signatures as its SDK does."""

    url: str = ""
    taken: list[tuple[str, str, list[tuple[str, str]], str]] = field(default_factory=list)
    status: int = 200

    async def take(self, request: web.Request) -> web.Response:
        form = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        signature = request.headers["X-Twilio-Signature"]
        self.taken.append((request.method, str(request.url), form, signature))
        return web.Response(status=self.status)

    def last(self, token: str) -> dict[str, str]:
        """The form of the last callback, whose signature is right; a GET's is in its query."""
        method, url, form, signature = self.taken[-1]
        assert RequestValidator(token).validate(url, dict(form), signature)
        assert not RequestValidator("other").validate(url, dict(form), signature)
        return dict(parse_qsl(urlsplit(url).query)) if method == "GET" else dict(form)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", receiver.take)
    async with TestServer(application, host="127.0.0.1") as server:
        receiver.url = f"http://127.0.0.1:{server.port}"
        yield receiver


@pytest.fixture
def here(configure: Configure) -> InMemoryApp:
    """The app on this machine, where it may call a receiver that is here too."""
    return configure(PUBLIC_BASE_URL=HERE, CLIENT_KEYS=KEYS)


def asked(app: InMemoryApp, name: str = "status_callback") -> str:
    """Where Twilio is asked to report to, path and query."""
    put = next(put for put in reversed(app.queues.puts) if put.queue == "outbound")
    job = decode_queue_message(put.message)
    assert isinstance(job, Job)
    url = build_send_request(job.job, job.accepted, 0, HERE).parameters[name]
    return str(url).removeprefix(HERE).partition("#")[0]


async def report(app: InMemoryApp, target: str, form: dict[str, str]) -> int:
    """Report as Twilio does, to the app's address on this machine."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(HERE + target, form)
    headers = {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return (await app.ask("POST", target, urlencode(form).encode(), headers)).status


@pytest.mark.parametrize(("user", "secret"), [(ACCOUNT_SID, AUTH_TOKEN), ("SKshop", "a1b2c3")])
async def test_a_client_sees_its_own_sid_signed_with_its_secret(
    here: InMemoryApp, receiver: Receiver, user: str, secret: str
) -> None:
    """All else of the form is Twilio's, also what is blank."""
    client = TwilioClient(here, user, secret)
    sid = await client.send(StatusCallback=f"{receiver.url}/status?order=7#rc=2")
    form = {"SmsSid": THEIRS, "SmsStatus": "sent", "MessageStatus": "sent", "MessageSid": THEIRS,
            "To": TEXT["To"], "AccountSid": ACCOUNT_SID, "ErrorCode": "",
            "Note": f"about {THEIRS}"}  # fmt: skip
    assert await report(here, asked(here), form) == 204
    seen = receiver.last(secret)
    assert seen == form | {"SmsSid": sid, "MessageSid": sid}
    assert [name for name, _ in receiver.taken[-1][2]] == list(form)
    assert receiver.taken[-1][1] == f"{receiver.url}/status?order=7"
    # Twilio's SID is on the entry all the same.
    assert (await here.get(f"/api/messages/{sid}")).json["sid"] == THEIRS


async def test_what_a_client_does_not_take_is_repeated_by_twilio(
    here: InMemoryApp, receiver: Receiver
) -> None:
    """Our 502 makes Twilio report again."""
    client = TwilioClient(here)
    await client.send(StatusCallback=f"{receiver.url}/status")
    form = {"MessageSid": THEIRS, "MessageStatus": "sent"}
    receiver.status = 500
    assert await report(here, asked(here), form) == 502
    receiver.status = 204
    assert await report(here, asked(here), form) == 204
    assert len(receiver.taken) == 2


async def test_without_a_callback_nobody_is_asked(here: InMemoryApp, receiver: Receiver) -> None:
    """The report is for the entry alone."""
    await TwilioClient(here).send()
    assert "client" not in asked(here)
    assert await report(here, asked(here), {"MessageSid": THEIRS, "MessageStatus": "sent"}) == 204
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("asked_for", "expected"),
    [
        (None, ["completed"]),
        (["initiated", "answered"], ["initiated", "in-progress"]),
        (["ringing completed"], ["ringing", "completed"]),
    ],
)
async def test_a_calls_events_are_those_that_were_asked_for(
    here: InMemoryApp, receiver: Receiver, asked_for: list[str] | None, expected: list[str]
) -> None:
    """Without StatusCallbackEvent that is the end alone, as with Twilio; the entry has them all."""
    client = TwilioClient(here)
    form = CALL | {"StatusCallback": f"{receiver.url}/status"}
    events = {} if asked_for is None else {"StatusCallbackEvent": asked_for}
    sid = (await client.post("Calls", {**form, **events})).json["sid"]
    theirs = "CA" + "a" * 32
    for status in ("initiated", "ringing", "in-progress", "completed"):
        report_form = {"CallSid": theirs, "CallStatus": status, "ParentCallSid": theirs}
        assert await report(here, asked(here), report_form) == 204
    seen = [dict(form) for _, _, form, _ in receiver.taken]
    assert [each["CallStatus"] for each in seen] == expected
    assert {(each["CallSid"], each["ParentCallSid"]) for each in seen} == {(sid, theirs)}
    assert (await client.get(f"Calls/{sid}")).json["status"] == "completed"


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_every_end_is_the_event_completed(
    here: InMemoryApp, receiver: Receiver, status: str
) -> None:
    """A call that nobody answered is over too."""
    await TwilioClient(here).call(StatusCallback=f"{receiver.url}/status")
    await report(here, asked(here), {"CallSid": "CA" + "a" * 32, "CallStatus": status})
    assert receiver.last(AUTH_TOKEN)["CallStatus"] == status


@pytest.mark.parametrize("query", ["", "?order=7"])
async def test_a_callback_by_get_has_the_form_in_its_query(
    here: InMemoryApp, receiver: Receiver, query: str
) -> None:
    """StatusCallbackMethod=GET: signed over the whole URL, with no body."""
    sid = await TwilioClient(here).call(
        StatusCallback=f"{receiver.url}/status{query}", StatusCallbackMethod="GET"
    )
    form = {"CallSid": "CA" + "a" * 32, "CallStatus": "completed", "From": "+1 500"}
    assert await report(here, asked(here), form) == 204
    seen = receiver.last(AUTH_TOKEN)
    assert seen == {"CallSid": sid, "CallStatus": "completed", "From": "+1 500",
                    **({"order": "7"} if query else {})}  # fmt: skip
    assert receiver.taken[-1][2] == []


async def test_recordings_and_machines_have_callbacks_of_their_own(
    here: InMemoryApp, receiver: Receiver
) -> None:
    """Also with the client's SID and secret, and by the method that was asked for."""
    client = TwilioClient(here, "SKshop", "a1b2c3")
    sid = await client.call(
        Record="true",
        RecordingStatusCallback=f"{receiver.url}/recording",
        RecordingStatusCallbackMethod="GET",
        MachineDetection="Enable",
        AsyncAmd="true",
        AsyncAmdStatusCallback=f"{receiver.url}/machine",
    )
    theirs, recording = "CA" + "a" * 32, "RE" + "b" * 32
    form = {"CallSid": theirs, "RecordingSid": recording, "RecordingStatus": "completed",
            "RecordingUrl": "https://api.twilio.com/x"}  # fmt: skip
    assert await report(here, asked(here, "recording_status_callback"), form) == 204
    assert receiver.last("a1b2c3") == form | {"CallSid": sid}
    form = {"CallSid": theirs, "AnsweredBy": "human", "MachineDetectionDuration": "1"}
    assert await report(here, asked(here, "async_amd_status_callback"), form) == 204
    assert receiver.last("a1b2c3") == form | {"CallSid": sid}


async def test_our_own_api_keeps_twilios_sid(here: InMemoryApp, receiver: Receiver) -> None:
    """A callback of `/api/messages` is Twilio's form as it is, signed with the account's token."""
    request = {"to": TEXT["To"], "body": "Hi", "status_callback": f"{receiver.url}/status"}
    assert (await here.post("/api/messages", request)).status == 202
    form = {"MessageSid": THEIRS, "MessageStatus": "sent"}
    assert await report(here, asked(here), form) == 204
    assert receiver.last(AUTH_TOKEN) == form


async def test_a_key_that_is_gone_leaves_the_accounts_token(
    configure: Configure, here: InMemoryApp, receiver: Receiver
) -> None:
    """A client whose key was taken away is still told, signed with what there is."""
    await TwilioClient(here, "SKshop", "a1b2c3").send(StatusCallback=f"{receiver.url}/s")
    target = asked(here)
    app = configure(PUBLIC_BASE_URL=HERE)
    assert await report(app, target, {"MessageSid": THEIRS, "MessageStatus": "sent"}) == 204
    assert receiver.last(AUTH_TOKEN)["MessageStatus"] == "sent"
    assert json.loads(app.queues.puts[0].message)["accepted"]["client"] == "SKshop"


class Refusing(TwilioDouble):
    """A Twilio that refuses everything, with a code that it does not have again."""

    async def create(self, order: SendRequest) -> SendResult:
        return SendResult(result="rejected", code="21614" if order.kind == "message" else "http_4")


@pytest.mark.parametrize("kind", ["Messages", "Calls"])
async def test_what_twilio_refuses_is_reported_as_failed(
    here: InMemoryApp, receiver: Receiver, kind: str
) -> None:
    """Twilio never had it and reports nothing, so the client is told by us, in Twilio's form."""
    here.services.provider = Refusing(here.clock)
    client = TwilioClient(here, "SKshop", "a1b2c3")
    form = TEXT if kind == "Messages" else CALL
    reply = await client.post(kind, {**form, "StatusCallback": f"{receiver.url}/status"})
    await here.deliver()
    seen = receiver.last("a1b2c3")
    sid = {seen[name] for name in ("MessageSid", "SmsSid", "CallSid") if name in seen}
    status = seen.get("MessageStatus") or seen["CallStatus"]
    assert (sid, status) == ({reply.json["sid"]}, "failed")
    assert seen["ErrorCode"] == ("21614" if kind == "Messages" else "30008")
    assert (seen["To"], seen["From"]) == (TEXT["To"], TEXT["From"])
    assert (await client.get(f"{kind}/{reply.json['sid']}")).json["status"] == "failed"


async def test_a_failure_is_reported_to_who_asked_for_it_alone(
    here: InMemoryApp, receiver: Receiver
) -> None:
    """Not without a callback, nor for other events of a call, nor to our own API's callbacks."""
    here.services.provider = Refusing(here.clock)
    client, hook = TwilioClient(here), f"{receiver.url}/status"
    await client.send()
    await client.call(StatusCallback=hook, StatusCallbackEvent="ringing")
    await here.post("/api/messages", {"to": TEXT["To"], "body": "Hi", "status_callback": hook})
    assert await here.deliver() == 3
    assert receiver.taken == []


async def test_what_is_given_up_is_reported_as_failed(
    here: InMemoryApp, receiver: Receiver
) -> None:
    """After the last attempt nothing more is sent, and the client learns it."""
    here.services.provider = TwilioDouble(here.clock, ["no_connection"] * 100)
    client = TwilioClient(here)
    sid = await client.send(StatusCallback=f"{receiver.url}/status")
    while not receiver.taken:
        here.clock.move(hours=6)
        await release_scheduled(here.services)
        await here.deliver()
    assert (await client.get(f"Messages/{sid}")).json["status"] == "failed"
    seen = receiver.last(AUTH_TOKEN)
    assert (seen["MessageSid"], seen["MessageStatus"], seen["ErrorCode"]) == (
        sid,
        "failed",
        "30008",
    )
