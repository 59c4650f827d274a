"""What was accepted against what Twilio has."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueServiceClient

from dev.chaos.load import Receiver
from dev.chaos.stage import Stage
from dev.local_settings import FUNCTION_KEY

QUEUES: Final = ("outbound", "outbound-bulk", "outbound-poison", "outbound-bulk-poison")
UNSURE: Final = ("delivering", "in_doubt")
QUIET_FOR: Final = 2  # looks in a row


@dataclass(frozen=True)
class Reckoning:
    """What came of it, in recipients; `longest` is in seconds, from accepted to created."""

    accepted: int
    at_twilio: int
    lost: tuple[Receiver, ...]
    doubled: tuple[Receiver, ...]
    states: Mapping[str, int]
    longest: float
    quiet: bool

    @property
    def passed(self) -> bool:
        """Whether everything that was accepted was sent once, and is known to be."""
        return self.quiet and not self.lost and not self.doubled and not self.in_doubt

    @property
    def in_doubt(self) -> int:
        """How many entries do not know yet what became of them."""
        return sum(self.states.get(state, 0) for state in UNSURE)

    def rows(self) -> list[tuple[str, str]]:
        """The table."""
        other = {state: n for state, n in self.states.items() if state != "handed_over"}
        return [
            ("accepted", str(self.accepted)),
            ("at Twilio", str(self.at_twilio)),
            ("lost", f"{len(self.lost)} {_some(self.lost)}"),
            ("doubled", f"{len(self.doubled)} {_some(self.doubled)}"),
            ("in doubt", str(self.in_doubt)),
            ("otherwise", ", ".join(f"{n} {state}" for state, n in other.items()) or "none"),
            ("longest", f"{self.longest:.0f} s from accepted to sent"),
        ]


def _some(receivers: tuple[Receiver, ...]) -> str:
    return " ".join(to for _, to in receivers[:5])


async def until_quiet(stage: Stage, patience: float, tell: Callable[[int], None]) -> bool:
    """Wait until nothing is on any queue, hidden or not; False if that takes too long."""
    deadline = time.monotonic() + patience
    quiet = 0
    async with QueueServiceClient.from_connection_string(stage.storage) as service:
        while quiet < QUIET_FOR:
            left = sum([await _length(service, name) for name in QUEUES])
            tell(left)
            quiet = quiet + 1 if left == 0 else 0
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


async def reckon(stage: Stage, accepted: Mapping[Receiver, float], *, quiet: bool) -> Reckoning:
    """Compare what was accepted with Twilio's books and with what the app says."""
    found = Counter[Receiver]()
    created: dict[Receiver, float] = {}
    books = stage.exchange.books
    written: list[tuple[Receiver, str]] = [
        *((("message", row.to), row.date_created) for row in books.messages.rows.values()),
        *((("call", row.to), row.date_created) for row in books.calls.rows.values()),
    ]
    for receiver, date in written:
        found[receiver] += 1
        at = parsedate_to_datetime(date).timestamp()
        created[receiver] = min(at, created.get(receiver, at))
    return Reckoning(
        accepted=len(accepted),
        at_twilio=found.total(),
        lost=tuple(each for each in accepted if not found[each]),
        doubled=tuple(each for each, times in found.items() if times > 1),
        states=await _states(stage),
        longest=max((created[each] - at for each, at in accepted.items() if each in created),
                    default=0.0),
        quiet=quiet,
    )  # fmt: skip


async def _states(stage: Stage) -> Counter[str]:
    """How many entries are in each state, as the API says."""
    states = Counter[str]()
    for collection in ("messages", "calls"):
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            async with stage.session.get(
                f"{stage.address}/api/{collection}",
                params=query,
                headers={"x-functions-key": FUNCTION_KEY},
            ) as answer:
                page = await answer.json()
            states.update(item["state"] for item in page["items"])
            cursor = page["next"]
    return states
