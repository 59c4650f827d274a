"""What follows a key is held to the same rules as the steps around it."""

import pytest

from tests.in_memory_app import InMemoryApp

PREMIUM = "+19005550100"


@pytest.mark.parametrize("depth", [1, 2])
async def test_a_number_behind_a_key_is_checked(app: InMemoryApp, depth: int) -> None:
    """A premium-rate number inside `on` is refused with its path, however deep it is."""
    steps: list[object] = [{"dial": {"steps": [{"number": PREMIUM}]}}]
    for _ in range(depth):
        steps = [{"gather": {"num_digits": 1, "steps": [{"say": "1"}], "on": {"1": steps}}}]
    reply = await app.post("/api/calls", {"to": "+14155552671", "steps": steps})
    assert reply.status == 400
    [(path, code)] = reply.errors
    assert code == "premium_rate"
    assert path.count(".gather.on") == depth
    assert PREMIUM not in reply.body.decode()


async def test_a_link_to_ourselves_behind_a_key_is_refused(app: InMemoryApp) -> None:
    """A redirect to our own webhooks inside `on` is refused."""
    to_us = f"{app.services.settings.public_base_url}/api/webhooks/calls"
    steps = [{"gather": {"steps": [{"say": "1"}], "on": {"1": [{"redirect": to_us}]}}}]
    reply = await app.post("/api/calls", {"to": "+14155552671", "steps": steps})
    assert [code for _, code in reply.errors] == ["link_not_allowed"]
