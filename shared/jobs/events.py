"""Everything that can happen to a job, as values; each is one row of the ledger, never changed.

`row_name` is what the row's key ends with. A second row of one name is a conflict, which is how
an attempt is claimed by one worker only and is answered once.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from shared.kinds import Kind, Lane

Source = Literal["http", "queue", "batch"]
AttemptResult = Literal["sent", "rejected", "retryable", "not_created", "unknown"]

_WHATSAPP: Final = "whatsapp:"
# Codes of `retryable` for which Twilio was not asked: a guard held it, or its time ran out.
HELD: Final = frozenset({"not_begun", "quiet_hours", "sender_rate"})


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The outcome of an attempt for one recipient.

    `sent`: Twilio has it, under `sid`. `rejected`: refused for good. `retryable`: certainly not
    processed, and may be tried again from `not_before` on. `not_created`: was unknown, and Twilio
    turned out not to have it. `unknown`: not settled yet; stands in a `Doubt` only.
    """

    index: int
    result: AttemptResult
    sid: str | None = None
    status: str | None = None
    code: str | None = None
    message: str | None = None
    not_before: datetime | None = None
    request_id: str | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event", kw_only=True):
    """One fact about a job, and when it was recorded."""

    at: datetime

    @property
    def name(self) -> str:
        """What kind of event it is, and which one of that kind."""
        return str(self.__struct_config__.tag)

    @property
    def row_name(self) -> str:
        """What the event's row key ends with."""
        return self.name


class Accepted(Event, frozen=True, kw_only=True, tag="accepted"):
    """A request was accepted: everything that is needed to send it, and to send it again.

    `request` is the request as JSON; `to` are its recipients, in order; `values`
    are the placeholders' values of each, where the request is a template. `sender` is the
    number or Messaging Service that was chosen. `key` is the row of its idempotency key.
    Without `receipts` Twilio is not asked to report. `trace` is that of the HTTP request.
    `client` is the key of the Twilio client that asked, whose status callbacks are like Twilio's.
    """

    kind: Kind
    to: tuple[str, ...]
    request: msgspec.Raw
    sender: str | None = None
    lane: Lane = "now"
    source: Source = "http"
    send_at: datetime | None = None
    metadata: dict[str, str] | None = None
    key: str | None = None
    values: tuple[dict[str, str], ...] = ()
    batch: str | None = None
    receipts: bool = True
    trace: str | None = None
    client: str | None = None

    @property
    def waits(self) -> bool:
        """Whether its time had not come yet when it was accepted."""
        return self.send_at is not None and self.send_at > self.at

    def sender_to(self, to: str | None) -> str | None:
        """Return who sends to a recipient: a number sends to WhatsApp as that on WhatsApp."""
        if self.sender and self.sender.startswith("+") and to and to.startswith(_WHATSAPP):
            return _WHATSAPP + self.sender
        return self.sender


class Claim(Event, frozen=True, kw_only=True, tag="claim"):
    """Attempt `n` is taken: to send it until `until`, or to cancel it.

    The claimer, known by its `token`, promises to begin no request after `until`, and that its
    last request is over, time-out included, at `over_at`. `sender` is the one that it sends from.
    `indexes` are the recipients (None: all of them). `accepted` repeats the accepted event in a
    first attempt, so that a message whose own accepted row was lost on the way is known all the
    same.
    """

    n: int
    by: Literal["send", "cancel"] = "send"
    token: str = ""
    until: datetime | None = None
    over_at: datetime | None = None
    sender: str | None = None
    indexes: tuple[int, ...] | None = None
    accepted: Accepted | None = None

    @property
    def name(self) -> str:
        """`claim.N`: exactly one worker can insert it."""
        return f"claim.{self.n}"


class Doubt(Event, frozen=True, kw_only=True, tag="doubt"):
    """Attempt `n` ended without a clear outcome for at least one recipient."""

    n: int
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """`doubt.N`."""
        return f"doubt.{self.n}"


class Answer(Event, frozen=True, kw_only=True, tag="answer"):
    """The outcome of attempt `n` for every recipient in it; none is `unknown`."""

    n: int
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """`answer.N`: given once, by the claimer or by one that settles the attempt."""
        return f"answer.{self.n}"


class Reported(Event, frozen=True, kw_only=True, tag="reported"):
    """Twilio reports where a message or call is; `fields` are the other fields that it sent."""

    status: str
    sid: str | None = None
    index: int | None = None
    fields: dict[str, str] = {}

    @property
    def name(self) -> str:
        """`reported.STATUS`, with the recipient's index where there are several."""
        word = re.sub(r"[^a-z0-9-]", "_", self.status.lower())[:40]
        return f"reported.{word}" + ("" if self.index is None else f".{self.index}")

    @property
    def row_name(self) -> str:
        """The name, and the error code if there is one: a code can come after its status."""
        code = re.sub(r"[^0-9]", "", self.fields.get("ErrorCode", ""))[:6]
        return self.name + (f".e{code}" if code else "")


class Noted(Event, frozen=True, kw_only=True, tag="noted"):
    """Something came of a call on its way: who answered, a key, a dialled leg, a recording.

    `key` is Twilio's name for it, so that it is recorded once; `fields` are those that it sent.
    """

    what: Literal["machine", "gather", "dial", "recording"]
    key: str
    index: int | None = None
    fields: dict[str, str] = {}

    @property
    def name(self) -> str:
        """`noted.WHAT.KEY`, with the recipient's index where there are several."""
        key = re.sub(r"[^A-Za-z0-9-]", "_", self.key)[:80]
        return f"noted.{self.what}.{key}" + ("" if self.index is None else f".{self.index}")


class Parked(Event, frozen=True, kw_only=True, tag="parked"):
    """Given up, and why; `raw` is a queue message that could not be read.

    `key` is the row that leads from copies of that message to this event.
    """

    k: int = 0
    code: str
    message: str
    raw: str | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """`parked`, and `parked.K` after the K-th retry by an operator."""
        return f"parked.{self.k}" if self.k else "parked"


class Retried(Event, frozen=True, kw_only=True, tag="retried"):
    """An operator asks for another try of what attempts up to `after` did not send."""

    k: int
    after: int
    indexes: tuple[int, ...] | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """`retried.K`."""
        return f"retried.{self.k}"


AnyEvent = Accepted | Claim | Doubt | Answer | Reported | Noted | Parked | Retried

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


def encode(event: AnyEvent) -> str:
    """Return the event as the JSON text that its row holds."""
    return _encoder.encode(event).decode()


def decode(text: str) -> AnyEvent:
    """Return the event that a row holds."""
    return _decoder.decode(text)
