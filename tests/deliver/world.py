"""Storage, Twilio and a clock in memory, workers that share them, and the books at the end."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

import azure.functions as func

from shared.app import App
from shared.deliver.receive import QueueMessage, receive_message, receive_poison
from shared.jobs import ids
from shared.jobs.events import Reported
from shared.jobs.fold import Entry
from shared.kinds import Kind
from shared.ledger import schema
from shared.ledger.ledger import Ledger
from shared.ledger.listing import list_newest
from shared.storage.memory_table import MemoryTable
from shared.storage.table import just_after
from shared.triggers import entries as entry_triggers
from shared.triggers.responses import handle_errors
from tests.clock import Clock
from tests.deliver.queue_double import POISON, Message, QueueDouble
from tests.deliver.seams import (
    Gate,
    KilledError,
    ProviderSeam,
    QueueSeam,
    TableSeam,
    open_gate,
)
from tests.deliver.twilio_double import TwilioDouble, Way
from tests.environment import DIGESTS, ENVIRONMENT
from tests.in_memory_app import invocation, request

TO = "+14155552671"
CONTENT: dict[Kind, dict[str, Any]] = {
    "message": {"body": "Hello from Switchboard"},
    "call": {"say": "Hello from Switchboard"},
}
# Short, so that few looks are taken before absence counts; in the same order as the defaults.
_SETTINGS = {"TWILIO_TIMEOUT_SECONDS": "8", "RESOLVE_AFTER_SECONDS": "15"}
_MAX_DELIVERIES = 2000
MAX_TIME = datetime.max.replace(tzinfo=UTC)


def numbers(count: int) -> list[str]:
    """Different numbers that can be sent to."""
    return [f"+1415555{2000 + n}" for n in range(count)]


def fields_of(kind: Kind, count: int = 1, **more: object) -> dict[str, Any]:
    """A request for so many recipients."""
    return {"to": TO if count == 1 else numbers(count), **CONTENT[kind], **more}


class World:
    """What outlives every worker; `script` is how Twilio takes each request in turn."""

    def __init__(self, script: Iterable[Way] = (), **settings: str) -> None:
        self.clock = Clock()
        self.table = MemoryTable()
        self.queue = QueueDouble(self.clock)
        self.twilio = TwilioDouble(self.clock, script)
        self.ledger = Ledger(self.table, DIGESTS)
        self._environment = {**ENVIRONMENT, **_SETTINGS, **settings}
        self._dice = Random(7)  # noqa: S311 - the same in every run

    def deploy(self, **settings: str) -> None:
        """Change the settings of every worker that starts from now on."""
        self._environment |= settings

    def worker(self, gate: Gate = open_gate) -> App:
        """A worker that passes a gate at each of its steps."""
        services = App(self._environment, now=self.clock, random=self._random)
        patience = services.settings.twilio_timeout_seconds
        services.table = TableSeam(self.table, gate)
        services.queues = QueueSeam(self.queue, gate)
        services.provider = ProviderSeam(self.twilio, gate, self.clock, patience)
        return services

    def _random(self) -> int:
        return self._dice.getrandbits(60)

    async def accept(
        self, worker: App, kind: Kind, fields: dict[str, Any], key: str | None = None
    ) -> func.HttpResponse:
        """Ask for a message or call by HTTP."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        req = request("POST", "/api/x", body=json.dumps(fields).encode(), headers=headers)
        return await handle_errors(entry_triggers.accept, req, worker, kind, invocation())

    async def accepted(
        self, kind: Kind = "message", count: int = 1, key: str | None = None, **more: object
    ) -> str:
        """The id of a request that was accepted without trouble."""
        reply = await self.accept(self.worker(), kind, fields_of(kind, count, **more), key)
        assert reply.status_code == 202, reply.get_body()
        return str(json.loads(reply.get_body())["id"])

    async def deliver(self, worker: App, message: Message) -> bool:
        """Give a leased message to a worker and do with it what the host does; False if killed."""
        seen = QueueMessage(
            body=message.body,
            id=message.id,
            inserted_at=message.inserted_at,
            dequeue_count=message.dequeue_count,
        )
        receipt = message.receipt
        receive = receive_poison if message.queue.endswith(POISON) else receive_message
        try:
            await receive(worker, seen)
        except KilledError:
            return False
        except Exception:  # noqa: BLE001 - the host catches what a function raises
            self.queue.failed(message, receipt)
        else:
            self.queue.done(message, receipt)
        return True

    async def deliver_next(self, worker: App | None = None) -> Message:
        """Deliver what comes first from a queue or the schedule, to this worker or a new one."""
        message = await self.take()
        assert message is not None
        await self.deliver(worker or self.worker(), message)
        return message

    async def take(self) -> Message | None:
        """Lease the message that comes first, from a queue or from the schedule."""
        while (due := await self._first_due()) is not None:
            if due >= min((each.visible_at for each in self.queue.messages), default=MAX_TIME):
                break
            self.clock.at = max(self.clock.at, due)
            await self.ledger.schedule.release(self.queue, self.clock)
        return self.queue.take()

    async def _first_due(self) -> datetime | None:
        begin, places = schema.SCHEDULE.first, list[str]()
        partition = await self.table.next_partition(begin)
        while partition is not None and partition.startswith(begin):
            minute, _, _ = partition.removeprefix(begin).partition("-")
            keys = [row.key async for row in self.table.range(partition)]
            places.append(minute + min(keys).partition(".")[0])
            partition = await self.table.next_partition(just_after(partition))
        if not places:
            return None
        return datetime.strptime(min(places), "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)

    async def until_quiet(self, gate: Gate = open_gate) -> int:
        """Deliver until the queues are empty; a worker that dies is replaced by one without gate.

        Gives how many deliveries that took.
        """
        worker = self.worker(gate)
        for deliveries in range(_MAX_DELIVERIES):
            message = await self.take()
            if message is None:
                return deliveries
            if not await self.deliver(worker, message):
                worker = self.worker()
        raise AssertionError(f"not quiet after {_MAX_DELIVERIES} deliveries")

    async def report(self, status: str = "delivered") -> None:
        """Let Twilio report on everything in its books to the entries that it was sent for."""
        for written in list(self.twilio.books):
            await self.report_one(written.found.sid, status)

    async def report_one(self, sid: str, status: str) -> None:
        """Let Twilio report on one message or call."""
        (written,) = [each for each in self.twilio.books if each.found.sid == sid]
        path = str(written.order.parameters["status_callback"]).partition("#")[0]
        place = ids.parse(path.rpartition("/")[2])
        assert place is not None
        reported = Reported(at=self.clock(), status=status, sid=sid, index=place.index)
        await self.ledger.record(place.job_id, reported)

    async def entry(self, job_id: str) -> Entry:
        """What the ledger knows of a job."""
        entry = await self.ledger.find(job_id)
        assert entry is not None
        return entry

    async def entries(self) -> list[Entry]:
        """Every entry."""
        page = await list_newest(self.table, lambda *_: True, limit=1000, cursor=None)
        return list({entry.id: entry for entry, _ in page.items}.values())

    async def check_sent_once(self) -> None:
        """Everything that is in the ledger is at Twilio once, and each knows of the other."""
        entries = await self.entries()
        wanted = Counter(str(each.to) for entry in entries for each in entry.deliveries)
        assert Counter(self.twilio.recipients()) == wanted
        states = Counter(each.state for entry in entries for each in entry.deliveries)
        assert set(states) == {"handed_over"}, states
        owned = Counter(each.sid for entry in entries for each in entry.deliveries)
        assert owned == Counter(written.found.sid for written in self.twilio.books)
        for entry in entries:
            names = {event.name.partition(".")[0] for event in entry.events}
            assert {"accepted", "claim"} <= names
            # Twilio's own word is as good as the answer to the request.
            assert entry.answered or "reported" in names


async def in_doubt(
    script: str = "lost_answer",
    kind: Kind = "message",
    world: World | None = None,
    **more: Any,  # noqa: ANN401 - fields
) -> World:
    """A world in which one request to Twilio has just ended without an answer."""
    world = world or World()
    world.twilio.script.append(script)  # type: ignore[arg-type]  # a way, by its name
    await world.accepted(kind, **more)
    await world.deliver_next()
    return world
