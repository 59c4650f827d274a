"""At the end of a run: the ledger against Twilio's books and what clients were told."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import msgspec

from dev.simulate.scenario import Scenario
from dev.simulate.twilio import Record
from dev.simulate.world import Group, World, token_of
from shared.jobs.fold import Delivery, Entry


@dataclass
class Counts:
    """What a run came to, in recipients; `other` are violations that are none of these."""

    sends: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    other: int = 0

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

    def __str__(self) -> str:
        return f"sends {self.sends}, lost {self.lost}, doubled {self.doubled}, stuck {self.stuck}"


class _Text(msgspec.Struct):
    body: str = ""
    say: str = ""


def audit(world: World, scenario: Scenario) -> Counts:
    """Compare everything, note each difference as a problem, and count them."""
    records: dict[Group, dict[str, Record]] = defaultdict(dict)
    foreign = set()
    for record in world.twilio.records:
        if record.is_foreign:
            foreign.add(record.shown.sid)
        else:
            group = (record.kind, record.to, token_of(record.content))
            records[group][record.shown.sid] = record
    deliveries: dict[Group, list[tuple[Entry, Delivery]]] = defaultdict(list)
    for entry in world.entries():
        for delivery in entry.deliveries:
            if entry.accepted is not None and delivery.to in (None, "erased"):
                continue  # nothing tells whose it was; `erased` is checked as things happen
            deliveries[_group(entry, delivery)].append((entry, delivery))
    wanted = Counter(
        (intent.kind, to, intent.token) for intent in scenario.intents for to in intent.to
    )
    confirmed = Counter(
        (intent.kind, to, intent.token)
        for intent in scenario.intents
        if intent.is_confirmed
        for to in intent.to
    )
    rejected = Counter((kind, to, token_of(text)) for kind, to, text in world.twilio.rejections)
    for group in sorted({*wanted, *records, *deliveries}):
        if group[1] in world.erasing:
            continue
        found = deliveries[group]
        if len(found) < confirmed[group]:
            world.problem("lost", f"{group}: {confirmed[group]} accepted, {len(found)} in the ledger")
        if len(found) > wanted[group]:
            world.problem("doubled", f"{group}: {wanted[group]} asked for, {len(found)} in the ledger")
        owned = Counter(d.sid for _, d in found if d.state == "handed_over")
        for sid, times in owned.items():
            if sid not in records[group] or times > 1:
                whose = "another program's" if sid in foreign else "not its own"
                world.problem("lost", f"{group}: has {sid} {times} times, which is {whose}")
        for sid in records[group]:
            if sid not in owned:
                states = [f"{e.id} {d.state}" for e, d in found]
                world.problem("doubled", f"{group}: {sid} belongs to none of {states}")
        for entry, delivery in found:
            _check_state(world, group, entry, delivery, is_rejected=rejected[group] > 0)
            if delivery.pending and confirmed[group] == wanted[group]:
                world.problem("confirmed", f"{group}: {entry.id} was accepted, and is stuck")
    codes = Counter(code for code, _ in world.problems)
    lost, doubled, stuck = (codes.pop(code, 0) for code in ("lost", "doubled", "stuck"))
    return Counts(sum(wanted.values()), lost, doubled, stuck, codes.total())


def _check_state(
    world: World, group: Group, entry: Entry, delivery: Delivery, *, is_rejected: bool
) -> None:
    if delivery.pending:
        world.problem("stuck", f"{group}: {entry.id} is {delivery.state}")
    elif delivery.state == "parked":
        code = entry.parked.code if entry.parked else None
        world.problem("stuck", f"{group}: {entry.id} is parked ({code})")
    elif delivery.state == "refused" and not is_rejected:
        world.problem("lost", f"{group}: {entry.id} is refused, and Twilio never did that")


def _group(entry: Entry, delivery: Delivery) -> Group:
    if entry.accepted is None:
        return ("message", f"unreadable {entry.id}", "")
    text = msgspec.json.decode(entry.accepted.request, type=_Text)
    return (entry.accepted.kind, str(delivery.to), token_of(text.body or text.say))
