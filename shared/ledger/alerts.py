"""Alerts: their events, and the rows by which one is found.

| rows | partition | key | value |
|---|---|---|---|
| events of alerts | `~alert-{day}` | `{rest of the id}.{event}` | the event as JSON |
| by key | `~alertkey-{two digits}` | `{digest of key}.{number, newest first}` | the alert's id |
| by person | `~alertperson-{two digits}` | `{digest of address}.{id}` | the alert's id |
| numbers | `~alertnumber` | the number, highest first | the alert's id |
| policies | `~policy` | `{name}!{version, newest first}` | `Policy` as JSON; blank: deleted |

Written by raising, driving and answering alerts. `forget` deletes the alerts that are over and
old, and what leads to them; policies stay. Erasing a person takes the number out of alerts and
policies, and deletes the rows that lead from the person to them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs import ids
from shared.jobs.alerts import (
    BESIDE,
    Level,
    Then,
    Until,
    decode_event,
    encode_event,
    fold_alert,
)
from shared.storage.table import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from shared.jobs.alerts import Alert, AnyAlertEvent
    from shared.storage.table import Table

ALERT: Final = "~alert"
_BY_KEY: Final = "~alertkey"
_BY_PERSON: Final = "~alertperson"
_NUMBERS: Final = "~alertnumber"
_POLICIES: Final = "~policy"
# Numbers are counted down from here, so that the highest is read first.
_LAST_NUMBER: Final = 999_999_999
_MAX_LOOKED_AT: Final = 500
# So many alerts of a person are looked at, the newest first.
MAX_OF_PERSON: Final = 30
_ERASED: Final = "erased"


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Levels under a name."""

    levels: tuple[Level, ...]
    until: Until = "acknowledged"
    then: Then = "stop"
    most: int = 1
    urgent: bool = False


@dataclass(frozen=True)
class AlertPage:
    """Alerts, and where to go on (None: there are no more)."""

    items: tuple[Alert, ...]
    next: str | None


