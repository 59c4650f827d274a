import asyncio

import aiohttp
import msgspec
import pytest

from tests.dev.simulator.world import ALICE, BOB, SID, TOKEN, US, World
from tests.patience import PATIENCE_SECONDS


async def test_the_journal_tells_everything(world: World) -> None:
    """Requests, callbacks with signatures, TwiML, and what people did are there, in order."""
    url = world.site.says("/v", "<Response><Say>Hello</Say></Response>")
    await world.text(StatusCallback=world.site.url + "/s")
    await world.site.until("/s", 3)
    await world.ended(await world.dial(Url=url))
    journal = await world.admin("GET", "/journal")
    events = journal["events"]
    assert [event["n"] for event in events] == list(range(1, len(events) + 1))
    assert {"request", "message", "webhook", "call", "twiml", "heard"} <= {
        event["kind"] for event in events
    }
    request = next(event for event in events if event["kind"] == "request")
    assert request["status"] == 201
    assert '"status":"queued"' in request["answer"]
    webhook = next(event for event in events if event["kind"] == "webhook")
    assert webhook["signature"]
    assert (webhook["status"], webhook["parameters"]["MessageStatus"]) == (200, "sending")
    later = await world.admin("GET", f"/journal?after={events[-2]['n']}")
    assert later["events"] == events[-1:]
    assert "local-token" not in str(events)


async def test_events_are_streamed(world: World) -> None:
    """Server-sent events catch up with what happened, then follow what happens."""
    await world.text(Body="first")
    async with world.session.get(f"{world.url}/_simulator/events?after=0") as stream:
        assert stream.content_type == "text/event-stream"
        await world.text(Body="second")
        seen = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in stream.content:
                if line.startswith(b"data: "):
                    event = msgspec.json.decode(line[6:])
                    seen.append(event.get("body"))
                if "second" in seen:
                    break
        assert "first" in seen


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_pages_from_elsewhere_are_kept_out(world: World, headers: dict[str, str]) -> None:
    """A web page of another site, or a rebound name, cannot drive the simulator."""
    async with world.session.put(
        f"{world.url}/_simulator/faults", json={"kinds": ["503"]}, headers=headers
    ) as response:
        assert response.status == 403
        assert "this machine" in (await response.json())["error"]
    rest = f"{world.url}/2010-04-01/Accounts/{SID}/Messages.json"
    login = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with world.session.get(rest, headers=headers | login) as response:
        assert response.status == 403
    await world.text()


async def test_a_link_elsewhere_opens_the_page(world: World) -> None:
    """A link on another site may lead to the page; another name of this machine may not."""
    for headers, status in (
        ({"Sec-Fetch-Site": "cross-site"}, 200),
        ({"Host": "evil.example"}, 403),
    ):
        async with world.session.get(world.url, headers=headers) as response:
            assert response.status == status


@pytest.mark.parametrize("origin", ["http://127.0.0.1:7072", "http://localhost:7071"])
async def test_pages_of_this_machine_are_let_in(world: World, origin: str) -> None:
    """The simulator's own pages may drive it."""
    async with world.session.get(
        f"{world.url}/_simulator/faults", headers={"Origin": origin}
    ) as response:
        assert response.status == 200


async def test_phones_are_listed_and_changed(world: World) -> None:
    """Phones that were used or configured are listed; changes add up."""
    await world.text(To=BOB)
    await world.admin("PUT", f"/phones/{ALICE}", {"ring": 4})
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    phones = await world.admin("GET", "/phones")
    assert (phones[ALICE]["ring"], phones[ALICE]["answers"]) == (4, False)
    assert phones[BOB]["answers"] is True
    await world.admin("DELETE", f"/phones/{ALICE}")
    assert (await world.admin("GET", f"/phones/{ALICE}"))["answers"] is True


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/phones/+1", {"anwsers": True}),
        ("PUT", "/phones/+1", {"script": ["dance"]}),
        ("PUT", "/phones/+1", {"script": [{"wait": "long"}]}),
        ("PUT", "/phones/+1", {"script": [{"digits": "one"}]}),
        ("PUT", "/phones/+1", {"script": [{"digits": ["1"]}]}),
        ("PUT", "/phones/+1", {"script": [{"speech": None}]}),
        ("PUT", "/phones/+1", {"script": ["record"]}),
        ("PUT", "/phones/+1", {"ring": -1}),
        ("PUT", "/numbers/+1", {"voice": "x"}),
        ("PUT", "/clock", {"speed": 0}),
        ("PUT", "/faults", {"callbacks": "eaten"}),
        ("PUT", "/faults", {"per_cent": 101}),
        ("PUT", "/faults", {"per_cent": -1}),
        ("PUT", "/faults", {"latency_ms": -1}),
        ("PUT", "/faults", {"remaining": -1}),
        ("POST", "/messages", {"to": US}),
        ("POST", "/messages", {"from": "", "body": "Hi"}),
        ("POST", "/messages", {"from": ALICE, "bdy": "Hi"}),
        ("POST", "/calls", {"from": ALICE, "scrpt": []}),
        ("GET", "/journal?after=now", None),
        ("GET", "/events?after=now", None),
    ],
)
async def test_mistakes_are_named(world: World, method: str, path: str, body: object) -> None:
    """A misspelt request is refused with the reason, never ignored."""
    url = f"{world.url}/_simulator{path}"
    async with world.session.request(method, url, json=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]


async def test_an_unknown_call_is_not_found(world: World) -> None:
    """A call that is not there is 404."""
    async with world.session.get(f"{world.url}/_simulator/calls/CA1") as response:
        assert response.status == 404
        assert "no such call" in (await response.json())["error"]


async def test_unknown_paths_are_not_found(world: World) -> None:
    """A wrong path or method below the simulator's own is 404 with the reason, not Twilio's 401."""
    for method, path in (("GET", "/messages"), ("DELETE", "/faults"), ("GET", "/nothing")):
        url = f"{world.url}/_simulator{path}"
        async with world.session.request(method, url) as response:
            assert response.status == 404
            assert method in (await response.json())["error"]


async def test_the_clock(world: World) -> None:
    """The pace of time can be changed while it runs."""
    assert (await world.admin("PUT", "/clock", {"speed": 100}))["speed"] == 100
    assert world.exchange.clock.patience == 40


async def test_reset(world: World) -> None:
    """Resetting forgets messages, calls, phones and opt-outs, and ends what rings."""
    await world.admin("POST", "/messages", {"from": ALICE, "to": US, "body": "STOP"})
    await world.admin("PUT", f"/phones/{BOB}", {"answers": False})
    await world.dial(To=BOB, Twiml="<Response/>")
    await world.admin("DELETE", "/books")
    for name in ("Messages", "Calls"):
        _, body = await world.rest("GET", f"/{name}.json")
        assert body[name.lower()] == []
    await world.text()
    assert (await world.admin("GET", f"/phones/{BOB}"))["answers"] is True
