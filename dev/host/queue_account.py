"""Finds the storage account that a queue trigger names, in the app's settings.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#connections
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.storage.queue.aio import QueueClient

from dev.azurite import connection_string
from dev.host.errors import ConnectionSettingError

EMULATOR = connection_string(10001, 10002)
# The SDK logs each request at INFO, and the host's own polling would drown the app's lines.
_requests = logging.getLogger("dev.host.storage")
_requests.setLevel(logging.WARNING)
CLIENT_OPTIONS: dict[str, Any] = {
    "logger": _requests,
    "use_env_settings": False,  # as the app's own clients: a proxy does not reach this machine
    "connection_timeout": 5,
    "read_timeout": 30,
    "retry_total": 0,  # the tries are our own, in storage_tries.py
}


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """Replace each %NAME% by the setting of that name, and leave unknown ones as they are."""
    return re.sub(r"%([^%\s]+)%", lambda name: settings.get(name[1], name[0]), text)


def open_queue(settings: Mapping[str, str], connection: str, queue: str) -> QueueClient:
    """Make a client for `queue` in the account that the setting `connection` names.

    Raises:
        ConnectionSettingError: the setting is missing or cannot be read; its value is not shown.
    """
    text = settings.get(connection, "")
    service = settings.get(f"{connection}__queueServiceUri", "")
    try:
        if text:
            known = EMULATOR if text.strip(" ;").lower() == "usedevelopmentstorage=true" else text
            return QueueClient.from_connection_string(known, queue, **CLIENT_OPTIONS)
        if service:
            credential = _credential(settings, connection)
            return QueueClient(service, queue, credential=credential, **CLIENT_OPTIONS)
    except ValueError as error:
        raise ConnectionSettingError(f"setting {connection} cannot be read: {error}") from error
    raise ConnectionSettingError(
        f"setting {connection} is missing (and {connection}__queueServiceUri too)"
    )


def _credential(settings: Mapping[str, str], connection: str) -> AsyncTokenCredential:
    # imported late: only a connection without a key needs it, and it is slow to import
    from azure.identity.aio import (
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )

    client_id = settings.get(f"{connection}__clientId") or None
    if settings.get(f"{connection}__credential", "").lower() == "managedidentity":
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
