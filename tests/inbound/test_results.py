"""What comes of a call on its way is noted on its entry, once."""

from typing import Any
from urllib.parse import quote

import pytest

from shared.forms import Form
from shared.inbound.results import read_results
from tests.clock import NOON
from tests.deliver.seams import FailAt, TableSeam
from tests.environment import SENDER
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import inbound
from tests.ledger.histories import JOB, TO, accepted, sid
from tests.sids import CA1, CA2, RE1, RE2, RE3, recording_url, sid_of

STATUS = f"/api/webhooks/status/{JOB}"
CALL = "CA" + "1" * 32
RECORDING = {"CallSid": CALL, "RecordingSid": RE1, "RecordingUrl": recording_url(),
             "RecordingStatus": "completed", "RecordingDuration": "9",
             "RecordingSource": "OutboundAPI"}  # fmt: skip


@pytest.fixture
async def known(app: InMemoryApp) -> InMemoryApp:
    """The app, with one call accepted."""
    await app.services.ledger.record(JOB, accepted(kind="call", request={"to": TO[0], "say": "Hi"}))
    return app


async def story(app: InMemoryApp, name: str = JOB) -> list[dict[str, Any]]:
    return list((await app.get(f"/api/calls/{name}")).json["events"])


async def noted(app: InMemoryApp) -> list[tuple[str, dict[str, str]]]:
    return [
        (event["event"], event["fields"])
        for event in await story(app)
        if event["event"].startswith("noted")
    ]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"Digits": "1", "CallSid": CA1}, [("gather", {"Digits": "1"})]),
        ({"SpeechResult": "yes", "Confidence": "0.9"},
         [("gather", {"SpeechResult": "yes", "Confidence": "0.9"})]),
        ({"Digits": ""}, []),
        ({"DialCallStatus": "busy", "DialCallSid": CA2, "Digits": "1"},
         [("dial", {"DialCallStatus": "busy", "DialCallSid": CA2})]),
        ({"RecordingUrl": "u", "Digits": "#"},
         [("recording", {"RecordingUrl": "u", "Digits": "#"})]),
        ({"AnsweredBy": "human", "CallSid": CA1}, [("machine", {"AnsweredBy": "human"})]),
        ({"AnsweredBy": "human", "CallSid": CA1, "Digits": "2"},
         [("machine", {"AnsweredBy": "human"}), ("gather", {"Digits": "2"})]),
        ({"CallSid": CA1, "From": "+1"}, []),
    ],
)  # fmt: skip
def test_a_form_tells_what_happened(
    form: dict[str, str], expected: list[tuple[str, dict[str, str]]]
) -> None:
    """Each kind of result is known by its fields, and no more is kept than says what it was."""
    found = read_results("https://s.example/api/x", Form(form.items()), NOON, None)
    assert [(each.what, each.fields) for each in found] == expected
    assert [each.name for each in found] == [
        each.name
        for each in read_results("https://s.example/api/x", Form(form.items()), NOON, None)
    ]


async def test_who_answered_is_told_later(known: InMemoryApp) -> None:
    """Asynchronous detection is noted once, however often it is told."""
    form = {"CallSid": CALL, "AccountSid": "AC1", "AnsweredBy": "machine_start",
            "MachineDetectionDuration": "4600"}  # fmt: skip
    for _ in range(2):
        assert (await known.twilio("POST", STATUS, form)).status == 204
        known.clock.move(minutes=1)
    detected = {"AnsweredBy": "machine_start", "MachineDetectionDuration": "4600"}
    assert await noted(known) == [("noted.machine", detected)]


async def test_a_recording_is_noted_and_passed_on(known: InMemoryApp) -> None:
    """A recording is on the entry and on the queue, once, with whom the call was between."""
    for _ in range(3):
        assert (await known.twilio("POST", STATUS, RECORDING)).status == 204
    assert [what for what, _ in await noted(known)] == ["noted.recording"]
    assert inbound(known) == [{"event": "recording", "sid": RE1, "from": SENDER, "to": TO[0],
                               "at": "2026-11-21T12:00:00Z", "id": JOB, "call_sid": CALL,
                               "recording_url": recording_url(), "duration": 9,
                               "recording_source": "OutboundAPI",
                               "status": "completed"}]  # fmt: skip


