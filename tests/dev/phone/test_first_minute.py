"""The first minute of a new user, all parts real: `dev run`, its page, the app behind it."""

import asyncio
import signal
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from dev.checkout import HERE
from tests.dev.commands.running import IS_SET_UP, Running
from tests.dev.phone.desk import Desk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up"),
    pytest.mark.skipif(
        (HERE.root / "local.settings.json").exists(), reason="local.settings.json is in the way"
    ),
]

INBOUND = {"INBOUND_CALL": "voicemail?Message=Speak+now", "INBOUND_MESSAGE": "message?Message=Hi"}


@pytest.fixture
def run() -> Iterator[Running]:
    """Everything that `python3 dev run` starts, on free ports."""
    with Running(HERE.root, settings=INBOUND) as run:
        run.until("ready")
        yield run
        run.end(signal.SIGTERM)


async def paste(command: str) -> None:
    """Run a command as it stands; the app accepts it."""
    pasted = await asyncio.create_subprocess_shell(command, stdout=-1, stderr=-1)
    output, error = await pasted.communicate()
    assert (pasted.returncode, error) == (0, b"")
    assert b'"links"' in output


async def test_what_the_page_says_works(run: Running, page: Page) -> None:
    """Both pasted commands reach the phone; the app's answers to a text and a call are real."""
    desk = Desk(page, None)  # type: ignore[arg-type] # the simulator is a process of its own here
    await page.goto(run.shown("simulator"))
    await desk.is_live()
    await paste(await page.get_by_label("Command that sends a text").inner_text())
    await expect(desk.message("Hello from Switchboard").locator(".taken")).to_have_text("Delivered")
    await page.get_by_role("button", name="First steps").click()
    await paste(await page.get_by_label("Command that places a call").inner_text())
    await desk.button("Answer").click()
    past = desk.phone().locator(".past-call")
    await past.locator("summary").click()  # the call itself is over in two seconds
    await expect(past).to_contain_text("Hello from Switchboard")
    await desk.text("Is anybody there?")
    await expect(desk.message("Is anybody there?")).to_contain_text("The app took it")
    await desk.button("Call the app").click()
    await expect(desk.heard("Speak now")).to_be_visible()
    await expect(desk.heard("Beep")).to_be_visible()
    await desk.say("Please call back")
    await past.last.locator("summary").click()
    await expect(past.last).to_contain_text("Please call back")
    await expect(past.last).to_contain_text("Thank you. Good bye.")
    drawer = await desk.behind_the_scenes()
    await expect(drawer).to_contain_text("/api/webhooks/status/")
    await expect(drawer).to_contain_text("/api/webhooks/calls")
