"""Six tries for a request to storage, as the host's storage client makes them.

Measured on the real host: connections that are refused end it after 24 to 26 seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError

RETRIES = 5
REPEATED_STATUSES = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Tries:
    """Waits `first_pause` seconds after a try, then twice as long each time.

    A try that gets no answer is given up after `max_seconds` in all, and a last one is made: this
    process may have been frozen meanwhile, which the real host survives.
    """

    first_pause: float = 0.8
    max_seconds: float = 25.0
    max_last_seconds: float = 2.0

    async def run(
        self, request: Callable[[], Awaitable[Answer]], on_failure: Callable[[AzureError], None]
    ) -> Answer:
        """Make a request, again while its failure may pass; report each failed try.

        Raises:
            AzureError: the last try's, or the first that another try would not change.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self.max_seconds):
                for retry in range(RETRIES):
                    try:
                        return await request()
                    except AzureError as error:
                        if not may_pass(error):
                            raise
                        on_failure(error)
                    await asyncio.sleep(self.first_pause * 2**retry)
        try:
            async with asyncio.timeout(self.max_last_seconds):
                return await request()
        except TimeoutError as error:
            raise ServiceResponseError(f"no answer in {self.max_seconds:.0f} s") from error


def may_pass(error: AzureError) -> bool:
    """Whether a further try can succeed: no answer, a time-out, a limit, or a server's error."""
    if not isinstance(error, HttpResponseError):
        return True
    return is_server_error(error) or error.status_code in REPEATED_STATUSES


def is_server_error(error: HttpResponseError) -> bool:
    """Whether storage answered 5xx."""
    return (error.status_code or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
