"""A key of CONSOLE_KEYS shows what the console shows, and opens nothing else."""

import json
import re
from pathlib import Path

import pytest

from shared import routes
from shared.triggers.openapi.operations import OPERATIONS
from shared.triggers.read_only import READS
from tests.in_memory_app import Configure, InMemoryApp, Reply
from tests.ledger.histories import TO

KEY = "a-key-that-may-only-look"
OTHER = "another-key-of-somebody"
CONSOLE = Path(__file__).parents[2] / "shared" / "console"
DATA = "/api/console/data"
# Anonymous pages and documents: there is nothing in them to protect.
OPEN_TO_ALL = {"health", "openapi.json", "docs", "console", "twiml/{name}"}

# These have keys of their own, which are checked there.
TWILIOS_SHAPE = "2010-04-01/"


@pytest.fixture
def duty(configure: Configure) -> InMemoryApp:
    """An app with two read-only keys."""
    return configure(CONSOLE_KEYS=json.dumps({"duty": KEY, "other": OTHER}))


async def ask(app: InMemoryApp, method: str, path: str, key: str = KEY, body: bytes = b"") -> Reply:
    """Make a request with a read-only key."""
    return await app.ask(method, f"{DATA}/{path}", body, {"x-functions-key": key})


async def test_it_shows_what_the_normal_route_shows(duty: InMemoryApp) -> None:
    """Entries, batches and people, with query and all, are answered alike under both addresses."""
    message = (await duty.post("/api/messages", {"to": TO[0], "body": "Hi"})).json["id"]
    call = (await duty.post("/api/calls", {"to": TO[0], "say": "Hi"})).json["id"]
    fields = {"body": "Hi", "recipients": [{"to": TO[1]}]}
    batch = (await duty.post("/api/batches", fields)).json["id"]
    duty.clock.move(seconds=1)
    for path in (f"messages/{message}", f"calls/{call}", f"batches/{batch}", "batches", "calls",
                 "messages", "messages?limit=1&state=accepted", "messages?stat=x",
                 "messages/x"):  # fmt: skip
        normal = await duty.get(f"/api/{path}")
        reply = await ask(duty, "GET", path)
        assert (reply.status, reply.body) == (normal.status, normal.body), path
    found = await ask(duty, "POST", "recipients/find", body=json.dumps({"number": TO[0]}).encode())
    assert {item["id"] for item in found.json["items"]} == {message, call}


async def test_each_key_opens(duty: InMemoryApp) -> None:
    """Every key of the setting reads, and the case of a route does not matter, as elsewhere."""
    for key in (KEY, OTHER):
        assert (await ask(duty, "GET", "messages", key)).status == 200
    assert (await ask(duty, "GET", "Messages/", KEY)).status == 200


@pytest.mark.parametrize(
    "key", ["", KEY[:-1], f"{KEY}x", KEY.upper(), "duty", "\udcff", "local-key"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_another_key_opens_nothing(duty: InMemoryApp, method: str, key: str) -> None:
    """A wrong key is 401 whatever it asks for, and is not repeated."""
    for path in ("messages", "messages/x", "nothing", "recipients/find"):
        reply = await ask(duty, method, path, key)
        assert (reply.status, reply.json["title"]) == (401, "The key is not accepted")
        assert not key or key.encode(errors="replace") not in reply.body


async def test_a_key_in_the_address_opens_nothing(duty: InMemoryApp) -> None:
    """Addresses are kept by proxies and telemetry: the key is taken from the header only."""
    assert (await duty.get(f"{DATA}/messages?code={KEY}")).status == 401


async def test_without_the_setting_no_key_opens(app: InMemoryApp) -> None:
    """As long as nobody sets CONSOLE_KEYS, nothing can be read this way, with no key either."""
    for key in ("", KEY):
        assert (await ask(app, "GET", "messages", key)).status == 401
    assert (await app.get(f"{DATA}/messages")).status == 401


WRITES = [
    pytest.param(operation.method.upper(), operation.route, id=operation.name)
    for operation in OPERATIONS
    if operation.auth in ("key", "admin")
    and (operation.method.upper(), operation.route) not in READS
]


@pytest.mark.parametrize(("method", "route"), WRITES)
async def test_nothing_can_be_changed(duty: InMemoryApp, method: str, route: str) -> None:
    """Every other operation with a key is 403, says that the key is read-only, and does nothing."""
    name = (await duty.post("/api/messages", {"to": TO[0], "body": "Hi"})).json["id"]
    before = (await duty.get(f"/api/messages/{name}")).body
    waiting = len(duty.queues.puts)
    body = json.dumps({"to": TO[0], "body": "Hi"}).encode()
    reply = await ask(duty, method, route.replace("{id}", name), body=body)
    assert reply.status == 403
    assert "read-only" in reply.json["title"]
    assert len(duty.queues.puts) == waiting
    assert (await duty.get(f"/api/messages/{name}")).body == before


@pytest.mark.parametrize("path", ["", "nothing", "token", "console", "messages/a/b", "../messages"])
async def test_nothing_else_can_be_read(duty: InMemoryApp, path: str) -> None:
    """A path that is not among the reads is 404."""
    assert (await ask(duty, "GET", path)).status == 404


def test_everything_that_reads_with_a_key_is_there() -> None:
    """A GET that takes a function key works with a read-only key too, and no other GET."""
    gets = {o.route for o in OPERATIONS if o.method == "get" and o.auth == "key"}
    assert {route for method, route in READS if method == "GET"} == gets
    others = {
        o.route
        for o in OPERATIONS
        if o.method == "get" and o.auth != "key" and not o.route.startswith(TWILIOS_SHAPE)
    }
    assert others == OPEN_TO_ALL
    assert {route for method, route in READS if method == "POST"} == {routes.FIND_RECIPIENT}


def test_everything_that_the_console_reads_is_there() -> None:
    """Each GET in the console's scripts is one that a read-only key opens."""
    scripts = "".join(path.read_text() for path in CONSOLE.glob("*.js"))
    calls = re.findall(r'call\("GET", ([^\n]+)', scripts)
    reads = {
        '"overview"': routes.OVERVIEW,
        '"batches"': routes.BATCHES,
        '"inbound"': routes.INBOUND,
        '"alerts"': routes.ALERTS,
        'pathOf("alert"': routes.ALERT,
        "pathOf(": routes.MESSAGE,
        "list.path": routes.MESSAGES,
    }
    assert calls
    for call in calls:
        [route, *_] = [route for begin, route in reads.items() if call.startswith(begin)] or [call]
        assert ("GET", route) in READS, call
