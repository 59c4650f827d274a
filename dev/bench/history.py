"""A history for the ledger: the rows of messages that were sent on earlier days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from dev.bench.environment import BODY, TO
from dev.local_settings import FROM_NUMBER
from dev.simulator.resources import new_sid
from shared.jobs import events, ids
from shared.jobs.events import Accepted, Answer, Claim, Outcome

DAYS: Final = 10
# A transaction takes a hundred rows of one partition, and a message has three.
MESSAGES_PER_TRANSACTION: Final = 33


@dataclass(frozen=True)
class Batch:
    """The rows of some messages of one partition, as a transaction, and their ids."""

    rows: list[tuple[str, dict[str, Any]]]
    ids: list[str]


def history(begin: datetime, count: int) -> Iterator[Batch]:
    """Yield the rows of so many messages, over days and shards."""
    random = Random(11)  # noqa: S311 - the same in every run
    done = 0
    while done < count:
        many = min(MESSAGES_PER_TRANSACTION, count - done)
        day = begin + timedelta(days=done // MESSAGES_PER_TRANSACTION % DAYS)
        shard = random.randrange(ids.SHARDS) << 55
        rows, written = [], []
        for _ in range(many):
            at = day + timedelta(seconds=random.uniform(0, 60))
            own = ids.new_id(at, shard | random.getrandbits(55))
            written.append(own)
            rows += [("create", _row(own, event)) for event in events_of(at, TO)]
        yield Batch(rows, written)
        done += many


def events_of(at: datetime, to: str) -> list[events.AnyEvent]:
    """Return the events of a message that was sent to `to` at once."""
    request = msgspec.Raw(msgspec.json.encode({"to": to, "body": BODY}))
    accepted = Accepted(at=at, kind="message", to=(to,), request=request, sender=FROM_NUMBER)
    outcome = Outcome(index=0, result="sent", sid=new_sid("SM"), status="queued")
    return [
        accepted,
        Claim(at=at, n=1, token="1", accepted=accepted),  # noqa: S106 - no secret
        Answer(at=at, n=1, outcomes=(outcome,)),
    ]


def _row(own: str, event: events.AnyEvent) -> dict[str, Any]:
    return {
        "PartitionKey": ids.partition(own),
        "RowKey": f"{ids.row(own)}.{event.name}",
        "text": events.encode(event),
    }
