"""The parts of a webhook's URL that concern the connection: time-outs, retries, query, login.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

MAX_RETRIES: Final = 5
MIN_TIMEOUT_MS, MAX_CONNECT_MS, MAX_TIMEOUT_MS = 100, 10_000, 15_000


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Time-outs in seconds and retries, from the URL's fragment (``#rc=2&rp=all``)."""

    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    total: float = 15.0

    @classmethod
    def from_fragment(cls, fragment: str) -> "ConnectionOptions":
        """Read a fragment; what is missing or not a number is Twilio's default."""
        values = dict(parse_qsl(fragment))

        def number(name: str, default: int, least: int, most: int) -> int:
            try:
                return min(max(int(values[name]), least), most)
            except (KeyError, ValueError):
                return default

        total = min(
            number(name, MAX_TIMEOUT_MS, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS) for name in ("rt", "tt")
        )
        return cls(
            retries=number("rc", 1, 0, MAX_RETRIES),
            retry_on=frozenset(values.get("rp", "ct").split(",")),
            connect=number("ct", 5000, MIN_TIMEOUT_MS, MAX_CONNECT_MS) / 1000,
            total=total / 1000,
        )

    def should_retry(self, kind: str) -> bool:
        """Whether to try again after a failure of this kind: ``ct``, ``rt``, ``4xx`` or ``5xx``."""
        return "all" in self.retry_on or kind in self.retry_on


def with_query(url: str, parameters: dict[str, str]) -> str:
    """Append parameters to the URL's query."""
    if not parameters:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def without_login(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL without ``user:password@``, and those as a header; they are not signed."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    basic = b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {basic}"}
