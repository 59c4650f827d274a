"""At the end of a run: the ledger against Twilio's books and against what clients were told."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from dev.simulate.alert_watch import pages_of
from dev.simulate.scenario import Scenario
from dev.simulate.twilio import Record
from dev.simulate.world import Group, World, token_of
from shared.jobs.alerts import Alert, Notify, notification_of
from shared.jobs.events import Doubt
from shared.jobs.fold import Delivery, Entry
from shared.kinds import Kind

ALIKE: Final = "alike in doubt"  # of two to one person, one took what Twilio made for the other
KINDS: Final[dict[str, Kind]] = {"text": "message", "call": "call"}
LATE: Final = "created late"  # after the time-out, when its twin had been given what came first


@dataclass
class Counts:
    """What a run came to, in recipients.

    `other` are violations that are neither lost, doubled nor stuck; `explained` are differences
    that a documented risk explains, by its name.
    """

    sends: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    other: int = 0
    alerts: int = 0
    explained: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.stuck or self.other)

    def add(self, more: "Counts") -> None:
        """Add another run's."""
        self.sends += more.sends
        self.lost += more.lost
        self.doubled += more.doubled
        self.stuck += more.stuck
        self.other += more.other
        self.alerts += more.alerts
        self.explained += more.explained

    def __str__(self) -> str:
        return f"sends {self.sends}, lost {self.lost}, doubled {self.doubled}, stuck {self.stuck}"


class _Text(msgspec.Struct):
    body: str = ""
    say: str = ""
    steps: Any = None


def audit(world: World, scenario: Scenario) -> Counts:
    """Compare everything, note each difference as a problem of the world, and count them."""
    return _Audit(world, scenario).run()


