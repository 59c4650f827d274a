"""Six tries for a request to storage, as the host's storage client makes them.

Measured on the real host: connections that are refused end it after 24 to 26 seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError

RETRIES = 5
MAX_SECONDS = 26.0
REPEATED_STATUSES = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Tries:
    """How long to wait between tries: `first_pause` seconds, then twice as long each time."""

    first_pause: float = 0.8

    async def run(
        self, request: Callable[[], Awaitable[Answer]], on_failure: Callable[[AzureError], None]
    ) -> Answer:
        """Make a request, again while its failure may pass; report each failed try.

        Raises:
            AzureError: the last try's, or the first that another try would not change.
        """
        try:
            async with asyncio.timeout(MAX_SECONDS):
                for retry in range(RETRIES):
                    try:
                        return await request()
                    except AzureError as error:
                        if not may_pass(error):
                            raise
                        on_failure(error)
                    await asyncio.sleep(self.first_pause * 2**retry)
                return await request()
        except TimeoutError as error:
            raise ServiceResponseError(f"no answer in {MAX_SECONDS:.0f} s") from error


def may_pass(error: AzureError) -> bool:
    """Whether a further try can succeed: no answer, a time-out, a limit, or a server's error."""
    if not isinstance(error, HttpResponseError):
        return True
    return is_server_error(error) or error.status_code in REPEATED_STATUSES


def is_server_error(error: HttpResponseError) -> bool:
    """Whether storage answered 5xx."""
    return (error.status_code or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
