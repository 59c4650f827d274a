"""Sending: what is checked before the question, whose account it is, and who may only read."""

import re
from functools import partial

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser import a_page
from tests.console.fed import JOB, an_entry, change, feed
from tests.console.running_console import RunningConsole, tomorrow, unique_number
from tests.console.test_access import EVERY_LOOK, it_fits

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

REAL = {"simulator": False, "sid": "AC000000000000000000000000000012ab", "sender": "+15005550006"}
SIMULATED = REAL | {"simulator": True}


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("", "The number is missing."),
        ("415 555 2671", "The number needs its country code, e.g. +14155552671."),
        ("+1 415 555 267", "The number is not a valid number in North America, e.g. +14155552671."),
        ("+49x", "The number is not a valid E.164 number, e.g. +14155552671."),
    ],
)
async def test_a_number_is_checked_before_the_question(
    console: RunningConsole, page: Page, number: str, problem: str
) -> None:
    """A wrong number is named beside its field, and no dialog asks to confirm it."""
    await console.open(page, "send")
    form = page.get_by_role("form", name="Test text")
    to = form.get_by_label("To", exact=True)
    await to.fill(number)
    await form.get_by_role("button", name="Send…").click()
    await expect(form.get_by_role("alert")).to_have_text(problem)
    await expect(to).to_be_focused()
    await expect(to).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await to.fill("00 1 (415) 555-2671")
    await expect(form.get_by_role("alert")).to_have_text("")
    await form.get_by_role("button", name="Send…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("+1415•••2671")


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_the_badge_says_whose_account_it_is(
    console: RunningConsole, browser: Browser, look: str
) -> None:
    """Simulator, or the account and its sender, on every view; the question says the same."""
    for account, badge, warning in (
        (SIMULATED, "Simulator", "nobody is reached"),
        (REAL, r"AC…12ab · \+1500•••0006", "It is a real one, and is charged"),
    ):
        async with a_page(browser, **EVERY_LOOK[look]) as page:
            await change(page, "overview", partial(dict.update, account=account))
            await console.open(page, "send")
            await expect(page.locator("#account")).to_have_text(re.compile(badge))
            await expect(page.locator("#account")).to_be_visible()
            await it_fits(page)
            form = page.get_by_role("form", name="Test call")
            await form.get_by_label("To", exact=True).fill("+14155552671")
            await form.get_by_role("button", name="Call…").click()
            await expect(page.get_by_role("dialog")).to_contain_text(warning)


async def test_a_result_is_a_notice(console: RunningConsole, page: Page) -> None:
    """After a yes the dialog is gone, the focus back, and the result stays until dismissed."""
    console.text(unique_number(), send_at=tomorrow())
    await console.open(page, "send")
    form = page.get_by_role("form", name="Test text")
    await form.get_by_label("To", exact=True).fill(unique_number())
    send = form.get_by_role("button", name="Send…")
    await send.click()
    await page.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    notices = page.get_by_role("region", name="Notices")
    await expect(notices).to_contain_text("Accepted. It is on its way")
    await expect(page.locator("#announcer")).to_contain_text("Accepted. It is on its way")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(send).to_be_focused()
    await notices.get_by_role("button", name="Dismiss").click()
    await expect(notices).to_be_empty()


async def test_a_failure_is_a_notice_too(console: RunningConsole, lenient_page: Page) -> None:
    """What the app refuses is told in its own words, with each field."""
    page = lenient_page
    errors = [{"path": "$.to", "code": "invalid_number", "message": "is not a valid number"}]
    problem = {"title": "Invalid request", "status": 400, "detail": "1 problem", "errors": errors}
    await feed(page, "messages", problem, 400)
    await console.open(page, "send")
    await send_a_text(page)
    await expect(page.get_by_role("region", name="Notices")).to_contain_text(
        "1 problem · $.to is not a valid number"
    )


async def test_doing_it_again_after_no_answer_sends_once(
    console: RunningConsole, lenient_page: Page
) -> None:
    """Until the app has answered, the same text keeps its idempotency key; afterwards it is new."""
    page = lenient_page
    to_answer = [503, 503, 202, 202]
    keys = []

    async def answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await route.fulfill(json={"id": JOB, "detail": "No answer."}, status=to_answer.pop(0))

    await page.route("**/api/messages", answer)
    await console.open(page, "send")
    notices = page.get_by_role("region", name="Notices").locator(".notice")
    for n in range(4):
        await send_a_text(page)
        await expect(notices).to_have_count(n + 1)
        await expect(notices.last).to_contain_text("never done twice" if n < 2 else "Accepted.")
    assert keys[0] == keys[1] == keys[2] != keys[3]


async def send_a_text(page: Page) -> None:
    form = page.get_by_role("form", name="Test text")
    await form.get_by_label("To", exact=True).fill("+14155552671")
    await form.get_by_role("button", name="Send…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()


async def let_the_key_only_read(page: Page) -> None:
    """Let the app answer on the routes of a read-only key as it does on the others."""

    async def pass_on(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("/console/data/", "/"))

    await page.route("**/api/console/data/**", pass_on)


async def test_a_key_that_may_only_read_hides_what_writes(
    console: RunningConsole, lenient_page: Page
) -> None:
    """After the first refusal nothing offers to send, retry or cancel, also after a reload."""
    page = lenient_page
    problem = {"title": "The key is read-only", "status": 403, "detail": "This key may only read."}
    await let_the_key_only_read(page)
    await feed(page, "messages", {}, 401)
    await feed(page, "console/data/messages", problem, 403)
    parked = an_entry(state="parked", twilio_status=None, error={"code": "expired", "message": ""})
    await feed(page, f"messages/{JOB}", parked)
    await feed(page, f"console/data/messages/{JOB}", parked)
    await console.open(page, f"send/message/{JOB}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("button", name="Retry…")).to_be_visible()
    await expect(page.locator("#read-only")).to_be_hidden()
    await send_a_text(page)
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("may only read")
    for _ in ("at once", "after a reload"):
        await expect(page.locator("#read-only")).to_contain_text("may read and nothing else")
        await expect(panel.get_by_role("button", name="Copy as text")).to_be_visible()
        for name in ("Retry…", "Cancel…", "Send…", "Call…"):
            await expect(page.get_by_role("button", name=name)).to_have_count(0)
        await page.reload()
    await page.get_by_role("button", name="Forget key").click()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_another_403_is_not_a_key_that_may_only_read(
    console: RunningConsole, lenient_page: Page
) -> None:
    """Only the app's own word on the key hides what writes."""
    page = lenient_page
    await feed(page, "messages", {"title": "Forbidden", "status": 403, "detail": "no"}, 403)
    await console.open(page, "send")
    await send_a_text(page)
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("no")
    await expect(page.get_by_role("button", name="Send…")).to_be_visible()


async def test_h_tells_of_the_keys(console: RunningConsole, page: Page) -> None:
    """`h`, or its button, lists the arrows and x; in a field it is only a letter."""
    await console.open(page, "find")
    field = page.get_by_label("Number, id, SID or error code")
    await field.press("h")
    await expect(field).to_have_value("h")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("heading", name="Find", exact=True).click()
    await page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="Keys")
    await expect(dialog).to_contain_text("↓ ↑")
    await expect(dialog).to_contain_text("Select the row")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="Keys").click()
    await expect(dialog).to_be_visible()
