"""`/api/2010-04-01/…`: Twilio's own REST API, for programs written for Twilio.

One more edge over the same accept, cancel, list and find: it reads forms where the others read
JSON, and answers Twilio's resources and error bodies.
"""

from __future__ import annotations

from shared.triggers.twilio.account import refuse_unknown, show_account
from shared.triggers.twilio.door import answer
from shared.triggers.twilio.resources import create, delete, fetch, list_page, update

__all__ = [
    "answer",
    "create",
    "delete",
    "fetch",
    "list_page",
    "refuse_unknown",
    "show_account",
    "update",
]
