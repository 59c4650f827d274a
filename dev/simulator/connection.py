"""What a webhook's URL says about the connection: login, query, and when to try again.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

MOST_RETRIES: Final = 5


@dataclass(frozen=True, slots=True)
class ConnectionRule:
    """How long to wait and when to try again, from the URL's fragment (``#rc=2&rp=all``)."""

    retries: int = 1
    on: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    total: float = 15.0

    @classmethod
    def of(cls, fragment: str) -> "ConnectionRule":
        """Read a fragment; what it does not say stays as Twilio's default."""
        said = dict(parse_qsl(fragment))
        return cls(
            retries=min(int(said.get("rc", "1")), MOST_RETRIES),
            on=frozenset(said.get("rp", "ct").split(",")),
            connect=int(said.get("ct", "5000")) / 1000,
            total=min(int(said.get("rt", "15000")), int(said.get("tt", "15000"))) / 1000,
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
