"""A limit of sends per day (UTC): to one address, to one country, in all.

A send counts when Twilio is asked, and once however often it was certainly not taken. What is
sent again after a doubt, or by an operator's retry, counts once more, but for its recipient.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from shared.jobs.events import Outcome
from shared.ledger.caps import Caps
from shared.phone_numbers import country_of, strip_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.deliver.guards import Sending
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

ANY_COUNTRY: Final = ""
_TOTAL: Final = "all"


class DailyCaps:
    """The caps that are set."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._of_recipient = settings.daily_cap_recipient
        self._of_country = settings.daily_cap_country
        self._of_all = settings.daily_cap_total
        self._caps = Caps(ledger.table, ledger.digests)

    async def __call__(self, sending: Sending) -> Outcome | None:
        """Take a place under every cap, or refuse."""
        day, number = _day(sending), strip_channel(sending.request.to)
        most, whose = self._of_recipient, f"{sending.job_id}-{sending.index}"
        if most is not None and not await self._caps.take_for(day, number, most, whose):
            return _refused(sending, f"{most} a day for one recipient")
        taken: list[str] = []
        for what, cap in self._shared(number):
            if not await self._caps.take(day, what, cap):
                for other in taken:
                    self._caps.give_back(day, other)
                return _refused(sending, f"{cap} a day for {what}")
            taken.append(what)
        return None

    def give_back(self, sending: Sending) -> None:
        """Give the places of a send back that Twilio has certainly not made.

        The recipient's own stays: it is the same one when the send is tried again.
        """
        for what, _ in self._shared(strip_channel(sending.request.to)):
            self._caps.give_back(_day(sending), what)

    def _shared(self, number: str) -> Iterator[tuple[str, int]]:
        """The caps that a send shares with others, the narrower one first."""
        if self._of_country is not None and (country := country_of(number)):
            cap = self._of_country.get(country, self._of_country.get(ANY_COUNTRY))
            if cap is not None:
                yield country, cap
        if self._of_all is not None:
            yield _TOTAL, self._of_all


def _refused(sending: Sending, limit: str) -> Outcome:
    return Outcome(index=sending.index, result="rejected", code="daily_cap",
                   message=f"the limit of {limit} was reached")  # fmt: skip


def _day(sending: Sending) -> str:
    return f"{sending.at.astimezone(UTC):%Y%m%d}"
