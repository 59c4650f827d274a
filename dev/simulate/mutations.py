"""Rules of the app, each broken on purpose, to see whether the simulation misses it.

`python3 dev simulate --break NAME` runs the app with one of them broken, in this process only: its
source is changed while it is imported. `--break all` runs each for the given seeds and prints how
many of them fail.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final, NamedTuple


class Mutation(NamedTuple):
    """A rule, and how its code is changed: `old` stands once in the source of `module`."""

    rule: str
    module: str
    old: str
    new: str


MUTATIONS: Final[dict[str, Mutation]] = {
    "claim-not-compared": Mutation(
        "one worker makes an attempt: the one that inserted its claim",
        "shared.deliver.attempt",
        "if not await app.ledger.record(job.job, claim) and not await _is_mine(app, job, claim):",
        "if not await app.ledger.record(job.job, claim) and not claim:",
    ),
    "settled-while-busy": Mutation(
        "nobody settles an attempt before its claim is over",
        "shared.deliver.next_step",
        "if entry.doubt is None and now < busy_until else",
        "if entry.doubt is None and now < claim.at else",
    ),
    "no-last-look-at-the-clock": Mutation(
        "no request begins after its claim has ended",
        "shared.deliver.attempt",
        "request = replace(built, begin_before=claim.until, urgent",
        "request = replace(built, urgent",
    ),
    "cancel-without-claim": Mutation(
        "a cancel inserts the same row as a send",
        "shared.deliver.cancel",
        "is_stopped = await _take_claim(app, entry, unsent)",
        "is_stopped = True",
    ),
    "unknown-sent-again": Mutation(
        "an unknown result is settled before another attempt",
        "shared.deliver.next_step",
        "if entry.unsettled and claim is not None:",
        "if entry.unsettled and claim is not None and entry.doubt is None:",
    ),
    "no-window": Mutation(
        "what fits was created while the claim's requests may have been taken",
        "shared.deliver.evidence",
        "if record.created_at <= until\n        and ",
        "if ",
    ),
    "direction-ignored": Mutation(
        "only `outbound-api` is evidence",
        "shared.deliver.evidence",
        "if record.direction != _OURS:",
        "if record.direction == 'inbound':",
    ),
    "owner-ignored": Mutation(
        "one entry adopts a SID",
        "shared.ledger.owners",
        "if await self._owner(sid, created_at, known_at, now) not in (None, job_id):",
        "if not sid:",
    ),
    "sid-not-taken": Mutation(
        "of two doubts, one adopts a SID",
        "shared.ledger.owners",
        "if await self._table.insert(mine):",
        "if await self._table.insert(mine) or mine:",
    ),
    "absence-too-early": Mutation(
        "absence counts after the grace time",
        "shared.deliver.settle",
        "return timedelta(seconds=max(settings.resolve_after_seconds, longest_request))",
        "return timedelta(seconds=settings.resolve_after_seconds - longest_request)",
    ),
    "backlog-ignored": Mutation(
        "absence of a call counts after its queue at Twilio has drained",
        "shared.deliver.settle",
        "drained_from = absence_from + backlog.lasts",
        "drained_from = absence_from",
    ),
    "backlog-not-in-window": Mutation(
        "a call that Twilio started late is found",
        "shared.deliver.settle",
        "created_until += backlog.lasts",
        "pass",
    ),
    "late-not-looked-for": Mutation(
        "the next attempt looks for what was created late",
        "shared.deliver.attempt",
        "if late := await find_late(app, entry, index):",
        "if late := None:",
    ),
    "sender-of-today": Mutation(
        "a doubt is settled with the sender that the request was accepted with",
        "shared.deliver.settle",
        "return replace(accepted, sender=(claim and claim.sender) or accepted.sender)",
        "return replace(accepted, sender=None)",
    ),
    "new-id-when-put-back": Mutation(
        "a request that waits keeps the id and time of its first queue message",
        "shared.deliver.receive",
        "queue_message=message.id,\n            inserted_at=message.inserted_at,",
        "queue_message=f'{message.id} again',\n            inserted_at=message.inserted_at,",
    ),
    "row-deleted-first": Mutation(
        "a row of the schedule is deleted after its message is put",
        "shared.ledger.schedule",
        "        await _run_all(map(self._put, waiting))\n"
        "        async with self._table_requests:\n"
        "            await self._table.delete(rows[0].partition, [each.key for each in waiting])\n",
        "        async with self._table_requests:\n"
        "            await self._table.delete(rows[0].partition, [each.key for each in waiting])\n"
        "        await _run_all(map(self._put, waiting))\n",
    ),
    "row-without-message": Mutation(
        "accepted means that the job is on its queue or on the schedule",
        "shared.accept.accept",
        "    for outcome in (queued, row):\n        if isinstance(outcome, BaseException):",
        "    for outcome in (queued, row):\n"
        "        if outcome is row and isinstance(outcome, BaseException):",
    ),
    "no-sweep": Mutation(
        "what has lost its message is put back",
        "shared.triggers.timers",
        "await sweep(app)",
        "pass",
    ),
    "key-not-held": Mutation(
        "one idempotency key stands for one job",
        "shared.accept.accept",
        "held = held or await app.ledger.hold_key(valid.key, mine)",
        "held = held or (await app.ledger.hold_key(valid.key, mine) and mine)",
    ),
    "alert-not-looked-at": Mutation(
        "nobody is paged after the answer",
        "shared.deliver.guards",
        "if alert is None or not alert.is_quiet:",
        "if alert is None or alert:",
    ),
    "page-without-key": Mutation(
        "everybody is paged once for each level",
        "shared.deliver.alerts",
        "fields, key=mark.key)).id",
        "fields)).id",
    ),
    "level-without-end": Mutation(
        "the message of a level's end is put before the level begins",
        "shared.deliver.alerts",
        "    await put(app, end, run.at + timedelta(seconds=alert.level_of(run).wait))\n",
        "    assert end\n",
    ),
    "end-not-put-again": Mutation(
        "the message of a level's end comes back until the level is over",
        "shared.deliver.alerts",
        "if message.n is not None and message.n >= n:",
        "if message.n is not None and message.n > n:",
    ),
    "alert-without-message": Mutation(
        "the message that drives an alert is put before its row",
        "shared.accept.alerts",
        "    await put(app, message, app.now())\n"
        "    if not await app.ledger.alerts.record(alert_id, raised):\n"
        "        return await _join(app, alert_id, raised)\n",
        "    if not await app.ledger.alerts.record(alert_id, raised):\n"
        "        return await _join(app, alert_id, raised)\n"
        "    await put(app, message, app.now())\n",
    ),
    "every-answer-first": Mutation(
        "the first answer wins, and everybody else hears so",
        "shared.deliver.alerts",
        "return after, after.answer is not None and after.answer.token == token",
        "return after, after.answer is not None and bool(token)",
    ),
    "key-joins-nothing": Mutation(
        "one alert is open for a key",
        "shared.accept.alerts",
        "if alert is None or newest == alert_id or alert.takes_key:",
        "if alert is None or newest == alert_id:",
    ),
}


class _Loader(SourceFileLoader):
    """Loads a module from its source with one place changed, and never from a cache."""

    def __init__(self, mutation: Mutation, path: str) -> None:
        super().__init__(mutation.module, path)
        self._mutation = mutation

    def get_code(self, fullname: str) -> CodeType:
        source = change_source(self._mutation, self.get_source(fullname) or "")
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the module of one mutation."""

    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutation.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(self._mutation, spec.origin)
        return spec


def change_source(mutation: Mutation, source: str) -> str:
    """Return a module's source with the rule broken.

    Raises:
        ValueError: the place is not there, or not only once.
    """
    if source.count(mutation.old) != 1:
        raise ValueError(f"{mutation.module} has not once: {mutation.old}")
    return source.replace(mutation.old, mutation.new)


def install(name: str) -> None:
    """Break a rule in everything that is imported from now on.

    Raises:
        ValueError: its module was imported before.
    """
    mutation = MUTATIONS[name]
    if mutation.module in sys.modules:
        raise ValueError(f"{mutation.module} is imported already")
    sys.meta_path.insert(0, _Finder(mutation))


def install_flagged(arguments: Sequence[str]) -> None:
    """Break the rule that the command's `--break` names, if it names one."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--break", dest="broken")
    name = parser.parse_known_args(arguments)[0].broken
    if name in MUTATIONS:
        install(name)
