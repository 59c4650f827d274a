"""Status callbacks: one insert each, in any order, and passed on where the caller asked so."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import permutations
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

import function_app
from shared.app import App
from tests.environment import AUTH_TOKEN, ENVIRONMENT
from tests.in_memory_app import InMemoryApp, signed
from tests.ledger.histories import JOB, TO, accepted, sid

TARGET = f"/api/webhooks/status/{JOB}"


def callback(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": sid(0), "MessageStatus": status, "To": TO[0], "From": "+15005550006",
            "AccountSid": "AC" + "0" * 32, **more}  # fmt: skip


async def entry(app: InMemoryApp, path: str = f"/api/messages/{JOB}") -> dict[str, object]:
    return dict((await app.get(path)).json)


@pytest.fixture
async def known(app: InMemoryApp) -> InMemoryApp:
    """The app, with one message accepted."""
    await app.services.ledger.record(JOB, accepted())
    return app


@pytest.mark.parametrize("order", list(permutations(("sending", "sent", "delivered"))))
async def test_reports_count_in_any_order(known: InMemoryApp, order: tuple[str, ...]) -> None:
    """Whatever order they come in, the entry ends with the furthest status and the SID."""
    for status in order:
        reply = await known.twilio("POST", TARGET, callback(status))
        assert (reply.status, reply.body) == (204, b"")
    shown = await entry(known)
    assert (shown["state"], shown["twilio_status"], shown["sid"]) == (
        "handed_over", "delivered", sid(0))  # fmt: skip


async def test_a_repeated_report_changes_nothing(known: InMemoryApp) -> None:
    """The same report again is answered the same, and noted once, as it was first."""
    await known.twilio("POST", TARGET, callback("sent"))
    before = await entry(known)
    known.clock.move(minutes=5)
    assert (await known.twilio("POST", TARGET, callback("sent"))).status == 204
    assert await entry(known) == before


async def test_what_is_kept_names_nobody(known: InMemoryApp) -> None:
    """Of Twilio's words only those that explain an outcome are kept, and no number or body."""
    more = {"ErrorCode": "30003", "ChannelStatusMessage": "gone", "Body": "canary"}
    await known.twilio("POST", TARGET, callback("undelivered", **more))
    partition = await known.table.next_partition("")
    assert partition
    texts = [row.text async for row in known.table.range(partition) if "reported" in row.key]
    assert len(texts) == 1
    assert "30003" in texts[0]
    assert not any(word in texts[0] for word in ("canary", TO[0], "+15005550006", "AC0"))
    assert (await entry(known))["error"] == {
        "code": "30003",
        "message": "the phone is off, or out of reach",
    }


async def test_calls_report_with_their_own_words(app: InMemoryApp) -> None:
    """A call's SID, status, sequence and duration are kept."""
    await app.services.ledger.record(JOB, accepted(kind="call", request={"to": TO[0], "say": "Hi"}))
    form = {"CallSid": "CA" + "1" * 32, "CallStatus": "no-answer", "SequenceNumber": "3",
            "CallDuration": "0"}  # fmt: skip
    assert (await app.twilio("POST", TARGET, form)).status == 204
    shown = await entry(app, f"/api/calls/{JOB}")
    assert (shown["sid"], shown["twilio_status"]) == ("CA" + "1" * 32, "no-answer")
    assert shown["events"][-1]["fields"] == {"SequenceNumber": "3", "CallDuration": "0"}  # type: ignore[index] # JSON


async def test_a_report_is_for_the_recipient_in_its_url(app: InMemoryApp) -> None:
    """In a job of two, the index in the callback's URL says whose report it is."""
    await app.services.ledger.record(JOB, accepted(*TO[:2]))
    assert (await app.twilio("POST", f"{TARGET}-1", callback("sent"))).status == 204
    states = [(await entry(app, f"/api/messages/{JOB}-{n}"))["state"] for n in range(2)]
    assert states == ["accepted", "handed_over"]


async def test_a_report_before_everything_else_is_kept(app: InMemoryApp) -> None:
    """A callback for an id that is not known yet is stored and answered 204."""
    assert (await app.twilio("POST", TARGET, callback("sent"))).status == 204
    await app.services.ledger.record(JOB, accepted())
    assert (await entry(app))["sid"] == sid(0)


async def test_what_is_no_id_is_answered_all_the_same(app: InMemoryApp) -> None:
    """A signed callback for what can be no entry of this app is 204, and not kept."""
    reply = await app.twilio("POST", "/api/webhooks/status/x", callback("sent"))
    assert (reply.status, reply.body) == (204, b"")
    assert await app.table.next_partition("") is None


async def test_a_report_without_a_status_says_nothing(app: InMemoryApp) -> None:
    """A signed form without a status is answered and leaves no trace."""
    assert (await app.twilio("POST", TARGET, {"MessageSid": sid(0)})).status == 204
    assert await app.table.next_partition("") is None


