"""Compare what was accepted with what Twilio has."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from dev.chaos.environment import Environment
from dev.chaos.load import Recipient
from dev.local_settings import FUNCTION_KEY
from dev.terminal import Terminal
from shared.ledger import schema
from shared.ledger.ledger import TABLE
from shared.storage.table import after_prefix

QUEUES: Final = ("outbound", "outbound-bulk", "outbound-poison", "outbound-bulk-poison")
UNSETTLED_STATES: Final = ("delivering", "in_doubt")
EMPTY_LOOKS: Final = 2  # in a row, before nothing waits any more
# The rows of what is due later, such as the next look at a call that Twilio may still queue.
SCHEDULED: Final = (
    f"PartitionKey ge '{schema.SCHEDULE.first}' "
    f"and PartitionKey lt '{after_prefix(schema.SCHEDULE.first)}'"
)


@dataclass(frozen=True)
class Audit:
    """The result of a run, in recipients; `longest` is in seconds, from accepted to created."""

    accepted: int
    at_twilio: int
    lost: tuple[Recipient, ...]
    doubled: tuple[Recipient, ...]
    states: Mapping[str, int]
    longest: float
    is_idle: bool

    @property
    def passed(self) -> bool:
        """Whether everything that was accepted was sent once, and is known to be."""
        return self.is_idle and not self.lost and not self.doubled and not self.in_doubt

    @property
    def in_doubt(self) -> int:
        """How many entries are not settled yet."""
        return sum(self.states.get(state, 0) for state in UNSETTLED_STATES)

    def rows(self) -> list[tuple[str, str]]:
        """Return the table to show."""
        other = {state: n for state, n in self.states.items() if state != "handed_over"}
        return [
            ("accepted", str(self.accepted)),
            ("at Twilio", str(self.at_twilio)),
            ("lost", f"{len(self.lost)} {_first_few(self.lost)}"),
            ("doubled", f"{len(self.doubled)} {_first_few(self.doubled)}"),
            ("in doubt", str(self.in_doubt)),
            ("otherwise", ", ".join(f"{n} {state}" for state, n in other.items()) or "none"),
            ("longest", f"{self.longest:.0f} s from accepted to sent"),
        ]


def _first_few(recipients: tuple[Recipient, ...]) -> str:
    return " ".join(to for _, to in recipients[:5])


async def wait_until_idle(environment: Environment, patience: float, out: Terminal) -> bool:
    """Wait until no queue holds a message, nor the schedule; False if that takes too long."""
    deadline = time.monotonic() + patience
    empty_looks, shown = 0, -1
    async with (
        QueueServiceClient.from_connection_string(environment.storage) as service,
        TableClient.from_connection_string(environment.storage, TABLE) as table,
    ):
        while empty_looks < EMPTY_LOOKS:
            left = sum([await _length(service, name) for name in QUEUES])
            left += len([row async for row in table.query_entities(SCHEDULED)])
            if left != shown:
                out.status("waiting", f"for {left} messages on the queues and the schedule")
            shown = left
            empty_looks = 0 if left else empty_looks + 1
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.5)
    return True


async def _length(service: QueueServiceClient, name: str) -> int:
    try:
        properties = await service.get_queue_client(name).get_queue_properties()
    except ResourceNotFoundError:
        return 0
    return properties.approximate_message_count or 0


async def audit_books(
    environment: Environment, accepted: Mapping[Recipient, float], *, is_idle: bool
) -> Audit:
    """Compare what was accepted with Twilio's books and with the states that the app shows."""
    count = Counter[Recipient]()
    created: dict[Recipient, float] = {}
    books = environment.exchange.books
    rows: list[tuple[Recipient, str]] = [
        *((("message", row.to), row.date_created) for row in books.messages.rows.values()),
        *((("call", row.to), row.date_created) for row in books.calls.rows.values()),
    ]
    for recipient, date in rows:
        count[recipient] += 1
        at = parsedate_to_datetime(date).timestamp()
        created[recipient] = min(at, created.get(recipient, at))
    waits = [created[each] - at for each, at in accepted.items() if each in created]
    return Audit(
        accepted=len(accepted),
        at_twilio=count.total(),
        lost=tuple(each for each in accepted if not count[each]),
        doubled=tuple(each for each, times in count.items() if times > 1),
        states=await _count_states(environment),
        longest=max(waits, default=0.0),
        is_idle=is_idle,
    )


async def _count_states(environment: Environment) -> Counter[str]:
    """Count the entries in each state, as the API shows them."""
    states = Counter[str]()
    headers = {"x-functions-key": FUNCTION_KEY}
    for collection in ("messages", "calls"):
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            url = f"{environment.address}/api/{collection}"
            async with environment.session.get(url, params=query, headers=headers) as answer:
                page = await answer.json()
            states.update(item["state"] for item in page["items"])
            cursor = page["next"]
    return states
