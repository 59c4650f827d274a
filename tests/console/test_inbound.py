"""What people texted, called and recorded: the list, its warning, one record, and the person."""

# ruff: noqa: S310 - addresses on this machine

import json
import re
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import a_page, accessibility_errors, picture
from tests.console.conftest import READ_ONLY_KEY
from tests.console.fed import AT, JOB, an_entry, feed
from tests.console.running_console import RunningConsole, ask_now, unique_number
from tests.console.test_access import EVERY_LOOK
from tests.console.test_rows import BROKEN

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

ANA, US = "+14155552671", "+15005550006"
CALL = "CA" + "1" * 32
RECORDING = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
# One of each kind, newest first.
EVERYTHING: tuple[dict[str, Any], ...] = (
    {"event": "message", "body": "Yes please, at eight. My number is +14155551234", "media": []},
    {"event": "message", "from": "whatsapp:+4915112345678", "body": "",
     "media": [{"url": "https://m.example/1", "content_type": "image/png"}]},
    {"event": "message", "body": "", "media": []},
    {"event": "opt_out", "body": "STOP", "media": []},
    {"event": "opt_in", "body": "START", "media": []},
    {"event": "transcription", "call_sid": CALL, "text": "Call me back", "status": "completed"},
    {"event": "transcription", "call_sid": CALL, "text": "", "status": "failed"},
    {"event": "recording", "call_sid": CALL, "recording_url": RECORDING, "duration": 7,
     "status": "completed"},
    {"event": "recording", "call_sid": CALL, "recording_url": RECORDING, "duration": 0,
     "status": "absent", "from": ""},
    {"event": "voicemail", "call_sid": CALL, "recording_url": RECORDING, "duration": 67},
    {"event": "gather", "call_sid": CALL, "digits": "1"},
    {"event": "gather", "call_sid": CALL, "digits": "4155551234"},
    {"event": "gather", "call_sid": CALL, "speech": "Two people"},
    {"event": "gather", "call_sid": CALL, "id": JOB, "from": US, "to": ANA, "digits": "2"},
    {"event": "dial", "call_sid": CALL, "status": "completed", "duration": "125"},
    {"event": "dial", "call_sid": CALL, "status": "busy"},
    {"event": "call", "sid": CALL, "status": "ringing"},
    {"event": "call", "sid": CALL, "status": "no-answer", "call_duration": "12"},
)  # fmt: skip


def an_item(number: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Give an item of the list, the `number`th from the newest."""
    event = {"sid": f"SM{number:032x}", "from": ANA, "to": US, "at": AT, "event": "message"}
    name = f"zbpb01jez{number:02}g4p4bzdjjg0"
    return {"id": name, "event": event | fields, "links": {"self": f"/api/inbound/{name}"}}


def a_text(number: int, body: str = "Hi") -> dict[str, Any]:
    return an_item(number, body=body, media=[])


ITEMS = [an_item(number, **fields) for number, fields in enumerate(EVERYTHING)]


async def feed_inbound(page: Page, *items: dict[str, Any], after: str | None = None) -> None:
    await feed(page, "inbound?*", {"items": list(items), "next": after})


async def waits(console: RunningConsole, page: Page, length: int, oldest: int | None) -> None:
    """Let queue `inbound` have events that wait."""
    overview = console.ask("GET", "overview")
    overview["queues"]["inbound"] = {"length": length, "oldest_seconds": oldest}
    await feed(page, "overview", overview)


def text_us(console: RunningConsole, sender: str, body: str) -> None:
    """Somebody texts our number, on the simulator's phone."""
    fields = json.dumps({"from": sender, "to": US, "body": body}).encode()
    headers = {"Content-Type": "application/json"}
    address = f"{console.simulator}_simulator/messages"
    with urlopen(Request(address, data=fields, headers=headers), timeout=30) as answer:
        assert answer.status < 300


def cells(page: Page) -> Any:  # noqa: ANN401 - Playwright's own
    return page.locator(".received tbody .what")


async def test_a_text_appears_by_itself_and_leads_to_the_person(
    console: RunningConsole, page: Page
) -> None:
    """What somebody texts is listed untouched, its text and number masked; the rest is a click."""
    sender = unique_number()
    console.text(sender)
    await console.open(page, "inbound")
    await expect(page.get_by_role("heading", name="Inbound")).to_be_visible()
    text_us(console, sender, "Seven o'clock is fine")
    row = page.locator(".received tbody tr").filter(has_text=f"{sender[:5]}•••{sender[-4:]}")
    await expect(row.locator(".what")).to_contain_text("••• 21 characters")
    assert sender not in await page.content()
    await row.get_by_role("button", name="show the text").click()
    await expect(row.locator(".what")).to_contain_text("Seven o'clock is fine")
    await row.locator(".kind").click()
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("heading", level=1)).to_be_focused()
    await expect(panel.get_by_role("heading", level=1)).to_contain_text("Text from")
    await panel.get_by_role("link", name="Everything about this person").click()
    await expect(panel.locator(".timeline li")).to_have_count(1)
    await expect(panel.locator(".entries tbody tr")).to_have_count(1)
    assert sender not in page.url
    await panel.locator(".entries tbody a").click()
    await expect(panel.get_by_role("heading", level=1)).to_contain_text("Text to")


