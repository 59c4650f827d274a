"""The baselines: messages through the `twilio` library alone, as its tutorials show it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from dev.bench.stage import BODY, Stage
from dev.bench.turns import at_once
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER


class InALoop:
    """One after the other, each waiting for the one before it."""

    def __init__(self, stage: Stage) -> None:
        self._client = Client(ACCOUNT_SID, AUTH_TOKEN)
        self._client.api.base_url = stage.twilio

    def send(self, numbers: Iterable[str]) -> None:
        """Write to everybody."""
        for to in numbers:
            self._client.messages.create(to=to, from_=FROM_NUMBER, body=BODY)


class AtOnce:
    """So many at a time, by the library's own async client: no queue, no ledger, the limit."""

    def __init__(self, stage: Stage, client: AsyncTwilioHttpClient, places: int) -> None:
        self._client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=client)
        self._client.api.base_url = stage.twilio
        self._places = places

    async def send(self, numbers: Iterable[str]) -> None:
        """Write to everybody."""
        await at_once(self._places, numbers, self._create)

    async def _create(self, to: str) -> None:
        await self._client.messages.create_async(to=to, from_=FROM_NUMBER, body=BODY)


@asynccontextmanager
async def library_at_once(stage: Stage, places: int) -> AsyncIterator[AtOnce]:
    """The library's async client, closed in the end."""
    async with AsyncTwilioHttpClient() as client:
        yield AtOnce(stage, client, places)