async def test_a_recording_of_one_of_several(app: InMemoryApp) -> None:
    """In a job of two calls the index in the URL says whose it is; an unknown id is nobody's."""
    await app.services.ledger.record(JOB, accepted(*TO[:2], kind="call", request={"say": "Hi"}))
    await app.twilio("POST", f"{STATUS}-1", RECORDING)
    other = f"/api/webhooks/status/{JOB[:-1]}0"
    await app.twilio("POST", other, RECORDING | {"RecordingSid": RE2})
    await app.twilio("POST", f"{STATUS}-7", RECORDING | {"RecordingSid": RE3})
    first, unknown, nobody = inbound(app)
    assert (first["id"], first["to"]) == (f"{JOB}-1", TO[1])
    assert (unknown["from"], unknown["to"]) == ("", "")
    assert nobody["to"] == ""
    assert [event["event"] for event in await story(app, f"{JOB}-1")] == [
        "accepted", "noted.recording"]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"RecordingUrl": "https://evil.example/RE1"}, {"RecordingSid": "RE1"}, {"CallSid": "CA1"},
     {"RecordingUrl": "", "RecordingSid": "RE1"}],
)  # fmt: skip
async def test_what_is_not_a_recording_of_twilios_is_nothing(
    known: InMemoryApp, change: dict[str, str]
) -> None:
    """Neither the entry nor the queue has a recording at another place, or without a SID."""
    assert (await known.twilio("POST", STATUS, RECORDING | change)).status == 204
    assert await noted(known) == []
    assert inbound(known) == []


@pytest.mark.parametrize(("duration", "seconds"), [("", 0), ("x", 0), ("\N{SUPERSCRIPT TWO}", 0),
                                                   ("9" * 5000, 999_999_999)])  # fmt: skip
async def test_a_duration_that_is_none_does_no_harm(
    known: InMemoryApp, duration: str, seconds: int
) -> None:
    """A recording's seconds are a number, whatever comes."""
    form = RECORDING | {"RecordingDuration": duration}
    assert (await known.twilio("POST", STATUS, form)).status == 204
    assert inbound(known)[0]["duration"] == seconds


async def test_a_twimlets_recording_is_twilios_or_none(known: InMemoryApp) -> None:
    """A twimlet that serves our call notes a recording only where it is one."""
    target = f"/api/twiml/voicemail?Entry={JOB}&Stage=recorded"
    form = {"CallSid": CALL, "RecordingUrl": "https://evil.example/x", "RecordingDuration": "4"}
    await known.twilio("POST", target, form)
    assert await noted(known) == []
    await known.twilio("POST", target, form | {"RecordingUrl": recording_url()})
    assert [what for what, _ in await noted(known)] == ["noted.recording"]


async def test_a_twimlet_that_serves_our_call_notes_what_is_pressed(known: InMemoryApp) -> None:
    """The entry in a twimlet's URL learns keys, dialled legs and who answered, once each."""
    menu = f"/api/twiml/menu?Message=Hi&Options%5B1%5D={quote('forward?PhoneNumber=x')}&Entry={JOB}"
    form = {"CallSid": CALL, "From": SENDER, "To": TO[0], "Direction": "outbound-api"}
    pressed = await known.twilio("POST", menu, form | {"Digits": "1", "AnsweredBy": "human"})
    assert f"forward?Entry={JOB}&amp;PhoneNumber=x</Redirect>" in pressed.body.decode()
    await known.twilio("POST", menu, form | {"Digits": "1", "AnsweredBy": "human"})
    known.clock.move(seconds=1)
    forward = f"/api/twiml/forward?PhoneNumber=%2B14165550123&Dial=true&Entry={JOB}"
    ended = {"DialCallStatus": "no-answer", "DialCallSid": CA2, "AnsweredBy": "human"}
    await known.twilio("POST", forward, form | ended)
    assert [what for what, _ in await noted(known)] == [
        "noted.gather", "noted.machine", "noted.dial"]  # fmt: skip


async def test_the_same_key_in_another_menu_is_noted_too(known: InMemoryApp) -> None:
    """Who presses 1 in one menu and then in the next has pressed twice; a repeat is no press."""
    form = {"CallSid": CALL, "From": SENDER, "To": TO[0], "Direction": "outbound-api"}
    for message in ("First", "Second", "Second"):
        menu = f"/api/twiml/menu?Message={message}&Options%5B1%5D=x&Entry={JOB}"
        assert (await known.twilio("POST", menu, form | {"Digits": "1"})).status == 200
    assert await noted(known) == [("noted.gather", {"Digits": "1"})] * 2


@pytest.mark.parametrize("entry", ["", "&Entry=", "&Entry=nonsense"])
async def test_a_twimlet_that_serves_nobody_notes_nothing(app: InMemoryApp, entry: str) -> None:
    """Without a valid entry in the URL nothing is kept, whatever a form says of one."""
    target = f"/api/twiml/menu?Options%5B1%5D=x{entry}"
    await app.twilio("POST", target, {"Digits": "1", "Entry": JOB})
    assert await app.table.next_partition("") is None


