import aiohttp
import pytest

from dev.simulator.faults import KINDS, Faults, FaultSettings
from tests.dev.simulator.world import ALICE, US, World

FORM = {"To": ALICE, "From": US, "Body": "Hi"}

# kind -> what the client sees (None: no answer at all), and how many messages were created
SEEN = {
    "latency": (201, 1),
    "429": (429, 0),
    "500_before": (500, 0),
    "500_after": (500, 1),
    "503": (503, 0),
    "503_after": (503, 1),
    "timeout_before": (None, 0),
    "timeout_after": (None, 1),
    "reset_before": (None, 0),
    "reset_after": (None, 1),
    "not_json": (502, 1),
    "not_json_before": (502, 0),
}


def test_every_kind_is_tried() -> None:
    """No kind of fault goes without a case below."""
    assert set(SEEN) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind(world: World, kind: str) -> None:
    """Each kind shows the client what it says, and creates or not as it says; once here."""
    expected, created = SEEN[kind]
    await world.admin("PUT", "/faults", {"kinds": [kind], "latency_ms": 10, "remaining": 1})
    url = f"{world.url}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth("AC" + "0" * 32, "local-token")}
    patience = aiohttp.ClientTimeout(total=0.5)
    try:
        async with world.session.post(
            url, data=FORM, headers=headers, timeout=patience
        ) as response:
            status: int | None = response.status
            if kind == "429":
                assert response.headers["Retry-After"]
            if kind.startswith("not_json"):
                assert response.content_type == "text/html"
    except (aiohttp.ClientError, TimeoutError):
        status = None
    assert status == expected
    assert len(world.exchange.books.messages.rows) == created
    await world.text()  # nothing remains


async def test_lists_are_left_alone_unless_asked(world: World) -> None:
    """Reading stays reliable while creating fails, until reads are included."""
    await world.admin("PUT", "/faults", {"kinds": ["503"]})
    assert (await world.rest("GET", "/Messages.json"))[0] == 200
    await world.admin("PUT", "/faults", {"kinds": ["503"], "reads": True})
    assert (await world.rest("GET", "/Messages.json"))[0] == 503


async def test_callbacks_are_lost(world: World) -> None:
    """Lost callbacks never come, and the journal says so."""
    await world.admin("PUT", "/faults", {"callbacks": "lost", "remaining": 2})
    await world.text(StatusCallback=world.site.url + "/s")
    (received,) = await world.site.until("/s")
    assert received.form["MessageStatus"] == "delivered"
    journal = await world.admin("GET", "/journal")
    assert sum(event.get("fault") == "callback lost" for event in journal["events"]) == 2


async def test_callbacks_come_late_and_shuffled(world: World) -> None:
    """Late and shuffled callbacks all come in the end."""
    for n, fault in enumerate(("late", "shuffled"), 1):
        await world.admin("PUT", "/faults", {"callbacks": fault})
        await world.text(StatusCallback=world.site.url + "/s")
        received = await world.site.until("/s", 3 * n)
        assert {one.form["MessageStatus"] for one in received} == {"sending", "sent", "delivered"}


def test_the_same_seed_draws_the_same_faults() -> None:
    """A run can be repeated: a seed fixes the sequence, another seed gives another one."""
    faults = Faults()

    def drawn(seed: int) -> list[str]:
        faults.put(FaultSettings(kinds=["429", "503", "500_after"], per_cent=40, seed=seed))
        return [faults.for_request(creates=True) for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 40 < sum(map(bool, drawn(1))) < 120


async def test_an_unknown_kind_is_refused_by_name(world: World) -> None:
    """A misspelt fault is an error that lists the known ones."""
    url = f"{world.url}/_simulator/faults"
    async with world.session.put(url, json={"kinds": ["502"]}) as response:
        assert response.status == 400
        assert "reset_after" in await response.text()
