"""Alerts: who is notified, how and when, what comes next, and who answers."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import a_page, accessibility_errors, picture
from tests.console.conftest import READ_ONLY_KEY
from tests.console.fed import feed
from tests.console.running_console import ALERT, RunningConsole, ask_now, unique_number
from tests.console.test_access import EVERY_LOOK, it_fits

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

AN_HOUR = 3600
AGAIN = "The next alert with its key begins with the first level again"


def level(to: str, by: str = "call", wait: int = AN_HOUR, **more: int) -> dict[str, Any]:
    return {"notify": [{"to": to, "by": by}], "wait": wait, **more}


def card(page: Page, name: str) -> Locator:
    """The card of an open alert, by its number or key."""
    return page.locator(".alerts > li").filter(has=page.get_by_role("link", name=name))


def closed(page: Page, alert_id: str) -> Locator:
    """The row of an alert that is answered or closed."""
    return page.get_by_role("row").filter(has=page.locator(f"a[href$='{alert_id}']"))


def details(page: Page) -> Locator:
    return page.get_by_role("region", name="Details")


def masked(number: str) -> str:
    return f"{number[:5]}•••{number[-4:]}"


def key() -> str:
    """A key that no other test raises an alert under."""
    return f"disk-full/{unique_number()[5:]}"


async def act(page: Page, inside: Locator, name: str, *lines: str, by: str = "") -> None:
    """Press a button, read what will happen, and let it happen."""
    await inside.get_by_role("button", name=f"{name}…").click()
    dialog = page.get_by_role("dialog", name=re.compile(f"{name} alert A [0-9]+"))
    await expect(dialog.get_by_role("listitem")).to_have_text(lines)
    if by:
        await dialog.get_by_label("Your name").fill(by)
    await dialog.get_by_role("button", name=re.compile(f"^{name} A [0-9]+$")).click()
    await expect(dialog).to_be_hidden()


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_the_second_person_answers_and_the_third_is_never_called(
    console: RunningConsole, browser: Browser, look: str
) -> None:
    """The first phone rings out, the second person presses 1, and the console shows it all."""
    first, second, third = unique_number(), unique_number(), unique_number()
    for number in (first, second, third):
        console.phone(number, answers=False)
    name = key()
    async with a_page(browser, **EVERY_LOOK[look]) as page:
        await console.open(page, "alerts")
        alert = console.alert(*map(level, (first, second, third)), key=name, urgent=True)
        await ask_now(page)
        await expect(card(page, name)).to_contain_text("Level 1 of 3 began at")
        await expect(card(page, name)).to_contain_text(f"Call to {masked(first)}")
        await expect(card(page, name)).to_contain_text("No answer")
        await expect(card(page, name)).to_contain_text(
            re.compile(rf"level 2 of 3 begins at .*: call to {re.escape(masked(second))}\.")
        )
        async with phone_page(console, browser, second) as phone:
            await act(page, card(page, name), "Escalate",
                      f"Level 2 of 3 begins now: call to {masked(second)}")  # fmt: skip
            await press_one(phone)
        await ask_now(page)
        await expect(card(page, name)).to_have_count(0)
        await expect(closed(page, alert)).to_contain_text("Acknowledged")
        await closed(page, alert).get_by_role("link").click()
        story = details(page).locator(".timeline > li")
        await expect(details(page)).to_contain_text(f"Acknowledged by {masked(second)} at")
        await expect(story).to_have_count(5)
        for step, words in enumerate((
            "It was raised through the API.", f"Level 1 of 3 began.Call to {masked(first)}",
            "the console asked for the next level.", "Level 2 of 3 began.",
            f"Acknowledged by {masked(second)}, with a key in the call.")):  # fmt: skip
            await expect(story.nth(step)).to_contain_text(words)
        await expect(story.nth(1)).to_contain_text("No answer")
        await expect(story.nth(3)).to_contain_text("They pressed 1.")
        await expect(details(page).get_by_role("button", name="Escalate…")).to_be_hidden()
        assert await accessibility_errors(page) == []
        await it_fits(page)
    assert console.ask("GET", f"calls?to=%2B{third[1:]}")["items"] == []


@asynccontextmanager
async def phone_page(
    console: RunningConsole, browser: Browser, number: str
) -> AsyncIterator[Locator]:
    """Somebody's phone on the simulator's page, which rings as soon as they are called."""
    async with a_page(browser) as page:
        await page.goto(console.simulator)
        await expect(page.locator("#connection")).to_have_text("Live")
        spaced = f"+1 {number[2:5]} {number[5:8]} {number[8:]}"
        yield page.get_by_role("region", name=f"Phone {spaced}", exact=True)


async def press_one(phone: Locator) -> None:
    """Answer, hear what it is about, and press 1."""
    await phone.get_by_role("button", name="Answer", exact=True).click()
    heard = phone.get_by_role("log")
    await expect(heard).to_contain_text(f"{ALERT}. Press 1 to acknowledge")
    await phone.get_by_role("button", name="1", exact=True).click()
    await expect(heard).to_contain_text("Acknowledged by you.")


async def test_one_is_acknowledged(console: RunningConsole, page: Page) -> None:
    """The dialog says what it stops, the name is what others read, and it is remembered."""
    name = key()
    alert = console.alert(level(unique_number(), "text"), key=name)
    other = console.alert(level(unique_number(), "text"))
    await console.open(page, "alerts")
    await expect(card(page, name)).to_contain_text("Delivered")
    await act(page, card(page, name), "Acknowledge", "Nobody else is notified", by="Ana")
    await expect(page.get_by_role("region", name="Notices")).to_contain_text(
        re.compile("Alert A [0-9]+: Acknowledged by Ana at")
    )
    await expect(card(page, name)).to_have_count(0)
    await expect(closed(page, alert)).to_contain_text("Acknowledged by Ana at")
    assert console.ask("GET", f"alerts/{alert}")["answered"]["by"] == "Ana"
    await page.goto(f"{console.app}/console#/alerts/alert/{other}")
    await details(page).get_by_role("button", name="Acknowledge…").click()
    await expect(page.get_by_role("dialog").get_by_label("Your name")).to_have_value("Ana")
    await page.keyboard.press("Escape")
    assert console.ask("GET", f"alerts/{other}")["state"] == "open"


async def test_one_is_resolved_and_one_canceled(console: RunningConsole, page: Page) -> None:
    """Somebody who gives no name is the console; a key that ends begins again."""
    resolved, canceled = key(), key()
    ids = [console.alert(level(unique_number(), "text"), key=each) for each in (resolved, canceled)]
    await console.open(page, "alerts")
    lines = ("Nobody else is notified", AGAIN)
    for each in (resolved, canceled):
        await expect(card(page, each)).to_contain_text("Delivered")
    await act(page, card(page, resolved), "Resolve", *lines)
    await expect(closed(page, ids[0])).to_contain_text("Resolved by the console at")
    await act(page, card(page, canceled), "Cancel", *lines)
    await expect(closed(page, ids[1])).to_contain_text("Canceled by the API at")
    states = [console.ask("GET", f"alerts/{each}")["state"] for each in ids]
    assert states == ["resolved", "canceled"]


async def test_what_has_moved_on_is_left_alone(console: RunningConsole, page: Page) -> None:
    """A page that is behind asks first, says who was faster, and offers only to close."""
    name = key()
    alert = console.alert(level(unique_number(), "text"), level(unique_number(), "text"), key=name)
    await console.open(page, "alerts")
    await expect(card(page, name)).to_contain_text("Level 1 of 2 began")
    await page.get_by_role("button", name="Pause").click()
    console.ask("POST", f"alerts/{alert}/acknowledge", {"by": "Bo"})
    await card(page, name).get_by_role("button", name="Escalate…").click()
    dialog = page.get_by_role("dialog", name="has moved on")
    await expect(dialog).to_contain_text("Acknowledged by Bo at")
    assert await dialog.get_by_role("button").all_inner_texts() == ["Close"]


async def test_what_made_no_sense_is_shown(console: RunningConsole, page: Page) -> None:
    """A payload that could not be read is among the alerts, with what was wrong and as it came."""
    nonsense = f"no object, {key()}, +14155551234"
    alert = console.ask("POST", "alerts/from/azure-monitor", nonsense)["id"]
    await console.open(page, "alerts")
    await page.get_by_label("Status").select_option("Nobody answered")
    await expect(closed(page, alert)).to_contain_text("Nobody was notified: no policy says whom.")
    await closed(page, alert).get_by_role("link").click()
    await expect(details(page).locator(".help li").first).to_contain_text("it is kept as it came.")
    await details(page).get_by_text("What was sent to us").click()
    sent = details(page).locator("pre")
    await expect(sent).to_have_text(json.dumps(nonsense).replace("+14155551234", "+1415•••1234"))


async def test_closed_ones_are_found(console: RunningConsole, page: Page) -> None:
    """By key, and further back than a page; what was found stays while the page polls."""
    name = key()
    for _ in range(21):
        alert = console.alert(level(unique_number(), "text"), key=name)
        console.ask("POST", f"alerts/{alert}/resolve")
    await console.open(page, "alerts")
    await page.get_by_role("searchbox", name="Key").fill(name)
    await page.get_by_role("button", name="Find", exact=True).click()
    rows = page.locator(".closed tbody tr")
    await expect(rows).to_have_count(20)
    await expect(rows.filter(has_text=name)).to_have_count(20)
    await page.get_by_role("button", name="Look further back").click()
    await expect(rows).to_have_count(21)
    for _ in range(2):  # once the second one is asked, the first answer is shown
        async with page.expect_response(re.compile("alerts.state=acknowledged")):
            await ask_now(page)
    await expect(rows).to_have_count(21)


async def test_one_is_found_by_its_id(console: RunningConsole, lenient_page: Page) -> None:
    """Its id leads to it, it leads to its messages, and each of those leads back."""
    page, name = lenient_page, key()
    alert = console.alert(level(unique_number(), "text"), key=name)
    await console.open(page, "find")
    await page.get_by_label("Number, id, SID or error code").fill(alert)
    await page.keyboard.press("Enter")
    heading = details(page).get_by_role("heading", level=1)
    await expect(heading).to_contain_text(name)
    await details(page).get_by_role("link", name="its story").click()
    await expect(heading).to_contain_text("Text to")
    await details(page).get_by_role("link", name=alert).click()
    await expect(heading).to_contain_text(name)


async def test_numbers_and_texts_are_masked(console: RunningConsole, page: Page) -> None:
    """No number and no text is there until somebody asks; the next step's number neither."""
    numbers = [unique_number() for _ in range(3)]
    name = f"{key()}{numbers[2]}"
    alert = console.alert(level(numbers[0], "text"), level(numbers[1], "text"), key=name)
    await console.open(page, f"alerts/alert/{alert}")
    mine = page.locator(".alerts > li").filter(has=page.locator(f"a[href$='{alert}']"))
    await expect(mine.get_by_role("heading")).to_contain_text(masked(numbers[2]))
    await expect(mine).to_contain_text(f"text to {masked(numbers[1])}")
    await expect(details(page).locator(".timeline")).to_contain_text(masked(numbers[0]))
    content = await page.content()
    assert not [each for each in (*numbers, ALERT) if each in content]
    await mine.get_by_role("button", name="show the text of the alert").click()
    await expect(mine).to_contain_text(ALERT)
    await page.get_by_role("button", name="Show numbers").click()
    for number in numbers[:2]:
        await expect(mine).to_contain_text(number)
        await expect(details(page)).to_contain_text(number)


