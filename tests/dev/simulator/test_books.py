from pathlib import Path

import aiohttp

from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve
from tests.dev.simulator.site import Site
from tests.dev.simulator.world import ALICE, BOB, SID, TOKEN, US, World

SERVICE = "MG" + "a" * 32


async def test_books_are_kept_over_a_restart(tmp_path: Path, site: Site) -> None:
    """Rows come back after a restart; deleted rows and torn lines do not."""
    file = tmp_path / "books.jsonl"
    account = Account(sid=SID, auth_token=TOKEN, number=US, app_url=site.url)

    def exchange() -> Exchange:
        return Exchange(
            account,
            Books(file),
            Clock(speed=400, patience=40, step=0.005),
            count_segments=count_segments,
        )

    async with aiohttp.ClientSession() as session:
        first = exchange()
        async with serve(first) as url:
            world = World(url, session, site, first)
            kept = await world.text(Body="kept", StatusCallback=site.url + "/s")
            gone = await world.text(Body="gone", StatusCallback=site.url + "/s")
            await site.until("/s", 6)
            await world.rest("DELETE", f"/Messages/{gone['sid']}.json")
            call = await world.dial(Twiml="<Response><Say>Hi</Say></Response>", Record="true")
            await world.ended(call)
            failed = await world.dial(Url=site.says("/gone", (500, "text/plain", "")))
            assert (await world.ended(failed))["application_error"] is True
        with file.open("a") as torn:
            torn.write('{"kind": "message", "row": {"sid"')
        second = exchange()
        async with serve(second) as url:
            world = World(url, session, site, second)
            _, body = await world.rest("GET", "/Messages.json")
            assert [row["sid"] for row in body["messages"]] == [kept["sid"]]
            assert body["messages"][0]["status"] == "delivered"
            _, found = await world.rest("GET", f"/Calls/{call}.json")
            assert found["status"] == "completed"
            overview = await world.admin("GET", "/overview")
            errors = {
                event["sid"]: event.get("application_error")
                for event in overview["events"]
                if event["kind"] == "call"
            }
            assert errors == {call: False, failed: True}
            _, listed = await world.rest("GET", "/Recordings.json")
            assert len(listed["recordings"]) == 1
            await world.text(Body="after the crash")
        third = exchange()
        async with serve(third) as url:
            world = World(url, session, site, third)
            _, body = await world.rest("GET", "/Messages.json")
            assert [row["body"] for row in body["messages"]] == ["after the crash", "kept"]
            await world.admin("DELETE", "/books")
        fourth = exchange()
        assert not fourth.books.messages.rows
        fourth.books.close()


async def test_opt_outs_are_remembered(tmp_path: Path, site: Site) -> None:
    """Who has texted STOP is still opted out after a restart, and who came back is not."""
    account = Account(sid=SID, auth_token=TOKEN, number=US, app_url=site.url)

    def exchange() -> Exchange:
        return Exchange(
            account,
            Books(tmp_path / "books.jsonl"),
            Clock(step=0.005),
            count_segments=count_segments,
        )

    async with aiohttp.ClientSession() as session:
        first = exchange()
        async with serve(first) as url:
            world = World(url, session, site, first)
            for person, word in ((ALICE, "STOP"), (BOB, "STOP"), (BOB, "START")):
                await world.admin("POST", "/messages", {"from": person, "body": word})
        second = exchange()
        async with serve(second) as url:
            world = World(url, session, site, second)
            form = {"To": ALICE, "From": US, "Body": "Hi"}
            _, refused = await world.rest("POST", "/Messages.json", form)
            assert refused["code"] == 21610
            await world.text(To=BOB)


async def test_what_was_under_way_goes_on(tmp_path: Path, site: Site) -> None:
    """A message that was under way at the stop is delivered after the restart."""
    file = tmp_path / "books.jsonl"
    account = Account(sid=SID, auth_token=TOKEN, number=US, app_url=site.url)
    slow = Exchange(account, Books(file), Clock(step=1000), count_segments=count_segments)
    async with aiohttp.ClientSession() as session:
        async with serve(slow) as url:
            await World(url, session, site, slow).text(StatusCallback=site.url + "/s")
        async with serve(
            Exchange(account, Books(file), Clock(step=0.005), count_segments=count_segments)
        ):
            assert (await site.until("/s", 3))[-1].form["MessageStatus"] == "delivered"
