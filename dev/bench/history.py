"""A ledger's history: messages that were sent on earlier days, as the rows that they left."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from dev.bench.stage import BODY, TO
from dev.local_settings import FROM_NUMBER
from dev.simulator.resources import new_sid
from shared.jobs import events, ids
from shared.jobs.events import Accepted, Answer, Claim, Outcome

DAYS: Final = 10
# A transaction takes a hundred rows of one partition.
TOGETHER: Final = 33
REQUEST: Final = msgspec.Raw(msgspec.json.encode({"to": TO, "body": BODY}))


@dataclass(frozen=True)
class Batch:
    """The rows of some messages of one partition, as a transaction, and their ids."""

    rows: list[tuple[str, dict[str, Any]]]
    ids: list[str]


def history(begin: datetime, count: int) -> Iterator[Batch]:
    """So many messages, the days and shards in turns."""
    dice = Random(11)  # noqa: S311 - the same in every run
    done = 0
    while done < count:
        many = min(TOGETHER, count - done)
        day = begin + timedelta(days=done // TOGETHER % DAYS)
        shard = dice.randrange(ids.SHARDS) << 55
        rows, made = [], []
        for _ in range(many):
            at = day + timedelta(seconds=dice.uniform(0, 60))
            own = ids.new_id(at, shard | dice.getrandbits(55))
            made.append(own)
            rows += [("create", _row(own, event)) for event in _events(at)]
        yield Batch(rows, made)
        done += many


def _events(at: datetime) -> list[events.AnyEvent]:
    accepted = Accepted(at=at, kind="message", to=(TO,), request=REQUEST, sender=FROM_NUMBER)
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
