"""What clients ask for, what operators do, and what fails, all drawn from the seed."""

import asyncio
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from dev.local_settings import AUTH_TOKEN
from dev.simulate.alerts import Duty
from dev.simulate.host import Handler
from dev.simulate.storage import Fault, Service
from dev.simulate.twilio import FAULTS, Habits
from dev.simulate.world import INVOCATION, World, build_request, virtual_date
from shared.jobs import ids
from shared.kinds import Kind
from shared.triggers import batches, entries, recipients
from shared.triggers.responses import handle_errors

OK, ACCEPTED, UNAVAILABLE = 200, 202, 503
QUEUES: Final = {"now": "outbound", "bulk": "outbound-bulk"}
OTHER_SENDERS: Final = ("+15005550006", "+12025550147", "MG" + "5" * 32)
ACTORS: Final = (
    "clients", "alerts", "operators", "strangers", "deploys", "storage", "outages", "twilio",
    "kills", "deaths", "freezes", "leases",
)  # fmt: skip
DIRECTIONS: Final = ("outbound-reply", "outbound-dial", "outbound-call", "inbound", "outbound-api")


@dataclass
class Intent:
    """What one client wants sent, once to each recipient; `id` once it was accepted."""

    kind: Kind
    to: tuple[str, ...]
    token: str
    key: str | None
    fields: dict[str, Any]
    is_confirmed: bool = False
    is_batch: bool = False
    id: str | None = None


