"""Faults to order: what goes wrong with requests and callbacks, repeatable by seed."""

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


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What should go wrong.

    ``per_cent`` of the requests that create something (with ``reads``: of all) get one of
    ``kinds``. ``latency_ms`` with other kinds delays every request; alone, ``per_cent`` of them.
    ``callbacks`` happens to ``per_cent`` of the status callbacks. ``remaining`` ends it all.
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
            raise ValueError(f"unknown kinds {unknown}, known are {sorted(KINDS)}")


class Faults:
    """Draws, request by request, what goes wrong."""

    def __init__(self) -> None:
        self.put(Order())

    def put(self, order: Order) -> None:
        """Begin a new order: the same order draws the same faults again."""
        self.order = order
        self.remaining = order.remaining
        # Not for secrets: the point of the seed is that a run repeats.
        self._requests = random.Random(order.seed)  # noqa: S311
        self._callbacks = random.Random(order.seed + 1)  # noqa: S311
        self._kinds = order.kinds or (["latency"] if order.latency_ms else [])
        self.every_request_waits = bool(order.latency_ms) and "latency" not in self._kinds

    def for_request(self, *, creates: bool) -> str:
        """The fault for one request, or an empty string."""
        if not self._kinds or not (creates or self.order.reads):
            return ""
        return self._requests.choice(self._kinds) if self._strikes(self._requests) else ""

    def for_callback(self) -> str:
        """``lost``, ``late``, ``shuffled`` or an empty string."""
        chosen = self.order.callbacks
        return chosen if chosen and self._strikes(self._callbacks) else ""

    def callback_delay(self, fault: str) -> float:
        """Real seconds by which a late or shuffled callback is held back."""
        longest = max(self.order.latency_ms, 500) / 1000
        return longest if fault == "late" else self._callbacks.uniform(0, longest)

    def _strikes(self, dice: random.Random) -> bool:
        # The dice roll even when nothing is left, so that a limit does not change the sequence.
        struck = dice.uniform(0, 100) < self.order.per_cent
        if not struck or self.remaining == 0:
            return False
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def shown(self) -> dict[str, object]:
        """The order, what is left of it, and the kinds that there are."""
        order: dict[str, object] = msgspec.to_builtins(self.order)
        return order | {"remaining": self.remaining, "known": KINDS}
