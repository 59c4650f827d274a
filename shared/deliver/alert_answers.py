"""How people answer alerts: by a key in a call, or by a text.

Only somebody who was notified of an alert can answer it. The first answer stands; everybody who
answers later hears or reads who was first.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from shared.deliver.alerts import acknowledge, escalate, resolve
from shared.errors import OverError
from shared.jobs.alerts import summarize

if TYPE_CHECKING:
    from shared.jobs.alerts import Alert, Notification, Via
    from shared.services import Services

_ACTION_OF_KEY: Final = {"1": "A", "2": "E", "3": "R"}
_REPLY: Final = re.compile(r"\s*(ACK|A|E|R)\s*#?(\d{1,9})?\s*[.!]?\s*", re.IGNORECASE | re.ASCII)
_MAX_ASKED_ABOUT: Final = 5
_MAX_SHOWN_CHARACTERS: Final = 60


async def answer_key(app: Services, mark: Notification, by: str, key: str) -> str | None:
    """Do what somebody pressed in the call of a notification; return what they hear.

    None: the call goes on and asks again. Somebody who presses nothing hears who has answered.
    """
    alert = await app.ledger.alerts.find(mark.alert_id)
    if alert is None:
        return None
    if action := _ACTION_OF_KEY.get(key):
        return await _act(app, alert, action, by, "key")
    return f"{summarize(alert)}." if alert.is_quiet else None


def read_reply(text: str) -> tuple[str, int | None] | None:
    """Return what a text asks for, and the number in it; None for any other text."""
    match = _REPLY.fullmatch(text)
    if match is None:
        return None
    return match[1][0].upper(), None if match[2] is None else int(match[2])


async def answer_reply(app: Services, address: str, text: str) -> str | None:
    """Do what somebody replied to a notification; return what they are answered.

    None: it is an ordinary message. Where it fits several alerts, the person is asked once which
    one is meant.
    """
    reply = read_reply(text)
    found = await _alerts_of(app, address) if reply else []
    if reply is None or not found:
        return None
    action, number = reply
    if number is not None:
        found = [alert for alert in found if alert.raised.number == number]
        return await _act(app, found[0], action, address, "reply") if found else None
    wanted = [alert for alert in found if _fits(alert, action)] or found[:1]
    if len(wanted) == 1:
        return await _act(app, wanted[0], action, address, "reply")
    if not await app.ledger.alerts.note_question(address, [alert.id for alert in wanted]):
        return None
    shown = wanted[:_MAX_ASKED_ABOUT]
    choices = "; ".join(
        f"{action} {alert.raised.number}: {alert.raised.text[:_MAX_SHOWN_CHARACTERS]}"
        for alert in shown
    )
    return f"Which one? Reply {choices}"


async def _alerts_of(app: Services, address: str) -> list[Alert]:
    """Return the alerts that somebody was notified of, newest first."""
    alert_ids = await app.ledger.alerts.of_person(address)
    found = await asyncio.gather(*map(app.ledger.alerts.find, alert_ids))
    alerts = [alert for alert in found if alert is not None]
    return sorted(alerts, key=lambda alert: alert.raised.number, reverse=True)


def _fits(alert: Alert, action: str) -> bool:
    """Tell whether an answer can still change an alert, and is likely to be meant for it."""
    if action == "R":
        return alert.state not in ("resolved", "canceled", "exhausted")
    return alert.state == "open"


async def _act(app: Services, alert: Alert, action: str, by: str, via: Via) -> str:
    """Do one of `A`, `E` and `R`, and return what the person hears or reads."""
    number = f"(A {alert.raised.number})"
    try:
        if action == "E":
            await escalate(app, alert, by, via)
            return f"Escalated: the next level begins now. {number}"
        do, done = (resolve, "Resolved") if action == "R" else (acknowledge, "Acknowledged")
        after, is_first = await do(app, alert, by, via)
    except OverError as error:
        return f"{error.detail}. {number}"
    return f"{done} by you. {number}" if is_first else f"{summarize(after)}. {number}"