async def test_every_kind_is_told(console: RunningConsole, page: Page) -> None:
    """Texts and what was said are masked, a choice in a menu is not, lengths are there."""
    await feed_inbound(page, *ITEMS)
    await console.open(page, "inbound")
    await expect(cells(page)).to_have_text([
        "••• 47 charactersshow",
        "1 attachment",
        "An empty text",
        "••• 4 charactersshow",
        "••• 5 charactersshow",
        "It says ••• 12 charactersshow",
        "Twilio could not write down what was said",
        "Twilio has the recording of 7 s Open at Twilio",
        "There is no recording: absent",
        "They left a recording of 1 min 7 s Open at Twilio",
        "They pressed 1",
        "They pressed ••• 10 charactersshow",
        "They said ••• 12 charactersshow",
        "They pressed 2",
        "They were connected to another number, 2 min 5 s",
        "The other number was busy",
        "They called",
        "They called: no answer, 12 s",
    ])  # fmt: skip
    kinds = await page.locator(".received tbody .kind").all_text_contents()
    assert {*kinds} == {"Text", "Stop", "Start", "Transcription", "Recording", "Voicemail",
                        "Keys", "Speech", "Connection", "Call"}  # fmt: skip
    link = page.get_by_role("link", name="Open at Twilio").first
    assert await link.get_attribute("href") == RECORDING
    assert await link.get_attribute("rel") == "noreferrer"


async def test_a_record_is_whole_and_leads_on(console: RunningConsole, page: Page) -> None:
    """The panel has every field, the call of ours that it belongs to, and what else happened."""
    gather = ITEMS[13]
    others = [gather["event"], {**ITEMS[9]["event"], "id": JOB}, ITEMS[0]["event"]]
    await feed_inbound(page, *ITEMS)
    await feed(page, "inbound/*", gather)
    found = await feed(page, "recipients/find", {"items": [], "inbound": others, "opt_outs": [],
                                                 "next": None})  # fmt: skip
    await console.open(page, f"inbound/event/{gather['id']}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("heading", level=1)).to_contain_text("Keys from +1415•••2671")
    await expect(panel.locator(".record dt")).to_have_text([*gather["event"]])
    await expect(panel.locator(".timeline li")).to_have_count(1)
    await expect(panel.locator(".timeline")).to_contain_text("They left a recording of 1 min 7 s")
    assert [each.post_data_json for each in found] == [{"number": ANA}]
    link = panel.get_by_role("link", name="The call of ours in which it happened")
    assert await link.get_attribute("href") == f"#/inbound/call/{JOB}"
    await expect(cells(page)).to_have_count(len(ITEMS))
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.locator(f"a[href$='{gather['id']}']")).to_be_focused()


