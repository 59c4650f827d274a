"""Calls: ringing, answering, keys, words, voicemail, whispers, conferences, hanging up."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, expect

from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock, Result
from tests.browser import a_page
from tests.dev.phone.desk import ALICE, BOB, Desk
from tests.dev.simulator.world import ALICE as ALICE_NUMBER
from tests.dev.simulator.world import BOB as BOB_NUMBER
from tests.dev.simulator.world import World
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

# With a page open a minute takes twelve seconds: on a busy machine nothing may end before its time.
LONG = "<Pause length='3000'/>"


async def poll(exchange: Exchange, pages: int) -> None:
    """Wait until so many pages are open."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while exchange.phones.pages != pages:  # noqa: ASYNC110 - a plain number has no event
            await asyncio.sleep(0.02)


@dataclass
class RingingClock(Clock):
    """A clock on which a phone rings until the test says that the time is over."""

    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def within(self, seconds: float, awaited: Awaitable[Result]) -> Result:
        del seconds
        happens, over = asyncio.ensure_future(awaited), asyncio.ensure_future(self.is_over.wait())
        await asyncio.wait((happens, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if happens.done():
            return happens.result()
        raise TimeoutError


def gather(world: World, kinds: str) -> str:
    """A document that listens, patiently, and asks /menu."""
    action = world.site.url + "/menu"
    world.site.says("/menu", f"<Response><Say>Thank you</Say>{LONG}</Response>")
    opening = f'<Gather numDigits="2" input="{kinds}" timeout="3000" action="{action}">'
    return f"<Response>{opening}<Say>Press twelve</Say></Gather></Response>"


async def listen(desk: Desk) -> None:
    """Write down what the browser says from now on."""
    await desk.page.evaluate(
        "() => { window.said = []; speechSynthesis.speak = (words) => said.push(words); }"
    )


async def spoken(desk: Desk) -> object:
    """What it said, and in which language."""
    return await desk.page.evaluate("said.map((each) => [each.text, each.lang])")


async def test_a_call_rings_until_it_is_answered(desk: Desk) -> None:
    """The page rings until answered, shows what is said, sends keys to the Gather, and hangs up."""
    sid = await desk.world.dial(Twiml=gather(desk.world, "dtmf"), Timeout="600")
    await expect(desk.phone()).to_contain_text("is calling")
    await expect(desk.page).to_have_title(f"{ALICE} rings")
    assert desk.world.exchange.lines[sid].call.status == "ringing"
    await desk.answer()
    await expect(desk.heard("Press twelve")).to_be_visible()
    await desk.button("1").click()
    await desk.button("2").click()
    await expect(desk.heard("Thank you")).to_be_visible()
    (received,) = desk.world.site.at("/menu")
    assert (received.signed, received.form["Digits"]) == (True, "12")
    await desk.button("Hang up").click()
    story = await desk.world.ended(sid)
    assert story["status"] == "completed"
    await expect(desk.phone().locator(".past-call")).to_contain_text("Call from +1 500 555 0006")
    await desk.phone().locator(".past-call summary").click()
    await expect(desk.phone().locator(".past-call")).to_contain_text("You press 1")


async def test_words_reach_the_gather(desk: Desk) -> None:
    """The text of the speech box reaches the app as speech."""
    await desk.world.dial(Twiml=gather(desk.world, "speech"), Timeout="600")
    await desk.answer()
    await desk.say("a table for two")
    await expect(desk.heard("Thank you")).to_be_visible()
    assert desk.world.site.at("/menu")[0].form["SpeechResult"] == "a table for two"


async def test_a_call_can_be_declined(desk: Desk) -> None:
    """Declining makes the call busy."""
    sid = await desk.world.dial(Twiml="<Response/>", Timeout="600")
    await desk.button("Decline").click()
    assert (await desk.world.ended(sid))["status"] == "busy"
    await expect(desk.phone().locator(".past-call")).to_contain_text("declined")


async def test_a_call_can_ring_out(desk: Desk) -> None:
    """A call without an answer ends as that."""
    exchange = desk.world.exchange
    exchange.clock = clock = RingingClock(in_hand=5, held=exchange.clock.held)
    sid = await desk.world.dial(Twiml="<Response/>")
    await expect(desk.button("Answer")).to_be_visible()
    clock.is_over.set()
    assert (await desk.world.ended(sid))["status"] == "no-answer"
    await expect(desk.phone().locator(".past-call")).to_contain_text("not answered")
    await expect(desk.button("Answer")).to_have_count(0)


async def test_somebody_calls_the_app_and_leaves_a_voicemail(desk: Desk) -> None:
    """A call from a phone calls the app, signed; speech is recorded and can be played."""
    site = desk.world.site
    done = site.says("/done", f"<Response><Say>Bye</Say>{LONG}</Response>")
    document = (
        f'<Response><Say>Leave a message</Say><Record action="{done}" timeout="3000"/></Response>'
    )
    site.says("/api/webhooks/calls", document)
    await desk.page.get_by_label("A number to use as a phone").fill(ALICE_NUMBER)
    await desk.page.keyboard.press("Enter")
    await desk.button("Call the app").click()
    await expect(desk.heard("Beep")).to_have_text("Beep")
    await desk.say("Please call me back")
    await expect(desk.heard("Bye")).to_be_visible()
    (called,), (recorded,) = site.at("/api/webhooks/calls"), site.at("/done")
    assert (called.signed, called.form["From"]) == (True, ALICE_NUMBER)
    assert "/Recordings/RE" in recorded.form["RecordingUrl"]
    await listen(desk)
    await desk.heard("Recorded, 0:01").get_by_role("button", name="Play the recording").click()
    assert await spoken(desk) == [["Please call me back", ""]]


async def test_a_dialled_phone_rings_and_hears_the_whisper(desk: Desk) -> None:
    """A Dial rings the other phone on the page; after the whisper the two hear each other."""
    whisper = desk.world.site.says("/whisper", "<Response><Say>A call for you</Say></Response>")
    number = f'<Number url="{whisper}">{BOB_NUMBER}</Number>'
    document = f'<Response><Dial timeout="600">{number}</Dial></Response>'
    await desk.world.dial(Twiml=document, Timeout="600")
    await desk.answer()
    await expect(desk.heard(f"Calls {BOB_NUMBER}")).to_be_visible()
    await desk.answer(BOB)
    await expect(desk.heard("A call for you", BOB)).to_be_visible()
    await expect(desk.heard("Connected with", BOB)).to_be_visible()
    await expect(desk.heard("A call for you")).to_have_count(0)
    await desk.say("Hello Alice", BOB)
    await expect(desk.heard("Hello Alice")).to_have_attribute("data-who", "other")


async def test_a_conference_is_heard_by_everybody_in_it(desk: Desk) -> None:
    """Two phones in one conference hear when the other comes, speaks and leaves."""
    document = f"<Response><Dial><Conference>Room 1</Conference></Dial>{LONG}</Response>"
    for number, shown in ((ALICE_NUMBER, ALICE), (BOB_NUMBER, BOB)):
        await desk.world.dial(To=number, Twiml=document, Timeout="600")
        await desk.answer(shown)
        await expect(desk.heard("Joins the conference Room 1", shown)).to_be_visible()
    await desk.say("Good morning", BOB)
    await expect(desk.heard("Good morning")).to_be_visible()
    await desk.button("Hang up", BOB).click()
    await expect(desk.heard("leaves")).to_be_visible()


async def test_what_is_played_and_what_goes_wrong_is_in_the_transcript(desk: Desk) -> None:
    """Play, Pause, Redirect and errors of the TwiML are lines of the transcript."""
    gone = desk.world.site.says("/gone", (404, "text/plain", ""))
    sound = "https://sounds.example/hello.mp3"
    verbs = f"<Play>{sound}</Play><Dance/><Pause length='2'/><Redirect>{gone}</Redirect>"
    sid = await desk.world.dial(Twiml=f"<Response>{verbs}</Response>", Timeout="600")
    await desk.button("Answer").click()
    await desk.world.ended(sid)
    past = desk.phone().locator(".past-call")
    await past.locator("summary").click()
    for words in (f"Plays {sound}", "unknown verb <Dance>", "Silence, 2 s", f"Goes on at {gone}"):
        await expect(past).to_contain_text(words)
    await expect(past.locator(".wrong").last).to_contain_text("404")


async def test_a_phone_can_answer_by_itself(desk: Desk) -> None:
    """With a phone's switch off, or the page's, calls are answered as without a page."""
    await desk.world.text(Body="Hi")
    await desk.phone().get_by_role("switch", name="I answer calls").click()
    await expect(desk.phone().get_by_role("switch")).to_have_attribute("aria-checked", "false")
    sid = await desk.world.dial(Twiml="<Response><Say>Hi</Say></Response>")
    assert (await desk.world.ended(sid))["status"] == "completed"
    await desk.page.locator("header.bar").get_by_role("switch", name="I answer calls").click()
    await poll(desk.world.exchange, 0)
    sid = await desk.world.dial(To=BOB_NUMBER, Twiml="<Response><Say>Hi</Say></Response>")
    assert (await desk.world.ended(sid))["status"] == "completed"


async def test_phones_go_their_own_way_when_the_page_is_closed(
    world: World, browser: Browser
) -> None:
    """Closing the page lets phones answer by themselves, and time pass quickly, again."""
    async with a_page(browser) as page:
        desk = Desk(page, world)
        await desk.open()
        await poll(world.exchange, 1)
        await world.dial(Twiml=f"<Response>{LONG}</Response>", Timeout="600")
        await desk.answer()
        assert world.exchange.clock.rate == 5
    await poll(world.exchange, 0)
    assert world.exchange.clock.rate == 400
    sid = await world.dial(To=BOB_NUMBER, Twiml="<Response/>")
    assert (await world.ended(sid))["status"] == "completed"


async def test_calls_are_said_aloud_if_somebody_wants_it(desk: Desk) -> None:
    """The browser's own voice says what the TwiML says, in its language, once it is turned on."""
    await listen(desk)
    say = '<Say language="de-DE">Guten Tag</Say>'
    await desk.switch("Speak calls aloud").click()
    await desk.world.dial(Twiml=f"<Response>{say}{LONG}</Response>", Timeout="600")
    await desk.answer()
    await expect(desk.heard("Guten Tag")).to_be_visible()
    assert await spoken(desk) == [["Guten Tag", "de-DE"]]
    await desk.page.reload()
    await expect(desk.switch("Speak calls aloud")).to_have_attribute("aria-checked", "true")
