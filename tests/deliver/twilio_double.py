"""Twilio in memory: keeps books, and does what a test's script says with each request."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from shared.errors import ProviderUnavailableError
from shared.kinds import Kind
from shared.provider.provider import SendRequest, SendResult, TwilioRecord
from tests.clock import Clock

Way = Literal[
    "answered",
    "lost_answer",
    "unknown",
    "late",
    "too_many",
    "refused",
    "opted_out",
    "no_connection",
    "wrong_token",
    "sender_full",
]
WAYS: Final[dict[Way, SendResult]] = {
    "lost_answer": SendResult(result="unknown", code="no_answer"),
    "unknown": SendResult(result="unknown", code="20500", message="Twilio had an internal error"),
    "late": SendResult(result="unknown", code="no_answer"),
    "too_many": SendResult(result="retryable", code="20429", retry_after=1.0),
    "refused": SendResult(result="rejected", code="21211", message="not a valid number"),
    "opted_out": SendResult(result="rejected", code="21610", message="the recipient has opted out"),
    "wrong_token": SendResult(result="retryable", code="20003", message="wrong credentials"),
    "sender_full": SendResult(result="retryable", code="21611", retry_after=1.0),
    "no_connection": SendResult(result="retryable", code="no_connection"),
}
# What each way of answering leaves in the books.
CREATES: Final = frozenset({"answered", "lost_answer", "late"})
LATE_BY: Final = timedelta(seconds=12)
FINAL: Final = frozenset({"delivered", "completed", "canceled"})
_FIRST_STATUS: Final = "queued"


@dataclass(frozen=True)
class Written:
    """One message or call in the books; a list shows it from `listed_from` on."""

    order: SendRequest
    found: TwilioRecord
    listed_from: datetime


class TwilioDouble:
    """A Twilio whose every request goes the next way of its script, and that of `during` then.

    `listed_after` is how long a new message takes to show up in lists.
    """

    def __init__(self, clock: Clock, script: Iterable[Way] = ()) -> None:
        self.script = deque(script)
        self.books: list[Written] = []
        self.during: Callable[[], Way] = lambda: "answered"
        self.asked = 0
        self.searched = 0
        self.silent = False
        self.listed_after = timedelta()
        self._now = clock

    async def create(self, order: SendRequest) -> SendResult:
        self.asked += 1
        way = self.script.popleft() if self.script else self.during()
        if way not in CREATES:
            return WAYS[way]
        found = self.write(order, delay=LATE_BY if way == "late" else timedelta()).found
        answer = SendResult(result="sent", sid=found.sid, status=found.status)
        return WAYS.get(way, answer)

    async def search(self, order: SendRequest, since: datetime) -> list[TwilioRecord]:
        self.searched += 1
        if self.silent:
            raise ProviderUnavailableError("silent")
        return [
            each.found
            for each in self.books
            if each.listed_from <= self._now()
            and (each.order.kind, each.order.to) == (order.kind, order.to)
            and (order.sender == each.order.sender or order.sender.startswith("MG"))
            and each.found.created_at >= since
        ]

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        if self.silent:
            raise ProviderUnavailableError("silent")
        return next((each.found for each in self.of_kind(kind) if each.found.sid == sid), None)

    async def stop(
        self, kind: Kind, sid: str, *, only_ringing: bool = False
    ) -> TwilioRecord | None:
        found = await self.fetch(kind, sid)
        if found is None or found.status in FINAL:
            return None
        if only_ringing:
            return None if found.status == "in-progress" else self.set_status(sid, "canceled")
        return self.set_status(sid, "canceled" if kind == "message" else "completed")

    async def remove(self, kind: Kind, sid: str, *, body_only: bool = False) -> bool:
        found = await self.fetch(kind, sid)
        if found is not None and found.status not in FINAL:
            return False
        kept = [replace(each, found=replace(each.found, body="")) if body_only else None
                for each in self.books if each.found.sid == sid]  # fmt: skip
        others = [each for each in self.books if each.found.sid != sid]
        self.books = [*others, *filter(None, kept)]
        return True

    def write(
        self,
        order: SendRequest,
        *,
        delay: timedelta = timedelta(),
        direction: str = "outbound-api",
    ) -> Written:
        """Enter a message or call; Twilio's clock shows whole seconds."""
        at = self._now() + delay
        found = TwilioRecord(
            sid=f"{'SM' if order.kind == 'message' else 'CA'}{len(self.books):032x}",
            status=_FIRST_STATUS,
            created_at=at.replace(microsecond=0),
            direction=direction,
            messaging_service_sid=order.sender if order.sender.startswith("MG") else None,
            num_media=None if order.kind == "call" else len(order.parameters.get("media_url", ())),
            body=None if order.kind == "call" else order.parameters.get("body", ""),
        )
        self.books.append(Written(order, found, at + self.listed_after))
        return self.books[-1]

    def set_status(self, sid: str, status: str) -> TwilioRecord:
        """Move a message or call on."""
        place = next(n for n, each in enumerate(self.books) if each.found.sid == sid)
        found = replace(self.books[place].found, status=status)
        self.books[place] = replace(self.books[place], found=found)
        return found

    def of_kind(self, kind: Kind) -> list[Written]:
        """The messages, or the calls."""
        return [each for each in self.books if each.order.kind == kind]

    def recipients(self) -> list[str]:
        """Who was sent to, in order, once for each time."""
        return sorted(each.order.to for each in self.books)
