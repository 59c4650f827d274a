"""What other systems send when something is wrong, or right again, read as alerts.

A payload that makes no sense is an alert too: it is kept and shown, and somebody looks at it.

Azure Monitor's common alert schema:
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema.
Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/.
Grafana's: https://grafana.com/docs/grafana/latest/alerting/. PagerDuty's Events API v2:
https://developer.pagerduty.com/docs/events-api-v2-overview.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from shared.jobs.alerts import MAX_KEY_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable

Action = Literal["raise", "acknowledge", "resolve"]

_MAX_TEXT_CHARACTERS: Final = 480
_MAX_PAYLOAD_CHARACTERS: Final = 30_000
# What neither a text nor TwiML can hold, and line ends.
_UNPRINTABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


class Signal(NamedTuple):
    """What a payload asks for; `problem` says why it makes no sense."""

    action: Action
    key: str | None
    text: str
    problem: str | None = None


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    """A payload that lacks what it must have."""


def read_payload(source: str, body: bytes) -> Signal:
    """Return what a payload from a source in `SOURCES` asks for."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _unreadable(source, body, "the payload is not JSON")
    try:
        signal = SOURCES[source](_Object(value))
    except _Unreadable as error:
        return _unreadable(source, body, str(error))
    key = signal.key
    if key is not None and len(key) > MAX_KEY_CHARACTERS:
        key = hashlib.sha256(key.encode()).hexdigest()
    return signal._replace(key=key, text=_clean(signal.text))


def payload_text(body: bytes) -> str:
    """Return a payload as it is kept: to the letter, and cut where it is long."""
    text = body.decode(errors="backslashreplace").replace("\0", "\\x00")
    return text[:_MAX_PAYLOAD_CHARACTERS]


def _unreadable(source: str, body: bytes, problem: str) -> Signal:
    # The same payload again joins the first one.
    key = f"unreadable-{source}-{hashlib.sha256(body).hexdigest()[:32]}"
    text = f"Something came from {source} that cannot be read: look at it in the console"
    return Signal("raise", key, text, problem)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:_MAX_TEXT_CHARACTERS] or "An alert without a text"


class _Object:
    """A JSON object that is read leniently: what is not as expected is blank."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - JSON
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}

    def text(self, *names: str) -> str:
        """Return the first of these that is a text or a number and not blank."""
        for name in names:
            value = self.value.get(name)
            if isinstance(value, str | int | float) and str(value).strip():
                return str(value)
        return ""

    def require(self, name: str) -> str:
        """Return a text that must be there."""
        if text := self.text(name):
            return text
        raise _Unreadable(f"the payload has no `{name}`")

    def inside(self, name: str) -> _Object:
        """Return a member as an object."""
        return _Object(self.value.get(name))

    def first(self, name: str) -> _Object:
        """Return the first member of a list as an object."""
        value = self.value.get(name)
        return _Object(value[0] if isinstance(value, list) and value else None)

    def texts(self, name: str) -> list[str]:
        """Return the texts in a list."""
        value = self.value.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _read_azure_monitor(payload: _Object) -> Signal:
    essentials = payload.inside("data").inside("essentials")
    condition = essentials.require("monitorCondition")
    # The id of the alert is the same when it is resolved.
    key = essentials.require("alertId")
    targets = essentials.texts("configurationItems") or [
        PurePosixPath(target).name for target in essentials.texts("alertTargetIDs")
    ]
    head = f"{essentials.text('severity')} {essentials.text('alertRule')}".strip()
    where = f" on {', '.join(targets)}" if targets else ""
    about = essentials.text("description")
    text = f"{head}{where}: {about}" if about else f"{head}{where}"
    return Signal("resolve" if condition == "Resolved" else "raise", key, text)


def _read_alertmanager(payload: _Object) -> Signal:
    status, key = payload.require("status"), payload.require("groupKey")
    labels, annotations = payload.inside("commonLabels"), payload.inside("commonAnnotations")
    first = payload.first("alerts")
    name = labels.text("alertname") or first.inside("labels").text("alertname")
    about = annotations.text("summary", "description") or first.inside("annotations").text(
        "summary", "description"
    )
    severity = labels.text("severity")
    head = f"{severity} {name}".strip() or "Alertmanager"
    alerts = payload.value.get("alerts")
    count = len(alerts) if isinstance(alerts, list) else 0
    more = f" (and {count - 1} more)" if count > 1 else ""
    text = f"{head}: {about}{more}" if about else f"{head}{more}"
    return Signal("resolve" if status == "resolved" else "raise", key, text)


def _read_grafana(payload: _Object) -> Signal:
    if payload.text("groupKey"):
        signal = _read_alertmanager(payload)
        return signal._replace(text=payload.text("title") or signal.text)
    # Its alerting before version 8.
    state, rule = payload.require("state"), payload.require("ruleId")
    text = payload.text("title", "ruleName")
    about = payload.text("message")
    action: Action = "resolve" if state == "ok" else "raise"
    return Signal(action, f"grafana/{rule}", f"{text}: {about}" if about else text)


def _read_pagerduty(payload: _Object) -> Signal:
    action, key = payload.require("event_action"), payload.text("dedup_key") or None
    event = payload.inside("payload")
    if action == "trigger":
        where = event.text("source")
        about = " ".join(filter(None, (event.text("severity"), event.require("summary"))))
        return Signal("raise", key, f"{about} ({where})" if where else about)
    if action not in ("acknowledge", "resolve"):
        raise _Unreadable("`event_action` must be trigger, acknowledge or resolve")
    if key is None:
        raise _Unreadable("the payload has no `dedup_key`")
    return Signal("acknowledge" if action == "acknowledge" else "resolve", key, "")


def _read_generic(payload: _Object) -> Signal:
    status = payload.text("status")
    if status == "resolved":
        return Signal("resolve", payload.require("key"), "")
    return Signal("raise", payload.text("key") or None, payload.require("text"))


SOURCES: Final[dict[str, Callable[[_Object], Signal]]] = {
    "azure-monitor": _read_azure_monitor,
    "alertmanager": _read_alertmanager,
    "grafana": _read_grafana,
    "pagerduty": _read_pagerduty,
    "generic": _read_generic,
}
