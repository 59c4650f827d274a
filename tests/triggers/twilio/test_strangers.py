"""Programs written for Twilio against the running app, with nothing changed but the address."""

import base64
import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, quote_plus, urlencode
from urllib.request import Request, urlopen

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from dev.checkout import HERE
from dev.node_runtime import find_node
from tests.dev.commands.processes import wait_until
from tests.dev.commands.running import IS_SET_UP, Running
from tests.environment import ACCOUNT_SID, AUTH_TOKEN, SENDER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up"),
]
TO = "+14155552671"
SECRET = "a1b2c3d4e5f6"
SETTINGS = {
    "CLIENT_KEYS": json.dumps({"SKnode": {"secret": SECRET, "name": "the shop"}}),
    "RESOLVE_AFTER_SECONDS": "1",
}


@dataclass(frozen=True)
class Callback:
    """What the receiver was sent."""

    url: str
    form: dict[str, str]
    signature: str


@dataclass
class Receiver:
    """A stranger's own web server."""

    url: str = ""
    taken: list[Callback] = field(default_factory=list)

    def about(self, sid: str) -> list[Callback]:
        """The callbacks about one message or call."""
        return [each for each in self.taken if sid in each.form.values()]

    def statuses(self, sid: str, name: str) -> list[str]:
        return sorted(each.form[name] for each in self.about(sid))


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            url = f"{receiver.url}{self.path}"
            receiver.taken.append(Callback(url, form, self.headers["X-Twilio-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


@dataclass(frozen=True)
class World:
    """Where the app and the simulator are."""

    app: str
    simulator: str

    def client(self, user: str = ACCOUNT_SID, password: str = AUTH_TOKEN) -> Client:
        """twilio-python, with one address changed."""
        client = Client(user, password, ACCOUNT_SID)
        client.api.base_url = self.app
        return client

    def ask(
        self, base: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask for one of Twilio's paths without any library: curl's `-u` and `-d`."""
        login = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(  # noqa: S310 - addresses on this machine
            f"{base}/2010-04-01/Accounts/{ACCOUNT_SID}{path}",
            data=None if form is None else urlencode(form).encode(),
            headers={"Authorization": f"Basic {login}", **named},
        )
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def control(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Use one of the simulator's own paths: GET, or PUT of a body."""
        request = Request(  # noqa: S310 - the same
            f"{self.simulator}/_simulator/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method="GET" if body is None else "PUT",
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
            return json.load(answer)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The app, running as `python3 dev run` has it, with a key for one more client."""
    with Running(HERE.root, settings=SETTINGS) as run:
        run.until("ready")
        yield World(run.shown("app"), run.shown("simulator").rstrip("/"))
        run.end(signal.SIGTERM)


def node(*arguments: str, given: str = "") -> Any:  # noqa: ANN401 - JSON
    """Run one of our scripts by npm's twilio; gives what it wrote."""
    found = find_node(HERE)
    assert found is not None
    script, *others = arguments
    ran = subprocess.run(  # noqa: S603 - our own script
        [found.node, str(Path(__file__).with_name(script)), str(HERE.own / "node/node_modules"),
         *others],
        input=given, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def code_of(error: TwilioRestException) -> tuple[int, int | None]:
    return error.status, error.code


def test_twilio_python_finds_its_own_twilio(world: World, receiver: Receiver) -> None:
    """Send, fetch, list over two pages, schedule, cancel, redact, delete, call, and be refused."""
    client, hook = world.client(), f"{receiver.url}/python?order=7"
    sent = client.messages.create(to=TO, from_=SENDER, body="from Python", status_callback=hook)
    assert (sent.sid or "").startswith("SM5b")
    assert (sent.status, sent.body, sent.date_created is None) == ("queued", "from Python", False)
    wait_until(lambda: client.messages(sent.sid).fetch().status == "delivered")
    wait_until(lambda: "delivered" in receiver.statuses(sent.sid, "MessageStatus"))
    texts = [client.messages.create(to="+14165550123", from_=SENDER, body=str(n)) for n in range(5)]
    listed = client.messages.list(to="+14165550123", page_size=3)
    assert [each.sid for each in listed] == [each.sid for each in reversed(texts)]
    second = client.messages.page(to="+14165550123", page_size=3).next_page()
    assert second is not None
    assert [each.body for each in second] == ["1", "0"]
    later = datetime.now(UTC) + timedelta(hours=1)
    scheduled = client.messages.create(
        to=TO, from_=SENDER, body="later", send_at=later, schedule_type="fixed"
    )
    assert scheduled.status == "scheduled"
    assert client.messages(scheduled.sid).update(status="canceled").status == "canceled"
    assert client.messages(sent.sid).update(body="").body == ""
    assert client.messages(sent.sid).delete()
    with pytest.raises(TwilioRestException) as error:
        client.messages(sent.sid).fetch()
    assert code_of(error.value) == (404, 20404)
    with pytest.raises(TwilioRestException) as error:
        client.messages.create(to="12", from_=SENDER, body="x")
    assert code_of(error.value) == (400, 21211)
    with pytest.raises(TwilioRestException) as error:
        world.client(password="wrong").messages(texts[0].sid).fetch()
    assert code_of(error.value) == (401, 20003)
    call = client.calls.create(
        to=TO, from_=SENDER, twiml="<Response><Say>Hello from Python</Say></Response>",
        status_callback=hook, status_callback_event=["ringing", "completed"],
    )  # fmt: skip
    assert (call.sid or "").startswith("CA5b")
    wait_until(lambda: client.calls(call.sid).fetch().status == "completed")
    wait_until(lambda: len(receiver.about(call.sid or "")) == 2)
    assert receiver.statuses(call.sid, "CallStatus") == ["completed", "ringing"]
    assert client.api.accounts(ACCOUNT_SID).fetch().sid == ACCOUNT_SID
    validator = RequestValidator(AUTH_TOKEN)
    for each in (*receiver.about(sent.sid), *receiver.about(call.sid)):
        assert validator.validate(each.url, each.form, each.signature)


def test_twilio_node_finds_its_own_twilio(world: World, receiver: Receiver) -> None:
    """The same by npm's library, with a key of its own, which also signs its callbacks."""
    hook = f"{receiver.url}/node?order=8"
    login = {"base": world.app, "account": ACCOUNT_SID, "user": "SKnode", "password": SECRET}
    seen = node("stranger.js", json.dumps({**login, "hook": hook}))
    [sid, *created], [call, is_over] = seen.pop("created"), seen.pop("call")
    assert (sid[:4], created) == ("SM5b", ["queued", "from Node", True])
    assert (call[:4], is_over) == ("CA5b", True)
    assert seen == {
        "delivered": True, "listed": True, "second": ["0"], "scheduled": "scheduled",
        "canceled": "canceled", "redacted": "", "removed": True, "gone": [404, 20404],
        "invalid": [400, 21211], "wrong": [401, 20003],
    }  # fmt: skip
    wait_until(lambda: "delivered" in receiver.statuses(sid, "MessageStatus"))
    wait_until(lambda: receiver.statuses(call, "CallStatus") == ["completed", "initiated"])
    signed = [
        {"token": token, "url": each.url, "form": each.form, "signature": each.signature}
        for each in (*receiver.about(sid), *receiver.about(call))
        for token in (SECRET, AUTH_TOKEN)
    ]
    assert len(signed) >= 6
    assert node("validate.js", given=json.dumps(signed)) == [True, False] * (len(signed) // 2)


def test_the_first_tutorial_works_with_one_address_changed(world: World) -> None:
    """Call a page of twimlets.com, text, call one's own page; numbers as the tutorial has them."""
    party = {"From": "15005550006", "To": "14155552671"}
    page = f"http://twimlets.com/message?Message={quote_plus('Hello world.')}"
    status, call = world.ask(world.app, "/Calls.json", party | {"Url": page})
    assert (status, call["status"]) == (201, "queued")
    path = f"/Calls/{call['sid']}.json"
    wait_until(lambda: world.ask(world.app, path)[1]["status"] == "completed")
    [theirs] = [
        each["sid"]
        for each in world.ask(world.simulator, "/Calls.json?PageSize=1000")[1]["calls"]
        if "Hello world." in json.dumps(world.control(f"calls/{each['sid']}"))
    ]
    assert world.ask(world.app, f"/Calls/{theirs}.json")[1]["sid"] == call["sid"]
    text = party | {"Body": "Hello, this is a test."}
    status, message = world.ask(world.app, "/Messages.json", text)
    assert (status, message["body"]) == (201, "Hello, this is a test.")
    own = "https://shop.azurewebsites.net/phonecall.php?Message=Hello%20world"
    assert world.ask(world.app, "/Calls.json", party | {"Url": own})[0] == 201


def test_repeating_blindly_with_a_token_sends_once(world: World) -> None:
    """Twilio creates each text and answers 500; three repeats of fifty sends leave fifty texts."""
    world.control("faults", {"kinds": ["500_after"], "per_cent": 100})
    forms = [{"To": "+14165550177", "From": SENDER, "Body": f"text {n}"} for n in range(50)]

    def send(number: int) -> set[str]:
        token = {"I_Twilio_Idempotency_Token": f"order-{number}"}
        answers = [world.ask(world.app, "/Messages.json", forms[number], **token) for _ in range(3)]
        assert {status for status, _ in answers} == {201}
        return {answer["sid"] for _, answer in answers}

    with ThreadPoolExecutor(10) as threads:
        sids = list(threads.map(send, range(50)))
    assert all(len(each) == 1 for each in sids)
    assert len(set.union(*sids)) == 50
    query = "/Messages.json?PageSize=1000&To=%2B14165550177"

    def listed(base: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = world.ask(base, query)[1]["messages"]
        return found

    wait_until(lambda: all(each["date_sent"] for each in listed(world.app)))
    world.control("faults", {})
    assert sorted(each["body"] for each in listed(world.simulator)) == sorted(
        form["Body"] for form in forms
    )
    assert len(listed(world.app)) == 50
