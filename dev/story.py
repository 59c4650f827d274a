"""Turns the host's lines into one short line for each thing that happens.

The app logs `event {"field": …}` (shared/log.py), numbers masked and texts left out.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dev.child import labelled
from dev.terminal import CYAN, DIM, GREEN, RED, YELLOW, Terminal

APP_LINE = re.compile(
    r"(?:\S+ \S+ (?P<level>[A-Z]+) \S+: )?(?P<line>(?P<event>[a-z_]+) (?P<fields>\{.*\}))"
)
# The host's table of triggers, and what it and the libraries say when all is well.
ROUTINE = re.compile(r"\w+: \w+Trigger |\w+: \w+ is not served|\S+ \S+ (INFO|DEBUG) ")
KINDS = {"message": "text", "call": "call"}
FINAL = {"delivered", "undelivered", "failed", "completed", "busy", "no-answer", "canceled", "read"}
FAILED = {"undelivered", "failed"}
HIDDEN = {"accepted", "doubt_unsettled", "reconciled", "forgotten", "queue_watched", "forwarded"}
REPEATED = {"provider_unreachable"}  # the line of the attempt says it
QUIET = {"", "INFO"}
TO_DO = {
    "twilio_client_refused": "wrong account SID and token, and not a key of CLIENT_KEYS either",
}
RESULTS = {
    "rejected": ("rejected", RED),
    "retryable": ("is tried again", YELLOW),
    "not_created": ("is tried again", YELLOW),
    "unknown": ("in doubt", YELLOW),
}
SETTLED = {**RESULTS, "sent": ("found at Twilio, not sent again", GREEN)}
MAX_REMEMBERED = 10_000


def parse(line: str) -> tuple[str, dict[str, Any], str] | None:
    """Return the event, fields and level of one of the app's log lines; None for others."""
    match = APP_LINE.fullmatch(line)
    try:
        return match and (match["event"], json.loads(match["fields"]), match["level"] or "")
    except ValueError:
        return None


def app_lines(line: str) -> str | None:
    """Return one of the app's log lines as the app wrote it; None for the host's routine."""
    if match := APP_LINE.fullmatch(line):
        return match["line"]
    return None if ROUTINE.match(line) else line


def recipient_of(fields: Mapping[str, Any]) -> tuple[str, int]:
    """Return the job and the place in it; a report on a job's only recipient has the index null."""
    return fields.get("id", ""), fields.get("index") or 0


class Story:
    """Renders line after line; it remembers what was sent until its last status comes."""

    def __init__(self, terminal: Terminal, now: Callable[[], datetime], *, simulated: bool) -> None:
        self._paint = terminal.paint
        self._now = now
        self._simulated = simulated
        self._other = labelled("host", terminal)
        self._sent: dict[tuple[str, int], tuple[str, str, float]] = {}

    def __call__(self, line: str) -> str | None:
        """Return what is shown for a line of the host; None where that is nothing."""
        if (parsed := parse(line)) is None:
            return None if ROUTINE.match(line) else self._other(line)
        event, fields, level = parsed
        match event:
            case "attempt" | "guarded":
                return self._attempt(fields)
            case "settled":
                return self._settled(fields)
            case "reported":
                return self._reported(fields)
            case "inbound":
                return self._inbound(fields)
            case "accepted" if fields.get("source") == "batch":
                return self._line("batch", "", f"{fields.get('count')} recipients", fields)
        return self._rest(event, fields, level)

    def _rest(self, event: str, fields: Mapping[str, Any], level: str) -> str | None:
        if event in REPEATED or (event in HIDDEN and level in QUIET):
            return None
        if event.startswith("alert_") and level in QUIET:
            return self._alert(event.removeprefix("alert_"), fields)
        details = " ".join(
            f"{name}={value}"
            for name, value in fields.items()
            if value is not None and name != "trace"
        )
        details = details or TO_DO.get(event, "")
        colour = RED if level in {"WARNING", "ERROR"} or event == "parked" else DIM
        return f"{self._time()}  {self._paint(event, colour)}  {details}"

    def _attempt(self, fields: Mapping[str, Any]) -> str | None:
        kind, to = KINDS.get(fields.get("kind", ""), "send"), fields.get("to") or ""
        result = fields.get("result", "")
        if result in {"sent", "unknown"}:
            began = self._now().timestamp() - float(fields.get("delay_seconds") or 0)
            if len(self._sent) >= MAX_REMEMBERED:
                self._sent.clear()
            self._sent[recipient_of(fields)] = (kind, to, began)
        if result == "sent":
            # A real account may not reach us, and then nothing else is heard of it.
            return None if self._simulated else self._line(kind, to, "sent", fields)
        what, colour = RESULTS.get(result, (result, YELLOW))
        return self._line(kind, to, self._paint(what, colour), fields, self._advice(fields))

    def _reported(self, fields: Mapping[str, Any]) -> str | None:
        status = fields.get("status")
        if status not in FINAL:
            return None
        kind = "call" if str(fields.get("sid", "")).startswith("CA") else "text"
        kind, to, began = self._sent.pop(recipient_of(fields), (kind, "", None))
        took = "" if began is None else f" {self._now().timestamp() - began:.1f} s"
        what = self._paint(status, RED if status in FAILED else GREEN) + took
        return self._line(kind, to, what, fields, self._advice(fields))

    def _settled(self, fields: Mapping[str, Any]) -> str:
        results = Counter(fields.get("result") or ())
        kind, to, _ = self._sent.get(recipient_of(fields), ("send", "", 0.0))
        if results.total() > 1:
            kind, to = "batch", ""
        what = ", ".join(
            (f"{count} " if results.total() > 1 else "") + self._paint(*SETTLED[result])
            for result, count in results.items()
        )
        return self._line(kind, to, what, fields)

    def _alert(self, what: str, fields: Mapping[str, Any]) -> str:
        if what == "level":
            what = f"level {fields.get('index', 0) + 1}"
        elif what == "answered":
            what = self._paint(fields.get("how") or what, GREEN)
        return self._line("alert", "", what, fields)

    def _inbound(self, fields: Mapping[str, Any]) -> str:
        what = KINDS.get(fields.get("what", ""), fields.get("what", ""))
        sender = f" from {fields['from']}" if fields.get("from") else ""
        sid = self._paint(fields.get("sid", ""), DIM)
        return f"{self._time()}  {self._paint('←', CYAN)} {what}{sender}  {sid}"

    def _advice(self, fields: Mapping[str, Any]) -> str:
        """Return a code with what to do about it."""
        code = fields.get("code")
        if not code:
            return ""
        from shared.provider.advice import ADVICE

        advice = ADVICE.get(str(code))
        return f"{code}: {advice.means}. What to do: {advice.do}" if advice else str(code)

    def _line(
        self, kind: str, to: str, what: str, fields: Mapping[str, Any], more: str = ""
    ) -> str:
        parts = (kind, to, what, more, self._paint(str(fields.get("id", "")), DIM))
        return "  ".join([self._time(), *filter(None, parts)])

    def _time(self) -> str:
        return f"{self._now():%H:%M:%S}"
