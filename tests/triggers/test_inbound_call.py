"""Somebody calls one of our numbers, or a Twilio Client calls out."""

import json

import pytest

from tests.deliver.seams import FailAt, TableSeam
from tests.environment import PUBLIC_BASE_URL, SENDER
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import Configure, inbound
from tests.sids import CA1, CA2, RE1, recording_url, sid_of

PERSON = "+14155552671"
TARGET = "/api/webhooks/calls"
PAGES = f"{PUBLIC_BASE_URL}/api/twiml"


def call(**more: str) -> dict[str, str]:
    return {"CallSid": CA1, "AccountSid": "AC1", "From": PERSON, "To": SENDER,
            "CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01",
            **more}  # fmt: skip


async def answer(app: InMemoryApp, form: dict[str, str]) -> str:
    reply = await app.twilio("POST", TARGET, form)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")
    return reply.body.decode().partition("<Response>")[2].removesuffix("</Response>")


async def test_without_configuration_a_caller_hears_so(app: InMemoryApp) -> None:
    """A caller whom nothing answers hears a sentence, and the call ends and is on the queue."""
    said = "Sorry, nobody can take your call at the moment. Good bye."
    assert await answer(app, call(ForwardedFrom="+1", CallerName="Z", FromCountry="US")) == (
        f"<Say>{said}</Say><Hangup />"
    )
    assert inbound(app) == [{"event": "call", "sid": CA1, "from": PERSON, "to": SENDER,
                             "at": "2026-11-21T12:00:00Z", "status": "ringing",
                             "account_sid": "AC1", "api_version": "2010-04-01",
                             "direction": "inbound", "forwarded_from": "+1", "caller_name": "Z",
                             "from_country": "US"}]  # fmt: skip


@pytest.mark.parametrize(
    ("configured", "inside"),
    [
        ("message?Message=We are closed", "<Say>We are closed</Say>"),
        ('[{"say": {"text": "Hi", "voice": "alice"}}]', '<Say voice="alice">Hi</Say>'),
        ("https://other.example/voice", "<Redirect>https://other.example/voice</Redirect>"),
        ("forward?PhoneNumber=415-555-0100",
         (f'<Dial action="{PAGES}/forward?Dial=true&amp;PhoneNumber=415-555-0100" timeout="20">'
         "<Number>+14155550100</Number></Dial>")),
        ("menu?Message=Hi&Options[1]=voicemail",
         (f'<Gather action="{PAGES}/menu?Message=Hi&amp;Options%5B1%5D=voicemail" numDigits="1">'
         "<Say>Hi</Say></Gather>"
         f"<Redirect>{PAGES}/menu?Message=Hi&amp;Options%5B1%5D=voicemail</Redirect>")),
    ],
)  # fmt: skip
async def test_the_settings_say_what_a_caller_hears(
    configure: Configure, configured: str, inside: str
) -> None:
    """Twimlets are answered inline, their later stages at their own pages; steps and URLs too."""
    app = configure(INBOUND_CALL=configured)
    assert await answer(app, call()) == inside
    assert len(inbound(app)) == 1


async def test_one_number_has_its_own_answer(configure: Configure) -> None:
    """`INBOUND_CALL_<digits>` answers for one number, and the other setting for the rest."""
    app = configure(INBOUND_CALL="message?Message=A", INBOUND_CALL_14165550123="message?Message=B")
    assert await answer(app, call()) == "<Say>A</Say>"
    assert await answer(app, call(To="+14165550123")) == "<Say>B</Say>"


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "Anonymous", "", "sip:a@b.example"])
async def test_a_caller_without_a_number_is_answered(configure: Configure, caller: str) -> None:
    """Who withholds a number hears the same, and is told as Twilio names them."""
    app = configure(INBOUND_CALL="voicemail?Message=Hi&Transcribe=no")
    assert "<Say>Hi</Say><Record " in await answer(app, call(From=caller))
    assert inbound(app)[0]["from"] == caller