async def test_a_long_script_notes_its_results_too(app: InMemoryApp) -> None:
    """The page of a call whose TwiML is too long to travel tells the entry as well."""
    reply = await app.post("/api/calls", {"to": TO[0], "say": "Lorem ipsum " * 500})
    name = reply.json["id"]
    form = {"CallSid": CALL, "AnsweredBy": "human"}
    assert (await app.twilio("POST", f"/api/twiml/calls/{name}", form)).status == 200
    assert "noted.machine" in [event["event"] for event in await story(app, name)]


async def test_a_result_may_come_before_the_entry(app: InMemoryApp) -> None:
    """What is pressed before the accepted row is there is kept, and shown with it."""
    target = f"/api/twiml/menu?Entry={JOB}&Options%5B1%5D=x"
    await app.twilio("POST", target, {"CallSid": CALL, "Digits": "1"})
    await app.services.ledger.record(JOB, accepted(kind="call", request={"to": TO[0], "say": "Hi"}))
    assert await noted(app) == [("noted.gather", {"Digits": "1"})]


async def test_a_caller_hears_on_where_nothing_can_be_noted(known: InMemoryApp) -> None:
    """A result that cannot be kept takes no answer from whoever is on the line."""
    known.services.table = TableSeam(known.table, FailAt(0, times=10))
    known.services.__dict__.pop("ledger")
    target = f"/api/twiml/menu?Options%5B1%5D=x&Entry={JOB}"
    reply = await known.twilio("POST", target, {"CallSid": CALL, "Digits": "1"})
    assert (reply.status, b"<Redirect " in reply.body) == (200, True)


async def test_the_story_is_told_in_order(known: InMemoryApp) -> None:
    """Callbacks that overtake each other stand in the order in which Twilio numbered them."""
    statuses = ["initiated", "ringing", "in-progress", "completed"]
    for number in (3, 1, 0, 2):
        known.clock.move(seconds=1)
        form = {"CallSid": CALL, "CallStatus": statuses[number], "SequenceNumber": str(number)}
        await known.twilio("POST", STATUS, form)
        if number == 1:
            await known.twilio("POST", STATUS, {"CallSid": CALL, "AnsweredBy": "human"})
    assert [event["event"] for event in await story(known)] == [
        "accepted", "reported.initiated", "noted.machine", "reported.ringing",
        "reported.in-progress", "reported.completed"]  # fmt: skip


@pytest.mark.parametrize("sender", [SENDER, "MG1"])
async def test_an_opt_out_that_twilio_reports_is_remembered(app: InMemoryApp, sender: str) -> None:
    """With a Messaging Service 21610 comes by callback; its replay after a start stops nobody."""
    form = {"MessageSid": sid(0), "MessageStatus": "failed", "ErrorCode": "21610", "To": TO[0],
            "From": SENDER, "MessagingServiceSid": "MG1"}  # fmt: skip
    opt_outs = app.services.ledger.opt_outs
    await app.twilio("POST", STATUS, form)
    assert await opt_outs.has_stopped(TO[0], sender, app.clock())
    app.clock.move(minutes=1)
    start = {"MessageSid": sid_of("SM", 9), "From": TO[0], "To": SENDER, "Body": "START",
             "MessagingServiceSid": "MG1"}  # fmt: skip
    await app.twilio("POST", "/api/webhooks/messages", start)
    app.clock.move(minutes=1)
    await app.twilio("POST", STATUS, form)
    assert not await opt_outs.has_stopped(TO[0], sender, app.clock())


@pytest.mark.parametrize("place", range(4))
async def test_an_opt_out_is_remembered_where_its_note_failed_at_first(
    app: InMemoryApp, place: int
) -> None:
    """Twilio repeats a callback that was answered with 503, and the stop is not lost."""
    form = {"MessageSid": sid(0), "MessageStatus": "failed", "ErrorCode": "21610", "To": TO[0],
            "From": SENDER, "MessagingServiceSid": "MG1"}  # fmt: skip
    app.services.table = TableSeam(app.table, FailAt(place, at=("before",)))
    app.services.__dict__.pop("ledger", None)
    assert (await app.twilio("POST", STATUS, form)).status == 503
    app.clock.move(seconds=10)
    assert (await app.twilio("POST", STATUS, form)).status == 204
    for sender in (SENDER, "MG1"):
        assert await app.services.ledger.opt_outs.has_stopped(TO[0], sender, app.clock())
