"""Which of Twilio's records can be the one in doubt, and which evidence comes first."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.deliver.evidence import Strength, measure_strength, rank_evidence
from shared.jobs.events import Claim
from shared.kinds import Kind
from shared.provider.provider import SendRequest, TwilioRecord
from tests.clock import NOON
from tests.deliver.seams import KillAt, Recorder
from tests.deliver.world import TO, World, fields_of, in_doubt

SERVICE = "MG" + "ab" * 16
BODY = "Your code is 12"
EXACT, REWRITTEN, EXTENDED = Strength.EXACT, Strength.REWRITTEN, Strength.EXTENDED
UNCOMPARED = Strength.UNCOMPARED


def request(kind: Kind = "message", sender: str = "+15005550006", **more: Any) -> SendRequest:  # noqa: ANN401 - as in the library
    parameters = {"body": BODY, **more} if kind == "message" else more
    return SendRequest(kind=kind, to=TO, sender=sender, parameters=parameters)


def record(**more: Any) -> TwilioRecord:  # noqa: ANN401 - fields
    fields = {"created_at": NOON, "direction": "outbound-api", "body": BODY, "num_media": 0, **more}
    return TwilioRecord(sid="SM1", status="sent", **fields)


@pytest.mark.parametrize(
    ("asked", "listed", "strength"),
    [
        (request(), record(), EXACT),
        (request(), record(num_media=None), EXACT),
        (request(), record(direction="outbound-reply"), None),
        (request(), record(direction="inbound"), None),
        (request(), record(direction=None), None),
        (request("call"), record(body=None, num_media=None), UNCOMPARED),
        (request("call"), record(direction="outbound-dial"), None),
        (request("call"), record(direction="outbound-call"), None),
        (request(), record(messaging_service_sid=SERVICE), None),
        (request(sender=SERVICE), record(messaging_service_sid=SERVICE), EXACT),
        (request(sender="MG" + "AB" * 16), record(messaging_service_sid=SERVICE), EXACT),
        (request(sender=SERVICE), record(), None),
        (request(), record(num_media=1), None),
        (request(media_url=["https://a.example/1"]), record(num_media=1), EXACT),
        (request(media_url=["https://a.example/1"]), record(), None),
        (request(media_url=["https://a.example/1"]), record(body=""), UNCOMPARED),
        (request(body=None, media_url=["https://a"]), record(num_media=1, body=""), UNCOMPARED),
        (request(body=None, media_url=["https://a"]), record(num_media=2, body=""), None),
        (request(body=None, content_sid="HX1"), record(body="Hello Ann"), UNCOMPARED),
        (request(body=None, content_sid="HX1"), record(body="Hi", num_media=1), UNCOMPARED),
        (request(), record(body=""), UNCOMPARED),
        (request(), record(body=None), UNCOMPARED),
        (request(), record(body=f"{BODY} Reply STOP to opt out"), EXTENDED),
        (request(), record(body=f"{BODY}\n\nReply STOP to opt out"), EXTENDED),
        (request(), record(body=f"Sent from your Twilio trial account - {BODY} Bye"), EXTENDED),
        (request(), record(body=f"Sent from your Twilio trial account - {BODY}"), REWRITTEN),
        (request(), record(body=f"Ann: {BODY}"), REWRITTEN),
        (request(), record(body=f"{BODY}3"), None),
        (request(), record(body=f"Ann{BODY}"), None),
        (request(), record(body=f"Ann: {BODY} Bye"), None),
        (request(body="Hi"), record(body="High water"), None),
        (request(body="Zoë"), record(body="Zoe"), REWRITTEN),
        (request(body="Zoë"), record(body="Zoe calls"), EXTENDED),
        (request(body="Zoë"), record(body="Zoetrope"), None),
        (request(body="₤ a ᴛ b"), record(body="L a T b, and more"), EXTENDED),
        (request(body="a ᴛ"), record(body="b T"), None),
        (request(body="a ᴛ c"), record(body="a T"), None),
        (request(body="a ᴛ c ᴛ d"), record(body="a T T d"), None),
        (request(body="😀"), record(body="😀"), EXACT),
        (request(body="😀"), record(body="Hello"), None),
        (request(body="½"), record(body="1/2"), REWRITTEN),
    ],
)
def test_how_much_a_record_proves(
    asked: SendRequest, listed: TwilioRecord, strength: Strength | None
) -> None:
    """Direction, service, media and body, each as the table says."""
    assert measure_strength(asked, listed) == strength


def test_the_strongest_evidence_comes_first_and_then_the_oldest() -> None:
    """Weaker evidence waits for those that may have stronger evidence for the same record."""
    later = NOON + timedelta(seconds=1)
    records = [
        record(body=""),
        record(created_at=later),
        record(),
        record(body=f"{BODY} Bye"),
        record(created_at=NOON + timedelta(seconds=9)),
    ]
    ranked = rank_evidence(request(), records, later)
    assert [each.record for each in ranked] == [records[n] for n in (2, 1, 3, 0)]
    assert [each.precedence.total_seconds() for each in ranked] == [0, 0, 10, 15]
    (of_call,) = rank_evidence(request("call"), [record()], later)
    assert of_call.precedence == timedelta()


@pytest.mark.parametrize(
    ("kind", "direction"),
    [
        ("call", "outbound-dial"),
        ("call", "outbound-call"),
        ("message", "outbound-reply"),
        ("message", "outbound-call"),
    ],
)
async def test_what_another_program_or_twiml_sent_is_left_to_it(kind: Kind, direction: str) -> None:
    """While ours is in doubt and was never created, nothing else to the same number is adopted."""
    world = await in_doubt("unknown", kind)
    template = await in_doubt(kind=kind)
    (written,) = template.twilio.books
    world.twilio.write(written.order, direction=direction)
    await world.until_quiet()
    assert world.twilio.recipients() == [TO, TO]
    (entry,) = await world.entries()
    assert entry.deliveries[0].sid == world.twilio.books[1].found.sid


@pytest.mark.parametrize("listed", ["", f"{fields_of('message')['body']} Reply STOP to opt out"])
async def test_a_redacted_body_and_one_with_words_behind_it_are_ours(listed: str) -> None:
    """An account that redacts bodies or adds opt-out words is not texted twice."""
    world = await in_doubt()
    (written,) = world.twilio.books
    world.twilio.books[0] = replace(written, found=replace(written.found, body=listed))
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.recipients() == [TO]


@pytest.mark.parametrize("weaker_first", [True, False])
async def test_the_weaker_evidence_leaves_a_record_to_the_stronger(*, weaker_first: bool) -> None:
    """A template in doubt, never created, leaves a text to the entry whose body it has."""
    world = World()
    template = {"body": None, "content_sid": "HX" + "0" * 32}
    jobs: list[tuple[str, dict[str, Any]]] = [("unknown", template), ("lost_answer", {})]
    for script, more in jobs if weaker_first else reversed(jobs):
        await in_doubt(script, world=world, **more)
        world.clock.move(seconds=1)
    await world.until_quiet()
    await world.check_sent_once()
    for entry in await world.entries():
        (mine,) = [each for each in world.twilio.books if each.found.sid == entry.deliveries[0].sid]
        assert entry.accepted is not None
        assert mine.order.parameters.get("body", "") in bytes(entry.accepted.request).decode()


@pytest.mark.parametrize("hours", [0.05, 6])
async def test_the_window_ends_with_the_last_request_of_a_lost_worker(hours: float) -> None:
    """What somebody sent long after a worker died is not taken for what the worker sent."""
    recorder = Recorder()
    world = World()
    await world.accepted("call")
    await world.until_quiet(recorder)
    before = recorder.steps.index("carrier.create before")
    world = World()
    await world.accepted("call")
    await world.deliver_next(world.worker(KillAt(before)))
    world.clock.move(hours=hours)
    template = await in_doubt(kind="call")
    world.twilio.write(template.twilio.books[0].order)
    world.clock.move(seconds=30)
    await world.until_quiet()
    (entry,) = await world.entries()
    (claim, *_) = [event for event in entry.events if isinstance(event, Claim)]
    assert claim.over_at is not None
    assert claim.until is not None
    assert claim.over_at - claim.until == timedelta(seconds=8)
    assert len(world.twilio.books) == 2
    assert entry.deliveries[0].sid == world.twilio.books[1].found.sid


async def test_a_doubt_is_settled_by_the_sender_that_was_claimed() -> None:
    """A new default sender that is deployed while a send is in doubt does not send it again."""
    world = World(["lost_answer"], TWILIO_FROM_NUMBER="+15005550006")
    await world.accepted(key="one")
    await world.deliver_next()
    world.deploy(TWILIO_FROM_NUMBER="+15005550010")
    await world.accepted(key="one")
    await world.until_quiet()
    assert world.twilio.recipients() == [TO]
    await world.check_sent_once()
