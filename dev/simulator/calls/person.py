"""The person or machine on a line, who acts by script, by hand, or not at all.

A script is a list of actions, done in order. ``"answer"``, ``"decline"`` and ``"busy"`` are done
while the phone rings. ``{"digits": "1#"}``, ``{"speech": "yes"}`` and ``{"record": "text"}`` are
done when the app listens for them. ``{"wait": 3}`` waits for simulated seconds while it listens.
``"hangup"`` is done at the end of what is being said, or when the app listens.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass

from dev.simulator.phones import Phone, ScriptStep

RINGING = frozenset({"answer", "decline", "busy"})


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a person: its kind, and the digits or the text."""

    kind: str
    text: str = ""

    @classmethod
    def from_json(cls, step: ScriptStep) -> "Action":
        """Read ``"hangup"``, ``{"hangup": true}`` or ``{"digits": "1"}``.

        Raises:
            ValueError: The step is not valid.
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
            raise ValueError(f"unknown action {kind!r}; known actions are {sorted(KINDS)}")
        pattern = PATTERNS.get(kind)
        if pattern is not None and not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not valid for {kind}: it must match {pattern.pattern}")
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
    """The rest of a person's script, and the actions by hand that nobody has heard yet."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.script: deque[Action] = deque(map(Action.from_json, phone.script))
        self.by_hand = not phone.answers
        self._pending: deque[Action] = deque()
        self._script_done = asyncio.Event()
        self._check_script()
        self._changed = asyncio.Event()

    @property
    def is_automatic(self) -> bool:
        """Whether this person ends conversations alone: no script is left, and nobody drives."""
        return not self.by_hand and not self.script

    def next_while_ringing(self) -> Action | None:
        """Return the script's next action if it is one for a ringing phone."""
        return self.next_scripted(RINGING)

    def wants_to_hang_up(self) -> bool:
        """Whether hanging up comes next in the script."""
        return bool(self.script) and self.script[0].kind == "hangup"

    def do(self, action: Action) -> None:
        """Add an action by hand."""
        self.by_hand = True
        self._pending.append(action)
        self._changed.set()

    def give_back(self, action: Action) -> None:
        """Put back what was not used, for the next time that the app listens."""
        self._pending.appendleft(action)
        self._changed.set()

    def next_scripted(self, kinds: frozenset[str]) -> Action | None:
        """Return the script's next action if it is of these kinds."""
        if not self.script or self.script[0].kind not in kinds:
            return None
        action = self.script.popleft()
        self._check_script()
        return action

    def _check_script(self) -> None:
        if not self.script:
            self._script_done.set()

    async def wait_for_script_end(self) -> None:
        """Wait until no script is left."""
        await self._script_done.wait()

    def next_by_hand(self, kinds: frozenset[str]) -> Action | None:
        """Return the first pending action by hand of these kinds, if there is one."""
        for action in self._pending:
            if action.kind in kinds:
                self._pending.remove(action)
                return action
        return None

    async def wait_for_action(self, kinds: frozenset[str]) -> Action:
        """Wait for an action by hand of these kinds."""
        while True:
            action = self.next_by_hand(kinds)
            if action is not None:
                return action
            self._changed.clear()
            await self._changed.wait()
