"""What must hold for alerts while they are driven, and at the end of a run."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from shared.errors import UnreadableJobError
from shared.jobs import ids
from shared.jobs.alerts import (
    Alert,
    AlertMessage,
    AnyAlertEvent,
    LevelBegun,
    Notify,
    decode_event,
    fold_alert,
    next_run,
    notifications_of,
)
from shared.jobs.job import decode_queue_message
from shared.ledger import schema
from shared.provider.provider import SendRequest
from shared.storage.table import Row

ANSWERS: Final = frozenset({"answered", "resolved", "canceled"})


class AlertWatch:
    """Watches the rows of alerts, the messages that drive them, and who is notified.

    `rows` gives the rows of a partition, `messages` what waits on a queue or on the schedule.
    """

    def __init__(
        self,
        problem: Callable[[str, str], None],
        rows: Callable[[str], list[Row]],
        messages: Callable[[], Iterable[bytes]],
    ) -> None:
        self.accepted: Counter[str] = Counter()  # how many requests each alert was told to
        self.quiet_since: dict[str, float] = {}
        self.on_level: Callable[[str], None] = lambda _: None
        self._problem = problem
        self._rows = rows
        self._messages = messages
        self._claimed: dict[str, float] = {}
        self._first: dict[tuple[str, int], str] = {}

    # --- what is seen ----------------------------------------------------------------------

    def see_row(self, row: Row) -> None:
        """See a row that is new."""
        if not row.partition.startswith(schema.ALERTS.first):
            return
        alert_id, name = _name_of(row)
        if name in ANSWERS:
            self.quiet_since.setdefault(alert_id, asyncio.get_running_loop().time())
        elif name == "raised":
            self._require_one_of_key(alert_id)
            self._require_next_step(alert_id)
        elif name.startswith("level."):
            self.on_level(alert_id)

    def see_claim(self, job_id: str) -> None:
        """See that an attempt of a job is claimed."""
        self._claimed[job_id] = asyncio.get_running_loop().time()

    def see_message_go(self, body: bytes) -> None:
        """See that a message is deleted from a queue, or a row from the schedule."""
        if message := _read(body):
            self._require_next_step(message.alert)

    def see_page(self, request: SendRequest) -> None:
        """See that a worker asks Twilio to notify somebody.

        The worker looks whether the alert is answered after its claim. So nobody is notified by an
        attempt that was claimed after the answer. One that was claimed before may go on.
        """
        url = urlsplit(str(request.parameters.get("status_callback", "")).partition("#")[0])
        alert_id = parse_qs(url.query).get("alert", [""])[0]
        place = ids.parse(url.path.rpartition("/")[2])
        since = self.quiet_since.get(alert_id)
        if since is not None and place is not None and self._claimed[place.job_id] > since:
            self._problem("answered", f"{request.to} is notified of {alert_id} after its answer")

    def accept(self, alert_id: str) -> None:
        """Note that one more client was told its alert."""
        self.accepted[alert_id] += 1

    def note_first(self, word: str, number: int, who: str) -> None:
        """Note that somebody was told that their answer of a kind was the first."""
        other = self._first.setdefault((word, number), who)
        if other != who:
            self._problem("answers", f"{other} and {who} both hear that (A {number}) was {word}")

    def require_quiet(self, alert_id: str) -> None:
        """Require that an alert is answered, because somebody was told so."""
        if alert_id not in self.quiet_since:
            self._problem("answers", f"{alert_id} is not answered, and its operator was told so")

    # --- what must hold --------------------------------------------------------------------

    def find(self, alert_id: str) -> Alert | None:
        """Return an alert."""
        rows = self._rows(schema.ALERTS.place(alert_id[:4]))
        name = f"{alert_id[4:]}."
        return fold_alert(alert_id, [decode_event(r.text) for r in rows if r.key.startswith(name)])

    def alerts(self, day: str) -> Iterator[Alert]:
        """Yield the alerts of a day."""
        found: dict[str, list[AnyAlertEvent]] = {}
        for row in self._rows(schema.ALERTS.place(day)):
            found.setdefault(_name_of(row)[0], []).append(decode_event(row.text))
        for alert_id, events in found.items():
            if (alert := fold_alert(alert_id, events)) is not None:
                yield alert

    def _require_one_of_key(self, alert_id: str) -> None:
        alert = self.find(alert_id)
        key = alert.raised.key if alert else None
        alike = [a.id for a in self.alerts(alert_id[:4]) if a.raised.key == key and a.takes_key]
        if key is not None and len(alike) > 1:
            self._problem("doubled", f"{' and '.join(alike)} are open for one key")

    def _require_next_step(self, alert_id: str) -> None:
        """An open alert has a message that drives it on when its newest run ends."""
        alert = self.find(alert_id)
        if alert is None or alert.state != "open":
            return
        n = alert.run.n if alert.run else 0
        name = alert_id.encode()
        waiting = (_read(body) for body in self._messages() if name in body)
        if not any(m and m.alert == alert_id and m.n is not None and m.n >= n for m in waiting):
            self._problem("stuck", f"{alert_id} is open, and nothing drives it on after run {n}")

    def check_end(self, alerts: Iterable[Alert]) -> None:
        """Check what must hold of each alert when everything is over."""
        by_id = {alert.id: alert for alert in alerts}
        for alert_id in self.accepted.keys() - by_id.keys():
            self._problem("lost", f"alert {alert_id} was accepted, and is not in the ledger")
        for alert in by_id.values():
            if alert.state == "open":
                self._problem("stuck", f"alert {alert.id} is open")
            is_alone = alert.raised.key is None
            if not self.accepted[alert.id] <= alert.count or (is_alone and alert.count > 1):
                told = self.accepted[alert.id]
                self._problem("count", f"alert {alert.id} counts {alert.count}, {told} were told")
            self._check_runs(alert)
            self._check_first(alert)

    def _check_runs(self, alert: Alert) -> None:
        """Check that runs follow one another, and that everybody of each was notified."""
        if len({(run.round, run.level, run.time) for run in alert.runs}) < len(alert.runs):
            self._problem("doubled", f"a level of alert {alert.id} began twice")
        if [run.n for run in alert.runs] != list(range(1, len(alert.runs) + 1)):
            self._problem("lost", f"alert {alert.id} has runs {[run.n for run in alert.runs]}")
        if alert.exhaustion is None or alert.run is None:
            return
        for run in alert.runs:
            notified = alert.notified.get(run.n)
            if notified is None or None in notified.jobs:
                self._problem("lost", f"run {run.n} of alert {alert.id} left somebody out")
        is_skipped = alert.run.n in alert.escalated | alert.machines
        if next_run(alert.raised, alert.run, is_skipped=is_skipped) is not None:
            self._problem("lost", f"alert {alert.id} is exhausted after run {alert.run.n}")

    def _check_first(self, alert: Alert) -> None:
        """Check that who was told to be first is who the ledger says."""
        events = {"Acknowledged": alert.answer, "Resolved": alert.resolution}
        for word, event in events.items():
            who = self._first.get((word, alert.raised.number))
            if who is not None and (event is None or event.by != who):
                self._problem("answers", f"{who} was told that (A {alert.raised.number}) is {word}")


def pages_of(alert: Alert) -> Iterator[tuple[LevelBegun, Notify, bool]]:
    """Yield each notification that an alert asks for, and whether its job is noted."""
    for run in alert.runs:
        notified = alert.notified.get(run.n)
        for mark, notify in notifications_of(alert, run):
            yield run, notify, notified is not None and notified.jobs[mark.member] is not None


def _name_of(row: Row) -> tuple[str, str]:
    """Return the alert that a row is of, and the rest of its key."""
    place, _, name = row.key.partition(".")
    return row.partition.removeprefix(schema.ALERTS.first) + place, name


def _read(body: bytes) -> AlertMessage | None:
    """Return the message for an alert that a queue message is."""
    try:
        held = decode_queue_message(body) if b'"alert"' in body else None
    except UnreadableJobError:
        return None
    return held if isinstance(held, AlertMessage) else None
