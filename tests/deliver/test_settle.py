"""Settling doubt: which evidence counts, and when."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.kinds import Kind
from tests.clock import NOON
from tests.deliver.seams import Recorder
from tests.deliver.world import TO, World

SHORTENED = "Ann, see https://example.com/a?b=c (or http://example.com.) by 5"
BODY = "Curly “quotes”, a dash — and https://example.com/a?b=c"


async def in_doubt(
    script: str = "lost_answer",
    kind: Kind = "message",
    world: World | None = None,
    **more: Any,  # noqa: ANN401 - fields
) -> World:
    """A world in which one request to Twilio has just ended without an answer."""
    world = world or World()
    world.twilio.script.append(script)  # type: ignore[arg-type]  # a way, by its name
    await world.accepted(kind, **more)
    message = world.queue.take()
    assert message is not None
    await world.deliver(world.worker(), message)
    return world


async def test_a_report_settles_it_without_asking_twilio() -> None:
    """Twilio's report to the entry's own URL says all that is to be known."""
    world = await in_doubt()
    searched = world.twilio.searched
    await world.report("sent")
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.searched == searched


async def test_a_report_for_one_of_two_settles_that_one() -> None:
    """Of two in doubt, Twilio reports one that its list does not show, and lists the other."""
    world = await in_doubt(count=2, world=World(["lost_answer"]))
    first, *_ = world.twilio.books
    world.twilio.books[0] = replace(first, listed_from=NOON + timedelta(days=1))
    await world.report_one(first.found.sid, "sent")
    await world.until_quiet()
    await world.check_sent_once()


async def test_while_twilio_is_silent_nothing_is_sent_again() -> None:
    """Absence is only proven by an answer, however long Twilio gives none."""
    world = await in_doubt("unknown")
    world.twilio.silent = True
    for _ in range(30):
        message = await world.take()
        assert message is not None
        await world.deliver(world.worker(), message)
    assert world.clock() > NOON
    assert world.twilio.asked == 1
    world.twilio.silent = False
    await world.until_quiet()
    await world.check_sent_once()


async def test_what_is_known_of_an_attempt_in_doubt_is_kept() -> None:
    """Of two, the one that was answered keeps its SID while the other one is settled."""
    world = await in_doubt(count=2)
    known = world.twilio.books[1].found.sid
    await world.until_quiet()
    (entry,) = await world.entries()
    assert entry.deliveries[1].sid == known
    await world.check_sent_once()


async def test_many_doubts_of_one_minute_read_it_once() -> None:
    """What was read of a minute serves every doubt about it."""
    world = World(["lost_answer"] * 4)
    await world.accepted(count=4)
    recorder = Recorder()
    await world.until_quiet(recorder)
    await world.check_sent_once()
    assert recorder.steps.count("rows.read before") < 150


@pytest.mark.parametrize(
    ("more", "listed"),
    [
        ({"body": BODY}, BODY),
        ({"body": BODY}, BODY.replace("“", '"').replace("”", '"').replace("—", "-")),
        ({"body": BODY}, f"Sent from your Twilio trial account - {BODY}"),
        ({"body": f"{BODY}\n"}, BODY),
        (
            {"body": BODY, "shorten_urls": True, "messaging_service_sid": "MG" + "0" * 32},
            "Curly “quotes”, a dash — and https://twil.io/x",
        ),
        (
            {"body": SHORTENED, "shorten_urls": True, "messaging_service_sid": "MG" + "0" * 32},
            "Ann, see https://twil.io/x (or https://twil.io/y) by 5",
        ),
        ({"body": "😀"}, "😀"),
        ({"body": "½ a ᴛᴀʙʟᴇᴛ at \uff18"}, "1/2 a TABLET at 8"),
        ({"body": "½ a ᴛᴀʙʟᴇᴛ at \uff18"}, "½ a ᴛᴀʙʟᴇᴛ at \uff18"),
        ({"body": "مرحبا بك — رمزك 12"}, "مرحبا بك - رمزك 12"),
        ({"body": "안녕, Zoë"}, unicodedata.normalize("NFD", "안녕, Zoë")),
        ({"media_url": "https://example.com/a.png", "body": None}, ""),
    ],
)
async def test_a_body_that_twilio_has_rewritten_is_still_ours(
    more: dict[str, Any], listed: str
) -> None:
    """Characters, links and words that Twilio changes on the way do not make a second message."""
    world = await in_doubt(**more)
    (written,) = world.twilio.books
    world.twilio.books[0] = replace(written, found=replace(written.found, body=listed))
    await world.until_quiet()
    assert world.twilio.recipients() == [TO]
    await world.check_sent_once()


@pytest.mark.parametrize(
    ("more", "listed"),
    [
        ({}, "Something else"),
        ({"body": "مرحبا"}, "وداعا"),
        ({"body": "您的包裹已到"}, "您的订单已取消"),
        ({"body": "안녕하세요"}, "감사합니다"),
        ({"body": "½ a tablet"}, "1/2 a pill"),
        ({"body": "½ a tablet"}, "a tablet 1/2"),
        (
            {"body": SHORTENED, "shorten_urls": True, "messaging_service_sid": "MG" + "0" * 32},
            "Bob, see https://twil.io/x (or https://twil.io/y) by 5",
        ),
    ],
)
async def test_another_text_is_not_ours(more: dict[str, Any], listed: str | None) -> None:
    """What somebody else sent to the same number in the same seconds is left to them."""
    world = await in_doubt(**more)
    (written,) = world.twilio.books
    world.twilio.books[0] = replace(written, found=replace(written.found, body=listed))
    await world.until_quiet()
    assert world.twilio.recipients() == [TO, TO]


async def test_what_was_created_long_before_or_after_is_not_ours() -> None:
    """Only what was created inside the attempt's window counts."""
    world = await in_doubt("unknown")
    template = await in_doubt()
    for seconds in (-60, 60):
        (written,) = template.twilio.books
        world.clock.move(seconds=seconds)
        world.twilio.write(written.order)
        world.clock.move(seconds=-seconds)
    await world.until_quiet()
    assert len(world.twilio.books) == 3
