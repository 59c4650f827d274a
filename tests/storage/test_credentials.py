"""What authenticates the app where there is no connection string."""

import pytest
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from shared.storage.credentials import open_credential
from tests.environment import settings
from tests.storage_away import BY_IDENTITY


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ({"MESSAGE_STORAGE__credential": "managedidentity"}, ManagedIdentityCredential),
        ({}, DefaultAzureCredential),
    ],
)
async def test_the_setting_chooses_the_credential(
    named: dict[str, str], kind: type[AsyncTokenCredential]
) -> None:
    """A managed identity is asked for alone where the setting says so."""
    credential = open_credential(settings(**BY_IDENTITY, **named))
    assert type(credential) is kind
    await credential.close()