async def test_the_focus_stays_while_a_card_changes(console: RunningConsole, page: Page) -> None:
    """Whoever is at a button of a card is still there when the next level has begun."""
    name = key()
    alert = console.alert(level(unique_number(), "text"), level(unique_number(), "text"), key=name)
    await console.open(page, "alerts")
    eye = card(page, name).get_by_role("button", name="show number ending").first
    await eye.focus()
    console.ask("POST", f"alerts/{alert}/escalate")
    await expect(card(page, name)).to_contain_text("Level 2 of 2 began")
    await expect(eye).to_be_focused()


async def test_the_focus_stays_when_a_notification_gets_its_link(
    console: RunningConsole, page: Page
) -> None:
    """Nobody who is about to show a number follows a link that came before it instead."""
    soon = an_alert(notifications=None)
    await feed_alerts(page, soon)
    await console.open(page, "alerts")
    eye = card(page, "A 12").get_by_role("button", name="show number ending").last
    await eye.focus()
    await feed_alerts(page, an_alert())
    await expect(card(page, "A 12").get_by_role("link", name="Call")).to_be_visible()
    focused = card(page, "A 12").locator(":focus")
    await expect(focused).to_have_attribute("aria-label", "show number ending 2671")


async def test_a_read_only_key_sees_no_buttons(console: RunningConsole, lenient_page: Page) -> None:
    """The alert and its story are there, and nothing that would change it."""
    page, name = lenient_page, key()
    alert = console.alert(level(unique_number(), "text"), key=name)
    await page.goto(f"{console.app}/console")
    await page.get_by_label("Function key").fill(READ_ONLY_KEY)
    await page.get_by_role("button", name="Open").click()
    await expect(page.get_by_text("This key may read and nothing else.")).to_be_visible()
    await page.goto(f"{console.app}/console#/alerts/alert/{alert}")
    await expect(card(page, name)).to_contain_text("Level 1 of 1 began")
    await expect(details(page).locator(".timeline")).to_contain_text("It was raised")
    await expect(page.get_by_role("button", name="show number ending").first).to_be_visible()
    for act_name in ("Acknowledge…", "Escalate…", "Resolve…", "Cancel…"):
        await expect(page.get_by_role("button", name=act_name)).to_have_count(0)


