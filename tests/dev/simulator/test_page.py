"""What the page is made of: its files, the overview, and phones that ring while it is open."""

import asyncio
from collections import defaultdict

import pytest

from dev.simulator.control.page_files import FOLDER
from tests.dev.simulator.world import ALICE, BOB, Json, World
from tests.patience import PATIENCE_SECONDS

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' https:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
}
LONG = "<Response><Pause length='4000'/></Response>"


async def test_every_file_comes_with_the_policy(world: World) -> None:
    """Each file of the page has the policy, which allows only its own files."""
    for path in ("/", *(f"/page/{file.name}" for file in FOLDER.iterdir())):
        async with world.session.get(world.url + path) as response:
            assert response.status == 200
            assert await response.text()
            assert set(response.headers["Content-Security-Policy"].split("; ")) == POLICY
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/page/", "/page/../front.py", "/page/%2e%2e/front.py", "/page/nothing.js"]
)
async def test_no_other_file_is_served(world: World, path: str) -> None:
    """Only the files of the page have an address."""
    async with world.session.get(world.url + path) as response:
        assert response.status in {401, 404}


async def test_the_overview_tells_all_that_there_is(world: World) -> None:
    """Messages and calls in their order, phones, faults and requests are there; secrets are not."""
    for number in range(3):
        await world.text(Body=f"Text {number}", StatusCallback=world.site.url + "/s")
    await world.site.until("/s", 9)
    sid = await world.dial(Twiml="<Response><Say>Hello</Say></Response>")
    await world.ended(sid)
    await world.admin("PUT", f"/phones/{BOB}", {"busy": True})
    await world.admin("PUT", "/faults", {"callbacks": "lost"})
    overview = await world.admin("GET", "/overview")
    kinds: dict[str, list[Json]] = defaultdict(list)
    for event in overview["events"]:
        kinds[event["kind"]].append(event)
    assert [message["body"] for message in kinds["message"]] == ["Text 0", "Text 1", "Text 2"]
    assert {message["status"] for message in kinds["message"]} == {"delivered"}
    ((call,), (phone,)) = (kinds["call"], kinds["phone"])
    assert "Hello" in [line["text"] for line in call["transcript"]]
    assert (phone["number"], phone["behaves"]["busy"]) == (BOB, True)
    assert kinds["fault"][-1]["settings"]["callbacks"] == "lost"
    assert (len(kinds["request"]), len(kinds["webhook"])) == (4, 9)
    assert overview["n"] == world.exchange.journal.last
    assert "local-token" not in str(overview)


async def test_phones_ring_while_somebody_answers(world: World) -> None:
    """An open page that answers lets phones ring, and time pass as it does for people."""
    world.exchange.clock.in_hand = 20
    async with world.session.get(f"{world.url}/_simulator/events?answering"):
        sid = await world.dial(Twiml=LONG)
        await world.until(sid, "ring")
        assert world.exchange.clock.rate == 20
        await world.admin("POST", f"/calls/{sid}", {"answer": True})
        await world.until(sid, "pause")
        await world.admin("PUT", f"/phones/{BOB}", {"answers": True})
        reported = await world.dial(To=BOB, Twiml="<Response/>")
        assert (await world.ended(reported))["status"] == "completed"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while world.exchange.phones.pages:  # noqa: ASYNC110 - a plain number has no event
            await asyncio.sleep(0.02)
    assert world.exchange.clock.rate == 400
    assert (await world.admin("GET", f"/phones/{ALICE}"))["answers"] is True


async def test_a_caller_can_keep_the_phone_in_hand(world: World) -> None:
    """A held call is not ended by a person who has nothing more to say."""
    world.site.says("/api/webhooks/calls", "<Response><Echo/></Response>")
    call = await world.admin("POST", "/calls", {"from": ALICE, "held": True})
    await world.until(call["sid"], "echo")
    await world.admin("POST", f"/calls/{call['sid']}", {"hangup": True})
    story = await world.ended(call["sid"])
    assert story["transcript"][-1]["who"] == "caller"
