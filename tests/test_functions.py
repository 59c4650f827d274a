"""One table of every function: what opens it, and who may."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev.host.application import BINDING_NAME, IndexedFunction
from shared.storage.queues import POISON_OF_LANE, QUEUE_OF_LANE
from tests.in_memory_app import InMemoryApp, signed
from tests.ledger.histories import JOB

KEY, ADMIN, SIGNED, ANYONE = "function", "admin", "signed", "anonymous"

# function: methods, route, who may
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
    """Each HTTP function has the methods, the route and the door that the table says."""
    found = {
        f.name: (" ".join(sorted(f.methods or ())), f.route, f.auth_level)
        for f in functions
        if f.kind == "httpTrigger"
    }
    assert found == {
        name: (methods, route, "anonymous" if who == SIGNED else who)
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
    """Each timer has its schedule, and there is no other kind of function."""
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
    """Every route of Twilio's answers 403 to whoever is not Twilio, and keeps nothing."""
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
