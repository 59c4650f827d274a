"""Settling doubt: which evidence counts, and when."""

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.deliver.worker import GIVEN_UP, park
from shared.jobs.events import Answer, Doubt
from shared.ledger import owners
from shared.provider.provider import SendRequest
from tests.clock import NOON
from tests.deliver.asking import accept_batch, cancel, retry, retry_batch
from tests.deliver.seams import KilledError, Recorder
from tests.deliver.twilio_double import Way, Written
from tests.deliver.world import TO, World, in_doubt, numbers

SHORTENED = "Ann, see https://example.com/a?b=c (or http://example.com.) by 5"
BODY = "Curly “quotes”, a dash — and https://example.com/a?b=c"


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
        await world.deliver_next()
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


async def test_twilio_is_not_searched_before_its_answer_can_matter() -> None:
    """Until a record could be adopted a look would only cost a request."""
    world = await in_doubt("unknown", world=World(RESOLVE_AFTER_SECONDS="60"))
    for _ in range(9):
        message = await world.take()
        if message is None:
            break
        before, at = world.twilio.searched, world.clock()
        await world.deliver(world.worker(), message)
        assert world.twilio.searched == before or at >= NOON + timedelta(seconds=50)
    await world.check_sent_once()
    assert world.twilio.searched <= 2


