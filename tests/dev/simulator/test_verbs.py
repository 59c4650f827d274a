import pytest

from tests.dev.simulator.world import ALICE, US, Json, World


async def call(world: World, twiml: str, *script: object) -> Json:
    """Call Alice, who follows a script, with a document; gives the story."""
    if script:
        await world.admin("PUT", f"/phones/{ALICE}", {"script": list(script)})
    url = world.site.says("/v", f"<Response>{twiml}</Response>")
    return await world.ended(await world.dial(Url=url))


def said(world: World, *texts: str) -> str:
    """A document at /next that says this."""
    says = "".join(f"<Say>{text}</Say>" for text in texts)
    return world.site.says("/next", f"<Response>{says}</Response>")


async def test_say_play_pause(world: World) -> None:
    """Say, Play and Pause are heard in order, SSML as its text, loops as often as they say."""
    story = await call(
        world,
        '<Say voice="Polly.Amy" loop="2">Your <emphasis>code</emphasis><break time="2s"/> &lt;1&gt;'
        "</Say>"
        '<Play>/tune.mp3</Play><Play digits="ww12"/><Pause length="3"/><Say>😀 مرحبا</Say>',
    )
    assert world.heard(story) == ["Your code <1>", "Your code <1>", "😀 مرحبا"]
    assert world.heard(story, "play") == [f"{world.site.url}/tune.mp3", "ww12"]
    assert world.heard(story, "pause") == ["3"]
    assert story["errors"] == []
    assert int(story["duration"]) >= 10


async def test_endless_speech_ends_when_the_person_hangs_up(world: World) -> None:
    """A loop of 0 goes on until somebody hangs up."""
    story = await call(world, '<Say loop="0">Again</Say>', "answer", "hangup")
    assert set(world.heard(story)) == {"Again"}
    assert story["transcript"][-1] | {"at": 0} == {
        "at": 0,
        "who": "caller",
        "event": "hangup",
        "text": "",
    }


@pytest.mark.parametrize(
    ("attributes", "deeds", "expected"),
    [
        ('numDigits="1"', [{"digits": "1"}], {"Digits": "1"}),
        ('numDigits="2"', [{"digits": "1"}, {"digits": "2"}], {"Digits": "12"}),
        ("", [{"digits": "12#"}], {"Digits": "12"}),
        ("", [{"digits": "12"}], {"Digits": "12"}),
        ('finishOnKey="*"', [{"digits": "1#2*"}], {"Digits": "1#2"}),
        ('finishOnKey=""', [{"digits": "1#*"}], {"Digits": "1#*"}),
        ('input="speech"', [{"speech": "Grüße"}], {"SpeechResult": "Grüße", "Confidence": "0.92"}),
        ('input="dtmf speech"', [{"speech": "yes"}], {"SpeechResult": "yes"}),
        ('actionOnEmptyResult="true"', ["answer"], {"Digits": ""}),
    ],
)
async def test_gather(
    world: World, attributes: str, deeds: list[object], expected: dict[str, str]
) -> None:
    """Keys and speech go to the action in Twilio's parameters."""
    said(world, "Done")
    story = await call(world, f'<Gather action="/next" {attributes}/>', "answer", *deeds)
    (received,) = world.site.at("/next")
    assert received.signed
    assert {name: received.form.get(name) for name in expected} == expected
    assert world.heard(story) == ["Done"]


async def test_silence_goes_on(world: World) -> None:
    """Without input the action is not asked, and the next verb runs."""
    story = await call(world, '<Gather action="/next"><Say>Press</Say></Gather><Say>Nothing</Say>')
    assert world.heard(story) == ["Press", "Nothing"]
    assert not world.site.at("/next")


async def test_without_action_the_document_is_asked_again(world: World) -> None:
    """A Gather without action asks its own document, with the digits."""
    url = world.site.says(
        "/v", "<Response><Gather numDigits='1'/></Response>", "<Response><Say>Two</Say></Response>"
    )
    await world.admin("PUT", f"/phones/{ALICE}", {"script": ["answer", {"digits": "5"}]})
    story = await world.ended(await world.dial(Url=url))
    assert world.heard(story) == ["Two"]
    assert world.site.at("/v")[1].form["Digits"] == "5"


async def test_more_keys_than_wanted_wait_for_the_next_gather(world: World) -> None:
    """Keys typed ahead are not lost."""
    said(world, "Done")
    menu = "<Response><Gather action='/next' numDigits='1'/></Response>"
    world.site.says("/second", menu)
    await call(world, '<Gather action="/second" numDigits="1"/>', "answer", {"digits": "12"})
    assert world.site.at("/next")[0].form["Digits"] == "2"


async def test_partial_results(world: World) -> None:
    """Speech also goes to the partial result callback."""
    said(world)
    twiml = '<Gather input="speech" action="/next" partialResultCallback="/p"/>'
    await call(world, twiml, "answer", {"speech": "hello"})
    (received,) = await world.site.until("/p")
    assert received.form["UnstableSpeechResult"] == "hello"


