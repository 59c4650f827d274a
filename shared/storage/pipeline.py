"""Requests to storage through a pipeline with two policies: repeat, and sign.

The storage libraries take a dozen policies and model each answer, at twice the processor time; they
have no public way to leave them out. So they open the connection string and do what is rare, and
what is done for each message goes through here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from azure.core.credentials import AzureSasCredential
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    AzureSasCredentialPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.rest import AsyncHttpResponse, HttpRequest

REFUSED: Final = 400
_SCOPE: Final = "https://storage.azure.com/.default"
_RETRY: Final[dict[str, Any]] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}
# The library does not repeat a POST whose connection broke, as a connection that was kept open
# sometimes does. A repeated insert finds its own row. A repeated put may put two messages; the
# callers allow for that.
_METHODS: Final = frozenset({"GET", "POST", "PUT"})


def open_transport() -> AioHttpTransport:
    """Return connections to one storage service, opened by the first request."""
    return AioHttpTransport(
        connection_timeout=5,
        read_timeout=8,
        # Or every request waits for two threads, which look for a proxy and for a .netrc.
        use_env_settings=False,
    )


class Pipeline:
    """Sends requests over one transport, signed by the policies `signing`."""

    def __init__(self, transport: AioHttpTransport, signing: Sequence[Any]) -> None:
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            transport, [AsyncRetryPolicy(**_RETRY), *signing]
        )

    async def send(self, request: HttpRequest) -> AsyncHttpResponse:
        """Send a request, and again where the service does not take it; return its last answer."""
        return (await self._pipeline.run(request, retry_on_methods=_METHODS)).http_response


def policies_of(credential: AzureSasCredential | AsyncTokenCredential) -> list[Any]:
    """Return what signs requests to any service: a shared access signature, or a token."""
    if isinstance(credential, AzureSasCredential):
        return [AzureSasCredentialPolicy(credential)]
    return [AsyncBearerTokenCredentialPolicy(credential, _SCOPE)]


def sign_text(key: str, text: str) -> str:
    """Return the signature of a text by an account's key."""
    digest = hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()