async def test_a_reply_leads_to_what_it_replies_to(console: RunningConsole, page: Page) -> None:
    """A reply on WhatsApp names our message; an attachment's address is no link."""
    reply = an_item(
        1, body="Yes", in_reply_to="SM" + "2" * 32, media=[{"url": "https://m.example"}]
    )
    await feed_inbound(page, reply)
    await feed(page, "inbound/*", reply)
    await feed(page, "messages/*", an_entry())
    await console.open(page, f"inbound/event/{reply['id']}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel).to_contain_text("https://m.example")
    assert await panel.locator("a[href^='https:']").count() == 0
    await panel.get_by_role("link", name="The message that it replies to").click()
    await expect(panel.get_by_role("heading", level=1)).to_contain_text("Text to")


async def test_a_recording_makes_no_promise(console: RunningConsole, page: Page) -> None:
    """The panel says that Twilio may ask for credentials; an address of another kind is no link."""
    await feed_inbound(page, ITEMS[9], an_item(20, event="voicemail", recording_url="http://x/RE1"))
    await feed(page, "inbound/*", ITEMS[9])
    await feed(page, "recipients/find", {"items": [], "inbound": [], "opt_outs": [], "next": None})
    await console.open(page, f"inbound/event/{ITEMS[9]['id']}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel).to_contain_text("may ask for the account's SID and auth token")
    await expect(panel.get_by_role("link", name="Open at Twilio")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(cells(page).last).to_have_text("They left a recording")


async def test_what_is_not_shown_says_so(console: RunningConsole, page: Page) -> None:
    """With SHOW_CONTENT=false what was written or said is not there, and the row says why."""
    spoken = {"event": "gather", "call_sid": CALL, "confidence": "0.9"}
    await feed_inbound(page, an_item(1), an_item(2, **spoken))
    await console.open(page, "inbound")
    note = "Not shown here (SHOW_CONTENT)"
    await expect(cells(page)).to_have_text([note, f"They said {note}"])
    await expect(page.locator(".received tbody .kind")).to_have_text(["Text", "Speech"])


async def test_only_twilios_recordings_are_told_of(console: RunningConsole, page: Page) -> None:
    """A program that calls through Twilio Client may add any field, such as an address."""
    item = an_item(1, event="call", recording_url=RECORDING, status="ringing")
    await feed_inbound(page, item)
    await feed(page, f"inbound/{item['id']}", item)
    await console.open(page, f"inbound/event/{item['id']}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".summary")).to_have_text("They called")
    await expect(panel).not_to_contain_text("Twilio keeps the recording")


async def test_what_was_erased_is_said_to_be_gone(
    console: RunningConsole, lenient_page: Page
) -> None:
    """A link to an event that is not there any more says so."""
    await console.open(lenient_page, f"inbound/event/{JOB}")
    panel = lenient_page.get_by_role("region", name="Details")
    await expect(panel).to_contain_text("It is not there any more")
    await console.open(lenient_page, f"inbound/person/{JOB}")
    await expect(panel).to_contain_text("no inbound event has this id")


@pytest.mark.parametrize("oldest", [None, 300])
async def test_a_queue_that_is_read_is_quiet(
    console: RunningConsole, page: Page, oldest: int | None
) -> None:
    """Events that wait for minutes, or that a program holds at the moment, warn of nothing."""
    await waits(console, page, 2, oldest)
    await console.open(page, "inbound")
    await expect(page.get_by_text(re.compile("^2 events wait in queue inbound"))).to_be_visible()
    await expect(page.get_by_text("Nobody reads queue inbound.")).to_be_hidden()


async def test_a_queue_that_nobody_reads_is_amber(console: RunningConsole, page: Page) -> None:
    """Both views say so, the one leads to the other, and that says what to do."""
    await waits(console, page, 3, 301)
    await console.open(page)
    system = page.get_by_role("region", name="Queues and Twilio")
    await expect(system.locator(".badge.warn")).to_have_text("3 waiting")
    await system.get_by_role("link", name="Nobody reads it").click()
    warning = page.locator(".help.warn")
    await expect(warning).to_contain_text("Nobody reads queue inbound.")
    await expect(warning).to_contain_text("What to do: Start the program that reads queue inbound")
    await page.unroute("**/api/overview")
    await waits(console, page, 0, None)
    await ask_now(page)
    await expect(warning).to_be_hidden()
    await expect(page.get_by_text(re.compile("^Queue inbound is empty"))).to_be_visible()


async def test_a_queue_that_does_not_answer_is_said_to(console: RunningConsole, page: Page) -> None:
    """Without an answer of the queues nobody is accused."""
    await feed(page, "overview", console.ask("GET", "overview") | {"queues": None})
    await console.open(page, "inbound")
    await expect(page.get_by_text("Queue inbound does not answer.")).to_be_visible()
    await expect(page.locator(".help.warn")).to_be_hidden()


async def test_the_kind_is_chosen_and_pages_go_back(console: RunningConsole, page: Page) -> None:
    """A choice asks for its kinds alone; *Look further back* asks on behind the last page."""
    seen = await feed(page, "inbound?*", {"items": [a_text(1)], "next": a_text(1)["id"]})
    await console.open(page, "inbound")
    await expect(cells(page)).to_have_count(1)
    await page.get_by_label("What to show").select_option("Calls")
    await expect(cells(page)).to_have_count(1)
    assert "event=call%2Cdial" in seen[-1].url
    await page.get_by_role("button", name="Pause").click()
    await page.unroute("**/api/inbound?*")
    older = await feed(page, "inbound?*", {"items": [a_text(2), a_text(3)], "next": None})
    more = page.get_by_role("button", name="Look further back")
    await more.click()
    await expect(cells(page)).to_have_count(3)
    await expect(more).to_be_hidden()
    assert f"cursor={a_text(1)['id']}" in older[0].url
    assert "event=call%2Cdial" in older[0].url


async def test_new_rows_join_those_that_are_there(console: RunningConsole, page: Page) -> None:
    """What is new stands above, what was looked up stays; behind a gap the list begins again."""
    await feed_inbound(page, a_text(5), a_text(6), after=a_text(6)["id"])
    await console.open(page, "inbound")
    await expect(cells(page)).to_have_count(2)
    for item, count in ((a_text(4), 3), (a_text(1), 1)):
        await page.unroute("**/api/inbound?*")
        kept = [a_text(5)] if count == 3 else []
        await feed_inbound(page, item, *kept, after=JOB)
        await ask_now(page)
        await expect(cells(page)).to_have_count(count)
        await expect(page.locator(".received tbody a").first).to_have_attribute(
            "href", f"#/inbound/event/{item['id']}"
        )


async def test_an_empty_list_says_how_to_fill_it(console: RunningConsole, page: Page) -> None:
    """In the simulated run from the phone page; with an account by the number's webhooks."""
    await feed_inbound(page)
    await console.open(page, "inbound")
    empty = page.locator(".received .empty")
    await expect(empty).to_contain_text("Open the phone page")
    await page.get_by_label("What to show").select_option("Recordings")
    await expect(empty).to_have_text("Nothing of this kind has reached the app.")
    await page.unroute("**/api/inbound?*")
    await feed_inbound(page, after=JOB)
    await ask_now(page)
    await expect(empty).to_have_text("Nothing so far.")


async def test_an_empty_list_of_an_account_names_the_webhooks(
    console: RunningConsole, page: Page
) -> None:
    """Where texts are real, the two addresses are named that Twilio has to be told."""
    overview = console.ask("GET", "overview")
    await feed(page, "overview", overview | {"account": overview["account"] | {"simulator": False}})
    await feed_inbound(page)
    await console.open(page, "inbound")
    empty = page.locator(".received .empty")
    await expect(empty).to_contain_text("/api/webhooks/messages")
    await expect(empty).to_contain_text("/api/webhooks/calls")


async def test_a_read_only_key_shows_it_all(console: RunningConsole, lenient_page: Page) -> None:
    """The list, a record and the person are there for somebody who may only look."""
    page, sender = lenient_page, unique_number()
    text_us(console, sender, "Hello")
    await page.goto(f"{console.app}/console#/inbound")
    await page.get_by_label("Function key").fill(READ_ONLY_KEY)
    await page.get_by_role("button", name="Open").click()
    row = page.locator(".received tbody tr").filter(has_text=f"•••{sender[-4:]}")
    await row.get_by_role("link").first.click()
    panel = page.get_by_role("region", name="Details")
    await panel.get_by_role("link", name="Everything about this person").click()
    await expect(panel.locator(".timeline li")).to_have_count(1)


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_it_fits_and_is_accessible(
    console: RunningConsole, browser: Browser, look: str
) -> None:
    """List, warning, record and person: no error of axe's, no number broken, nothing too wide."""
    async with a_page(browser, **EVERY_LOOK[look]) as page:
        await waits(console, page, 12, 86_400)
        await feed_inbound(page, *ITEMS, after=JOB)
        await feed(page, "inbound/*", ITEMS[9])
        events = [each["event"] for each in ITEMS[7:13]]
        stop = {"sender": US, "says": "stop", "at": AT}
        await feed(page, "recipients/find", {"items": [an_entry()], "inbound": events,
                                             "opt_outs": [stop], "next": JOB})  # fmt: skip
        for place in ("inbound", f"inbound/event/{ITEMS[9]['id']}",
                      f"inbound/person/{ITEMS[9]['id']}"):  # fmt: skip
            await console.open(page, place)
            await expect(cells(page)).to_have_count(len(ITEMS))
            if place != "inbound":
                await expect(page.locator("#panel .timeline li").first).to_be_visible()
            assert await accessibility_errors(page) == [], place
            for what in (".received .piece", ".received .kind", "thead .zone"):
                assert await page.locator(what).evaluate_all(BROKEN) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            if look == "light" and place == "inbound":
                await picture(page, "console-inbound")