async def test_record(world: World) -> None:
    """A voicemail goes to the action, the recording callback and the transcription."""
    said(world, "Thanks")
    words = "Please call me back tomorrow about the boat, it is sinking"
    story = await call(
        world,
        '<Record action="/next" recordingStatusCallback="/rec" transcribe="true" '
        'transcribeCallback="/t" maxLength="20"/><Say>Never</Say>',
        "answer",
        {"record": words},
        {"digits": "#"},
    )
    (received,) = world.site.at("/next")
    (recorded,) = await world.site.until("/rec")
    (transcribed,) = await world.site.until("/t")
    assert received.form["Digits"] == "#"
    assert received.form["RecordingUrl"] == recorded.form["RecordingUrl"]
    assert recorded.form["RecordingSource"] == "RecordVerb"
    assert int(received.form["RecordingDuration"]) == len(words) // 15
    assert transcribed.form["TranscriptionText"] == words
    assert transcribed.form["TranscriptionStatus"] == "completed"
    assert world.heard(story) == ["Thanks"]


@pytest.mark.parametrize(("finish", "digits"), [("#", ""), ("5", "5"), ("", "")])
async def test_only_finish_keys_end_a_recording(world: World, finish: str, digits: str) -> None:
    """Keys that do not finish a recording neither end it nor reach the action."""
    said(world, "Thanks")
    await call(
        world,
        f'<Record action="/next" finishOnKey="{finish}"/>',
        "answer",
        {"digits": "7"},
        {"record": "It is me"},
        {"digits": "75"},
    )
    (received,) = world.site.at("/next")
    assert (received.form["Digits"], received.form["RecordingDuration"]) == (digits, "1")


async def test_a_recording_is_finished_by_hand(world: World) -> None:
    """A key pressed by hand during a recording reaches the action."""
    said(world, "Thanks")
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    url = world.site.says("/v", '<Response><Record action="/next" timeout="60"/></Response>')
    sid = await world.dial(Url=url)
    for deed in ("answer", {"record": "It is me"}, {"digits": "#"}):
        await world.admin("POST", f"/calls/{sid}", deed)
    await world.ended(sid)
    assert world.site.at("/next")[0].form["Digits"] == "#"


async def test_hanging_up_ends_a_recording(world: World) -> None:
    """A person who hangs up after speaking leaves a recording, and the action is called."""
    said(world, "Nobody listens")
    story = await call(
        world, '<Record action="/next"/>', "answer", {"record": "It is me"}, "hangup"
    )
    (received,) = await world.site.until("/next")
    assert (received.form["Digits"], received.form["CallStatus"]) == ("hangup", "completed")
    assert world.heard(story) == []


async def test_an_empty_recording_goes_on(world: World) -> None:
    """Silence makes no recording and no request; the next verb runs."""
    story = await call(world, '<Record action="/next"/><Say>Well</Say>')
    assert world.heard(story) == ["Well"]
    assert not world.exchange.books.recordings.rows


async def test_redirect(world: World) -> None:
    """A relative redirect leads on, by its own method; the verbs behind it are not reached."""
    said(world, "There")
    story = await call(world, '<Redirect method="GET">next?x=1&amp;y=2</Redirect><Say>No</Say>')
    (received,) = world.site.at("/next")
    assert (received.method, received.form["y"], received.signed) == ("GET", "2", True)
    assert world.heard(story) == ["There"]


async def test_hangup(world: World) -> None:
    """Nothing is heard behind a Hangup."""
    assert world.heard(await call(world, "<Say>A</Say><Hangup/><Say>B</Say>")) == ["A"]


async def test_sms_in_a_call(world: World) -> None:
    """Sms sends a text that is in the books and reports itself."""
    await call(world, f'<Sms to="{ALICE}" from="{US}" statusCallback="/s">Hi</Sms>')
    assert (await world.site.until("/s", 3))[-1].form["MessageStatus"] == "delivered"


@pytest.mark.parametrize(
    ("twiml", "event", "text"),
    [
        ('<Start><Stream url="wss://a.example"/></Start>', "start", "Stream"),
        ('<Stop><Stream name="a"/></Stop>', "stop", "Stream"),
        (
            '<Connect><ConversationRelay url="wss://a.example"/></Connect>',
            "connect",
            "ConversationRelay",
        ),
        ("<Refer><Sip>sip:a@b.example</Sip></Refer>", "refer", "sip:a@b.example"),
        ('<Pay chargeAmount="10"/>', "pay", "10"),
        ("<Echo/>", "echo", ""),
    ],
)
async def test_services_are_noted(world: World, twiml: str, event: str, text: str) -> None:
    """What leaves the telephone network is one line of the transcript, and the call goes on."""
    story = await call(world, twiml)
    assert world.heard(story, event) == [text]
    assert story["errors"] == []


async def test_actions_of_services(world: World) -> None:
    """Connect, Pay, Refer and Sms ask their actions."""
    said(world, "After")
    for twiml, name in (
        ('<Connect action="/next"><Stream url="wss://a.example"/></Connect>', "SessionStatus"),
        (
            '<Pay action="/next"><Prompt for="payment-card-number"><Say>Card?</Say></Prompt></Pay>',
            "Result",
        ),
        ('<Refer action="/next"><Sip>sip:a@b.example</Sip></Refer>', "ReferCallStatus"),
        ('<Sms action="/next">Hi</Sms>', "SmsStatus"),
    ):
        assert world.heard(await call(world, twiml))[-1] == "After"
        assert name in world.site.at("/next")[-1].form
