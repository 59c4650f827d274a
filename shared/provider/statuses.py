"""Twilio's statuses of a message or call, in the order in which they can follow.

Sources: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values and
https://www.twilio.com/docs/voice/api/call-resource#call-status-values.
"""

from __future__ import annotations

from typing import Final

FIRST_FINAL: Final = 10
_UNKNOWN: Final = -1

# Final statuses have ranks of their own too, so that any set of callbacks has one last status.
_RANKS: Final = {
    "accepted": 0,
    "scheduled": 1,
    "queued": 2,
    "initiated": 3,
    "sending": 3,
    "ringing": 4,
    "in-progress": 5,
    "sent": 5,
    "failed": 10,
    "undelivered": 11,
    "canceled": 12,
    "no-answer": 13,
    "busy": 14,
    "completed": 15,
    "delivered": 15,
    "read": 16,
}


def rank(status: str) -> int:
    """Return how far along a status is; one that Twilio has added since comes before all others."""
    return _RANKS.get(status, _UNKNOWN)


def is_final(status: str | None) -> bool:
    """Whether Twilio will not report another status after this one (but for `read`)."""
    return status is not None and rank(status) >= FIRST_FINAL


def is_known(status: str) -> bool:
    """Whether this table has the status."""
    return status in _RANKS
