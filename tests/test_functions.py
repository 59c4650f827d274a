"""One table of every function: its trigger, and the key or signature that it needs."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev.host.application import BINDING_NAME, IndexedFunction
from shared.storage.queues import POISON_OF_LANE, QUEUE_OF_LANE
from tests.environment import ACCOUNT_SID, AUTH_TOKEN
from tests.in_memory_app import InMemoryApp, signed
from tests.ledger.histories import JOB

KEY, ADMIN, SIGNED, BASIC, ANYONE = "function", "admin", "signed", "basic", "anonymous"
ACCOUNT = "2010-04-01/Accounts/{account}"

# function: methods, route, level
HTTP = {
    "accept_message": ("POST", "messages", KEY),
    "accept_call": ("POST", "calls", KEY),
    "accept_batch": ("POST", "batches", KEY),
    "cancel_message": ("DELETE", "messages/{id}", KEY),
    "cancel_call": ("DELETE", "calls/{id}", KEY),
    "retry_message": ("POST", "messages/{id}/retry", KEY),
    "retry_call": ("POST", "calls/{id}/retry", KEY),
    "cancel_batch": ("DELETE", "batches/{id}", KEY),
    "retry_batch": ("POST", "batches/{id}/retry", KEY),
    "report_status": ("POST", "webhooks/status/{id}", SIGNED),
    "show_message": ("GET", "messages/{id}", KEY),
    "show_call": ("GET", "calls/{id}", KEY),
    "list_messages": ("GET", "messages", KEY),
    "list_calls": ("GET", "calls", KEY),
    "show_batch": ("GET", "batches/{id}", KEY),
    "list_batches": ("GET", "batches", KEY),
    "show_overview": ("GET", "overview", KEY),
    "list_inbound": ("GET", "inbound", KEY),
    "show_inbound": ("GET", "inbound/{id}", KEY),
    "find_recipient": ("POST", "recipients/find", KEY),
    "erase_recipient": ("POST", "recipients/erase", ADMIN),
    "receive_call": ("POST", "webhooks/calls", SIGNED),
    "receive_message": ("POST", "webhooks/messages", SIGNED),
    "preview_twiml": ("POST", "twiml/preview", KEY),
    "create_token": ("POST", "token", KEY),
    "twimlet": ("GET POST", "twiml/{name}", SIGNED),
    "call_script": ("GET POST", "twiml/calls/{id}", SIGNED),
    "raise_alert": ("POST", "alerts", KEY),
    "list_alerts": ("GET", "alerts", KEY),
    "show_alert": ("GET", "alerts/{id}", KEY),
    "cancel_alert": ("DELETE", "alerts/{id}", KEY),
    "acknowledge_alert": ("POST", "alerts/{id}/acknowledge", KEY),
    "resolve_alert": ("POST", "alerts/{id}/resolve", KEY),
    "escalate_alert": ("POST", "alerts/{id}/escalate", KEY),
    "take_in_alert": ("POST", "alerts/from/{source}", KEY),
    "list_policies": ("GET", "policies", KEY),
    "put_policy": ("PUT", "policies/{policy}", KEY),
    "show_policy": ("GET", "policies/{policy}", KEY),
    "delete_policy": ("DELETE", "policies/{policy}", KEY),
    "check_health": ("GET", "health", ANYONE),
    "describe_api": ("GET", "openapi.json", ANYONE),
    "explain_api": ("GET", "docs", ANYONE),
    "explain_api_asset": ("GET", "docs/{file}", ANYONE),
    "console_page": ("GET", "console", ANYONE),
    "console_part": ("GET", "console/{file}", ANYONE),
    "twilio_account": ("GET", f"{ACCOUNT}.json", BASIC),
    "twilio_create_message": ("POST", f"{ACCOUNT}/Messages.json", BASIC),
    "twilio_list_messages": ("GET", f"{ACCOUNT}/Messages.json", BASIC),
    "twilio_fetch_message": ("GET", f"{ACCOUNT}/Messages/{{sid}}.json", BASIC),
    "twilio_change_message": ("POST", f"{ACCOUNT}/Messages/{{sid}}.json", BASIC),
    "twilio_delete_message": ("DELETE", f"{ACCOUNT}/Messages/{{sid}}.json", BASIC),
    "twilio_create_call": ("POST", f"{ACCOUNT}/Calls.json", BASIC),
    "twilio_list_calls": ("GET", f"{ACCOUNT}/Calls.json", BASIC),
    "twilio_fetch_call": ("GET", f"{ACCOUNT}/Calls/{{sid}}.json", BASIC),
    "twilio_change_call": ("POST", f"{ACCOUNT}/Calls/{{sid}}.json", BASIC),
    "twilio_delete_call": ("DELETE", f"{ACCOUNT}/Calls/{{sid}}.json", BASIC),
    "twilio_unknown": ("DELETE GET PATCH POST PUT", "2010-04-01/{*rest}", BASIC),
    "read_console_data": ("DELETE GET POST PUT", "console/data/{*path}", ANYONE),
}
QUEUES = {
    "deliver": "outbound",
    "deliver_bulk": "outbound-bulk",
    "park": "outbound-poison",
    "park_bulk": "outbound-bulk-poison",
}
TIMERS = {
    "reconcile": "0 */5 * * * *",
    "forget": "0 17 * * * *",
    "watch": "30 * * * * *",
    "release_scheduled": "*/30 * * * * *",
}

signed_routes = pytest.mark.parametrize(
    ("method", "route"),
    [
        (method, route)
        for methods, route, who in HTTP.values()
        if who == SIGNED
        for method in methods.split()
    ],
)


def test_every_http_function_is_in_the_table(functions: Sequence[IndexedFunction]) -> None:
    """Each HTTP function has the methods, the route and the level that the table says."""
    found = {
        f.name: (" ".join(sorted(f.methods or ())), f.route, f.auth_level)
        for f in functions
        if f.kind == "httpTrigger"
    }
    assert found == {
        name: (methods, route, "anonymous" if who in (SIGNED, BASIC) else who)
        for name, (methods, route, who) in HTTP.items()
    }


def test_every_queue_function_is_in_the_table(functions: Sequence[IndexedFunction]) -> None:
    """Each queue function has its queue, on the storage that the app's own settings name."""
    triggers = {f.name: f.trigger for f in functions if f.kind == "queueTrigger"}
    assert {name: trigger["queueName"] for name, trigger in triggers.items()} == QUEUES
    assert {trigger["connection"] for trigger in triggers.values()} == {"MESSAGE_STORAGE"}
    lanes = [*QUEUE_OF_LANE.values(), *POISON_OF_LANE.values()]
    assert sorted(QUEUES.values()) == sorted(lanes)


