"""Alerts: their events, the rows by which one is found, and policies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.jobs import ids
from shared.jobs.alerts import (
    BESIDE,
    Level,
    PartOf,
    Raised,
    Then,
    Until,
    decode_event,
    encode_event,
    fold_alert,
)
from shared.ledger import schema
from shared.storage.table import Row, after_prefix, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from shared.jobs.alerts import Alert, AnyAlertEvent
    from shared.ledger.digests import Digests
    from shared.ledger.schema import Rows
    from shared.storage.table import Table

# Numbers are counted down from here, so that the highest is read first.
_LAST_NUMBER: Final = 999_999_999
_MAX_LOOKED_AT: Final = 500
# So many alerts of a person are looked at, the newest first.
MAX_OF_PERSON: Final = 30


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
    """The alerts in one table; `digests` name people in keys."""

    def __init__(self, table: Table, digests: Digests) -> None:
        self._table = table
        self._digests = digests

    async def record(self, alert_id: str, event: AnyAlertEvent) -> bool:
        """Note an event; False if one of its name was noted before, which then stands."""
        key = f"{alert_id[4:]}.{event.row_name}"
        return await self._table.insert(Row(_partition(alert_id), key, encode_event(event)))

    async def find(self, alert_id: str, *, in_full: bool = False) -> Alert | None:
        """Return an alert; `in_full` with how often it was joined, and what came with it."""
        start = f"{alert_id[4:]}."
        if in_full:
            rows = self._table.prefix(_partition(alert_id), start)
        else:
            rows = self._table.range(_partition(alert_id), start, start + BESIDE)
        return fold_alert(alert_id, [decode_event(row.text) async for row in rows])

    async def note_part(self, alert_id: str, event: PartOf) -> str:
        """Note which alert the request that took an id is part of; return the one noted first."""
        is_first = await self.record(alert_id, event)
        return event.alert if is_first else await self.of_request(alert_id) or event.alert

    async def of_request(self, alert_id: str) -> str | None:
        """Return the alert that the request that took an id raised or joined; None for neither."""
        found: str | None = None
        async for row in self._table.prefix(_partition(alert_id), f"{alert_id[4:]}."):
            event = decode_event(row.text)
            if isinstance(event, PartOf):
                return event.alert
            if isinstance(event, Raised):
                found = alert_id
        return found

    async def list_newest(
        self, is_wanted: Callable[[Alert], bool], *, limit: int, cursor: str | None
    ) -> AlertPage:
        """Return a page of the alerts that are wanted, newest first, after the one at `cursor`."""
        items: list[Alert] = []
        looked_at = 0
        async for alert_id, alert in self._newest(cursor):
            looked_at += 1
            if alert is not None and is_wanted(alert):
                items.append(alert)
            if len(items) == limit or looked_at == _MAX_LOOKED_AT:
                return AlertPage(tuple(items), alert_id)
        return AlertPage(tuple(items), None)

    async def of_key(self, key: str) -> tuple[int, str | None]:
        """Return how many alerts were raised under a key, and the newest one."""
        digest = _digest(key)
        async for row in self._table.prefix(schema.ALERT_KEYS.place(digest[:2]), f"{digest}."):
            return _LAST_NUMBER - int(row.key.rpartition(".")[2]), row.text
        return 0, None

    async def hold_key(self, key: str, number: int, alert_id: str) -> bool:
        """Note alert `number` that was raised under a key; return False if there is one."""
        digest = _digest(key)
        name = f"{digest}.{_LAST_NUMBER - number:09}"
        return await self._table.insert(Row(schema.ALERT_KEYS.place(digest[:2]), name, alert_id))

    async def note_person(self, address: str, alert_id: str) -> None:
        """Note that somebody is notified of an alert."""
        digest = self._digests.of(address)
        place = schema.ALERT_PEOPLE.place(digest[:2])
        await self._table.insert(Row(place, f"{digest}.{alert_id}", alert_id))

    async def of_person(self, address: str) -> list[str]:
        """Return the newest alerts that somebody was notified of."""
        found: list[str] = []
        for digest in self._digests.every(address):
            place = schema.ALERT_PEOPLE.place(digest[:2])
            rows = self._table.prefix(place, f"{digest}.", page=MAX_OF_PERSON)
            async for row in rows:
                found.append(row.text)
                if len(found) >= MAX_OF_PERSON:
                    break
        return sorted(found)[:MAX_OF_PERSON]

    async def note_question(self, address: str, alert_ids: list[str]) -> bool:
        """Note that somebody was asked which of some alerts they mean; False if they were."""
        digest, which = self._digests.of(address), _digest(" ".join(sorted(alert_ids)))
        place = schema.ALERT_PEOPLE.place(digest[:2])
        return await self._table.insert(Row(place, f"{digest}-{which}", alert_ids[0]))

    async def take_number(self, alert_id: str) -> int:
        """Return the number by which people name an alert: the next one that nobody has."""
        number = 1
        async for row in self._table.range(schema.ALERT_NUMBERS.name, page=1):
            number = _LAST_NUMBER - int(row.key) + 1
            break
        while not await self._table.insert(
            Row(schema.ALERT_NUMBERS.name, f"{_LAST_NUMBER - number:09}", alert_id)
        ):
            number += 1
        return number

    async def policy(self, name: str) -> Policy | None:
        """Return a policy, or None where there is none of this name."""
        _, text = await self._newest_policy(name)
        return msgspec.json.decode(text, type=Policy) if text else None

    async def policies(self) -> dict[str, Policy]:
        """Return all policies by their names."""
        found: dict[str, str] = {}
        async for row in self._table.range(schema.POLICIES.name):
            found.setdefault(row.key.partition(":")[0], row.text)
        return {
            name: msgspec.json.decode(text, type=Policy) for name, text in found.items() if text
        }

    async def put_policy(self, name: str, policy: Policy | None) -> bool:
        """Keep a policy, or delete it (None); return whether there was one before."""
        text = msgspec.json.encode(policy).decode() if policy else ""
        while True:
            version, before = await self._newest_policy(name)
            key = f"{name}:{_LAST_NUMBER - version - 1:09}"
            if await self._table.insert(Row(schema.POLICIES.name, key, text)):
                return bool(before)

    async def _newest_policy(self, name: str) -> tuple[int, str]:
        async for row in self._table.prefix(schema.POLICIES.name, f"{name}:", page=1):
            return _LAST_NUMBER - int(row.key.rpartition(":")[2]), row.text
        return 0, ""

    async def forget(self, before: datetime) -> None:
        """Delete the alerts that were raised before a time and are over, and what leads there."""
        async for partition in self._partitions(schema.ALERTS, ids.day_key(before)):
            async for alert, rows in self._in_partition(partition):
                if alert is None or (alert.raised.at < before and alert.state != "open"):
                    await self._table.delete(partition, [row.key for row in rows])
        for kind in (schema.ALERT_KEYS, schema.ALERT_PEOPLE, schema.ALERT_NUMBERS):
            async for partition in self._partitions(kind):
                rows = [row async for row in self._table.range(partition)]
                # The highest number says which one comes next.
                first = kind is schema.ALERT_NUMBERS
                old = [row.key for row in rows[first:] if await self._is_gone(row, before)]
                await self._table.delete(partition, old)

    async def _is_gone(self, row: Row, before: datetime) -> bool:
        return ids.accepted_at(row.text) < before and await self.find(row.text) is None

    async def erase(self, number: str, remove: Callable[[Any], Any]) -> int:
        """Take a number out of alerts and policies; return how many rows that changed.

        `remove` takes the number out of decoded JSON.
        """
        count = 0
        for kind in (schema.ALERTS, schema.POLICIES):
            async for partition in self._partitions(kind):
                rows = [row async for row in self._table.range(partition) if row.text]
                for row in rows:
                    value = msgspec.json.decode(row.text)
                    if (kept := remove(value)) != value:
                        text = msgspec.json.encode(kept).decode()
                        count += await self._table.replace(row._replace(text=text))
        for address in (number, f"whatsapp:{number}"):
            for digest in self._digests.every(address):
                partition = schema.ALERT_PEOPLE.place(digest[:2])
                keys = [row.key async for row in self._table.prefix(partition, digest)]
                await self._table.delete(partition, keys)
                count += len(keys)
        return count

    async def _partitions(self, kind: Rows, first: str = "") -> AsyncIterator[str]:
        partition = await self._table.next_partition(kind.place(first) if first else kind.name)
        while partition is not None and (
            partition == kind.name or partition.startswith(kind.first)
        ):
            yield partition
            partition = await self._table.next_partition(just_after(partition))

    async def _newest(self, cursor: str | None) -> AsyncIterator[tuple[str, Alert | None]]:
        """Yield the ids after `cursor`, newest first; None where nothing was raised under one."""
        async for partition in self._partitions(schema.ALERTS, cursor[:4] if cursor else ""):
            is_first = cursor is not None and partition == _partition(cursor)
            after = after_prefix(f"{cursor[4:]}.") if cursor and is_first else ""
            async for alert, rows in self._in_partition(partition, after):
                yield _id_of(rows[0]), alert

    async def _in_partition(
        self, partition: str, first: str = ""
    ) -> AsyncIterator[tuple[Alert | None, list[Row]]]:
        """Yield the alerts of a day with their rows; None where nothing was raised."""
        rows = list[Row]()
        async for row in self._table.range(partition, first):
            if rows and row.key.partition(".")[0] != rows[0].key.partition(".")[0]:
                yield _folded(rows), rows
                rows = []
            rows.append(row)
        if rows:
            yield _folded(rows), rows


def _folded(rows: list[Row]) -> Alert | None:
    return fold_alert(_id_of(rows[0]), [decode_event(row.text) for row in rows])


def _id_of(row: Row) -> str:
    """Return the id of the alert that a row is an event of."""
    return row.partition.removeprefix(schema.ALERTS.first) + row.key.partition(".")[0]


def _partition(alert_id: str) -> str:
    return schema.ALERTS.place(alert_id[:4])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
