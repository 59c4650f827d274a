"""Bad input, through the app's own functions: each gets its own code, and nothing is kept."""

from typing import Any

import pytest

import function_app
from shared.app import App
from shared.errors import StorageUnavailableError
from shared.triggers.requests import MAX_BODY_BYTES
from tests.accept.bad_requests import CALLS, MESSAGES, TO
from tests.environment import ENVIRONMENT
from tests.in_memory_app import InMemoryApp, Reply


def changed(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (fields | changes).items() if value is not None}


async def nothing_kept(app: InMemoryApp) -> bool:
    return app.queues.puts == [] and await app.table.next_partition("") is None


async def check(app: InMemoryApp, reply: Reply, expected: list[tuple[str, str]]) -> None:
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.errors == expected
    assert all(error["message"] for error in reply.json["errors"])
    assert await nothing_kept(app)


@pytest.mark.parametrize(("changes", "expected"), MESSAGES.values(), ids=list(MESSAGES))
async def test_a_bad_message_is_refused(
    app: InMemoryApp, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Each bad message is 400 with every problem's path and code, and leaves no trace."""
    reply = await app.post("/api/messages", changed({"to": TO, "body": "Hi"}, changes))
    await check(app, reply, expected)


@pytest.mark.parametrize(("changes", "expected"), CALLS.values(), ids=list(CALLS))
async def test_a_bad_call_is_refused(
    app: InMemoryApp, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Each bad call is 400 with every problem's path and code, and leaves no trace."""
    reply = await app.post("/api/calls", changed({"to": TO, "say": "Hi"}, changes))
    await check(app, reply, expected)


@pytest.mark.parametrize("path", ["/api/messages", "/api/calls"])
@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "not_json"), (b"{", "not_json"), (b"to=1", "not_json"), (b"[]", "not_object"),
     (b'{"to": "\xff"}', "not_json"), (b"[" * 50_000, "not_json")],
)  # fmt: skip
async def test_a_body_that_is_not_an_object_is_refused(
    app: InMemoryApp, path: str, body: bytes, code: str
) -> None:
    """A body that is not a JSON object is one problem of the whole."""
    await check(app, await app.ask("POST", path, body), [("$", code)])


async def test_a_body_that_is_too_large_is_413(app: InMemoryApp) -> None:
    """More than a mebibyte is not read at all."""
    reply = await app.ask("POST", "/api/messages", b" " * (MAX_BODY_BYTES + 1))
    assert reply.status == 413
    assert await nothing_kept(app)


async def test_a_country_that_is_not_allowed_has_its_own_code(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ALLOWED_COUNTRIES set, any other country is refused as such."""
    services = App(ENVIRONMENT | {"ALLOWED_COUNTRIES": "CA"}, now=app.clock)
    services.table, services.queues = app.table, app.queues
    monkeypatch.setattr(function_app, "switchboard", services)
    reply = await app.post("/api/messages", {"to": ["+14165550123", TO], "body": "Hi"})
    await check(app, reply, [("$.to[1]", "country_not_allowed")])


async def test_a_sender_must_come_from_somewhere(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the settings name no sender, a request that names none is refused."""
    services = App(ENVIRONMENT | {"TWILIO_FROM_NUMBER": ""}, now=app.clock)
    services.table, services.queues = app.table, app.queues
    monkeypatch.setattr(function_app, "switchboard", services)
    for path, content in (("/api/messages", {"body": "Hi"}), ("/api/calls", {"say": "Hi"})):
        await check(app, await app.post(path, {"to": TO, **content}), [("$.from", "missing")])
    assert (await app.post("/api/calls", {"to": TO, "say": "Hi", "from": TO})).status == 202


@pytest.mark.parametrize(("key", "code"), [("", "blank"), ("  ", "blank"), ("k" * 256, "too_long")])
async def test_an_invalid_key_is_refused(app: InMemoryApp, key: str, code: str) -> None:
    """An idempotency key has 1 to 255 characters."""
    reply = await app.post("/api/messages", {"to": TO, "body": "Hi"}, Idempotency_Key=key)
    await check(app, reply, [("Idempotency-Key", code)])


async def test_an_invalid_key_is_named_with_everything_else(app: InMemoryApp) -> None:
    """The key's problem stands among those of the fields and of the time."""
    fields = {"to": "x", "body": "Hi", "send_at": "2026-11-21T11:00:00Z"}
    reply = await app.post("/api/messages", fields, Idempotency_Key="k" * 256)
    expected = [("$.to", "invalid_number"), ("Idempotency-Key", "too_long"),
                ("$.send_at", "in_the_past")]  # fmt: skip
    await check(app, reply, expected)


async def test_a_list_of_thousands_is_not_looked_at_to_its_end(app: InMemoryApp) -> None:
    """A batch that is sent as one message is refused without holding up other requests."""
    reply = await app.post("/api/messages", {"to": ["x"] * 5000, "body": "Hi"})
    assert reply.errors[0] == ("$.to", "too_long")
    assert reply.errors[-2:] == [("$.to[499]", "invalid_number"), ("$", "more_problems")]
    reply = await app.post("/api/messages", {"to": [5] * 5000, "body": "Hi"})
    assert (reply.errors[0], *reply.errors[-2:]) == (
        ("$.to", "too_long"), ("$.to[998]", "wrong_type"), ("$", "more_problems"))  # fmt: skip


@pytest.mark.parametrize("part", ["queue", "table"])
async def test_storage_that_is_away_is_503(app: InMemoryApp, part: str) -> None:
    """If the queue or table does not answer, the error says to repeat with the same key."""

    async def away(*_: object) -> bool:
        raise StorageUnavailableError(f"{part}: ServiceRequestError")

    if part == "queue":
        app.queues.put = away  # type: ignore[method-assign, assignment] # storage that is away
    else:
        app.table.insert = away  # type: ignore[method-assign, assignment] # the same
    reply = await app.post("/api/messages", {"to": TO, "body": "Hi"})
    assert reply.status == 503
    assert reply.headers["Retry-After"] == "5"
    assert "Idempotency-Key" in reply.json["detail"]