def test_every_timer_is_in_the_table(functions: Sequence[IndexedFunction]) -> None:
    """Each timer has its schedule, and every function is of one of these kinds."""
    timers = {f.name: f.trigger["schedule"] for f in functions if f.kind == "timerTrigger"}
    assert timers == TIMERS
    assert {f.name for f in functions} == {*HTTP, *QUEUES, *TIMERS}


def test_the_host_takes_every_binding(functions: Sequence[IndexedFunction]) -> None:
    """No binding's name holds an underscore, which Python takes and the host refuses."""
    assert all(BINDING_NAME.fullmatch(f.argument) for f in functions)
    assert all("_" not in f.argument for f in functions)


def test_queue_messages_come_as_they_are() -> None:
    """The host decodes no message itself, so that plain and base64 ones both arrive."""
    host = json.loads((Path(__file__).parent.parent / "host.json").read_text())
    queues = host["extensions"]["queues"]
    assert queues["messageEncoding"] == "none"
    assert queues["maxPollingInterval"] <= "00:00:02"
    assert host["extensions"]["http"]["routePrefix"] == "api"


@signed_routes
@pytest.mark.parametrize("name", ["message", JOB])
async def test_an_unsigned_request_is_refused(
    app: InMemoryApp, method: str, route: str, name: str
) -> None:
    """Every signed route answers 403 to a request that Twilio did not sign, and keeps nothing."""
    target = "/api/" + route.replace("{id}", name).replace("{name}", name)
    form = {"MessageSid": "SM1", "MessageStatus": "sent"} if method == "POST" else None
    right = signed(method, target, form)
    others = {
        "no signature": {},
        "a wrong one": {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        "an empty one": {"X-Twilio-Signature": ""},
        "another token's": signed(method, target, form, token="x").headers,
        "another URL's": signed(method, f"{target}?a=1", form).headers,
        "another body's": signed(method, target, {"MessageStatus": "failed"}).headers,
    }
    for why, headers in others.items():
        kind = {"Content-Type": right.headers["Content-Type"]} if form else {}
        sent = {"X-Twilio-Signature": headers.get("X-Twilio-Signature")} if headers else {}
        reply = await app.ask(method, target, right.get_body(), {**sent, **kind})
        assert reply.status == 403, why
        assert reply.json["title"] == "Not signed by Twilio"
    assert await app.table.next_partition("") is None
    assert app.queues.puts == []


@signed_routes
async def test_a_signed_request_is_let_in(app: InMemoryApp, method: str, route: str) -> None:
    """The same routes answer something else to Twilio itself."""
    target = "/api/" + route.replace("{id}", JOB).replace("{name}", "message")
    form = {"MessageSid": "SM1", "MessageStatus": "sent"} if method == "POST" else None
    assert (await app.twilio(method, target, form)).status in {200, 204, 404}


@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/api/messages"), ("GET", "/api/nothing"), ("POST", "/api/health"),
     ("GET", f"/api/webhooks/status/{JOB}"), ("GET", "/messages"), ("DELETE", "/api/messages")],
)  # fmt: skip
async def test_a_wrong_method_or_path_is_404(app: InMemoryApp, method: str, target: str) -> None:
    """What no function serves is not found, as the real host answers it."""
    assert (await app.ask(method, target)).status == 404


