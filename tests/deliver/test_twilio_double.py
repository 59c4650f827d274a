"""The double and the real carrier keep one contract, so what is proven with one holds for both."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.simulator.faults import FaultSettings as Faults
from shared.kinds import Kind
from shared.provider.provider import Provider, SendRequest
from shared.provider.rest_api import TwilioProvider
from tests.clock import Clock
from tests.conftest import Simulator
from tests.deliver.twilio_double import TwilioDouble, Way
from tests.environment import SENDER, settings

TO, OTHER = "+14155552671", "+14155552672"
CONTENT: dict[Kind, dict[str, Any]] = {
    "message": {"body": "Hello"},
    "call": {"twiml": "<Response><Pause length='600'/></Response>"},
}
FAULT_OF_WAY: dict[Way, str] = {
    "lost_answer": "500_after",
    "unknown": "500_before",
    "too_many": "429",
}
KINDS: list[Kind] = ["message", "call"]


class Side:
    """A carrier, and how to order what becomes of its next request."""

    def __init__(self, provider: Provider, simulator: Simulator | None = None) -> None:
        self.provider = provider
        self._simulator = simulator

    def order(self, way: Way) -> None:
        """Let the next request go this way."""
        if isinstance(self.provider, TwilioDouble):
            self.provider.script.append(way)
        elif self._simulator:
            faults = Faults(kinds=[FAULT_OF_WAY[way]], remaining=1)
            self._simulator.exchange.faults.put(faults)


@pytest.fixture(params=["double", "real"])
async def side(request: pytest.FixtureRequest, simulator: Simulator) -> AsyncIterator[Side]:
    """The double, and TwilioCarrier with the simulator."""
    if request.param == "double":
        yield Side(TwilioDouble(Clock(datetime.now(UTC))))
        return
    provider = TwilioProvider(settings(TWILIO_API_BASE_URL=simulator.url))
    yield Side(provider, simulator)
    await provider.close()


def order(kind: Kind, to: str = TO) -> SendRequest:
    return SendRequest(kind=kind, to=to, sender=SENDER, parameters=CONTENT[kind])


def since() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=10)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_created_is_found_and_fetched(side: Side, kind: Kind) -> None:
    """An answered request has a SID under which Twilio has it."""
    created = await side.provider.create(order(kind))
    assert created.result == "sent"
    assert created.sid is not None
    (found,) = await side.provider.search(order(kind), since())
    assert (found.sid, found.body) == (created.sid, CONTENT[kind].get("body"))
    fetched = await side.provider.fetch(kind, created.sid)
    assert fetched is not None
    assert fetched.sid == created.sid


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("way", "result", "in_books"),
    [("lost_answer", "unknown", 1), ("unknown", "unknown", 0), ("too_many", "retryable", 0)],
)
async def test_what_each_fault_leaves_behind(
    side: Side, kind: Kind, way: Way, result: str, in_books: int
) -> None:
    """The result says what is known, and the list has what was created."""
    side.order(way)
    answer = await side.provider.create(order(kind))
    assert (answer.result, answer.sid) == (result, None)
    assert len(await side.provider.search(order(kind), since())) == in_books


@pytest.mark.parametrize("kind", KINDS)
async def test_a_search_is_for_one_recipient_one_kind_and_a_time(side: Side, kind: Kind) -> None:
    """Others' messages, calls among messages, and what is older are not found."""
    await side.provider.create(order(kind))
    other_kind: Kind = "call" if kind == "message" else "message"
    assert await side.provider.search(order(kind, OTHER), since()) == []
    assert await side.provider.search(order(other_kind), since()) == []
    later = datetime.now(UTC) + timedelta(seconds=10)
    assert await side.provider.search(order(kind), later) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_what_twilio_does_not_have(side: Side, kind: Kind) -> None:
    """An unknown SID is nothing, to fetch and to stop."""
    sid = ("SM" if kind == "message" else "CA") + "f" * 32
    assert await side.provider.fetch(kind, sid) is None
    assert await side.provider.stop(kind, sid) is None


async def test_a_call_is_hung_up_once(side: Side) -> None:
    """A call that is over cannot be stopped again."""
    created = await side.provider.create(order("call"))
    assert created.sid is not None
    stopped = await side.provider.stop("call", created.sid)
    assert stopped is not None
    assert stopped.status in {"completed", "canceled"}
    assert await side.provider.stop("call", created.sid) is None