async def test_asked_again_it_is_the_same_call(configure: Configure) -> None:
    """A document that is asked for again, as after a Gather, is no second call on the queue."""
    app = configure(INBOUND_CALL='[{"gather": {}}]')
    first = await answer(app, call())
    assert await answer(app, call(CallStatus="in-progress", Digits="1")) == first
    assert len(inbound(app)) == 1


async def test_storage_that_is_away_does_not_silence_us(configure: Configure) -> None:
    """Somebody is on the line: the answer comes whatever becomes of the event."""
    app = configure(INBOUND_CALL="message?Message=Hi")
    app.services.table = TableSeam(app.table, FailAt(0, times=1000))
    assert await answer(app, call()) == "<Say>Hi</Say>"
    assert inbound(app) == []


def dialled(inside: str) -> str:
    return f'<Dial callerId="{SENDER}"><Number>{inside}</Number></Dial>'


@pytest.mark.parametrize(
    ("to", "inside"),
    [
        ("+14155550100", dialled("+14155550100")),
        ("(415) 555-0100", dialled("+14155550100")),
        ("client:bob", "<Dial><Client>bob</Client></Dial>"),
        ("bob@example.com", "<Dial><Client>bob@example.com</Client></Dial>"),
        ("client:", "<Say>Sorry, nobody of this name can be called. Good bye.</Say><Hangup />"),
        ("client:a<b>", "<Say>Sorry, nobody of this name can be called. Good bye.</Say><Hangup />"),
        ("+19005550100",
         "<Say>Sorry, this number cannot be called from here. Good bye.</Say><Hangup />"),
        ("+442079460958",
         "<Say>Sorry, this number cannot be called from here. Good bye.</Say><Hangup />"),
        ("911", "<Say>Sorry, this number cannot be called from here. Good bye.</Say><Hangup />"),
    ],
)  # fmt: skip
async def test_a_client_is_connected(configure: Configure, to: str, inside: str) -> None:
    """A client's call goes to the number, by the rules for our own calls, or to the client."""
    app = configure(ALLOWED_COUNTRIES="US", INBOUND_CALL="message?Message=not this")
    assert await answer(app, call(From="client:alice", To=to)) == inside
    assert (inbound(app)[0]["from"], inbound(app)[0]["to"]) == ("client:alice", to)


@pytest.mark.parametrize("to", ["", SENDER])
async def test_a_client_that_calls_us_is_a_caller(configure: Configure, to: str) -> None:
    """A client that asks for nobody, or for our own number, hears what every caller does."""
    app = configure(INBOUND_CALL="message?Message=Hi")
    assert await answer(app, call(From="client:alice", To=to)) == "<Say>Hi</Say>"


async def test_a_number_with_its_own_answer_is_ours(configure: Configure) -> None:
    """A client that calls a number which the settings name is answered, not dialled around."""
    app = configure(INBOUND_CALL_14155550100="message?Message=Hi")
    assert await answer(app, call(From="client:alice", To="+14155550100")) == "<Say>Hi</Say>"


async def test_without_a_number_a_client_reaches_clients_only(configure: Configure) -> None:
    """A telephone needs a number to show; where we have none the client is told."""
    app = configure(TWILIO_FROM_NUMBER="")
    said = "<Say>Sorry, there is no number to call from. Good bye.</Say><Hangup />"
    assert await answer(app, call(From="client:alice", To="+14155550100")) == said
    to_bob = call(From="client:alice", To="client:bob", CallSid=CA2)
    assert await answer(app, to_bob) == "<Dial><Client>bob</Client></Dial>"


VOICEMAIL = "/api/twiml/voicemail?Phone=%2B14155550100&Stage=recorded&Transcribe=no"
RECORDED = call(RecordingUrl=recording_url(), RecordingDuration="4", Digits="hangup")


async def test_a_voicemail_that_comes_five_times_is_one(app: InMemoryApp) -> None:
    """However often Twilio tells of a voicemail, there is one event and one text to its owner."""
    replies = [await app.twilio("POST", VOICEMAIL, RECORDED) for _ in range(5)]
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    (event,) = inbound(app)
    assert (event["event"], event["sid"], event["duration"]) == ("voicemail", RE1, 4)
    texts = {put.message for put in app.queues.take("outbound")}
    assert len(texts) == 1
    listed = (await app.get("/api/messages")).json["items"]
    assert [item["to"] for item in listed] == ["+14155550100"]


