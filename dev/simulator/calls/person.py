"""The person (or machine) at the far end of a line: acts by script, by hand, or not at all.

A script is a list, done in order. ``"answer"``, ``"decline"`` and ``"busy"`` are done while it
rings. ``{"digits": "1#"}``, ``{"speech": "yes"}`` and ``{"record": "text"}`` are done when the
switchboard listens for that. ``{"wait": 3}`` lets simulated seconds pass while it listens.
``"hangup"`` is done at the end of what is being said, or when the switchboard listens.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass

from dev.simulator.phones import Phone, ScriptStep

RINGING = frozenset({"answer", "decline", "busy"})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person does: its kind, and the digits or words."""

    kind: str
    text: str = ""

    @classmethod
    def from_json(cls, step: ScriptStep) -> "Action":
        """Read ``"hangup"``, ``{"hangup": true}`` or ``{"digits": "1"}``.

        Raises:
            ValueError: It says something else.
        """
        if isinstance(step, str):
            kind, value = step, ""
        elif len(step) == 1:
            ((kind, given),) = step.items()
            if given is False:
                raise ValueError(f"{kind!r} cannot be false; leave it out instead")
            value = str(given) if isinstance(given, str | int | float) and given is not True else ""
        else:
            raise ValueError("an action has exactly one key")
        if kind not in KINDS:
            raise ValueError(f"unknown action {kind!r}, known are {sorted(KINDS)}")
        pattern = PATTERNS.get(kind)
        if pattern is not None and not pattern.fullmatch(value):
            raise ValueError(f"{kind} must match {pattern.pattern}, unlike {value!r}")
        return cls(kind, value)


TEXT = re.compile(r"\s*\S[\s\S]*")
PATTERNS = {
    "digits": re.compile(r"[0-9*#A-Dw]+"),
    "speech": TEXT,
    "record": TEXT,
    "wait": re.compile(r"[0-9]+(\.[0-9]+)?"),
}
KINDS = RINGING | PATTERNS.keys() | {"hangup"}


class Person:
    """What one person still means to do, and what somebody made them do by hand."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.script: deque[Action] = deque(map(Action.from_json, phone.script))
        self.by_hand = not phone.answers
        self._pending: deque[Action] = deque()
        self._idle = asyncio.Event()
        self._rest_if_done()
        self._changed = asyncio.Event()

    @property
    def automatic(self) -> bool:
        """Whether nobody drives this phone, so that it must end conversations by itself."""
        return not self.by_hand and not self.script

    def ringing(self) -> Action | None:
        """What the script says to do while it rings."""
        return self.next_scripted(RINGING)

    def wants_to_hang_up(self) -> bool:
        """Whether hanging up comes next in the script."""
        return bool(self.script) and self.script[0].kind == "hangup"

    def do(self, action: Action) -> None:
        """Make the person do something now."""
        self.by_hand = True
        self._pending.append(action)
        self._changed.set()

    def give_back(self, action: Action) -> None:
        """Return what was not used, for the next time that somebody listens."""
        self._pending.appendleft(action)
        self._changed.set()

    def next_scripted(self, kinds: frozenset[str]) -> Action | None:
        """The script's next deed if it is of these kinds."""
        if not self.script or self.script[0].kind not in kinds:
            return None
        action = self.script.popleft()
        self._rest_if_done()
        return action

    def _rest_if_done(self) -> None:
        if not self.script:
            self._idle.set()

    async def finishes_script(self) -> None:
        """Wait until the script, if there is one, is done."""
        await self._idle.wait()

    def at_hand(self, kinds: frozenset[str]) -> Action | None:
        """The first waiting deed of these kinds, if there is one."""
        for action in self._pending:
            if action.kind in kinds:
                self._pending.remove(action)
                return action
        return None

    async def acts(self, kinds: frozenset[str]) -> Action:
        """Wait until somebody makes this person do something of these kinds."""
        while True:
            action = self.at_hand(kinds)
            if action is not None:
                return action
            self._changed.clear()
            await self._changed.wait()
