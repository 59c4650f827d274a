"""One run: the servers, the hosts, and what must hold while they work."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.functions as func
from twilio.request_validator import RequestValidator

from dev.host.invocation import Context, TraceContext
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER
from dev.simulate import virtual_time
from dev.simulate.alert_watch import AlertWatch
from dev.simulate.host import QUEUES, Handler, Host, Instance
from dev.simulate.process import Death, Process
from dev.simulate.storage import ProcessQueues, ProcessTable, QueueServer, TableServer, finish
from dev.simulate.twilio import ProcessProvider, Record, TwilioServer
from shared.app import App
from shared.jobs import events, ids
from shared.jobs.alerts import Alert
from shared.jobs.events import Claim
from shared.jobs.fold import Entry, fold
from shared.kinds import Kind
from shared.ledger import schema
from shared.provider.provider import SendRequest
from shared.storage.table import Row
from shared.triggers import status as status_trigger
from shared.triggers.responses import handle_errors

PUBLIC: Final = "https://switchboard.example"
MAX_SKEW_SECONDS: Final = 4.0
MAX_REPORTS: Final = 6  # Twilio's first try, and five more
INVOCATION: Final = cast("func.Context", Context("simulate", "", "simulate", TraceContext("")))
TOKEN: Final = re.compile(r"\bno\. (\d+)")

Group = tuple[Kind, str, str]  # kind, recipient, the number in the text


def token_of(text: str) -> str:
    """Return the number by which a text of a run is recognised."""
    match = TOKEN.search(text)
    return match[1] if match else ""


@dataclass
class World:
    """Everything of one run. `problems` are violations of what must hold, as code and text."""

    seed: int
    trace: Callable[[float, str], None] | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)
    canceled: set[str] = field(default_factory=set)  # ids of recipients whose cancel was answered
    canceled_batches: set[str] = field(default_factory=set)  # what their jobs' row keys begin with
    erasing: set[str] = field(default_factory=set)  # numbers, from the first request on
    erased: set[str] = field(default_factory=set)  # ids of what was in the ledger before that

    def __post_init__(self) -> None:
        self.random = self.stream("scenario")
        self.environment = {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_FROM_NUMBER": FROM_NUMBER,
            "TWILIO_API_BASE_URL": "http://127.0.0.1:9",
            "PUBLIC_BASE_URL": PUBLIC,
            "MESSAGE_STORAGE": "UseDevelopmentStorage=true",
        }
        settings = self.stream("settings")
        if settings.random() < 0.5:  # noqa: PLR2004 - a share
            self.environment["STATUS_POLL_AFTER_SECONDS"] = "300"
        if settings.random() < 0.15:  # noqa: PLR2004 - a share
            self.environment["SEGMENTS_PER_SECOND"] = "2"
        self.watch = AlertWatch(self.problem, self.rows_of, self._find_waiting)
        see_message_go = self.watch.see_message_go
        self.table = TableServer(
            self.stream("table"), self._see_row, lambda row: see_message_go(_message_in(row))
        )
        self.queue = QueueServer(self.stream("queue"), see_message_go)
        self.twilio = TwilioServer(
            self.stream("twilio"), self._report, self._check_create, self.watch.see_page
        )
        self.hosts: list[Host] = []
        self.death_share = 0.0  # of the requests to servers at which a process dies
        self._deaths = self.stream("own deaths")
        self._ids = self.stream("ids")
        self._reports: dict[asyncio.Task[None], None] = {}

    def stream(self, name: str) -> Random:
        """Return a random stream of its own, so that one does not shift another."""
        return Random(f"{self.seed} {name}")  # noqa: S311 - repeats

    def say(self, text: str) -> None:
        """Trace something."""
        if self.trace is not None:
            self.trace(asyncio.get_running_loop().time(), text)

    def start_hosts(self, count: int) -> None:
        """Start so many instances of the app; the first of them has the timers."""
        for number in range(count):
            host = Host(f"h{number}", queue=self.queue, start=self._start_process,
                        random=self.stream(f"host {number}"), trace=self.say,
                        problem=self.problem)  # fmt: skip
            self.hosts.append(host)
            self.keep(host.run(has_timers=number == 0))

    async def ask(self, handler: Handler) -> func.HttpResponse | None:
        """Ask an instance by HTTP; None where there is no answer."""
        reply = await self.random.choice(self.hosts).ask(handler)
        if reply is not None and reply.status_code == 500:  # noqa: PLR2004 - a bug in the app
            self.problem("error", "the app answered 500; --trace shows why")
        return reply

    def problem(self, code: str, text: str) -> None:
        """Note that something does not hold."""
        self.problems.append((code, text))
        self.say(f"PROBLEM {code}: {text}")

    def entries(self) -> list[Entry]:
        """Return every entry of the ledger."""
        found: dict[str, list[events.AnyEvent]] = {}
        for row in self.rows():
            if not row.partition.startswith("~") and not row.key.startswith("~"):
                job_id = row.partition + row.key.partition(".")[0]
                found.setdefault(job_id, []).append(events.decode(row.text))
        return [fold(job_id, each) for job_id, each in found.items()]

    def alerts(self) -> list[Alert]:
        """Return every alert of the ledger, in full."""
        days = {row.partition.removeprefix(schema.ALERTS.first)
                for row in self.rows(schema.ALERTS.first, schema.ALERTS.first)}  # fmt: skip
        return [alert for day in sorted(days) for alert in self.watch.alerts(day)]

    def sign(self, target: str, form: dict[str, str]) -> func.HttpRequest:
        """Return a request as Twilio makes it, to a URL of ours or to a path."""
        url = target if target.startswith(PUBLIC) else PUBLIC + target
        form = {"AccountSid": ACCOUNT_SID, **form}
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, form)
        address = urlsplit(url)
        return func.HttpRequest(
            "POST", url,
            headers={"Content-Type": "application/x-www-form-urlencoded",
                     "X-Twilio-Signature": signature},
            params=dict(parse_qsl(address.query)),
            route_params={"id": address.path.rpartition("/")[2]}, body=urlencode(form).encode(),
        )  # fmt: skip

    def rows(self, first: str = "", prefix: str = "") -> list[Row]:
        """Return the rows from a partition on, as long as partitions begin with `prefix`."""
        rows: list[Row] = []
        name = finish(self.table.table.next_partition(first))
        while name is not None and name.startswith(prefix):
            rows += self.rows_of(name)
            name = finish(self.table.table.next_partition(f"{name}\0"))
        return rows

    def rows_of(self, partition: str) -> list[Row]:
        """Return the rows of one partition."""
        return list(finish(self.table.table.range(partition)))

    def is_quiet(self) -> bool:
        """Whether no message is on a queue and nothing is on the schedule."""
        return not any(True for _ in self._find_waiting())

    def _start_process(self, name: str) -> Instance:
        skew = self.random.uniform(-MAX_SKEW_SECONDS, MAX_SKEW_SECONDS)
        uniform = self.stream(name).uniform
        process = Process(name, timedelta(seconds=skew), uniform, self._draw_death)
        app = App(dict(self.environment), now=process.now, random=lambda: self._ids.getrandbits(60))
        app.table = ProcessTable(self.table, process)
        app.queues = ProcessQueues(self.queue, process)
        timeout = app.settings.twilio_timeout_seconds
        app.provider = ProcessProvider(self.twilio, process, timeout)
        self.say(f"{name} started, clock {skew:+.1f} s")
        return Instance(process, app)

    def _draw_death(self) -> Death | None:
        if self._deaths.random() >= self.death_share:
            return None
        return self._deaths.choice(["before", "after"])

    def _see_row(self, row: Row) -> None:
        self._check_claim(row)
        self.watch.see_row(row)

    def _find_waiting(self) -> Iterator[bytes]:
        """Yield what waits for the app, on a queue or on the schedule."""
        for message in self.queue.messages.values():
            if message.queue in QUEUES:
                yield message.body
        for row in self.rows(schema.SCHEDULE.first, schema.SCHEDULE.first):
            yield _message_in(row)

    def _check_claim(self, row: Row) -> None:
        """A claim follows a settled one only, and none to send follows a cancel."""
        name = row.key.partition(".")[2]
        if row.partition.startswith("~") or not name.startswith("claim."):
            return
        claim = events.decode(row.text)
        assert isinstance(claim, Claim)  # noqa: S101 - tells mypy
        job_id = row.partition + row.key.partition(".")[0]
        self.say(f"claim {job_id} {claim.n} to {claim.by}")
        self.watch.see_claim(job_id)
        if claim.n == 1:
            if claim.by == "send" and ids.batch_rows(job_id) in self.canceled_batches:
                self.problem("canceled", f"{job_id} was claimed after its batch was canceled")
            return
        key, n = row.key.partition(".")[0], claim.n - 1
        rows = {each.key: each for each in self.rows_of(row.partition)}
        before = rows.get(f"{key}.claim.{n}")
        last = events.decode(before.text) if before else None
        is_send = isinstance(last, Claim) and last.by == "send"
        if last is None or (is_send and f"{key}.answer.{n}" not in rows):
            self.problem("claims", f"{job_id} has two live claims, {n} and {claim.n}")

    def _check_create(self, request: SendRequest) -> None:
        callback = str(request.parameters.get("status_callback", ""))
        entry_id = urlsplit(callback).path.rpartition("/")[2]
        self.say(f"Twilio creates {request.kind} to {request.to} for {entry_id or 'no receipt'}")
        place = ids.parse(entry_id)
        if place is not None and {place.job_id, place.text} & self.canceled:
            self.problem("canceled", f"{entry_id} was sent after its cancel was answered")
        if entry_id in self.erased:
            self.problem("erased", f"{entry_id} was sent after {request.to} was erased")

    def _report(self, record: Record, status: str) -> None:
        self.keep(self._report_until_kept(record, status))

    async def _report_until_kept(self, record: Record, status: str) -> None:
        kind = "Message" if record.kind == "message" else "Call"
        form = {f"{kind}Sid": record.shown.sid, f"{kind}Status": status, "To": record.to,
                "From": record.sender}  # fmt: skip
        req = self.sign(str(record.callback), form)
        for _ in range(MAX_REPORTS):
            await asyncio.sleep(self.twilio.uniform(0.05, 3))
            reply = await self.ask(lambda app: handle_errors(status_trigger.report, req, app))
            if reply is not None and reply.status_code == 204:  # noqa: PLR2004 - no content
                return

    def keep(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        """Run something until it is done."""
        task = asyncio.create_task(work)
        self._reports[task] = None
        task.add_done_callback(lambda done: self._reports.pop(done, None))


def _message_in(row: Row) -> bytes:
    """Return the message in a row of the schedule."""
    return row.text.partition("\n")[2].encode()


def build_request(
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    query: dict[str, str] | None = None,
    **route: str,
) -> func.HttpRequest:
    """Return a request to the app; `route` are the parameters in its path."""
    return func.HttpRequest(
        method, f"{PUBLIC}{path}", headers=headers or {}, params=query or {}, route_params=route,
        body=body,
    )  # fmt: skip


def virtual_date(seconds: float) -> str:
    """Return the time in so many seconds, as requests have it."""
    return (virtual_time.now() + timedelta(seconds=seconds)).isoformat()
