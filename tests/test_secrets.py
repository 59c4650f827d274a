"""No answer and no log line holds a secret: every error is provoked with canaries."""

import json
import logging
from contextlib import suppress

import pytest

import function_app
from shared.app import App
from shared.errors import SettingsError
from shared.provider.probe import Probed
from shared.settings import env_name, named_settings
from tests.clock import NOON
from tests.environment import ENVIRONMENT
from tests.in_memory_app import InMemoryApp

CANARY = "canary-4f1c-never-to-be-seen"
CANARY_LETTERS = CANARY.replace("-", "")
SECRETS = {env_name(s): CANARY for s in named_settings() if s.metadata["secret"]}


async def answering() -> Probed:
    """A Twilio that answers."""
    return Probed(NOON, answers=True)


@pytest.mark.parametrize("wrong", [None, "TWILIO_ACCOUNT_SID", *SECRETS])
async def test_nothing_says_a_secret(
    wrong: str | None,
    app: InMemoryApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """No answer and no log line holds a secret setting, whichever setting is wrong."""
    caplog.set_level(logging.DEBUG)
    storage = f"AccountName=x;AccountKey={CANARY};QueueEndpoint=http://127.0.0.1:9;"
    settings = {
        **ENVIRONMENT,
        **SECRETS,
        "MESSAGE_STORAGE": storage,
        "TWILIO_WEBHOOK_KEYS": f'{{"key": "{CANARY}"}}',
        "CONSOLE_KEYS": f'{{"duty": "{CANARY}"}}',
        "TWILIO_API_KEY_SID": "SK" + "0" * 32,
        "CLIENT_KEYS": json.dumps({"SK1": {"secret": CANARY_LETTERS, "name": "shop"}}),
    }
    if wrong:
        settings[wrong] = f"@Microsoft.KeyVault({CANARY})"
    services = App(settings, now=app.clock)
    services.table, services.queues = app.table, app.queues
    services.queues_alone = app.queues
    services.probe = answering  # type: ignore[assignment] # all of it that is asked for
    monkeypatch.setattr(function_app, "switchboard", services)
    services.log_settings_errors()
    said = [
        (await app.get("/api/health")).body,
        (await app.post("/api/messages", {"to": CANARY})).body,
        (await app.post("/api/messages", {"to": "+14155552671", "body": "x"})).body,
        (await app.post("/api/token", {"identity": ""})).body,
        (await app.ask("POST", "/api/webhooks/messages", b"Body=x")).body,
        (await app.get("/api/messages/none")).body,
        (await app.get("/api/2010-04-01/Accounts/x.json")).body,
    ]
    with suppress(SettingsError):  # the host shows it and comes back
        await app.drop(b"no JSON")
    printed = capfd.readouterr()
    everything = b"".join(said).decode() + caplog.text + printed.out + printed.err
    assert CANARY not in everything
    assert CANARY_LETTERS not in everything
    assert CANARY not in repr(vars(services).get("settings"))