# --- what the app says seldom, or only after a wait -------------------------------------------

ID, CALL, TEXT = "zbpb016hzstjxr5gy079ja", "zbpb316hyrvxzk68ktbwmj", "zbpb316hyrvxzk68ktbwmk"
ANA, BO = "+14155552671", "+14165550123"
LEVELS = [level(ANA, "text", wait=120), level(ANA, wait=90, times=2),
          {"notify": [{"to": BO, "by": by} for by in ("text", "call")], "wait": 300}]  # fmt: skip


def at(minute: int, second: int = 0) -> str:
    return f"2026-11-30T03:{minute:02}:{second:02}Z"


def run(n: int, began_at: str, **fields: int) -> dict[str, Any]:
    return {"n": n, "round": 1, "time": 1, "level": n - 1} | fields | {"at": began_at}


def told(n: int, to: str, by: str, **fields: object) -> dict[str, Any]:
    return {"n": n, "level": n - 1, "at": at(10 + n), "to": to, "by": by,
            "id": CALL if by == "call" else TEXT, "state": "handed_over"} | fields  # fmt: skip


def an_alert(**fields: object) -> dict[str, Any]:
    """An alert whose second level has begun, a call that rings."""
    began = run(2, at(12, 4))
    return {
        "id": ID, "state": "open", "number": 12, "text": ALERT, "key": "disk-full/web-3",
        "count": 4, "source": "alertmanager", "policy": "ops", "until": "acknowledged",
        "then": "repeat", "most": 3, "urgent": True, "levels": LEVELS, "metadata": {"team": "db"},
        "warnings": [], "raised_at": at(10), "updated_at": at(12, 4),
        "run": {**began, "began_at": began["at"], "ends_at": at(13, 34)},
        "next": {"at": at(13, 34), "level": 1, "round": 1, "time": 2},
        "answered": None, "resolved": None, "canceled": None, "links": {}, "payload": None,
        "notifications": [
            told(1, ANA, "text", twilio_status="delivered", at=at(10, 4)),
            told(2, ANA, "call", twilio_status="ringing", at=at(12, 4)),
        ],
        "events": [
            {"event": "raised", "at": at(10)},
            {"event": "level.1"} | run(1, at(10, 4)),
            {"event": "notified.1", "at": at(10, 4)},
            *({"event": "joined", "at": at(10, 10 * n)} for n in (1, 2, 3)),
            {"event": "level.2"} | began,
        ],
    } | fields  # fmt: skip


