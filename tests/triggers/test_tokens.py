"""`POST /api/token`: a token that Twilio's own library would take for the account's."""

import jwt
import pytest

from tests.clock import NOON
from tests.inbound_queue import Configure

KEY = {"TWILIO_API_KEY_SID": "SK" + "1" * 32, "TWILIO_API_KEY_SECRET": "s" * 32}
APP = {"TWILIO_TWIML_APP_SID": "AP" + "2" * 32}


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(
        token, KEY["TWILIO_API_KEY_SECRET"], ["HS256"], options={"verify_exp": False,
                                                                 "verify_nbf": False})  # fmt: skip
    return found


async def test_a_client_gets_a_token(configure: Configure) -> None:
    """It is signed with the API key, for an hour, with a Voice grant for the TwiML app."""
    app = configure(**KEY, **APP)
    reply = await app.post("/api/token", {"identity": "alice"})
    assert (reply.status, reply.json["identity"]) == (200, "alice")
    assert reply.json["expires_at"] == "2026-11-21T13:00:00Z"
    told = claims(reply.json["token"])
    assert told["exp"] == NOON.timestamp() + 3600
    assert told["grants"] == {
        "identity": "alice",
        "voice": {"incoming": {"allow": True},
                  "outgoing": {"application_sid": APP["TWILIO_TWIML_APP_SID"]}},
    }  # fmt: skip


async def test_it_lasts_and_does_what_was_asked(configure: Configure) -> None:
    """`ttl` says for how long, up to a day; `incoming` whether the client can be called."""
    app = configure(**KEY, **APP)
    fields = {"identity": "alice", "ttl": 86_400, "incoming": False}
    reply = await app.post("/api/token", fields)
    assert reply.json["expires_at"] == "2026-11-22T12:00:00Z"
    assert "incoming" not in claims(reply.json["token"])["grants"]["voice"]  # type: ignore[index] # JSON


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "$.identity"),
        ({"identity": ""}, "$.identity"),
        ({"identity": "a b"}, "$.identity"),
        ({"identity": "x" * 257}, "$.identity"),
        ({"identity": 7}, "$.identity"),
        ({"identity": "alice", "ttl": 0}, "$.ttl"),
        ({"identity": "alice", "ttl": 86_401}, "$.ttl"),
        ({"identity": "alice", "ttl": "60"}, "$.ttl"),
        ({"identity": "alice", "incoming": "yes"}, "$.incoming"),
        ({"identity": "alice", "room": 1}, "$.room"),
    ],
)
async def test_what_is_wrong_is_named(
    configure: Configure, fields: dict[str, object], path: str
) -> None:
    """A field that is missing, malformed or unknown is a 400 with its path."""
    reply = await configure(**KEY).post("/api/token", fields)
    assert reply.status == 400
    assert [found for found, _ in reply.errors] == [path]


async def test_a_key_that_is_too_long_is_named_too(configure: Configure) -> None:
    """A token is made anew each time, but what is no key is refused as on every POST."""
    reply = await configure(**KEY).post("/api/token", {"identity": ""}, Idempotency_Key="k" * 256)
    assert [path for path, _ in reply.errors] == ["$.identity", "Idempotency-Key"]


@pytest.mark.parametrize(
    ("given", "incoming", "missing"),
    [
        ({}, True, ["TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"]),
        ({}, False, ["TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "TWILIO_TWIML_APP_SID"]),
        (KEY, False, ["TWILIO_TWIML_APP_SID"]),
    ],
)
async def test_settings_that_tokens_need_are_named(
    configure: Configure,
    given: dict[str, str],
    incoming: bool,  # noqa: FBT001 - a table
    missing: list[str],
) -> None:
    """Without what makes a token of any use the answer is 503, with the settings' names."""
    app = configure(**given)
    reply = await app.post("/api/token", {"identity": "alice", "incoming": incoming})
    assert reply.status == 503
    assert [path for path, _ in reply.errors] == missing


async def test_being_called_needs_no_app(configure: Configure) -> None:
    """A client that is only ever called does without a TwiML app."""
    app = configure(**KEY)
    reply = await app.post("/api/token", {"identity": "alice"})
    assert claims(reply.json["token"])["grants"] == {
        "identity": "alice", "voice": {"incoming": {"allow": True}}}  # fmt: skip
