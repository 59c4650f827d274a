"""The HTTP client that the twilio library is given: explicit time-outs, one pool, no repeats.

The library's own async client has no time-out that works and repeats a POST after a 5xx.
https://www.twilio.com/docs/libraries/reference/twilio-python has the extension point.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_ERROR: Final = 400
_CONNECT_SECONDS: Final = 10.0
# Whether the request of the current task may have left the process.
IS_SENT: Final[ContextVar[bool]] = ContextVar("is_sent", default=False)


class NotConnectedError(Exception):
    """No connection was made, so nothing was sent."""


class NoAnswerError(Exception):
    """The request may have arrived, but no answer came that can be read."""


class ErrorAnswer(Exception):  # noqa: N818 - an answer that the library would hide the headers of
    """Twilio answered with an error: its status, headers and text."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text
        super().__init__(f"HTTP {status}")


class TwilioHttp(AsyncHttpClient):  # type: ignore[misc]  # twilio has no types
    """One pooled session; every outcome but a success is raised as what it proves."""

    def __init__(self, *, timeout_seconds: float, max_connections: int) -> None:
        super().__init__(logging.getLogger("switchboard.twilio"), is_async=True)
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(_CONNECT_SECONDS, timeout_seconds / 2)
        )
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._max_connections)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self._session

    async def request(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the library's signature
    ) -> Response:
        """Make one request, once.

        Raises:
            NotConnectedError: nothing was sent.
            NoAnswerError: time-out or reset after sending may have begun.
            ErrorAnswer: Twilio answered 4xx or 5xx.
        """
        del timeout
        opened = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        # Written here: aiohttp would make a multipart writer first, and throw it away.
        body = urlencode(data, doseq=True).encode() if data else None
        session = self._opened()
        IS_SENT.set(True)
        try:
            async with session.request(
                method,
                uri,
                params=params,
                data=body,
                headers={**(headers or {}), **opened},
                allow_redirects=allow_redirects,
            ) as answer:
                text = await answer.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnectedError(type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(type(error).__name__) from error
        if answer.status >= _FIRST_ERROR:
            raise ErrorAnswer(answer.status, answer.headers, text)
        return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