CLOSED = [
    an_alert(id=ID[:-1] + "b", number=11, key="cpu/web-1", state="acknowledged", next=None,
             answered={"by": "+1415•••2671", "via": "key", "at": at(2, 40)}, raised_at=at(1)),
    an_alert(id=ID[:-1] + "c", number=10, key="backup", state="resolved", next=None, count=1,
             resolved={"by": "alertmanager", "via": "intake", "at": at(0, 50)}, raised_at=at(0)),
]  # fmt: skip


async def feed_alerts(page: Page, alert: dict[str, Any]) -> None:
    """Let the app have this alert, and two that are closed."""
    is_open = alert["state"] == "open"
    items = [alert] if is_open else []
    await feed(page, "alerts?state=open*", {"items": items, "next": None})
    rest = CLOSED if is_open else [alert, *CLOSED]
    await feed(page, "alerts?state=acknowledged*", {"items": rest, "next": None})
    await feed(page, f"alerts/{ID}", alert)


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_it_looks_like_this(console: RunningConsole, browser: Browser, look: str) -> None:
    """Pictures of an alert at night, by day, in the dark and on a phone; axe finds nothing."""
    async with a_page(browser, **EVERY_LOOK[look]) as page:
        await page.clock.set_fixed_time(at(12, 30))
        await feed_alerts(page, an_alert())
        await console.open(page, "alerts")
        await expect(card(page, "A 12")).to_contain_text("Raised 4 times.")
        assert await accessibility_errors(page) == []
        await it_fits(page)
        await page.goto(f"{console.app}/console#/alerts/alert/{ID}")
        await expect(details(page).locator(".timeline > li")).to_have_count(4)
        await expect(details(page)).to_contain_text("It was raised again 3 times:")
        assert await accessibility_errors(page) == []
        await it_fits(page)
        if look == "light":
            await picture(page, "console-alerts")
        await details(page).get_by_role("button", name="Acknowledge…").click()
        await expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_text([
            "Nobody else is notified", "1 call that rings is hung up"])  # fmt: skip
        assert await accessibility_errors(page) == []
        await it_fits(page)


