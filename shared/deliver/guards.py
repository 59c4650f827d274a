"""What can stop a send before Twilio is asked, in order; from the fourth on, where it is set.

A guard returns the outcome of a send that must not be made, or None. What takes a place that is
counted comes last, so that nothing is counted which another guard stops.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.daily_caps import DailyCaps
from shared.deliver.quiet_hours import QuietHours
from shared.deliver.sender_rate import SenderRate
from shared.errors import StorageUnavailableError
from shared.jobs.events import Outcome
from shared.log import log
from shared.phone_numbers import NumberError, require_destination, strip_channel
from shared.provider.codes import CODES, OPTED_OUT

if TYPE_CHECKING:
    from shared.ledger.alerts import Alerts
    from shared.ledger.ledger import Ledger
    from shared.ledger.opt_outs import OptOuts
    from shared.provider.provider import SendRequest
    from shared.settings import Settings

_ASK_AGAIN: Final = timedelta(seconds=5)
_FORBIDDEN: Final = frozenset({"premium_rate", "country_not_allowed"})


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A send that is about to be made: recipient `index` of a job, and the time.

    `alert_id` is the alert that it is a notification of.
    """

    request: SendRequest
    job_id: str
    index: int
    at: datetime
    alert_id: str | None = None
    ignores_quiet_hours: bool = False


Guard = Callable[[Sending], Awaitable[Outcome | None]]


class Guards:
    """The guards that the settings ask for; one object for all sends of a worker."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._guards: list[Guard] = [
            _AlertIsOver(ledger.alerts),
            _Destination(settings.allowed_countries),
            _OptedOut(ledger.opt_outs),
        ]
        self._caps: DailyCaps | None = None
        if settings.quiet_hours is not None:
            self._guards.append(QuietHours(settings, settings.quiet_hours))
        if settings.segments_per_second is not None:
            self._guards.append(SenderRate(settings.segments_per_second))
        if settings.has_daily_caps:
            self._caps = DailyCaps(settings, ledger)
            self._guards.append(self._caps)

    async def stopped(self, sending: Sending) -> Outcome | None:
        """Return the outcome of a send that must not be made now, or None where it may be.

        Where a guard cannot reach the storage, it is asked again later.
        """
        try:
            for guard in self._guards:
                if outcome := await guard(sending):
                    log("guarded", id=sending.job_id, index=sending.index, code=outcome.code,
                        result=outcome.result, not_before=outcome.not_before)  # fmt: skip
                    return outcome
        except StorageUnavailableError:
            return Outcome(index=sending.index, result="retryable", code="not_begun",
                           not_before=sending.at + _ASK_AGAIN)  # fmt: skip
        return None

    async def take_place(self, sending: Sending) -> Outcome | None:
        """Take a place under the daily caps alone; None where there is one.

        Raises:
            StorageUnavailableError: it is unknown whether there is a place.
        """
        return None if self._caps is None else await self._caps(sending)

    def not_made(self, sending: Sending) -> None:
        """Give back what a send took that the guards let pass and that was certainly not made."""
        if self._caps is not None:
            self._caps.give_back(sending)


@dataclass(frozen=True)
class _AlertIsOver:
    """Stops notifications of an alert that somebody has answered."""

    alerts: Alerts

    async def __call__(self, sending: Sending) -> Outcome | None:
        if sending.alert_id is None:
            return None
        alert = await self.alerts.find(sending.alert_id)
        if alert is None or not alert.is_quiet:
            return None
        message = f"the alert was {alert.state} before this was sent"
        return Outcome(index=sending.index, result="rejected", code="alert_is_over",
                       message=message)  # fmt: skip


@dataclass(frozen=True)
class _Destination:
    """Refuses premium-rate numbers and countries that are not allowed, whatever was accepted.

    Settings may have changed since then. Numbers outside the numbering plans pass: accepting knows
    which of them there may be.
    """

    allowed_countries: frozenset[str]

    async def __call__(self, sending: Sending) -> Outcome | None:
        to = sending.request.to
        for address in dict.fromkeys((to, strip_channel(to))):
            try:
                require_destination(address, self.allowed_countries)
            except NumberError as error:
                if error.code in _FORBIDDEN:
                    return Outcome(index=sending.index, result="rejected", code=error.code,
                                   message=str(error))  # fmt: skip
        return None


@dataclass(frozen=True)
class _OptedOut:
    """Refuses messages to people who have said stop to the sender."""

    opt_outs: OptOuts

    async def __call__(self, sending: Sending) -> Outcome | None:
        request = sending.request
        if request.kind == "message" and await self.opt_outs.has_stopped(
            request.to, request.sender, sending.at
        ):
            return Outcome(index=sending.index, result="rejected", code=OPTED_OUT,
                           message=CODES[OPTED_OUT].means)  # fmt: skip
        return None
