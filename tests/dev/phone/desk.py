"""The phone page as a person uses it: finds elements by their visible names."""

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.dev.simulator.world import World

ALICE = "+1 415 555 2671"
BOB = "+1 416 555 0123"


@dataclass
class Desk:
    """An open page, and the simulator behind it."""

    page: Page
    world: World

    async def open(self) -> None:
        """Load the page and wait until it follows what happens."""
        await self.page.goto(self.world.url)
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.page.locator("#connection")).to_have_text("Live")

    @property
    def is_narrow(self) -> bool:
        """Whether the screen has room for the list or for one phone, but not for both."""
        assert self.page.viewport_size is not None
        return self.page.viewport_size["width"] <= 760

    def phone(self, number: str = ALICE) -> Locator:
        return self.page.get_by_role("region", name=f"Phone {number}", exact=True)

    def message(self, text: str, number: str = ALICE) -> Locator:
        return self.phone(number).locator(".message", has_text=text)

    def button(self, name: str, number: str = ALICE) -> Locator:
        return self.phone(number).get_by_role("button", name=name, exact=True)

    def switch(self, name: str) -> Locator:
        return self.page.get_by_role("switch", name=name, exact=True)

    def heard(self, text: str, number: str = ALICE) -> Locator:
        """A line of the call that is going on."""
        log = self.phone(number).get_by_role("log")
        return log.get_by_role("listitem").filter(has_text=re.compile(re.escape(text)))

    async def answer(self, number: str = ALICE) -> None:
        await self.button("Answer", number).click()
        await expect(self.button("Hang up", number)).to_be_visible()

    async def say(self, words: str, number: str = ALICE) -> None:
        await self.phone(number).get_by_label("Say something").fill(words)
        await self.button("Say", number).click()

    async def text(self, words: str, number: str = ALICE) -> None:
        await self.phone(number).get_by_label("Text the app").fill(words)
        await self.button("Send", number).click()

    async def behind_the_scenes(self) -> Locator:
        """Open the drawer."""
        await self.page.get_by_role("button", name="Behind the scenes").click()
        return self.page.get_by_role("complementary", name="Behind the scenes")