async def test_the_dialog_counts_what_is_going_on(console: RunningConsole, page: Page) -> None:
    """What is stopped, what is not cut off, and what an escalation leaves alone."""
    going = [told(1, ANA, "text", state="scheduled"), told(2, BO, "call", state="accepted"),
             told(2, BO, "call", twilio_status="in-progress"), told(2, ANA, "call"),
             told(2, ANA, "call", twilio_status="ringing")]  # fmt: skip
    upcoming = {"at": at(13, 34), "level": 2, "round": 2, "time": 1}
    await feed_alerts(page, an_alert(notifications=going, next=upcoming))
    await console.open(page, f"alerts/alert/{ID}")
    await details(page).get_by_role("button", name="Cancel…").click()
    lines = page.get_by_role("dialog", name="Cancel alert A 12?").get_by_role("listitem")
    await expect(lines).to_have_text([
        "Nobody else is notified", "2 calls that ring are hung up",
        "2 messages and calls, not sent yet: will never be sent",
        "1 conversation is going on, and not cut off",
        AGAIN])  # fmt: skip
    await expect(page.get_by_role("dialog").get_by_label("Your name")).to_have_count(0)
    await page.keyboard.press("Escape")
    await details(page).get_by_role("button", name="Escalate…").click()
    lines = page.get_by_role("dialog", name="Escalate alert A 12?").get_by_role("listitem")
    await expect(lines).to_have_text([
        "Level 3 of 3, round 2 of 3 begins now: text to +1416•••0123, call to +1416•••0123",
        "3 calls that ring or are going on: left alone"])  # fmt: skip
    asked = await feed(page, f"alerts/{ID}/escalate", an_alert(), status=202)
    await page.get_by_role("button", name="Escalate A 12").click()
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("next level begins")
    assert [each.post_data_json for each in asked] == [{"by": "the console", "run": 2}]


ENDED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"state": "answered", "answered": {"by": "+1415•••2671", "via": "report", "at": at(13)}},
     {"event": "answered", "how": "answered", "by": "+1415•••2671", "via": "report"},
     "Answered by +1415•••2671 at", "+1415•••2671 picked up."),
    ({"state": "delivered", "answered": {"by": "+1415•••2671", "via": "report", "at": at(13)}},
     {"event": "answered", "how": "delivered", "by": "+1415•••2671", "via": "report"},
     "Delivered to +1415•••2671 at", "The text or call reached +1415•••2671."),
    ({"state": "acknowledged", "answered": {"by": "+1415•••2671", "via": "reply", "at": at(13)}},
     {"event": "answered", "how": "acknowledged", "by": "+1415•••2671", "via": "reply"},
     "Acknowledged by +1415•••2671 at", "Acknowledged by +1415•••2671, with a reply."),
    ({"state": "resolved", "resolved": {"by": "grafana", "via": "intake", "at": at(13)}},
     {"event": "resolved", "by": "grafana", "via": "intake"},
     "Resolved by grafana at", "Resolved by grafana, which sends such alerts."),
    ({"state": "canceled", "canceled": {"by": "the API", "via": None, "at": at(13)}},
     {"event": "canceled", "by": "the API"}, "Canceled by the API at", "Canceled by the API."),
    ({"state": "exhausted"}, {"event": "exhausted"},
     "Everybody was notified, and nobody answered.", "Everybody was notified, and nobody"),
    ({"state": "asleep"}, {"event": "yawned"}, "asleep", "yawned"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "event", "summary", "sentence"), ENDED, ids=str)
