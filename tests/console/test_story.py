"""What a story tells beyond where a message is: texts, what people did, errors, odd names."""

import pytest
from playwright.async_api import Page, expect

from tests.console.fed import AT, JOB, a_call, an_entry, change, feed, feed_list
from tests.console.running_console import RunningConsole

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"body": "Your code is 4711"}, "Your code is 4711"),
        ({"kind": "call", "say": "Good morning"}, "Good morning"),
        ({"kind": "call", "steps": [{"say": "Welcome"}]}, '"say": "Welcome"'),
    ],
)
async def test_the_text_is_masked_until_asked(
    console: RunningConsole, page: Page, fields: dict[str, str], text: str
) -> None:
    """What was asked for is on the page only after *show*, and *Show numbers* does not show it."""
    await feed(page, f"*/{JOB}", an_entry(**fields))
    await console.open(page, f"now/{fields.get('kind', 'message')}/{JOB}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".secret")).to_contain_text("characters")
    await page.get_by_role("button", name="Show numbers").click()
    assert text not in await page.content()
    await panel.get_by_role("button", name="show the text").click()
    await expect(panel.locator(".text")).to_contain_text(text)
    await panel.get_by_role("button", name="hide the text").click()
    assert text not in await page.content()


async def test_without_a_text_nothing_is_shown_of_it(console: RunningConsole, page: Page) -> None:
    """An app that keeps texts to itself leaves no empty heading."""
    await feed(page, f"*/{JOB}", an_entry())
    await console.open(page, f"now/message/{JOB}")
    headings = page.get_by_role("region", name="Details").get_by_role("heading", level=2)
    await expect(headings).to_have_text(["What happened", "Facts"])


RESULTS = [
    {"verb": "machine", "answered_by": "human", "at": "2026-11-30T23:30:01Z"},
    {"verb": "gather", "digits": "1", "at": "2026-11-30T23:30:02Z"},
    {"verb": "gather", "digits": "4711", "at": "2026-11-30T23:30:03Z"},
    {"verb": "gather", "speech": "yes please", "at": "2026-11-30T23:30:04Z"},
    {"verb": "record", "recording_url": "https://api.twilio.com/RE1", "at": "2026-11-30T23:30:05Z"},
    {"verb": "record", "recording_url": "javascript:alert(1)", "at": "2026-11-30T23:30:06Z"},
    {"verb": "dial", "dial_status": "busy", "at": "2026-11-30T23:30:07Z"},
    {"verb": "gather", "at": "2026-11-30T23:30:08Z"},
]
TOLD = [
    "We accepted it through the API.",
    "A person answered.",
    "They pressed 1",
    "They pressed ••• 4 charactersshow",
    "They said ••• 12 charactersshow",
    "They left a recording. Listen",
    "They left a recording.",
    "The other number was busy.",
    "They pressed and said nothing.",
]


async def test_results_are_part_of_the_story(console: RunningConsole, page: Page) -> None:
    """Each result is told once, at its time; more than a choice in a menu is masked."""
    noted = {"event": "noted.gather", "at": AT, "fields": {"Digits": "1"}}
    call = a_call(results=RESULTS)
    await feed(page, f"calls/{JOB}", call | {"events": [*call["events"], noted]})
    await console.open(page, f"now/call/{JOB}")
    told = page.locator(".timeline li > p")
    await expect(told).to_have_text(TOLD)
    await expect(page.get_by_role("link", name="Listen")).to_have_count(1)
    await told.nth(4).get_by_role("button", name="show").click()
    await expect(told.nth(4)).to_contain_text("They said “yes please”")


async def test_noted_events_tell_the_same(console: RunningConsole, page: Page) -> None:
    """Where an entry has events and no results, the events are told in the same words."""
    fields = {"gather": {"Digits": "2"}, "machine": {"AnsweredBy": "machine_start"}}
    events = [{"event": f"noted.{what}", "at": AT, "fields": given} for what, given in fields.items()]  # fmt: skip # noqa: E501
    await feed(page, f"calls/{JOB}", a_call(events=events))
    await console.open(page, f"now/call/{JOB}")
    await expect(page.locator(".timeline li > p")).to_have_text(
        ["They pressed 2", "A machine answered."]
    )


async def test_a_call_that_ended_in_an_error_is_not_green(
    console: RunningConsole, page: Page
) -> None:
    """A completed call with an error says so in its badge, its summary and its timeline."""
    events = [{"event": "reported.completed", "at": AT, "status": "completed"}]
    error = {"code": "11100", "message": "Invalid URL format"}
    call = a_call(error=error, events=events)
    await feed(page, f"calls/{JOB}", call)
    await feed_list(page, call)
    await console.open(page, f"find/call/{JOB}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".summary")).to_contain_text(
        "The call was answered, but ended in an error"
    )
    for badge in (panel.locator(".badge"), page.locator(".entries .badge")):
        await expect(badge).to_have_text("Ended in an error")
        await expect(badge).to_have_class("badge bad")
    await expect(panel.locator(".timeline li")).to_have_class("bad")
    await expect(panel.locator(".help")).to_contain_text("11100")


@pytest.mark.parametrize(
    ("error", "look"),
    [("21610", "quiet"), ("21211", "quiet"), ("20003", "primary"), ("daily_cap", "primary")],
)
async def test_retry_stays_quiet_where_it_cannot_help(
    console: RunningConsole, page: Page, error: str, look: str
) -> None:
    """Retry stands out only where the same request can go well the next time."""
    refused = {"state": "refused", "twilio_status": None, "sid": None}
    await feed(page, f"*/{JOB}", an_entry(error={"code": error, "message": ""}, **refused))
    await console.open(page, f"now/message/{JOB}")
    retry = page.get_by_role("region", name="Details").get_by_role("button", name="Retry…")
    await expect(retry).to_have_class(f"writes {look}")


async def test_retry_is_not_offered_for_what_arrived(console: RunningConsole, page: Page) -> None:
    """A selection without anything parked or refused has no Retry."""
    await console.open(page, "find?status=delivered")
    await page.locator(".entries tbody").get_by_role("checkbox").first.check()
    tools = page.get_by_role("group", name="Selection")
    await expect(tools.get_by_role("button", name="Cancel…")).to_be_visible()
    await expect(tools.get_by_role("button", name="Retry…")).to_be_hidden()


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty"])
async def test_names_that_every_object_has_are_only_names(
    console: RunningConsole, page: Page, name: str
) -> None:
    """A view, kind, state, status, code or event of such a name leaves the console whole."""

    def edit(overview: dict[str, dict[str, object]]) -> None:
        overview["queues"] = {name: {"length": 0, "oldest_seconds": None}}

    await change(page, "overview", edit)
    entry = an_entry(state=name, twilio_status=name, error={"code": name, "message": "odd"},
                     events=[{"event": f"{each}.1", "at": AT, "source": name, "status": name,
                              "result": name, "code": name} for each in (name, "accepted", "answer", "doubt", "reported")])  # fmt: skip # noqa: E501
    await feed(page, "messages/y", entry)
    await feed_list(page, entry, entry | {"id": "zbpbd1jez1fg4p4bzdjjgq", "state": "handed_over"})
    await console.open(page, f"{name}/x/y")
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    await expect(page.locator(".entries tbody tr")).to_have_count(2)
    await expect(page.locator(".system")).to_contain_text("Empty")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".badge")).to_have_text(name)
    await expect(panel.locator(".timeline li > p").nth(4)).to_have_text(f"Twilio says: {name}.")
    assert "function" not in await page.locator("main").inner_text()
    await page.goto(f"{console.app}/console#/find?status={name}")
    await expect(page.get_by_role("heading", name="Find", exact=True)).to_be_visible()
    await expect(page.locator(".entries tbody tr")).to_have_count(2)