@pytest.mark.parametrize(
    ("reason", "minutes"), [("twilio_unreachable", 600), ("record_young", 1.2), ("too_early", 0.5)]
)
async def test_a_doubt_that_is_not_settled_says_why(
    reason: str, minutes: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look leaves a line with the doubt's age, so that the oldest one can be alerted on."""
    caplog.set_level("INFO", "switchboard")
    world = await in_doubt("unknown", world=World(RESOLVE_AFTER_SECONDS="60"))
    world.twilio.silent = reason == "twilio_unreachable"
    if reason == "record_young":
        (template,) = (await in_doubt()).twilio.books
        world.clock.move(seconds=59)
        found = world.twilio.write(template.order).found
        world.twilio.books[-1] = replace(world.twilio.books[-1], found=replace(found, body=""))
        world.clock.move(seconds=-59)
    while world.clock() < NOON + timedelta(minutes=minutes):
        await world.deliver_next()
    lines = [json.loads(r.message.partition(" ")[2]) for r in caplog.records
             if r.message.startswith("doubt_unsettled")]  # fmt: skip
    assert reason in {line["reason"] for line in lines}
    assert all(set(line) == {"id", "n", "age_seconds", "reason"} for line in lines)
    ages = [line["age_seconds"] for line in lines]
    assert ages == sorted(ages)


async def test_grace_is_longer_than_a_request_can_take() -> None:
    """A small RESOLVE_AFTER_SECONDS does not call absent what Twilio may still be creating."""
    world = World(TWILIO_TIMEOUT_SECONDS="35", RESOLVE_AFTER_SECONDS="36")
    await in_doubt("unknown", world=world)
    await world.until_quiet()
    assert world.clock() >= NOON + timedelta(seconds=45)
    await world.check_sent_once()


async def test_two_workers_that_settle_at_once_record_one_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second answer of an attempt meets the first, and says nothing."""
    caplog.set_level("INFO", "switchboard")
    world = await in_doubt()
    world.clock.move(minutes=5)
    message = await world.take()
    assert message is not None
    world.queue.drop(message.body)
    is_overtaken = False

    async def overtaken(step: str) -> None:
        nonlocal is_overtaken
        if step == "carrier.search after" and not is_overtaken:
            is_overtaken = True
            await world.deliver_next()

    await world.deliver(world.worker(overtaken), message)
    assert is_overtaken
    (entry,) = await world.entries()
    assert sum(isinstance(event, Answer) for event in entry.events) == 1
    assert sum(each.message.startswith("settled ") for each in caplog.records) == 1
    await world.check_sent_once()


async def absent_twice(count: int = 1) -> tuple[World, list[SendRequest]]:
    """A job that Twilio did not have twice and that waits for its third attempt; what it asks."""
    world = await in_doubt("unknown", world=World(["unknown"] * (2 * count - 1)), count=count)
    (entry,) = await world.entries()
    while None in [each.not_before for each in (await world.entry(entry.id)).deliveries]:
        await world.deliver_next()
    books = (await in_doubt(count=count)).twilio.books
    return world, [written.order for written in books]


async def test_what_was_created_late_is_found_after_another_recipient_was_canceled() -> None:
    """The claim of a cancel names no sender, and Twilio is asked by the request's own."""
    world, orders = await absent_twice(count=2)
    (entry,) = await world.entries()
    assert (await cancel(world.worker(), f"{entry.id}-0")).status == 200
    world.clock.move(seconds=11)
    world.twilio.write(orders[1])
    asked = world.twilio.asked
    await world.until_quiet()
    assert world.twilio.asked == asked
    states = [each.state for each in (await world.entry(entry.id)).deliveries]
    assert states == ["canceled", "handed_over"]


async def test_a_worker_that_is_lost_leaves_doubt_about_those_it_had_claimed() -> None:
    """A recipient that was answered before stays so, and the other one is settled."""
    world = World(["answered", "too_many"])
    await world.accepted(count=2)
    await world.deliver_next()

    async def dies(step: str) -> None:
        if step == "carrier.create before":
            raise KilledError

    await world.deliver_next(world.worker(dies))
    await world.until_quiet()
    await world.check_sent_once()
    (entry,) = await world.entries()
    doubts = [event for event in entry.events if isinstance(event, Doubt)]
    assert [[outcome.index for outcome in doubt.outcomes] for doubt in doubts] == [[1]]


@pytest.mark.parametrize("silent", [False, True])
async def test_what_an_earlier_attempt_created_late_is_found_before_a_later_one(
    *, silent: bool
) -> None:
    """After not_created and a pause, Twilio's list is read again before anything is sent."""
    world, (order,) = await absent_twice()
    world.clock.move(seconds=11)
    world.twilio.write(order)
    asked = world.twilio.asked
    if silent:
        world.twilio.silent = True
        world.clock.move(minutes=20)
        await world.deliver_next()
        assert world.twilio.asked == asked
        world.twilio.silent = False
    await world.until_quiet()
    assert world.twilio.asked == asked
    await world.check_sent_once()


async def first_absence(
    jobs_before: int, status: str = "queued", *, late_by: float = 0
) -> timedelta:
    """How long a call waits behind jobs of 100 calls, reported so, before its absence counts."""
    world = World()
    world.twilio.script.extend("answered" for _ in range(100 * jobs_before))
    for _ in range(jobs_before):
        await world.accepted("call", count=100)
        await world.deliver_next()
    await world.report(status)
    world.twilio.script.append("unknown")
    job_id = await world.accepted("call")
    world.clock.move(seconds=late_by)
    begun = world.clock()
    await world.until_quiet()
    answers = [each for each in (await world.entry(job_id)).events if isinstance(each, Answer)]
    assert [each.outcomes[0].result for each in answers] == ["not_created", "sent"]
    return answers[0].at - begun


async def test_a_call_is_not_missed_before_twilio_can_have_started_it() -> None:
    """Twilio starts one call a second and queues the others, and the list may not show those."""
    assert await first_absence(4) > await first_absence(0) + timedelta(seconds=300)


@pytest.mark.parametrize("late_by", [0, 40])
async def test_calls_that_have_started_hold_up_no_other(late_by: float) -> None:
    """Calls start in order: behind calls that are known to ring, absence counts after the grace.

    Also for a call that was asked for late, and is noted twice.
    """
    waited = await first_absence(4, "ringing", late_by=late_by)
    assert waited < await first_absence(0) + timedelta(seconds=30)


@pytest.mark.parametrize("hold", ["quiet", "scheduled"])
async def test_calls_that_twilio_was_not_asked_for_hold_up_no_other(hold: str) -> None:
    """Hundreds that wait for the end of quiet hours, or for their time, are in no queue there."""
    world = World(QUIET_HOURS="21:00-08:00" if hold == "quiet" else "21:00-22:00")
    send_at = (NOON + timedelta(days=1)).isoformat()
    for _ in range(4):
        await world.accepted("call", 100, **{} if hold == "quiet" else {"send_at": send_at})
        if hold == "quiet":
            await world.deliver_next()
    assert world.twilio.asked == 0
    world.twilio.script.append("unknown")
    begun = world.clock()
    world.deploy(QUIET_HOURS="21:00-22:00")
    job_id = await world.accepted("call")
    while (entry := await world.entry(job_id)).pending:
        await world.deliver_next()
    absent = next(event for event in entry.events if isinstance(event, Answer))
    assert absent.at - begun < timedelta(seconds=60)


def start_one_by_one(world: World, calls: list[Written]) -> None:
    """Let Twilio start and list these calls one a second, and date them by that."""
    for place, call in enumerate(calls):
        at = call.found.created_at + timedelta(seconds=place)
        started = replace(call, found=replace(call.found, created_at=at), listed_from=at)
        world.twilio.books[world.twilio.books.index(call)] = started


async def behind_400_calls(way: Way) -> tuple[World, str]:
    """A world in which a call goes this way behind 400 others, and its job."""
    world = World()
    world.twilio.script.extend("answered" for _ in range(400))
    world.twilio.script.append(way)
    for _ in range(4):
        await world.accepted("call", count=100)
        await world.deliver_next()
    job_id = await world.accepted("call")
    await world.deliver_next()
    start_one_by_one(world, list(world.twilio.books))
    return world, job_id


async def deliver_job(world: World, job_id: str) -> None:
    """Deliver the message of a job on the queue."""
    [message] = [each for each in world.queue.messages if job_id.encode() in each.body]
    world.queue.lease(message)
    await world.deliver(world.worker(), message)


async def hear_nothing(world: World, seconds: float) -> None:
    """Let Twilio give no answers for a while."""
    world.twilio.silent = True
    end = world.clock() + timedelta(seconds=seconds)
    while world.clock() < end:
        await world.deliver_next()
    world.twilio.silent = False


@pytest.mark.parametrize("ahead", [0, 8])
async def test_calls_of_one_job_start_one_by_one(ahead: float) -> None:
    """Their own backlog counts, also where the clock that accepted them was ahead."""
    world = World()
    world.twilio.script.extend("lost_answer" for _ in range(100))
    world.clock.move(seconds=ahead)
    await world.accepted("call", count=100)
    world.clock.move(seconds=-ahead)
    [message] = world.queue.messages
    world.queue.lease(message)
    await world.deliver(world.worker(), message)
    start_one_by_one(world, list(world.twilio.books))
    await hear_nothing(world, 150)
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_call_that_started_late_is_found_where_none_waits_any_more() -> None:
    """Calls before it held it up for minutes: by then they ring, and it was created late."""
    world, _ = await behind_400_calls("lost_answer")
    for call in world.twilio.books[:-1]:
        await world.report_one(call.found.sid, "ringing")
    await hear_nothing(world, 420)
    await world.until_quiet()
    assert len(world.twilio.books) == 401


async def test_a_call_that_is_next_to_start_is_not_absent() -> None:
    """The last call before it is reported to ring, and it starts and is listed seconds later."""
    world = World(["answered"] * 18)
    await world.accepted("call", count=18)
    await world.deliver_next()
    world.twilio.script.append("lost_answer")
    await world.accepted("call")
    await world.deliver_next()
    start_one_by_one(world, list(world.twilio.books))
    last = world.twilio.books[-1]
    world.twilio.books[-1] = replace(last, listed_from=last.listed_from + timedelta(seconds=3))
    world.clock.at = NOON + timedelta(seconds=17.5)
    for call in world.twilio.books[:-1]:
        await world.report_one(call.found.sid, "ringing")
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_call_that_is_retried_in_doubt_waits_for_the_one_before_it() -> None:
    """An operator's retry does not make one call that waits, and one before it, into one."""
    world = World(["answered"] * 400)
    for _ in range(4):
        await world.accepted("call", count=100)
        await world.deliver_next()
    for call in world.twilio.books[:-1]:
        await world.report_one(call.found.sid, "ringing")
    world.twilio.script.append("lost_answer")
    job_id = await world.accepted("call")
    await world.deliver_next()
    start_one_by_one(world, list(world.twilio.books))
    await park(world.worker(), job_id, "poison", GIVEN_UP)
    assert (await retry(world.worker(), job_id, kind="call")).status == 202
    await world.until_quiet()
    assert len(world.twilio.books) == 401


async def test_a_look_during_which_the_grace_ends_finds_nothing_absent() -> None:
    """Twilio's answer takes seconds: what it had not listed before absence counts is not absent."""
    world, job_id = await behind_400_calls("lost_answer")
    [message] = world.queue.messages

    async def slowly(step: str) -> None:
        if step == "carrier.search after":
            world.clock.move(seconds=5)

    claim = (await world.entry(job_id)).claim
    assert claim is not None
    world.clock.at = claim.at + timedelta(seconds=17)
    world.queue.lease(message)
    await world.deliver(world.worker(slowly), message)
    await world.until_quiet()
    await world.check_sent_once()


@pytest.mark.parametrize("ahead", [-8, 0, 8])
async def test_what_was_created_just_before_a_later_attempt_is_found_by_any_clock(
    ahead: float,
) -> None:
    """Twilio's clock, which dates it, is ahead of ours or behind."""
    world, (order,) = await absent_twice()
    world.clock.move(seconds=11)
    written = world.twilio.write(order, delay=timedelta(seconds=ahead))
    world.twilio.books[0] = replace(written, listed_from=world.clock())
    asked = world.twilio.asked
    await world.until_quiet()
    assert world.twilio.asked == asked
    await world.check_sent_once()


async def test_a_call_that_was_answered_and_started_late_is_nobody_elses() -> None:
    """Of two calls to one number, Twilio created one, and dates it by when it started."""
    world, _ = await behind_400_calls("answered")
    world.twilio.script.append("unknown")
    job_id = await world.accepted("call")
    await world.until_quiet()
    assert (await world.entry(job_id)).deliveries[0].sid != world.twilio.books[400].found.sid
    await world.check_sent_once()


async def test_calls_that_were_asked_for_later_hold_up_no_call() -> None:
    """Nor is a call of the hour between taken for it: another program made that one."""
    world = World(["too_many", "too_many", "unknown"])
    await world.accepted("call", count=2)
    await world.deliver_next()
    [other] = world.queue.messages
    await world.accepted("call")
    [first] = [each for each in world.queue.messages if each is not other]
    world.queue.lease(first)
    await world.deliver(world.worker(), first)
    (template,) = (await in_doubt(kind="call")).twilio.books
    world.clock.move(minutes=30)
    world.twilio.write(template.order)
    world.clock.move(minutes=30)
    world.queue.lease(other)
    await world.deliver(world.worker(), other)
    await world.until_quiet()
    assert len(world.twilio.books) == 4


async def test_a_call_that_was_created_late_waits_for_those_asked_for_meanwhile() -> None:
    """A request that Twilio took after its time-out is behind the calls of the next job."""
    world = World(["late"])
    await world.accepted("call")
    await world.deliver_next()
    [message] = world.queue.messages
    world.queue.lease(message)
    world.clock.move(seconds=11)
    world.twilio.script.extend("answered" for _ in range(100))
    await world.accepted("call", count=100)
    await world.deliver_next()
    late, *others = world.twilio.books
    start_one_by_one(world, [*others, late])
    world.clock.move(seconds=10)
    await world.deliver(world.worker(), message)
    await world.until_quiet()
    assert len(world.twilio.books) == 101


@pytest.mark.parametrize("status", [None, "ringing"])
async def test_a_batch_of_calls_is_waited_for_however_long_ago(
    monkeypatch: pytest.MonkeyPatch, status: str | None
) -> None:
    """A large batch fills Twilio's queue for hours; a call asked for later waits behind it."""
    monkeypatch.setattr(owners, "_RECENT", timedelta(minutes=2))
    world = World()
    recipients = [{"to": number} for number in numbers(300)]
    fields = {"kind": "call", "say": "Hi", "recipients": recipients, "receipts": status is not None}
    assert (await accept_batch(world.worker(), fields)).status == 202
    await world.until_quiet()
    if status:
        await world.report(status)
    begun = world.clock.move(seconds=180)
    world.twilio.script.append("unknown")
    job_id = await world.accepted("call")
    await world.until_quiet()
    absent, _ = [e for e in (await world.entry(job_id)).events if isinstance(e, Answer)]
    assert (absent.at - begun > timedelta(seconds=115)) == (status is None)


@pytest.mark.parametrize("hours", [0.2, 30])
@pytest.mark.parametrize("is_scheduled", [False, True])
async def test_a_batch_of_calls_that_was_sent_late_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, hours: float, *, is_scheduled: bool
) -> None:
    """Twilio's queue fills when it is asked, however long before that a batch was accepted."""
    monkeypatch.setattr(owners, "_RECENT", timedelta(minutes=2))
    world = World()
    recipients = [{"to": number} for number in numbers(300)]
    fields = {"kind": "call", "say": "Hi", "recipients": recipients, "receipts": False}
    if is_scheduled:
        fields["send_at"] = (NOON + timedelta(hours=hours)).isoformat()
    reply = await accept_batch(world.worker(), fields)
    assert reply.status == 202
    if not is_scheduled:
        world.clock.move(hours=hours)
    await world.until_quiet()
    if not world.twilio.books:
        # It has expired, and an operator asks for it again.
        assert (await retry_batch(world.worker(), str(reply.json["id"]))).status == 202
        await world.until_quiet()
    assert len(world.twilio.books) == 300
    asked = world.twilio.books[-1].found.created_at
    world.clock.at = asked + timedelta(seconds=180)
    world.twilio.script.append("unknown")
    job_id = await world.accepted("call")
    await world.until_quiet()
    absent, _ = [e for e in (await world.entry(job_id)).events if isinstance(e, Answer)]
    assert absent.at > asked + timedelta(seconds=300)


async def test_a_later_attempt_takes_what_was_created_for_itself_first() -> None:
    """Not the call of another entry that was created between its attempts, and is in doubt too."""
    world = World(["unknown", "lost_answer", "lost_answer"])
    mine = await world.accepted("call")
    await deliver_job(world, mine)
    world.clock.move(seconds=100)
    await deliver_job(world, await world.accepted("call"))
    for _ in range(2):
        world.clock.move(seconds=100)
        await deliver_job(world, mine)
    assert (await world.entry(mine)).deliveries[0].sid == world.twilio.books[1].found.sid
    await world.until_quiet()
    await world.check_sent_once()
