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

from dev.simulator.phones import Action, Phone

RINGING = frozenset({"answer", "decline", "busy"})


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a person does: its kind, and the digits or words."""

    kind: str
    text: str = ""

    @classmethod
    def of(cls, action: Action) -> "Deed":
        """Read ``"hangup"``, ``{"hangup": true}`` or ``{"digits": "1"}``.

        Raises:
            ValueError: It says something else.
        """
        if isinstance(action, str):
            kind, value = action, ""
        elif len(action) == 1:
            ((kind, said),) = action.items()
            if said is False:
                raise ValueError(f"{kind!r} is either done or left out")
            value = str(said) if isinstance(said, str | int | float) and said is not True else ""
        else:
            raise ValueError("an action has exactly one key")
        if kind not in KINDS:
            raise ValueError(f"unknown action {kind!r}, known are {sorted(KINDS)}")
        wanted = SAID.get(kind)
        if wanted is not None and not wanted.fullmatch(value):
            raise ValueError(f"{kind} must match {wanted.pattern}, and {value!r} does not")
        return cls(kind, value)


WORDS = re.compile(r"\s*\S[\s\S]*")
SAID = {
    "digits": re.compile(r"[0-9*#A-Dw]+"),
    "speech": WORDS,
    "record": WORDS,
    "wait": re.compile(r"[0-9]+(\.[0-9]+)?"),
}
KINDS = RINGING | SAID.keys() | {"hangup"}


class Person:
    """What one person still means to do, and what somebody made them do by hand."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.script: deque[Deed] = deque(map(Deed.of, phone.script))
        self.by_hand = not phone.answers
        self._deeds: deque[Deed] = deque()
        self._idle = asyncio.Event()
        self._rest_if_done()
        self._changed = asyncio.Event()

    @property
    def automatic(self) -> bool:
        """Whether nobody drives this phone, so that it must end conversations by itself."""
        return not self.by_hand and not self.script

    def ringing(self) -> Deed | None:
        """What the script says to do while it rings."""
        return self.next_scripted(RINGING)

    def wants_to_hang_up(self) -> bool:
        """Whether hanging up comes next in the script."""
        return bool(self.script) and self.script[0].kind == "hangup"

    def do(self, deed: Deed) -> None:
        """Make the person do something now."""
        self.by_hand = True
        self._deeds.append(deed)
        self._changed.set()

    def give_back(self, deed: Deed) -> None:
        """Return what was not used, for the next time that somebody listens."""
        self._deeds.appendleft(deed)
        self._changed.set()

    def next_scripted(self, kinds: frozenset[str]) -> Deed | None:
        """The script's next deed if it is of these kinds."""
        if not self.script or self.script[0].kind not in kinds:
            return None
        deed = self.script.popleft()
        self._rest_if_done()
        return deed

    def _rest_if_done(self) -> None:
        if not self.script:
            self._idle.set()

    async def finishes_script(self) -> None:
        """Wait until the script, if there is one, is done."""
        await self._idle.wait()

    def at_hand(self, kinds: frozenset[str]) -> Deed | None:
        """The first waiting deed of these kinds, if there is one."""
        for deed in self._deeds:
            if deed.kind in kinds:
                self._deeds.remove(deed)
                return deed
        return None

    async def acts(self, kinds: frozenset[str]) -> Deed:
        """Wait until somebody makes this person do something of these kinds."""
        while True:
            deed = self.at_hand(kinds)
            if deed is not None:
                return deed
            self._changed.clear()
            await self._changed.wait()
