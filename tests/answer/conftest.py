"""The app under other settings, and what it has put on the queue `inbound`."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import function_app
from shared.gateway import Gateway
from tests.app import App
from tests.environment import ENVIRONMENT

Configure = Callable[..., App]


@pytest.fixture
def configure(app: App, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give the app other settings, by name; its table, queues and clock stay."""

    def under(**settings: str) -> App:
        gateway = Gateway(ENVIRONMENT | settings, now=app.clock)
        gateway.rows, gateway.queue = app.rows, app.queue
        monkeypatch.setattr(function_app, "gateway", gateway)
        return replace(app, gateway=gateway)

    return under


def inbound(app: App) -> list[dict[str, Any]]:
    """What is on the queue `inbound`, without taking it."""
    return [json.loads(put.message) for put in app.queue.puts if put.queue == "inbound"]
