"""Settling doubt: what did an attempt come to whose answer never arrived?

Evidence, in order: Twilio has reported a SID to the entry's own URL; Twilio lists a message or
call that fits and that no other entry owns; or the grace time is over and Twilio has none.
Nothing is sent again before one of these has settled it.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.orders import order
from shared.errors import CarrierUnavailableError
from shared.ledger.events import Answer, Doubt, Outcome
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.carrier.carrier import Carrier, Found, Order
    from shared.deliver.job import Job
    from shared.ledger.events import Claim
    from shared.ledger.fold import Entry
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

# Twilio's clock is not ours, and it shows whole seconds.
_CLOCKS_DIFFER: Final = timedelta(seconds=10)
_SOONEST_LOOK: Final = timedelta(seconds=1)
_RAREST_LOOK: Final = timedelta(minutes=15)
_LINK: Final = re.compile(r"\S*[./]\S*")
# Stands for whatever Twilio may have put in that place.
_ANYTHING: Final = "\ufffd"


@dataclass(frozen=True, kw_only=True)
class Settler:
    """Settles the newest attempt of an entry."""

    settings: Settings
    ledger: Ledger
    carrier: Carrier
    now: Callable[[], datetime]

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=self.settings.resolve_after_seconds)

    async def settle(self, job: Job, entry: Entry, claim: Claim) -> datetime | None:
        """Settle what can be settled; the time of the next look if some of it cannot be yet."""
        doubt = entry.doubt or await self._doubt(entry, claim)
        outcomes = tuple(
            await asyncio.gather(
                *(self._settled(job, entry, claim, doubt, each) for each in doubt.outcomes)
            )
        )
        if any(outcome.came_to == "unknown" for outcome in outcomes):
            return self._next_look(doubt)
        answer = Answer(at=self.now(), n=claim.n, outcomes=outcomes)
        if await self.ledger.record(entry.id, answer):
            log("settled", id=entry.id, n=claim.n, came_to=[each.came_to for each in outcomes])
        return None

    async def _doubt(self, entry: Entry, claim: Claim) -> Doubt:
        """The doubt of an attempt whose worker is gone: all of it is unknown."""
        indexes = claim.indexes
        if indexes is None:
            indexes = tuple(delivery.index for delivery in entry.deliveries)
        unknown = tuple(
            Outcome(index=index, came_to="unknown", code="worker_lost",
                    message="the worker was lost while it asked Twilio")
            for index in indexes
        )  # fmt: skip
        doubt = Doubt(at=self.now(), n=claim.n, outcomes=unknown)
        await self.ledger.record(entry.id, doubt)
        return doubt

    async def _settled(
        self, job: Job, entry: Entry, claim: Claim, doubt: Doubt, outcome: Outcome
    ) -> Outcome:
        """The outcome, with a known one in place of `unknown` where there is evidence."""
        if outcome.came_to != "unknown":
            return outcome
        index = outcome.index
        if sid := entry.deliveries[index].sid:
            return Outcome(index=index, came_to="sid", sid=sid)
        asked = order(entry.id, job.accepted, index, self.settings.public_base_url)
        absent_counts = self.now() >= doubt.at + self._grace
        try:
            found = await self.carrier.search(asked, claim.at - _CLOCKS_DIFFER)
        except CarrierUnavailableError:
            return outcome
        # Twilio may create after our time-out too; what comes even later is never found.
        until = doubt.at + self._grace + _CLOCKS_DIFFER
        fitting = [f for f in found if f.created_at <= until and _fits(asked, f)]
        young = False
        for each in sorted(fitting, key=lambda f: f.created_at):
            # By then it is in the entry that it was created for, or that one is in doubt too.
            known_at, now = each.created_at + self._grace, self.now()
            if now < known_at:
                young = True
            elif await self.ledger.owners.take(each.sid, entry.id, index,
                                               created_at=each.created_at, known_at=known_at,
                                               now=now):  # fmt: skip
                return Outcome(index=index, came_to="sid", sid=each.sid, status=each.status)
        if absent_counts and not young:
            return Outcome(index=index, came_to="not_created")
        return outcome

    def _next_look(self, doubt: Doubt) -> datetime:
        """Twice the doubt's age, but no later than when absence begins to count."""
        now = self.now()
        look = now + min(max((now - doubt.at) / 2, _SOONEST_LOOK), _RAREST_LOOK)
        grace_over = doubt.at + self._grace
        return min(look, grace_over) if now < grace_over else look


def _fits(asked: Order, found: Found) -> bool:
    """Whether what Twilio has can be what was asked for; a call has no body to compare.

    Twilio may put similar characters in place of some (smart encoding, which a Messaging Service
    can do by itself), other links (`shorten_urls`), and a few words of its own before the text of
    a trial account. Taking that for another message would send ours twice.
    """
    body = asked.parameters.get("body")
    if body is None:
        return True
    if asked.parameters.get("shorten_urls"):
        body = _LINK.sub(_ANYTHING, body)
    *parts, last = _lasting(body, _ANYTHING).split(_ANYTHING)
    text, at = _lasting(found.body or ""), 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(last, at)


def _lasting(text: str, instead: str = "") -> str:
    """The letters and digits that nothing replaces, and `instead` of what something may."""
    return "".join(
        each if _lasts(each) else "" if each.isascii() else instead
        for each in unicodedata.normalize("NFD", text)
    )


def _lasts(each: str) -> bool:
    """Whether a character is a letter or digit of ASCII, or a plain letter of another script."""
    if each.isascii():
        return each.isalnum()
    return (
        unicodedata.category(each) in {"Lo", "Lu", "Ll"}
        and not unicodedata.decomposition(each)
        and "LATIN" not in unicodedata.name(each, "LATIN")
    )
