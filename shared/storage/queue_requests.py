"""Requests to Azure Queue Storage: the put, which every message takes.

https://learn.microsoft.com/rest/api/storageservices/put-message
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest
from yarl import URL

from shared.storage.pipeline import REFUSED, Pipeline, policies_of, sign_text

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.storage.queue.aio import QueueClient

# What the library raises for a status; HttpResponseError for any other.
_ERRORS: Final[dict[int, type[HttpResponseError]]] = {
    401: ClientAuthenticationError,
    403: ClientAuthenticationError,
    404: ResourceNotFoundError,
}
_NEVER_EXPIRES: Final = -1
_HEADERS: Final = {"x-ms-version": "2019-02-02", "Content-Type": "application/xml"}


class QueueRequests:
    """Puts on one queue, with the account and the credential of `client`."""

    def __init__(self, client: QueueClient, transport: AioHttpTransport) -> None:
        # A connection string with a shared access signature leaves it in the URL.
        url, _, self._signature = client.url.partition("?")
        self._url = f"{url}/messages"
        self._pipeline = Pipeline(transport, _policies_of(client.credential))

    async def put(self, text: str, hidden_seconds: int) -> None:
        """Put a message that never expires and appears after some seconds.

        The text must need no escaping in XML.

        Raises:
            ResourceNotFoundError: there is no such queue.
            AzureError: the service cannot be reached, or refuses.
        """
        query = f"visibilitytimeout={hidden_seconds}&messagettl={_NEVER_EXPIRES}"
        query += f"&{self._signature}" if self._signature else ""
        content = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
        response = await self._pipeline.send(
            HttpRequest("POST", f"{self._url}?{query}", headers=_HEADERS, content=content)
        )
        if response.status_code >= REFUSED:
            raise _ERRORS.get(response.status_code, HttpResponseError)(response=response)


class _SharedKey(SansIOHTTPPolicy[HttpRequest, Any]):
    """Sign a request with a body with an account's key."""

    def __init__(self, account: str, key: str) -> None:
        self._account = account
        self._key = key

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        headers, url = request.http_request.headers, URL(request.http_request.url)
        headers["x-ms-date"] = formatdate(usegmt=True)
        standard = f"\n\n{headers['Content-Length']}\n\n{headers['Content-Type']}\n\n\n\n\n\n\n"
        own = "".join(f"{name}:{headers[name]}\n" for name in ("x-ms-date", "x-ms-version"))
        query = "".join(f"\n{name}:{value}" for name, value in sorted(url.query.items()))
        # The transport writes the path as yarl does, and that is what the service checks.
        signed = (
            f"{request.http_request.method}\n{standard}{own}/{self._account}{url.raw_path}{query}"
        )
        headers["Authorization"] = f"SharedKey {self._account}:{sign_text(self._key, signed)}"


def _policies_of(credential: Any) -> list[Any]:  # noqa: ANN401 - the library declares no type
    """Return what signs requests; nothing where the URL holds a shared access signature."""
    if credential is None:
        return []
    if key := getattr(credential, "account_key", None):
        return [_SharedKey(credential.account_name, key)]
    return policies_of(credential)