def test_the_catch_all_comes_after_every_other_path_of_twilios() -> None:
    """The host takes the first route that fits, by the functions' names."""
    names = sorted(name for name, (_, route, _) in HTTP.items() if route.startswith("2010-04-01"))
    assert names[-1] == "twilio_unknown"


@pytest.mark.parametrize(
    ("method", "route"),
    [
        (method, route)
        for methods, route, who in HTTP.values()
        if who == BASIC
        for method in methods.split()
    ],
)
@pytest.mark.parametrize(
    "credentials",
    [None, "", ":", f"{ACCOUNT_SID}:", f"{ACCOUNT_SID}:wrong", f"AC{'1' * 32}:{AUTH_TOKEN}",
     f"{AUTH_TOKEN}:{ACCOUNT_SID}", f"{ACCOUNT_SID}:{AUTH_TOKEN} ", ":" + AUTH_TOKEN],
)  # fmt: skip
async def test_wrong_credentials_are_refused_as_twilio_does(
    app: InMemoryApp, method: str, route: str, credentials: str | None
) -> None:
    """Every path of Twilio's answers 401 with 20003 without the right ones, and keeps nothing."""
    path = route.replace("{account}", ACCOUNT_SID).replace("{sid}", "SM1").replace("{*rest}", "x")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if credentials is not None:
        encoded = base64.b64encode(credentials.encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
    form = b"To=%2B14155552671&From=%2B15005550006&Body=Hi&Twiml=%3CResponse%2F%3E"
    reply = await app.ask(method, f"/api/{path}", form if method != "GET" else b"", headers)
    assert (reply.status, reply.json["code"]) == (401, 20003)
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")
    assert await app.table.next_partition("") is None
    assert app.queues.puts == []