async def test_its_recording_and_text_are_events_of_their_own(app: InMemoryApp) -> None:
    """The file that is ready and the words in it come as events, once each."""
    ready = {"CallSid": CA1, "RecordingSid": RE1, "RecordingUrl": recording_url(),
             "RecordingStatus": "completed", "RecordingDuration": "4"}  # fmt: skip
    words = call(RecordingSid=RE1, RecordingUrl=recording_url(),
                 TranscriptionStatus="completed", TranscriptionText="Hello")  # fmt: skip
    for stage, form in (("file", ready), ("transcribed", words)) * 2:
        target = f"/api/twiml/voicemail?Stage={stage}"
        assert (await app.twilio("POST", target, form)).status == 200
    assert [(event["event"], event["sid"]) for event in inbound(app)] == [
        ("recording", RE1), ("transcription", RE1)]  # fmt: skip
    assert inbound(app)[1]["text"] == "Hello"


async def test_a_recording_of_our_own_steps_is_an_event_too(configure: Configure) -> None:
    """A Record without an action comes back to the caller's page, and its callbacks may."""
    app = configure(INBOUND_CALL='[{"say": "Speak"}, {"record": {}}, {"say": "Thanks"}]')
    ready = {"CallSid": CA1, "RecordingSid": RE1, "RecordingUrl": recording_url(),
             "RecordingStatus": "completed", "RecordingDuration": "4"}  # fmt: skip
    words = call(RecordingSid=RE1, RecordingUrl=recording_url(),
                 TranscriptionStatus="completed", TranscriptionText="Hello")  # fmt: skip
    first = '<Say>Speak</Say><Record action="calls?Stage=1" /><Say>Thanks</Say>'
    assert await answer(app, call()) == first
    for stage, form, inside in (
        ("1", RECORDED, "<Say>Thanks</Say>"), ("file", ready, ""), ("transcribed", words, "")
    ) * 2:  # fmt: skip
        reply = await app.twilio("POST", f"{TARGET}?Stage={stage}", form)
        assert reply.status == 200
        assert inside in reply.body.decode()
    assert [(event["event"], event["sid"]) for event in inbound(app)] == [
        ("call", CA1), ("voicemail", RE1), ("recording", RE1),
        ("transcription", RE1)]  # fmt: skip
    assert inbound(app)[1]["duration"] == 4
    assert inbound(app)[3]["text"] == "Hello"


CHOICE = [{"gather": {"on": {"1": [{"say": "One"}], "else": [{"dial": "+14165550123"}]}}},
          {"say": "Nobody"}]  # fmt: skip


async def go_on(app: InMemoryApp, stage: str, **more: str) -> str:
    reply = await app.twilio("POST", f"{TARGET}?Stage={stage}", call(**more))
    assert reply.status == 200
    return reply.body.decode().partition("<Response>")[2].removesuffix("</Response>")


async def test_the_settings_steps_go_on(configure: Configure) -> None:
    """A caller's key leads to its branch, with an event of its own; silence to the next step."""
    app = configure(INBOUND_CALL=json.dumps(CHOICE))
    assert await answer(app, call()) == (
        '<Gather action="calls?Stage=0" numDigits="1" /><Say>Nobody</Say>'
    )
    for _ in range(2):
        assert await go_on(app, "0", Digits="1") == "<Say>One</Say>"
    dial = '<Dial action="calls?Stage=0.1.0">+14165550123</Dial>'
    assert await go_on(app, "0", SpeechResult="Hello", Confidence="0.9") == dial
    assert await go_on(app, "0.1.0", DialCallStatus="completed", DialCallSid="?") == ""
    assert await go_on(app, "0", Digits="") == "<Say>Nobody</Say>"
    _, digits, speech, dialled = inbound(app)
    assert (digits["event"], digits["digits"], digits["call_sid"]) == ("gather", "1", CA1)
    assert (speech["speech"], speech["confidence"], "speech_result" in speech) == (
        "Hello", "0.9", False)  # fmt: skip
    assert (dialled["event"], dialled["status"]) == ("dial", "completed")
    assert len({event["sid"] for event in inbound(app)}) == 4


