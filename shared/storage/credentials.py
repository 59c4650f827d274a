"""What authenticates the app to storage where there is no connection string."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.settings import Settings


def open_credential(settings: Settings) -> AsyncTokenCredential:
    """Return the credential that the settings choose; nothing is asked yet.

    One credential serves a whole process: each has a cache of tokens of its own. Without
    `MESSAGE_STORAGE__credential` a developer's sign-in is tried too.
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    client_id = settings.message_storage_client_id
    if settings.message_storage_credential:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