@dataclass
class Scenario:
    """Plays one run; `intents` are what was asked for.

    `leave_out` are actors of `ACTORS` that do nothing. Each draws from a stream of its own, so that
    leaving one out does not change what the others draw.
    """

    world: World
    leave_out: frozenset[str] = frozenset()
    intents: list[Intent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = self.world.random
        self.duty = Duty(self.world)
        self._numbers = 0
        self._texts = 0
        self._tokens = [AUTH_TOKEN, f"{AUTH_TOKEN}-2"]
        uniform = self.random.uniform
        self.seconds = uniform(300, 1500)
        self._services: list[Service] = [self.world.table, self.world.queue]
        self._people = [f"+1415555{2000 + n}" for n in range(self.random.randint(8, 40))]
        self._erasable = [f"+1415555{3000 + n}" for n in range(3)]
        self._habits = Habits(
            max_list_delay=self.random.choice([0, 2, 30]),
            lost_callbacks=self.random.choice([0, 0.2, 1.0]),
            rejected=self.random.choice([0, 0.03]),
            redacts=self.random.random() < 0.1,  # noqa: PLR2004 - a share
            footer=self.random.choice(["", "", " Reply STOP to opt out"]),
            lists_calls_when_started=self.random.random() < 0.3,  # noqa: PLR2004 - a share
        )

    async def play(self) -> None:
        """Let everything happen for a while, then end all failures."""
        random, world = self.random, self.world
        world.twilio.habits = self._habits
        world.start_hosts(random.randint(2, 4))
        actors = {
            "storage": self._fail_storage, "outages": self._cut_storage,
            "twilio": self._fail_twilio, "kills": self._kill, "deaths": self._die,
            "freezes": self._freeze, "leases": self._end_leases, "deploys": self._deploy,
            "operators": self._operate, "strangers": self._send_foreign, "alerts": self.duty.play,
        }  # fmt: skip
        assert {*actors, "clients"} == {*ACTORS}  # noqa: S101 - one list of names
        background = [
            asyncio.create_task(act(world.stream(name)))
            for name, act in actors.items()
            if name not in self.leave_out
        ]
        clients: list[asyncio.Task[None]] = []
        for _ in range(random.randint(10, 30)):
            await asyncio.sleep(random.expovariate(20 / self.seconds))
            if "clients" not in self.leave_out:
                clients.append(asyncio.create_task(self._send()))
        await asyncio.sleep(random.uniform(0, 120))
        for task in background:
            task.cancel()
        self._calm()
        await asyncio.gather(*clients, *self.duty.requests)

    def _calm(self) -> None:
        self.world.say("no more failures")
        for service in self._services:
            service.fault = Fault()
        self._habits.fault_share = self._habits.read_failures = self._habits.busy_share = 0.0
        self.world.death_share = self.world.queue.short_leases = 0.0
        if self._habits.lost_callbacks == 1:
            return
        self._habits.lost_callbacks = 0

    # --- clients ---------------------------------------------------------------------------

    async def _send(self) -> None:
        random = self.random
        kind: Kind = "call" if random.random() < 0.3 else "message"  # noqa: PLR2004 - a share
        how = random.choices(["http", "raw", "batch"], [12, 4, 1])[0]
        if random.random() < 0.1:  # noqa: PLR2004 - a share
            return await self._send_twins(kind)
        intent = self._intent(kind, how)
        return await self._post(intent, how)

    async def _send_twins(self, kind: Kind) -> None:
        """Two requests of the same text to the same person, which both must be sent."""
        first = self._intent(kind, "http", count=1)
        second = Intent(kind, first.to, first.token, self._key(), dict(first.fields))
        self.intents.append(second)
        await asyncio.gather(self._post(first, "http"), self._post(second, "http"))

    def _intent(self, kind: Kind, how: str, count: int | None = None) -> Intent:
        random = self.random
        self._texts += 1
        text = f"Hello, this is no. {self._texts}"
        fields: dict[str, Any] = {"body": text} if kind == "message" else {"say": text}
        if how == "batch":
            count = random.choice([2, 12, 12, 105])
            to = tuple(f"+1415555{4000 + n}" for n in range(count))
            fields["recipients"] = [{"to": each} for each in to]
            fields["kind"] = kind
            fields["receipts"] = random.random() < 0.5  # noqa: PLR2004 - a share
        else:
            count = count or random.choices([1, 2, 5], [8, 1, 1])[0]
            people = self._people + (self._erasable if how == "http" and count == 1 else [])
            to = tuple(random.sample(people, count))
            fields["to"] = to[0] if count == 1 else list(to)
            if how == "raw":
                fields["kind"] = kind
        if random.random() < 0.2:  # noqa: PLR2004 - a share
            fields["send_at"] = virtual_date(random.uniform(1, 2000))
        if how != "batch" and random.random() < 0.2:  # noqa: PLR2004 - a share
            fields["lane"] = "bulk"
        intent = Intent(kind, to, str(self._texts), self._key(), fields, is_batch=how == "batch")
        self.intents.append(intent)
        return intent

    def _key(self) -> str | None:
        self._numbers += 1
        return f"key {self._numbers}" if self.random.random() < 0.8 else None  # noqa: PLR2004

    async def _post(self, intent: Intent, how: str) -> None:
        if how == "raw":
            return self._put(intent)
        handler = self._accepting(intent, how)
        for _ in range(self.random.randint(1, 12)):
            reply = await self.world.ask(handler)
            status = None if reply is None else reply.status_code
            self.world.say(f"client no. {intent.token}: {status}")
            if reply is not None and status == ACCEPTED:
                accepted = str(json.loads(reply.get_body())["id"])
                if intent.id not in (None, accepted):
                    self.world.problem("ids", f"{intent.key} has ids {intent.id} and {accepted}")
                intent.id, intent.is_confirmed = accepted, True
                if intent.key is None or self.random.random() < 0.9:  # noqa: PLR2004 - a share
                    return None
            elif reply is not None and status != UNAVAILABLE:
                text = reply.get_body().decode()
                if "in_the_past" in text and not intent.is_confirmed:
                    return None  # nothing of it was kept in time, and the client knows
                self.world.problem("refused", f"no. {intent.token} got {status}: {text}")
                return None
            if intent.key is None:
                return None
            await asyncio.sleep(self.random.choice([1, 5, 30, 300]))
        return None

    def _accepting(self, intent: Intent, how: str) -> Handler:
        headers = {"Content-Type": "application/json"}
        if intent.key is not None:
            headers["Idempotency-Key"] = intent.key
        path = "/api/batches" if how == "batch" else f"/api/{intent.kind}s"
        req = build_request("POST", path, json.dumps(intent.fields).encode(), headers)
        if how == "batch":
            return lambda app: handle_errors(batches.accept, req, app, INVOCATION)
        return lambda app: handle_errors(entries.accept, req, app, intent.kind, INVOCATION)

    def _put(self, intent: Intent) -> None:
        """Put a request on the queue, as any program can."""
        fields = dict(intent.fields)
        if intent.key is not None:
            fields["idempotency_key"] = intent.key
        self.world.queue.put(QUEUES[fields.get("lane", "now")], json.dumps(fields).encode())
        intent.is_confirmed = True

    # --- operators -------------------------------------------------------------------------

    async def _operate(self, random: Random) -> None:
        while True:
            await asyncio.sleep(random.expovariate(1 / 40))
            known = [intent for intent in self.intents if intent.id is not None]
            act = random.choice([self._cancel, self._cancel, self._retry, self._erase])
            if known:
                await act(random.choice(known))

    async def _cancel(self, intent: Intent) -> None:
        job_id = str(intent.id)
        place = ids.parse(job_id)
        assert place is not None  # noqa: S101 - tells mypy
        if intent.is_batch:
            req = build_request("DELETE", "/api/batches/x", id=job_id)
            reply = await self.world.ask(lambda app: handle_errors(batches.cancel, req, app))
        else:
            req = build_request("DELETE", f"/api/{intent.kind}s/x", id=job_id)
            reply = await self.world.ask(
                lambda app: handle_errors(entries.cancel, req, app, intent.kind)
            )
        status = None if reply is None else reply.status_code
        self.world.say(f"operator cancels {job_id}: {status}")
        if reply is None or status != OK:
            return
        if intent.is_batch:
            self.world.canceled_batches.add(ids.batch_rows(job_id))
            return
        shown = json.loads(reply.get_body())
        for each in shown.get("deliveries", [shown]):
            if each["state"] == "canceled":
                self.world.canceled.add(each["id"])

    async def _retry(self, intent: Intent) -> None:
        req = build_request("POST", "/api/x/retry", id=str(intent.id))
        if intent.is_batch:
            handler: Handler = lambda app: handle_errors(batches.retry, req, app)  # noqa: E731
        else:
            handler = lambda app: handle_errors(entries.retry, req, app, intent.kind)  # noqa: E731
        reply = await self.world.ask(handler)
        self.world.say(f"operator retries {intent.id}: {reply and reply.status_code}")

    async def _erase(self, intent: Intent) -> None:
        """Erase a person to whom nothing new is sent from then on; requests may be repeated."""
        del intent
        if not self._erasable or self.random.random() < 0.5:  # noqa: PLR2004 - a share
            return
        number = self._erasable.pop()
        self.world.erasing.add(number)
        concerned = {
            delivery.id
            for entry in self.world.entries()
            for delivery in entry.deliveries
            if delivery.to == number
        }
        while True:
            body = json.dumps({"number": number}).encode()
            req = build_request("POST", "/api/recipients/erase", body, number=number)
            reply = await self.world.ask(
                lambda app: handle_errors(recipients.erase_recipient, req, app)  # noqa: B023
            )
            done = json.loads(reply.get_body()) if reply and reply.status_code == OK else {}
            self.world.say(f"operator erases {number}: {done}")
            if done and done["next"] is None and not done["being_sent"]:
                self.world.erased |= concerned
                return
            await asyncio.sleep(self.random.uniform(1, 60))

    # --- failures --------------------------------------------------------------------------

    async def _fail_storage(self, random: Random) -> None:
        while True:
            await asyncio.sleep(random.uniform(10, 120))
            for service in self._services:
                share = random.choice([0, 0, 0.02, 0.1, 0.3])
                service.fault.refused = share * random.random()
                service.fault.lost = share * random.random()
                service.fault.repeated = share * random.random()

    async def _cut_storage(self, random: Random) -> None:
        world = self.world
        while True:
            await asyncio.sleep(random.expovariate(1 / 300))
            services = random.choice([self._services[:1], self._services[1:], self._services])
            seconds = random.choice([5, 20, 60, 150])
            names = " and ".join(type(each).__name__ for each in services)
            world.say(f"{names} out for {seconds} s")
            for service in services:
                service.fault.is_out = True
            end = asyncio.get_running_loop().time() + seconds
            while (left := end - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(min(left, random.uniform(24, 26)))
                if world.queue.fault.is_out and left > 24:  # noqa: PLR2004 - six tries of the host's
                    for host in world.hosts:
                        host.kill()
            for service in services:
                service.fault.is_out = False

    async def _fail_twilio(self, random: Random) -> None:
        while True:
            await asyncio.sleep(random.uniform(5, 90))
            self._habits.fault_share = random.choice([0, 0.1, 0.4, 1.0])
            self._habits.faults = tuple(random.sample(FAULTS, random.randint(1, len(FAULTS))))
            self._habits.read_failures = random.choice([0, 0, 0.3, 1.0])
            self._habits.busy_share = random.choice([0, 0, 0.1])

    async def _kill(self, random: Random) -> None:
        mean = random.choice([40, 150, 1000])
        while True:
            await asyncio.sleep(random.expovariate(1 / mean))
            random.choice(self.world.hosts).kill()

    async def _die(self, random: Random) -> None:
        """Let processes die at their own steps, so that the busy ones die."""
        while True:
            self.world.death_share = random.choice([0, 0, 0.002, 0.01])
            await asyncio.sleep(random.uniform(10, 120))

    async def _freeze(self, random: Random) -> None:
        mean = random.choice([100, 400, 3000])
        while True:
            await asyncio.sleep(random.expovariate(1 / mean))
            host, seconds = random.choice(self.world.hosts), random.choice([5, 40, 700])
            self.world.say(f"{host.name} frozen for {seconds} s")
            host.freeze(seconds)

    async def _end_leases(self, random: Random) -> None:
        """Let messages be delivered again while a worker is still at them."""
        while True:
            self.world.queue.short_leases = random.choice([0, 0, 0.05, 0.3])
            await asyncio.sleep(random.uniform(10, 120))

    async def _deploy(self, random: Random) -> None:
        while True:
            await asyncio.sleep(random.expovariate(1 / 600))
            sender = random.choice(OTHER_SENDERS)
            self.world.say(f"deploy with sender {sender}")
            name = "TWILIO_MESSAGING_SERVICE_SID" if sender[0] == "M" else "TWILIO_FROM_NUMBER"
            self.world.environment.pop("TWILIO_MESSAGING_SERVICE_SID", None)
            self.world.environment[name] = sender
            # Rotated, with the other one as the secondary token: both stay valid.
            self._tokens = self._tokens[::-1]
            self.world.environment["TWILIO_AUTH_TOKEN"] = self._tokens[0]
            self.world.environment["TWILIO_AUTH_TOKEN_SECONDARY"] = self._tokens[1]
            for host in self.world.hosts:
                host.stop()
                await asyncio.sleep(random.uniform(0, 20))

    async def _send_foreign(self, random: Random) -> None:
        """Let other programs use the account; nothing of theirs may be taken for ours."""
        number = 0
        while True:
            await asyncio.sleep(random.expovariate(1 / 20))
            kind: Kind = random.choice(["message", "call"])
            # A call or a redacted message of another program's cannot be told from ours.
            can_be_ours = kind == "call" or self._habits.redacts
            direction = random.choice(DIRECTIONS[: 4 if can_be_ours else 5])
            number += 1
            to, sender = random.choice(self._people), random.choice(OTHER_SENDERS)
            self.world.twilio.write(kind, to, sender, f"Foreign {number}", direction=direction,
                                    is_foreign=True)  # fmt: skip
