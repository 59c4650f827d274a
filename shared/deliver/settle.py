"""Settling doubt: what did an attempt come to whose answer never arrived?

Evidence, in order: Twilio has reported a SID to the entry's own URL; Twilio lists a message or
call that fits and that no other entry owns; or the grace time is over and Twilio has none.
Nothing is sent again before one of these has settled it.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.send_request import build_send_request
from shared.errors import ProviderUnavailableError
from shared.jobs.events import Answer, Doubt, Outcome
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.events import Claim
    from shared.jobs.fold import Entry
    from shared.provider.provider import SendRequest, TwilioRecord
    from shared.services import Services

# Twilio's clock is not ours, and it shows whole seconds.
_CLOCK_SKEW: Final = timedelta(seconds=10)
_MIN_LOOK_INTERVAL: Final = timedelta(seconds=1)
_MAX_LOOK_INTERVAL: Final = timedelta(minutes=15)
_LINK: Final = re.compile(r"\S*[./]\S*")
# Stands for whatever Twilio may have put in that place.
_ANYTHING: Final = "\ufffd"


async def settle(app: Services, entry: Entry, claim: Claim) -> datetime | None:
    """Settle what can be settled of the newest attempt; return the time of the next look, if any.

    A job is looked at again while the result for some of its recipients is still unknown.
    """
    doubt = entry.doubt or await _record_doubt(app, entry, claim)
    outcomes = tuple(
        await asyncio.gather(*(_settle_one(app, entry, claim, doubt, o) for o in doubt.outcomes))
    )
    if any(outcome.result == "unknown" for outcome in outcomes):
        return _next_look(app, doubt)
    answer = Answer(at=app.now(), n=claim.n, outcomes=outcomes)
    if await app.ledger.record(entry.id, answer):
        log("settled", id=entry.id, n=claim.n, result=[each.result for each in outcomes])
    return None


async def _record_doubt(app: Services, entry: Entry, claim: Claim) -> Doubt:
    """Record the doubt of an attempt whose worker is gone: every result is unknown."""
    indexes = claim.indexes
    if indexes is None:
        indexes = tuple(delivery.index for delivery in entry.deliveries)
    unknown = tuple(
        Outcome(index=index, result="unknown", code="worker_lost",
                message="the worker was lost while it asked Twilio")
        for index in indexes
    )  # fmt: skip
    doubt = Doubt(at=app.now(), n=claim.n, outcomes=unknown)
    await app.ledger.record(entry.id, doubt)
    return doubt


async def _settle_one(
    app: Services, entry: Entry, claim: Claim, doubt: Doubt, outcome: Outcome
) -> Outcome:
    """Return the outcome, with a known result in place of `unknown` where there is evidence."""
    if outcome.result != "unknown" or entry.accepted is None:
        return outcome
    index = outcome.index
    if sid := entry.deliveries[index].sid:
        return Outcome(index=index, result="sent", sid=sid)
    request = build_send_request(entry.id, entry.accepted, index, app.settings.public_base_url)
    grace = _grace(app)
    absence_counts = app.now() >= doubt.at + grace
    try:
        records = await app.provider.search(request, claim.at - _CLOCK_SKEW)
    except ProviderUnavailableError:
        return outcome
    # Twilio may create after our time-out too; what it creates even later is never found.
    until = doubt.at + grace + _CLOCK_SKEW
    fitting = [r for r in records if r.created_at <= until and _fits(request, r)]
    is_young = False
    for record in sorted(fitting, key=lambda r: r.created_at):
        # By then it is in the entry that it was created for, or that entry is in doubt too.
        known_at, now = record.created_at + grace, app.now()
        if now < known_at:
            is_young = True
        elif await app.ledger.owners.take(record.sid, entry.id, index,
                                          created_at=record.created_at, known_at=known_at,
                                          now=now):  # fmt: skip
            return Outcome(index=index, result="sent", sid=record.sid, status=record.status)
    if absence_counts and not is_young:
        return Outcome(index=index, result="not_created")
    return outcome


def _grace(app: Services) -> timedelta:
    return timedelta(seconds=app.settings.resolve_after_seconds)


def _next_look(app: Services, doubt: Doubt) -> datetime:
    """Return the next look: at twice the doubt's age, but never past when absence counts."""
    now = app.now()
    look = now + min(max((now - doubt.at) / 2, _MIN_LOOK_INTERVAL), _MAX_LOOK_INTERVAL)
    grace_over = doubt.at + _grace(app)
    return min(look, grace_over) if now < grace_over else look


def _fits(request: SendRequest, record: TwilioRecord) -> bool:
    """Whether what Twilio has can be what was asked for; a call has no body to compare.

    Twilio may put similar characters in place of some (smart encoding, which a Messaging Service
    can do by itself), other links (`shorten_urls`), and a few words of its own before the text of
    a trial account. Taking that for another message would send ours twice.
    """
    body = request.parameters.get("body")
    if body is None:
        return True
    if request.parameters.get("shorten_urls"):
        body = _LINK.sub(_ANYTHING, body)
    *parts, last = _lasting(body, _ANYTHING).split(_ANYTHING)
    text, at = _lasting(record.body or ""), 0
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
