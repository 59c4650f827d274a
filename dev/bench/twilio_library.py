"""The baselines: the `twilio` library alone, as its tutorials use it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from dev.bench.environment import BODY, Environment
from dev.bench.runs import run_concurrently
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER


class LoopLibrary:
    """One message after the other."""

    def __init__(self, environment: Environment) -> None:
        self._client = Client(ACCOUNT_SID, AUTH_TOKEN)
        self._client.api.base_url = environment.twilio

    def send(self, numbers: Iterable[str]) -> None:
        """Send a message to each number."""
        for to in numbers:
            self._client.messages.create(to=to, from_=FROM_NUMBER, body=BODY)


class AsyncLibrary:
    """Several at a time through the library's async client: without queue and ledger, the limit."""

    def __init__(
        self, environment: Environment, client: AsyncTwilioHttpClient, concurrency: int
    ) -> None:
        self._client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=client)
        self._client.api.base_url = environment.twilio
        self._concurrency = concurrency

    async def send(self, numbers: Iterable[str]) -> None:
        """Send a message to each number."""
        await run_concurrently(self._concurrency, numbers, self._create)

    async def _create(self, to: str) -> None:
        await self._client.messages.create_async(to=to, from_=FROM_NUMBER, body=BODY)


@asynccontextmanager
async def open_async_library(
    environment: Environment, concurrency: int
) -> AsyncIterator[AsyncLibrary]:
    """Open the library's async client."""
    async with AsyncTwilioHttpClient() as client:
        yield AsyncLibrary(environment, client, concurrency)