@pytest.mark.parametrize("form_sid", ["SM1", "XX" + "0" * 32, sid(0) + "0", "SM/" + "0" * 31])
async def test_a_report_of_a_malformed_sid_is_not_kept(known: InMemoryApp, form_sid: str) -> None:
    """What Twilio did not name is nothing that the entry could adopt."""
    reply = await known.twilio("POST", TARGET, callback("sent", MessageSid=form_sid))
    assert reply.status == 204
    assert (await entry(known))["sid"] is None


STOPPED = {"ErrorCode": "21610"}


@pytest.mark.parametrize(
    "about",
    [{}, {"From": "", "To": ""}, {"From": "+15005550999", "To": TO[0]},
     {"From": "+15005550999", "MessagingServiceSid": "MG" + "9" * 32}],
)  # fmt: skip
async def test_who_has_opted_out_is_the_entrys(app: InMemoryApp, about: dict[str, str]) -> None:
    """A report 21610 that lacks who it is about, or names a pool's number, stops the next text."""
    accepted_ = await app.post("/api/messages", {"to": TO[0], "body": "Hi"})
    app.queues.take("outbound")
    form = {"MessageSid": sid(0), "MessageStatus": "failed", **STOPPED, **about}
    path = f"/api/webhooks/status/{accepted_.json['id']}"
    assert (await app.twilio("POST", path, form)).status == 204
    app.clock.move(seconds=2)
    again = await app.post("/api/messages", {"to": TO[0], "body": "Hi again"})
    await app.deliver()
    shown = await entry(app, again.json["links"]["self"])
    assert (shown["state"], shown["error"]["code"]) == ("refused", "21610")  # type: ignore[index] # JSON


async def test_in_a_job_of_several_only_one_has_opted_out(app: InMemoryApp) -> None:
    """The index in the URL says who it was; an index beyond the job, and an unknown id, nobody."""
    await app.services.ledger.record(JOB, accepted(*TO[:2]))
    form = {"MessageSid": sid(0), "MessageStatus": "failed", **STOPPED}
    for target in (f"{TARGET}-1", f"{TARGET}-7", f"/api/webhooks/status/{JOB[:-1]}0"):
        assert (await app.twilio("POST", target, form)).status == 204
    opt_outs = app.services.ledger.opt_outs
    stopped = [await opt_outs.has_stopped(to, "+15005550006", app.clock()) for to in TO[:2]]
    assert stopped == [False, True]


@dataclass
class Receiver:
    """A caller's own program that takes callbacks, and checks them as it would Twilio's."""

    url: str = ""
    status: int = 204
    took: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        claimed = request.headers.get("X-Twilio-Signature", "")
        origin = self.url.partition("/hook")[0]
        url = f"{origin}{request.raw_path}"
        assert RequestValidator(AUTH_TOKEN).validate(url, form, claimed)
        self.took.append(form)
        return web.Response(status=self.status, headers={"Location": "http://127.0.0.1:9"})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    async with TestServer(application) as server:
        receiver.url = str(server.make_url("/hook")) + "?x=1&y=%C3%BC&z=%7E+%2B#rc=5&rp=all"
        yield receiver


@pytest.fixture
def local(known: InMemoryApp, monkeypatch: pytest.MonkeyPatch) -> InMemoryApp:
    """The app on this machine, where it may forward to this machine."""
    here = {"PUBLIC_BASE_URL": "http://127.0.0.1:7071"}
    services = App(ENVIRONMENT | here, now=known.clock)
    services.table, services.queues = known.table, known.queues
    services.signature = known.services.signature
    monkeypatch.setattr(function_app, "switchboard", services)
    return known


async def test_a_report_is_passed_on_signed(local: InMemoryApp, receiver: Receiver) -> None:
    """The caller's program gets Twilio's whole form, under a signature that its check accepts."""
    target = f"{TARGET}?forward={quote(receiver.url, safe='')}"
    form = callback("delivered", Blank="", Umlaut="ü &+=")
    assert (await local.twilio("POST", target, form)).status == 204
    assert receiver.took == [form]


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_what_nobody_took_is_502(local: InMemoryApp, receiver: Receiver, status: int) -> None:
    """Where the caller's program fails, Twilio is told so, and repeats: the report is kept once."""
    receiver.status = status
    target = f"{TARGET}?forward={quote(receiver.url, safe='')}"
    expected = 204 if status == 302 else 502
    assert (await local.twilio("POST", target, callback("sent"))).status == expected
    assert (await local.twilio("POST", target, callback("sent"))).status == expected
    assert len(receiver.took) == 2
    assert (await entry(local))["twilio_status"] == "sent"


async def test_nobody_listening_is_502(local: InMemoryApp) -> None:
    """A receiver that is away is told to Twilio, which repeats."""
    target = f"{TARGET}?forward=http%3A%2F%2F127.0.0.1%3A9%2F"
    assert (await local.twilio("POST", target, callback("sent"))).status == 502


async def test_nobody_else_says_where_to_forward(local: InMemoryApp, receiver: Receiver) -> None:
    """A forward that the signature does not cover is refused, and nothing is sent."""
    plain = signed("POST", TARGET, callback("sent"))
    target = f"{TARGET}?forward={quote(receiver.url, safe='')}"
    reply = await local.ask("POST", target, plain.get_body(), dict(plain.headers))
    assert reply.status == 403
    assert receiver.took == []