class Alerts:
    """The alerts in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def record(self, alert_id: str, event: AnyAlertEvent) -> bool:
        """Note an event; False if one of its name was noted before, which then stands."""
        key = f"{alert_id[4:]}.{event.name}"
        return await self._table.insert(Row(_partition(alert_id), key, encode_event(event)))

    async def find(self, alert_id: str, *, in_full: bool = False) -> Alert | None:
        """Return an alert; `in_full` with how often it was joined, and what came with it."""
        key = alert_id[4:]
        last = f"{key}/" if in_full else f"{key}.{BESIDE}"
        rows = self._table.read(_partition(alert_id), f"{key}.", last)
        return fold_alert(alert_id, [decode_event(row.text) async for row in rows])

    async def list_newest(
        self, is_wanted: Callable[[Alert], bool], *, limit: int, cursor: str | None
    ) -> AlertPage:
        """Return a page of the alerts that are wanted, newest first, after the one at `cursor`."""
        items: list[Alert] = []
        looked_at = 0
        async for alert in self._newest(cursor):
            looked_at += 1
            if is_wanted(alert):
                items.append(alert)
            if len(items) == limit or looked_at == _MAX_LOOKED_AT:
                return AlertPage(tuple(items), alert.id)
        return AlertPage(tuple(items), None)

    async def of_key(self, key: str) -> tuple[int, str | None]:
        """Return the newest alert that was raised under a key, and how many were until then."""
        digest = _digest(key)
        async for row in self._table.read(f"{_BY_KEY}-{digest[:2]}", f"{digest}.", f"{digest}/"):
            return _LAST_NUMBER - int(row.key.rpartition(".")[2]), row.text
        return 0, None

    async def hold_key(self, key: str, number: int, alert_id: str) -> bool:
        """Note alert `number` that was raised under a key; False if there is one."""
        digest = _digest(key)
        row = Row(f"{_BY_KEY}-{digest[:2]}", f"{digest}.{_LAST_NUMBER - number:09}", alert_id)
        return await self._table.insert(row)

    async def note_person(self, address: str, alert_id: str) -> None:
        """Note that somebody is notified of an alert."""
        await self._table.insert(_person_row(address, alert_id))

    async def of_person(self, address: str) -> list[str]:
        """Return the newest alerts that somebody was notified of."""
        digest, found = _digest(address), list[str]()
        rows = self._table.read(f"{_BY_PERSON}-{digest[:2]}", f"{digest}.", f"{digest}/",
                                page=MAX_OF_PERSON)  # fmt: skip
        async for row in rows:
            found.append(row.text)
            if len(found) == MAX_OF_PERSON:
                break
        return found

    async def note_question(self, address: str, alert_ids: list[str]) -> bool:
        """Note that somebody was asked which of some alerts they mean; False if they were."""
        digest, which = _digest(address), _digest(" ".join(sorted(alert_ids)))
        row = Row(f"{_BY_PERSON}-{digest[:2]}", f"{digest}~{which}", alert_ids[0])
        return await self._table.insert(row)

    async def take_number(self, alert_id: str) -> int:
        """Return the number by which people name an alert: the next one that nobody has."""
        number = 1
        async for row in self._table.read(_NUMBERS, page=1):
            number = _LAST_NUMBER - int(row.key) + 1
            break
        while not await self._table.insert(Row(_NUMBERS, f"{_LAST_NUMBER - number:09}", alert_id)):
            number += 1
        return number

    async def policy(self, name: str) -> Policy | None:
        """Return a policy, or None where there is none of this name."""
        _, text = await self._newest_policy(name)
        return msgspec.json.decode(text, type=Policy) if text else None

    async def policies(self) -> dict[str, Policy]:
        """Return all policies by their names."""
        found: dict[str, str] = {}
        async for row in self._table.read(_POLICIES):
            found.setdefault(row.key.partition("!")[0], row.text)
        return {
            name: msgspec.json.decode(text, type=Policy) for name, text in found.items() if text
        }

    async def put_policy(self, name: str, policy: Policy | None) -> bool:
        """Keep a policy, or delete it (None); return whether there was one before."""
        text = msgspec.json.encode(policy).decode() if policy else ""
        while True:
            version, before = await self._newest_policy(name)
            key = f"{name}!{_LAST_NUMBER - version - 1:09}"
            if await self._table.insert(Row(_POLICIES, key, text)):
                return bool(before)

    async def _newest_policy(self, name: str) -> tuple[int, str]:
        async for row in self._table.read(_POLICIES, f"{name}!", f'{name}"', page=1):
            return _LAST_NUMBER - int(row.key.rpartition("!")[2]), row.text
        return 0, ""

    async def forget(self, before: datetime) -> None:
        """Delete the alerts that were raised before a time and are over, and what leads there."""
        async for partition in self._partitions(f"{ALERT}-{ids.day_key(before)}", f"{ALERT}-"):
            async for alert, rows in self._in_partition(partition):
                if alert is None or (alert.raised.at < before and alert.state != "open"):
                    await self._table.delete(partition, [row.key for row in rows])
        for name in (_BY_KEY, _BY_PERSON, _NUMBERS):
            async for partition in self._partitions(name, name):
                rows = [row async for row in self._table.read(partition)]
                # The highest number says which one comes next.
                old = [row for row in rows[name == _NUMBERS :] if await self._is_gone(row, before)]
                await self._table.delete(partition, [row.key for row in old])

    async def _is_gone(self, row: Row, before: datetime) -> bool:
        return ids.accepted_at(row.text) < before and await self.find(row.text) is None

    async def erase(self, number: str) -> int:
        """Take a number out of every alert and policy; return how many rows that were."""
        count = 0
        for first in (f"{ALERT}-", _POLICIES):
            async for partition in self._partitions(first, first):
                rows = [row async for row in self._table.read(partition) if number in row.text]
                for row in rows:
                    await self._table.delete(partition, [row.key])
                    text = row.text.replace(number, _ERASED)
                    await self._table.insert(row._replace(text=text))
                count += len(rows)
        for address in (number, f"whatsapp:{number}"):
            digest = _digest(address)
            partition = f"{_BY_PERSON}-{digest[:2]}"
            keys = [row.key async for row in self._table.read(partition, digest, f"{digest}~~")]
            await self._table.delete(partition, keys)
            count += len(keys)
        return count

    async def _partitions(self, first: str, prefix: str) -> AsyncIterator[str]:
        partition = await self._table.next_partition(first)
        while partition is not None and partition.startswith(prefix):
            yield partition
            partition = await self._table.next_partition(f"{partition}!")

    async def _newest(self, cursor: str | None) -> AsyncIterator[Alert]:
        first = _partition(cursor) if cursor else f"{ALERT}-"
        async for partition in self._partitions(first, f"{ALERT}-"):
            after = f"{cursor[4:]}/" if cursor and partition == first else ""
            async for alert, _ in self._in_partition(partition, after):
                if alert is not None:
                    yield alert

    async def _in_partition(
        self, partition: str, first: str = ""
    ) -> AsyncIterator[tuple[Alert | None, list[Row]]]:
        """Yield the alerts of a day with their rows; None where nothing was raised."""
        day, rows = partition.removeprefix(f"{ALERT}-"), list[Row]()
        async for row in self._table.read(partition, first):
            if rows and row.key.partition(".")[0] != rows[0].key.partition(".")[0]:
                yield _folded(day, rows), rows
                rows = []
            rows.append(row)
        if rows:
            yield _folded(day, rows), rows


def _folded(day: str, rows: list[Row]) -> Alert | None:
    alert_id = day + rows[0].key.partition(".")[0]
    return fold_alert(alert_id, [decode_event(row.text) for row in rows])


def _partition(alert_id: str) -> str:
    return f"{ALERT}-{alert_id[:4]}"


def _person_row(address: str, alert_id: str) -> Row:
    digest = _digest(address)
    return Row(f"{_BY_PERSON}-{digest[:2]}", f"{digest}.{alert_id}", alert_id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
