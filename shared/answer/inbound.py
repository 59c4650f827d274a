"""What reaches us goes on the queue `inbound`, for any program: once, whoever dies on the way.

A message on that queue is `{"event", "sid", "from", "to", "at"}` and what belongs to the event.
Twilio may ask about the same thing again, at the same time and long after; `event` and `sid`
name it. Only a worker that dies between the put and the next step makes a second message.

What is not needed to answer is imported where something is passed on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.deliver.job_queue import INBOUND
from shared.errors import CallerError, StorageUnavailableError
from shared.log import log
from shared.phone_number import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.answer.twimlets.request import InboundEvent, OutgoingText
    from shared.deliver.job_queue import JobQueue
    from shared.gateway import Gateway
    from shared.ledger.ledger import Ledger
    from shared.ledger.received import Note

# A note this old is nobody's: storage has given up on every step of its worker.
_ABANDONED: Final = timedelta(minutes=2)
# During these somebody is on the line, and hears an answer whatever becomes of storage.
_HEARD: Final = frozenset({"call", "voicemail"})
_HEARD_PATIENCE: Final = 5.0
_SAYS: Final[dict[str, Literal["stop", "start"]]] = {"opt_out": "stop", "opt_in": "start"}


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """The step from something that came to a message on the queue; `random` gives 60 bits."""

    ledger: Ledger
    queue: JobQueue
    now: Callable[[], datetime]
    random: Callable[[], int]

    async def __call__(self, event: InboundEvent) -> None:
        """Pass an event on, unless it is, or was, passed on already.

        Raises:
            StorageUnavailableError: it is kept at the most; Twilio may ask again, or need not.
        """
        import msgspec

        from shared.ledger.received import Note

        at = self.now()
        told = {"event": event.event, "sid": event.sid, "from": event.from_, "to": event.to}
        text = msgspec.json.encode({**told, "at": at, **event.details}).decode()
        note = Note(_name(event), at, f"{self.random():x}", text)
        if await self.ledger.received.open(note):
            await self._pass_on(note)

    async def pass_on_what_is_left(self) -> None:
        """Take over what workers left behind that died."""
        async for note in self.ledger.received.left():
            if self.now() - note.at >= _ABANDONED:
                await self._pass_on(note)

    async def _pass_on(self, note: Note) -> None:
        import msgspec

        if await self.ledger.received.is_first(note):
            told = msgspec.json.decode(note.text)
            await self._remember_word(told, note.at)
            await self.queue.put(INBOUND, note.text.encode())
            log("inbound", what=told["event"], sid=told["sid"])
        await self.ledger.received.close(note.name)

    async def _remember_word(self, told: dict[str, Any], at: datetime) -> None:
        """A stop or start holds for the number that was texted, and for its Messaging Service."""
        from shared.ledger.opt_outs import OptOut

        says = _SAYS.get(told["event"])
        if says is None:
            return
        for sender in filter(None, (told["to"], told.get("messaging_service_sid"))):
            word = OptOut(at=at, number=told["from"], sender=sender, says=says, sid=told["sid"])
            await self.ledger.opt_outs.note(word)


async def pass_on(
    gateway: Gateway, events: Sequence[InboundEvent], texts: Sequence[OutgoingText] = ()
) -> None:
    """Pass events on and send texts; somebody who is on the line does not wait for storage.

    Raises:
        StorageUnavailableError: nobody is on the line, so that Twilio can be let try again.
    """
    heard = any(event.event in _HEARD for event in events)
    try:
        async with asyncio.timeout(_HEARD_PATIENCE if heard else None):
            for event in events:
                await gateway.inbound(event)
            for text in texts:
                await _send(gateway, text)
    except (StorageUnavailableError, TimeoutError):
        if not heard:
            raise
        log("inbound_not_kept", level=logging.ERROR, what=[each[:2] for each in events])


async def _send(gateway: Gateway, text: OutgoingText) -> None:
    """Send a text as anybody would; one that cannot be sent is no reason to answer nothing."""
    try:
        fields = {"to": text.to, "body": text.body}
        await gateway.accept("message", fields, key=text.idempotency_key)
    except CallerError as error:
        log("text_refused", level=logging.WARNING, to=masked(text.to), why=str(error))


def _name(event: InboundEvent) -> str:
    """The same for the same event of the same SID, and for nothing else."""
    import msgspec

    whose = event.sid or [event.from_, event.to, event.details]
    return hashlib.sha256(msgspec.json.encode([event.event, whose])).hexdigest()
