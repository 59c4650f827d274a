"""Identity or connection string: the SDK clients take what the settings say, without a cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from azure.data.tables.aio import TableClient
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.queue.aio import QueueClient

from shared.app import App
from shared.settings import Settings, read_settings
from shared.storage import azure_queues, azure_table
from shared.storage.queues import INBOUND_QUEUE, QUEUE_OF_LANE

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential

ACCOUNT: Final = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "PUBLIC_BASE_URL": "https://app.example.com",
}
BY_IDENTITY: Final = ACCOUNT | {
    "MESSAGE_STORAGE__queueServiceUri": "https://account.queue.core.windows.net/",
    "MESSAGE_STORAGE__tableServiceUri": "https://account.table.core.windows.net/",
    "MESSAGE_STORAGE__credential": "managedidentity",
    "MESSAGE_STORAGE__clientId": "11111111-1111-1111-1111-111111111111",
}
BY_STRING: Final = ACCOUNT | {
    "MESSAGE_STORAGE": (
        "DefaultEndpointsProtocol=https;AccountName=other;AccountKey=a2V5;"
        "EndpointSuffix=core.windows.net"
    )
}
BOTH: Final = BY_IDENTITY | BY_STRING


class Anybody:
    """A credential that counts how often it was asked for, and gives no token."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> AsyncTokenCredential:
        self.made += 1
        return self

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        raise AssertionError(f"nothing is sent yet, but a token was asked for: {scopes}")

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> AsyncTokenCredential:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""


class Opened:
    """What the storage libraries were asked to open: by which way, where, with what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.urls: list[str] = []
        self._watch(monkeypatch, azure_queues, "QueueClient", QueueClient)
        self._watch(monkeypatch, azure_table, "TableClient", TableClient)

    def _watch(
        self, monkeypatch: pytest.MonkeyPatch, module: object, name: str, client: type
    ) -> None:
        urls = self.urls

        class Watched(client):  # type: ignore[misc]
            def __init__(self, *args: object, **options: object) -> None:
                super().__init__(*args, **options)
                urls.append(self.url)

        monkeypatch.setattr(module, name, Watched)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    return Opened(monkeypatch)


async def open_everything(settings: Settings, identity: Callable[[], AsyncTokenCredential]) -> None:
    queues = azure_queues.open_queues(settings, identity)
    rows = azure_table.open_table(settings, "ledger", identity)
    await queues.close()
    await rows.close()


async def test_with_service_addresses_the_identity_is_used(opened: Opened) -> None:
    """Without a connection string, every client is opened at its service, as the identity."""
    anybody = Anybody()
    await open_everything(read_settings(BY_IDENTITY), anybody)
    queues = [f"https://account.queue.core.windows.net/{name}" for name in QUEUE_OF_LANE.values()]
    assert set(queues) | {f"https://account.queue.core.windows.net/{INBOUND_QUEUE}"} <= set(
        opened.urls
    )
    assert any(url.startswith("https://account.table.core.windows.net") for url in opened.urls)
    assert anybody.made >= 1


@pytest.mark.parametrize("environment", [BY_STRING, BOTH], ids=["alone", "beside addresses"])
async def test_a_connection_string_wins(opened: Opened, environment: dict[str, str]) -> None:
    """With a connection string no identity is asked for, and only its account is opened."""
    anybody = Anybody()
    await open_everything(read_settings(environment), anybody)
    assert anybody.made == 0
    assert all(url.startswith("https://other.") for url in opened.urls)
    assert opened.urls


async def test_the_identity_is_the_one_that_the_settings_name(
    monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Queues and table share one credential, the user-assigned identity of the settings."""
    named: list[object] = []

    class Named(ManagedIdentityCredential):
        def __init__(self, *, client_id: str | None = None) -> None:
            named.append(client_id)
            super().__init__(client_id=client_id)

    monkeypatch.setattr("azure.identity.aio.ManagedIdentityCredential", Named)
    services = App(BY_IDENTITY)
    await services.queues.close()  # type: ignore[attr-defined]
    await services.table.close()  # type: ignore[attr-defined]
    assert named == [BY_IDENTITY["MESSAGE_STORAGE__clientId"]]
    assert opened.urls
