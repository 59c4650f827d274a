"""Faults of requests and callbacks, repeatable by seed."""

import random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

KINDS: dict[str, str] = {
    "latency": "waits latency_ms, then works",
    "429": "429 with Retry-After; nothing is created",
    "500_before": "500; nothing is created",
    "500_after": "created, then 500",
    "503": "503; nothing is created",
    "503_after": "created, then 503",
    "timeout_before": "nothing is created, no answer until the client gives up",
    "timeout_after": "created, no answer until the client gives up",
    "reset_before": "connection reset; nothing is created",
    "reset_after": "created, then the connection is reset",
    "not_json": "created, then an HTML page with 502",
    "not_json_before": "an HTML page with 502; nothing is created",
}


class FaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which faults occur, and how often.

    ``per_cent`` of the requests that create something (with ``reads``: of all requests) get one of
    ``kinds``. ``latency_ms`` with other kinds delays every request; alone, ``per_cent`` of them.
    ``callbacks`` is the fault of ``per_cent`` of the status callbacks. After ``remaining`` faults,
    no more occur.
    """

    latency_ms: Annotated[float, Meta(ge=0)] = 0
    per_cent: Annotated[float, Meta(ge=0, le=100)] = 100
    kinds: list[str] = []
    seed: int = 0
    callbacks: Literal["lost", "late", "shuffled"] | None = None
    remaining: Annotated[int, Meta(ge=0)] | None = None
    reads: bool = False

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise ValueError(f"unknown kinds {unknown}; known kinds are {sorted(KINDS)}")


class Faults:
    """Draws the fault of each request and callback."""

    def __init__(self) -> None:
        self.put(FaultSettings())

    def put(self, settings: FaultSettings) -> None:
        """Start with new settings; the same settings draw the same faults again."""
        self.settings = settings
        self.remaining = settings.remaining
        # Not for secrets: the point of the seed is that a run repeats.
        self._requests = random.Random(settings.seed)  # noqa: S311
        self._callbacks = random.Random(settings.seed + 1)  # noqa: S311
        self._kinds = settings.kinds or (["latency"] if settings.latency_ms else [])
        self.every_request_waits = bool(settings.latency_ms) and "latency" not in self._kinds

    def for_request(self, *, creates: bool) -> str:
        """Draw the fault of one request; an empty string is none."""
        if not self._kinds or not (creates or self.settings.reads):
            return ""
        return self._requests.choice(self._kinds) if self._strikes(self._requests) else ""

    def for_callback(self) -> str:
        """Draw the fault of one callback: ``lost``, ``late``, ``shuffled`` or an empty string."""
        chosen = self.settings.callbacks
        return chosen if chosen and self._strikes(self._callbacks) else ""

    def callback_delay(self, fault: str) -> float:
        """Return the real seconds by which a late or shuffled callback is delayed."""
        longest = max(self.settings.latency_ms, 500) / 1000
        return longest if fault == "late" else self._callbacks.uniform(0, longest)

    def _strikes(self, dice: random.Random) -> bool:
        # The dice roll even when nothing is left, so that a limit does not change the sequence.
        struck = dice.uniform(0, 100) < self.settings.per_cent
        if not struck or self.remaining == 0:
            return False
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def describe(self) -> dict[str, object]:
        """Return the settings, the faults that remain, and the known kinds."""
        settings: dict[str, object] = msgspec.to_builtins(self.settings)
        return settings | {"remaining": self.remaining, "known": KINDS}