class _Audit:
    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world = world
        self._explained = Counter[str]()
        self._records = {record.shown.sid: record for record in world.twilio.records}
        self._deliveries: dict[Group, list[tuple[Entry, Delivery]]] = defaultdict(list)
        for entry in world.entries():
            for delivery in entry.deliveries:
                if delivery.to not in (None, "erased") or entry.accepted is None:
                    self._deliveries[_group_of(entry, delivery)].append((entry, delivery))
        self._owners = {
            delivery.sid: group
            for group, found in self._deliveries.items()
            for _, delivery in found
            if delivery.state == "handed_over"
        }
        self._wanted = Counter(
            (each.kind, to, each.token) for each in scenario.intents for to in each.to
        )
        self._confirmed = Counter(
            (each.kind, to, each.token)
            for each in scenario.intents
            if each.is_confirmed
            for to in each.to
        )
        self._alerts = world.alerts()
        for alert in self._alerts:
            for _, notify, is_noted in pages_of(alert):
                group = _group_of_page(alert, notify)
                self._wanted[group] += 1
                self._confirmed[group] += is_noted
        self._quiet = {alert.id for alert in self._alerts if alert.is_quiet}
        self._rejected = {(kind, to, token_of(text)) for kind, to, text in world.twilio.rejections}

    def run(self) -> Counts:
        """Compare group by group; people who were erased are checked while things happen."""
        created: dict[Group, set[str]] = defaultdict(set)
        for record in self._world.twilio.records:
            if not record.is_foreign:
                created[record.kind, record.to, token_of(record.content)].add(record.shown.sid)
        for group in sorted({*self._wanted, *created, *self._deliveries}):
            if group[1] not in self._world.erasing:
                self._compare(group, created[group])
        self._world.watch.check_end(self._alerts)
        codes = Counter(code for code, _ in self._world.problems)
        lost, doubled, stuck = (codes.pop(code, 0) for code in ("lost", "doubled", "stuck"))
        sends = self._wanted.total()
        return Counts(
            sends, lost, doubled, stuck, codes.total(), len(self._alerts), self._explained
        )

    def _compare(self, group: Group, created: set[str]) -> None:
        found, problem = self._deliveries[group], self._world.problem
        if found and found[0][0].accepted is None:
            problem("unreadable", f"{found[0][0].id} was parked as unreadable")
            return
        wanted, confirmed = self._wanted[group], self._confirmed[group]
        if len(found) < confirmed:
            problem("lost", f"{group}: {confirmed} accepted, {len(found)} in the ledger")
        if len(found) > wanted:
            problem("doubled", f"{group}: {wanted} asked for, {len(found)} in the ledger")
        owned = Counter(d.sid for _, d in found if d.state == "handed_over")
        for sid, times in owned.items():
            if (sid not in created or times > 1) and not self._took_one_alike(group, sid):
                problem("lost", f"{group}: has {sid} {times} times, which is not its own")
        for sid in sorted(created - {*owned}):
            if not self._explains_extra(group, sid):
                states = ", ".join(f"{entry.id} {d.state}" for entry, d in found)
                problem("doubled", f"{group}: {sid} belongs to none of {states}")
        for entry, delivery in found:
            self._check_state(group, entry, delivery)

    def _took_one_alike(self, group: Group, sid: str | None) -> bool:
        """Whether a record that shows no content was taken for one of ours to the same person."""
        record = self._records.get(sid or "")
        is_alike = (
            record is not None
            and not record.is_foreign
            and not record.shows_content()
            and (record.kind, record.to) == group[:2]
            and self._was_in_doubt(_group_of_record(record))
        )
        self._explained[ALIKE] += is_alike
        return is_alike

    def _explains_extra(self, group: Group, sid: str) -> bool:
        """Whether a risk explains that no entry of a group has this record of it."""
        record = self._records[sid]
        owner = self._owners.get(sid)
        if owner is not None and owner != group:
            return not record.shows_content() and self._was_in_doubt(group)  # counted at its owner
        is_twin = len(self._deliveries[group]) > 1 or not record.shows_content()
        is_late = record.is_late and is_twin
        self._explained[LATE] += is_late
        return is_late

    def _was_in_doubt(self, group: Group) -> bool:
        return any(
            isinstance(event, Doubt)
            for entry, _ in self._deliveries[group]
            for event in entry.events
        )

    def _check_state(self, group: Group, entry: Entry, delivery: Delivery) -> None:
        problem = self._world.problem
        if delivery.pending:
            is_known = self._confirmed[group] == self._wanted[group]
            told = "its client knows" if is_known else "its client was not told"
            problem("stuck", f"{group}: {entry.id} is {delivery.state}; {told}")
        elif delivery.state == "parked":
            code = entry.parked.code if entry.parked else None
            problem("stuck", f"{group}: {entry.id} is parked ({code})")
        elif self._is_of_quiet_alert(entry):
            return  # nobody is notified of it any more
        elif delivery.state == "canceled" and _alert_of(entry):
            problem("lost", f"{group}: {entry.id} is canceled, and its alert has no answer")
        elif delivery.state == "refused" and group not in self._rejected:
            problem("lost", f"{group}: {entry.id} is refused, and Twilio never did that")

    def _is_of_quiet_alert(self, entry: Entry) -> bool:
        return _alert_of(entry) in self._quiet


def _alert_of(entry: Entry) -> str | None:
    mark = notification_of(entry.accepted) if entry.accepted else None
    return mark and mark.alert_id


def _group_of(entry: Entry, delivery: Delivery) -> Group:
    if entry.accepted is None:
        return ("message", f"unreadable {entry.id}", "")
    text = msgspec.json.decode(entry.accepted.request, type=_Text)
    return (
        entry.accepted.kind,
        str(delivery.to),
        token_of(text.body or text.say or str(text.steps)),
    )


def _group_of_page(alert: Alert, notify: Notify) -> Group:
    return (KINDS[notify.by], notify.to, token_of(alert.raised.text))


def _group_of_record(record: Record) -> Group:
    return (record.kind, record.to, token_of(record.content))
