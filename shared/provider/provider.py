"""The seam to Twilio: what we ask of it, and what it can answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.kinds import Kind

_MESSAGING_SERVICE: Final = re.compile("MG[0-9a-fA-F]{32}")


@dataclass(frozen=True, kw_only=True)
class SendRequest:
    """One message or call for one recipient; `parameters` are the twilio library's, by name.

    `sender` is a number, an address or a Messaging Service (`MG…`), and what Twilio's list can
    be searched by where it is not a service. A request that could not begin before
    `begin_before` is not made. An `urgent` one goes before those that are not.
    """

    kind: Kind
    to: str
    sender: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    begin_before: datetime | None = None
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """What a request to create something came to; `retry_after` is in seconds.

    `unknown`: it may or may not have been created, and must not be repeated blindly.
    """

    result: Literal["sent", "rejected", "retryable", "unknown"]
    sid: str | None = None
    status: str | None = None
    code: str | None = None
    message: str | None = None
    retry_after: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class TwilioRecord:
    """A message or call that Twilio has, in Twilio's own words where it shows them."""

    sid: str
    status: str
    created_at: datetime
    direction: str | None = None
    messaging_service_sid: str | None = None
    num_media: int | None = None
    body: str | None = None
    error_code: str | None = None


def is_messaging_service(sender: str) -> bool:
    """Whether a sender is a Messaging Service and not a number, an address or a name."""
    return _MESSAGING_SERVICE.fullmatch(sender) is not None


class Provider(Protocol):
    """What Switchboard asks of Twilio."""

    async def create(self, request: SendRequest) -> SendResult:
        """Ask for one message or call, once; never raises for what Twilio or the network does."""
        ...

    async def search(self, request: SendRequest, since: datetime) -> list[TwilioRecord]:
        """What Twilio has for a request's recipient and sender, created at or after `since`.

        Raises:
            ProviderUnavailableError: where Twilio gave no answer.
        """
        ...

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        """One message or call, or None where Twilio has none of that SID.

        Raises:
            ProviderUnavailableError: where Twilio gave no answer.
        """
        ...

    async def stop(
        self, kind: Kind, sid: str, *, only_ringing: bool = False
    ) -> TwilioRecord | None:
        """Hang up a call or cancel a message; None where it is too late.

        With `only_ringing` a call that somebody has picked up goes on, and that is too late.

        Raises:
            ProviderUnavailableError: where Twilio gave no answer.
        """
        ...

    async def remove(self, kind: Kind, sid: str, *, body_only: bool = False) -> bool:
        """Delete a message or call, or its text alone; True if that is gone, False if not over yet.

        Raises:
            ProviderUnavailableError: where Twilio gave no answer.
        """
        ...