@pytest.mark.parametrize("stage", ["5", "x", "0.0.0"])
async def test_settings_that_changed_during_the_call_end_it(
    configure: Configure, stage: str
) -> None:
    """Where the step is not there any more the call ends without an error, and without an event."""
    app = configure(INBOUND_CALL='[{"say": "Hi"}]')
    assert await go_on(app, stage, Digits="1") == ""
    assert inbound(app) == []


async def test_a_stage_without_steps_is_the_first_request(app: InMemoryApp) -> None:
    """Where the settings say nothing, a stage in the query changes nothing."""
    assert "nobody can take your call" in await go_on(app, "0")
    assert len(inbound(app)) == 1


@pytest.mark.parametrize("sid", ["", "CA1", "SM" + "0" * 32, CA1 + "0", "CA/" + "0" * 31])
async def test_a_call_without_a_sid_is_not_an_event(configure: Configure, sid: str) -> None:
    """A signed request without a well-formed SID is answered, and is not published."""
    app = configure(INBOUND_CALL=json.dumps(CHOICE))
    assert "<Gather" in await answer(app, call(CallSid=sid))
    await go_on(app, "0", Digits="1", CallSid=sid)
    assert inbound(app) == []


async def test_every_field_of_twilios_is_told(app: InMemoryApp) -> None:
    """City, attestation and whatever else Twilio says come in snake_case; blank ones do not."""
    form = call(CallerCity="BERLIN", StirVerstat="TN-Validation-Passed-A", ToZip="", FromZip="1")
    form["SipHeader_X-Ticket"] = "7"
    await answer(app, form)
    (event,) = inbound(app)
    assert (event["caller_city"], event["stir_verstat"], event["from_zip"]) == (
        "BERLIN", "TN-Validation-Passed-A", "1")  # fmt: skip
    assert event["sip_header_x_ticket"] == "7"
    assert not {"to_zip", "call_status", "call_sid"} & event.keys()


async def test_a_clients_fields_replace_nothing(app: InMemoryApp) -> None:
    """A Client's own fields are told too, and none of them can be taken for ours."""
    form = call(From="client:eve", To="client:bob", event="opt_out", sid="SM1", at="never", id="x")
    await answer(app, {**form, "Event": "x", "status": "x", "ticket": "7"})
    (event,) = inbound(app)
    assert (event["event"], event["sid"], event["status"]) == ("call", CA1, "ringing")
    assert (event["at"], event["ticket"]) == ("2026-11-21T12:00:00Z", "7")
    assert "id" not in event


REFUSED = "<Say>Sorry, this number cannot be called from here. Good bye.</Say><Hangup />"


@pytest.mark.parametrize("cap", ["DAILY_CAP_TOTAL", "DAILY_CAP_RECIPIENT", "DAILY_CAP_COUNTRY"])
async def test_a_clients_calls_take_places_under_the_caps(configure: Configure, cap: str) -> None:
    """After two calls of a Client a cap of two is used up, for it and for our own calls alike."""
    app = configure(**{cap: "2"})
    asked = [
        await answer(app, call(From="client:eve", To="+14155550100", CallSid=sid_of("CA", n)))
        for n in range(12)
    ]
    assert asked == [dialled("+14155550100")] * 2 + [REFUSED] * 10
    to_bob = call(From="client:eve", To="client:bob", CallSid=sid_of("CA", 20))
    assert await answer(app, to_bob) == "<Dial><Client>bob</Client></Dial>"


async def test_a_client_is_refused_where_its_place_is_unknown(configure: Configure) -> None:
    """Without storage nobody knows whether there is a place, so nothing is dialled."""
    app = configure(DAILY_CAP_TOTAL="2")
    app.services.table = TableSeam(app.table, FailAt(0, times=1000))
    assert await answer(app, call(From="client:eve", To="+14155550100")) == REFUSED
