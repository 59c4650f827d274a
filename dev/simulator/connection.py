"""What a webhook's URL says about the connection: login, query, and when to try again.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

MOST_RETRIES: Final = 5
SHORTEST_MS, LONGEST_CONNECT_MS, LONGEST_MS = 100, 10_000, 15_000


@dataclass(frozen=True, slots=True)
class ConnectionRule:
    """How long to wait and when to try again, from the URL's fragment (``#rc=2&rp=all``)."""

    retries: int = 1
    on: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    total: float = 15.0

    @classmethod
    def of(cls, fragment: str) -> "ConnectionRule":
        """Read a fragment; what it does not say in numbers stays as Twilio's default."""
        said = dict(parse_qsl(fragment))

        def number(name: str, default: int, least: int, most: int) -> int:
            try:
                return min(max(int(said[name]), least), most)
            except (KeyError, ValueError):
                return default

        total = min(number(name, LONGEST_MS, SHORTEST_MS, LONGEST_MS) for name in ("rt", "tt"))
        return cls(
            retries=number("rc", 1, 0, MOST_RETRIES),
            on=frozenset(said.get("rp", "ct").split(",")),
            connect=number("ct", 5000, SHORTEST_MS, LONGEST_CONNECT_MS) / 1000,
            total=total / 1000,
        )

    def retry(self, kind: str) -> bool:
        """Whether a failure of this kind is worth another try."""
        return "all" in self.on or kind in self.on


def with_query(url: str, parameters: dict[str, str]) -> str:
    """The URL with these parameters behind its own query."""
    if not parameters:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def without_login(url: str) -> tuple[str, dict[str, str]]:
    """The URL without ``user:password@``, which travels as a header and is never signed."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    basic = b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {basic}"}