async def test_each_end_in_words(  # noqa: PLR0913, PLR0917 - one for each word
    console: RunningConsole, page: Page, fields: dict[str, Any], event: dict[str, Any],
    summary: str, sentence: str,
) -> None:  # fmt: skip
    """Who ended it and how is told, and a word that is new is shown as it is."""
    ended = an_alert(next=None, **fields)
    ended["events"].append({"at": at(13)} | event)
    await feed_alerts(page, ended)
    await console.open(page, f"alerts/alert/{ID}")
    await expect(details(page).locator(".summary")).to_contain_text(summary)
    await expect(details(page).locator(".timeline > li").last).to_contain_text(sentence)
    await expect(details(page)).not_to_contain_text("If nobody answers")


async def test_what_became_of_each_notification(console: RunningConsole, page: Page) -> None:
    """One that was refused says why, one that has no message yet says so, and what was pressed."""
    pressed = [{"verb": "machine", "answered_by": "machine_start", "at": at(12)},
               {"verb": "gather", "digits": "2", "at": at(12)},
               {"verb": "gather", "speech": "It is me", "at": at(12)}]  # fmt: skip
    notifications = [
        told(1, ANA, "text", id=None, state="refused",
             error={"code": "not_accepted", "message": "$.to is not a number that is allowed"}),
        told(2, BO, "text", state="refused", error={"code": "21610", "message": "unsubscribed"}),
        told(2, ANA, "call", twilio_status="completed", results=pressed),
        told(2, BO, "call", id=None, state=None),
    ]  # fmt: skip
    machine = {"event": "machine.2", "at": at(13), "n": 2}
    asked = {"event": "escalated.2", "at": at(13), "n": 2, "by": "+1416•••0123", "via": "key"}
    alert = an_alert(notifications=notifications, text=None, next=None)
    alert["events"] += [machine, asked]
    await feed_alerts(page, alert)
    await console.open(page, f"alerts/alert/{ID}")
    panel = details(page)
    people = panel.locator(".people li")
    for place, words in enumerate((
        "$.to is not a number that is allowed.", "the recipient",
        "A machine answered. They pressed 2. They said •••.",
        "Call to +1416•••0123showNot yet")):  # fmt: skip
        await expect(people.nth(place)).to_contain_text(words)
    await expect(panel).to_contain_text("Texts are not shown.")
    await expect(panel).to_contain_text("+1416•••0123, with a key in the call asked for the next")
    await expect(panel).to_contain_text("Every call reached an answering machine")


async def test_a_long_story_does_not_fill_the_card(console: RunningConsole, page: Page) -> None:
    """The newest six are on the card, and all of them in the story."""
    notifications = [told(1, ANA, "text", at=at(n), twilio_status="delivered") for n in range(9)]
    await feed_alerts(page, an_alert(notifications=notifications))
    await console.open(page, f"alerts/alert/{ID}")
    await expect(details(page).locator(".people li")).to_have_count(9)
    await expect(card(page, "A 12").locator(".people li")).to_have_count(6)
    await expect(card(page, "A 12")).to_contain_text("3 notifications before these.")
    newest = card(page, "A 12").locator(".people time").last
    await expect(newest).to_have_attribute("datetime", at(8))


async def test_an_error_is_said(console: RunningConsole, lenient_page: Page) -> None:
    """An alert that does not exist, and a look back that fails, say so where it was asked."""
    page = lenient_page
    await feed(page, "alerts?state=open*", {"items": [], "next": ID})
    answers = {"items": CLOSED, "next": ID}
    await feed(page, "alerts?state=acknowledged*", answers)
    await console.open(page, f"alerts/alert/{ID}")
    await expect(details(page)).to_contain_text("there is no alert with this id")
    await expect(page.locator("#view")).to_contain_text("0 open alerts among the newest")
    await feed(page, "alerts?*cursor*", {"detail": "Storage is away"}, status=503)
    await page.get_by_role("button", name="Look further back").click()
    await expect(page.get_by_text("Storage is away").first).to_be_visible()
