import pytest

from tests.dev.simulator.world import ALICE, BOB, OVER, US, World

CAROL = "+442079460958"
HOOK = "/api/webhooks/calls"


async def ring(world: World, twiml: str, *script: object, sender: str = ALICE) -> str:
    """Somebody calls us and gets a document; gives the call's SID."""
    world.site.says(HOOK, f"<Response>{twiml}</Response>")
    call = await world.admin("POST", "/calls", {"from": sender, "script": list(script)})
    return str(call["sid"])


def after(world: World) -> None:
    world.site.says("/after", "<Response><Say>After</Say></Response>")


async def test_two_phones_talk(world: World) -> None:
    """A dialled phone rings, both talk, and the action hears how it went; the leg is a call."""
    after(world)
    await world.admin("PUT", f"/phones/{BOB}", {"script": ["answer", {"speech": "Hello Alice"}]})
    sid = await ring(
        world,
        f'<Dial action="/after" callerId="{US}"><Number statusCallback="/s" '
        f'statusCallbackEvent="initiated ringing answered completed">{BOB}</Number></Dial>'
        "<Say>Never</Say>",
        {"speech": "Hello Bob"},
    )
    story = await world.ended(sid)
    (received,) = world.site.at("/after")
    assert received.form["DialCallStatus"] == "completed"
    assert received.form["DialBridged"] == "true"
    assert int(received.form["DialCallDuration"]) >= 1
    (leg,) = story["legs"]
    assert received.form["DialCallSid"] == leg["sid"]
    there = await world.admin("GET", f"/calls/{leg['sid']}")
    assert (there["from"], there["direction"]) == (US, "outbound-dial")
    assert world.heard(there, "speech", "other") == ["Hello Bob"]
    assert world.heard(story, "speech", "other") == ["Hello Alice"]
    assert world.heard(story)[-1] == "After"
    reports = await world.site.until("/s", 4)
    assert {one.form["ParentCallSid"] for one in reports} == {sid}
    _, children = await world.rest("GET", f"/Calls.json?ParentCallSid={sid}")
    assert [row["sid"] for row in children["calls"]] == [leg["sid"]]


@pytest.mark.parametrize(
    ("phone", "status"),
    [
        ({"busy": True}, "busy"),
        ({"answers": False}, "no-answer"),
        ({"unreachable": True}, "failed"),
        ({"script": ["decline"]}, "busy"),
    ],
)
async def test_nobody_there(world: World, phone: dict[str, object], status: str) -> None:
    """A dial without an answer gives its action the reason, or goes on without one."""
    after(world)
    await world.admin("PUT", f"/phones/{BOB}", phone)
    await world.ended(await ring(world, f'<Dial action="/after" timeout="5">{BOB}</Dial>'))
    (received,) = world.site.at("/after")
    assert (received.form["DialCallStatus"], received.form["DialBridged"]) == (status, "false")
    story = await world.ended(await ring(world, f"<Dial>{BOB}</Dial><Say>Gone</Say>"))
    assert world.heard(story) == ["Gone"]


async def test_all_at_once(world: World) -> None:
    """Several phones ring together; the first to answer is connected, the others are canceled."""
    await world.admin("PUT", f"/phones/{BOB}", {"answers": False})
    await world.admin("PUT", "/phones/client:dora", {"ring": 25})
    sid = await ring(
        world,
        f"<Dial><Number>{BOB}</Number><Number>{CAROL}</Number><Client>dora</Client></Dial>",
    )
    story = await world.ended(sid)
    outcomes = {leg["to"]: leg["status"] for leg in story["legs"]}
    assert {row.status for row in world.exchange.books.calls.rows.values()} <= OVER
    assert outcomes[BOB] == "canceled"
    assert (outcomes[CAROL], outcomes["client:dora"]) == ("completed", "canceled")


async def test_whisper_accepted(world: World) -> None:
    """The person who answers hears the noun's own document first and is connected at its end."""
    after(world)
    world.site.says(
        "/w",
        "<Response><Gather numDigits='1' action='/ok'><Say>Take it?</Say></Gather>"
        "<Hangup/></Response>",
    )
    world.site.says("/ok", "<Response/>")
    await world.admin("PUT", f"/phones/{BOB}", {"script": ["answer", {"digits": "1"}]})
    sid = await ring(world, f'<Dial action="/after"><Number url="/w">{BOB}</Number></Dial>')
    story = await world.ended(sid)
    assert world.site.at("/after")[0].form["DialCallStatus"] == "completed"
    there = await world.admin("GET", f"/calls/{story['legs'][0]['sid']}")
    assert world.heard(there) == ["Take it?"]
    assert "Take it?" not in world.heard(story)


async def test_whisper_refused(world: World) -> None:
    """Nobody presses a key: the whisper hangs up, and the caller is not connected."""
    after(world)
    world.site.says("/w", "<Response><Gather><Say>Take it?</Say></Gather><Hangup/></Response>")
    await world.ended(
        await ring(world, f'<Dial action="/after"><Number url="/w">{BOB}</Number></Dial>')
    )
    (received,) = world.site.at("/after")
    assert (received.form["DialCallStatus"], received.form["DialBridged"]) == ("no-answer", "false")


async def test_the_caller_hangs_up(world: World) -> None:
    """When the caller hangs up, the far phone is hung up and the action asked all the same."""
    after(world)
    await world.admin("PUT", f"/phones/{BOB}", {"talks": 10_000})
    sid = await ring(world, f'<Dial action="/after">{BOB}</Dial>', {"wait": 5}, "hangup")
    story = await world.ended(sid)
    (received,) = await world.site.until("/after")
    assert received.form["CallStatus"] == "completed"
    assert story["legs"][0]["status"] == "completed"
    assert "After" not in world.heard(story)


async def test_star_hangs_up_the_other(world: World) -> None:
    """With hangupOnStar the caller's ``*`` ends the talk and the call goes on."""
    await world.admin("PUT", f"/phones/{BOB}", {"talks": 10_000})
    twiml = f'<Dial hangupOnStar="true">{BOB}</Dial><Say>Back</Say>'
    assert world.heard(await world.ended(await ring(world, twiml, {"digits": "*"}))) == ["Back"]


async def test_time_limit(world: World) -> None:
    """A timeLimit ends the talk."""
    await world.admin("PUT", f"/phones/{BOB}", {"talks": 10_000})
    twiml = f'<Dial timeLimit="10">{BOB}</Dial><Say>Back</Say>'
    assert world.heard(await world.ended(await ring(world, twiml))) == ["Back"]


async def test_recorded_talk(world: World) -> None:
    """A recorded dial leaves a recording that the action and the callback name."""
    after(world)
    twiml = (
        '<Dial action="/after" record="record-from-answer" recordingStatusCallback="/r">'
        f"{BOB}</Dial>"
    )
    await world.ended(await ring(world, twiml))
    (recorded,) = await world.site.until("/r")
    assert world.site.at("/after")[0].form["RecordingUrl"] == recorded.form["RecordingUrl"]
    assert recorded.form["RecordingChannels"] == "1"
    twiml = f'<Dial record="record-from-answer-dual" recordingStatusCallback="/r2">{BOB}</Dial>'
    await world.ended(await ring(world, twiml))
    assert (await world.site.until("/r2"))[0].form["RecordingChannels"] == "2"


async def test_an_unknown_detection_is_an_ordinary_one(world: World) -> None:
    """A misspelt machineDetection does not break the call."""
    await world.admin("PUT", f"/phones/{BOB}", {"machine": True})
    twiml = f'<Dial><Number machineDetection="Maybe">{BOB}</Number></Dial><Say>On</Say>'
    story = await world.ended(await ring(world, twiml))
    assert (story["errors"], world.heard(story)[-1:]) == ([], ["On"])


@pytest.mark.parametrize(
    ("noun", "address"),
    [
        ("<Client>bob</Client>", "client:bob"),
        ("<Client><Identity>bob</Identity><Parameter name='a' value='b'/></Client>", "client:bob"),
        ("<Sip>sip:bob@a.example</Sip>", "sip:bob@a.example"),
        ("<Number>415-555-2671</Number>", ALICE),
        ("<WhatsApp>+14165550123</WhatsApp>", "whatsapp:+14165550123"),
        ("<Application>AP1</Application>", "app:AP1"),
    ],
)
async def test_nouns(world: World, noun: str, address: str) -> None:
    """Every noun that can be rung is rung at its address."""
    twiml = f'<Dial callerId="{US}">{noun}</Dial>'
    story = await world.ended(await ring(world, twiml, sender="client:alice"))
    assert [(leg["to"], leg["status"]) for leg in story["legs"]] == [(address, "completed")]


async def test_a_browser_needs_a_number_to_show(world: World) -> None:
    """A client that dials a phone without a callerId is not connected: 13214."""
    after(world)
    twiml = f'<Dial action="/after"><Number>{BOB}</Number></Dial>'
    story = await world.ended(await ring(world, twiml, sender="client:alice"))
    assert [error["code"] for error in story["errors"]] == [13214]
    assert world.site.at("/after")[0].form["DialCallStatus"] == "failed"
    assert story["legs"] == []


async def test_our_own_number_answers(world: World) -> None:
    """A phone rings between two of our endpoints: the caller hears what our other number says."""
    other = "+15005550100"
    voice = world.site.says(
        "/other",
        "<Response><Gather numDigits='1' action='/done'><Say>Menu</Say></Gather></Response>",
    )
    world.site.says("/done", "<Response><Say>You chose</Say></Response>")
    await world.admin("PUT", f"/numbers/{other}", {"voice_url": voice})
    story = await world.ended(await ring(world, f"<Dial>{other}</Dial>", {"digits": "4"}))
    assert world.site.at("/done")[0].form["Digits"] == "4"
    assert world.heard(story, "say", "other") == ["Menu", "You chose"]
    assert story["legs"][0]["status"] == "completed"


async def test_conference_waits_for_its_moderator(world: World) -> None:
    """Guests hear the wait document until the moderator comes, talk, and go when she leaves."""
    world.site.says("/wait", "<Response><Say>Please wait</Say></Response>")
    room = (
        '<Dial action="/after"><Conference waitUrl="/wait" statusCallback="/c" {}>Board'
        "</Conference></Dial>"
    )
    after(world)
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})  # waits as long as it takes
    guest = await ring(world, room.format('startConferenceOnEnter="false"'))
    await world.until(guest, "say")
    await world.admin("PUT", f"/phones/{BOB}", {"talks": 20})
    moderator = await ring(
        world, room.format('endConferenceOnExit="true"'), {"speech": "Welcome"}, sender=BOB
    )
    await world.ended(moderator)
    story = await world.ended(guest)
    assert world.heard(story, "say", "switchboard")[0] == "Please wait"
    assert world.heard(story, "speech", "other") == ["Welcome"]
    assert world.heard(story)[-1] == "After"
    events = {one.form["StatusCallbackEvent"] for one in await world.site.until("/c", 6)}
    assert events == {"participant-join", "conference-start", "participant-leave", "conference-end"}
    assert not world.exchange.conferences


async def test_lonely_guests_give_up(world: World) -> None:
    """An automatic participant who stays alone hangs up after a while."""
    story = await world.ended(await ring(world, "<Dial><Conference>Empty</Conference></Dial>"))
    assert story["transcript"][-1]["who"] == "caller"


async def test_queue(world: World) -> None:
    """A caller waits in a queue, hears the position, is taken out, talks, and goes on."""
    world.site.says("/wait", "<Response><Say>You are next</Say></Response>")
    after(world)
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})  # waits as long as it takes
    caller = await ring(world, '<Enqueue waitUrl="/wait" action="/after">support</Enqueue>')
    await world.until(caller, "say")
    twiml = "<Dial><Queue>support</Queue></Dial>"
    agent = await ring(world, twiml, {"wait": 5}, "hangup", sender=BOB)
    assert (await world.ended(agent))["status"] == "completed"
    await world.ended(caller)
    assert world.site.at("/wait")[0].form["QueuePosition"] == "1"
    (received,) = await world.site.until("/after")
    assert received.form["QueueSid"].startswith("QU")
    assert received.form["QueueResult"] == "bridged"


@pytest.mark.parametrize(
    "whisper", [(500, "text/plain", ""), (200, "text/xml", "<Response><Hangup/></Response>")]
)
async def test_a_queue_whisper_that_fails(world: World, whisper: tuple[int, str, str]) -> None:
    """The agent's call goes on when the waiting caller's document fails or hangs up."""
    world.site.says("/w", whisper)
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    caller = await ring(world, "<Enqueue>e</Enqueue>")
    await world.until(caller, "wait")
    twiml = '<Dial timeLimit="5"><Queue url="/w">e</Queue></Dial><Say>On</Say>'
    story = await world.ended(await ring(world, twiml, sender=BOB))
    assert (story["errors"], world.heard(story)) == ([], ["On"])


async def test_a_queued_caller_hangs_up_in_the_whisper(world: World) -> None:
    """The agent is not left waiting when the caller goes while being whispered to."""
    long = '<Response><Say>Your turn</Say><Pause length="100000"/></Response>'
    world.site.says("/w", long)
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    caller = await ring(world, "<Enqueue>f</Enqueue>")
    await world.until(caller, "wait")
    twiml = '<Dial><Queue url="/w">f</Queue></Dial><Say>On</Say>'
    agent = await ring(world, twiml, sender=BOB)
    await world.until(caller, "say")
    await world.admin("POST", f"/calls/{caller}", "hangup")
    assert world.heard(await world.ended(agent)) == ["On"]


async def test_the_muted_are_not_heard(world: World) -> None:
    """The speech of a muted participant reaches no other participant."""
    room = '<Dial><Conference muted="{}">Quiet</Conference></Dial>'
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    listener = await ring(world, room.format("false"))
    await world.until(listener, "wait")
    await world.ended(await ring(world, room.format("true"), {"speech": "Psst"}, sender=BOB))
    await world.ended(await ring(world, room.format("false"), {"speech": "Hello"}, sender=CAROL))
    story = await world.admin("POST", f"/calls/{listener}", "hangup")
    assert world.heard(story, "speech", "other") == ["Hello"]


async def test_leave_a_queue(world: World) -> None:
    """Leave in the wait document takes the caller out, and the action is called."""
    world.site.says("/wait", "<Response><Leave/></Response>")
    after(world)
    story = await world.ended(
        await ring(world, '<Enqueue waitUrl="/wait" action="/after">a</Enqueue>')
    )
    assert world.site.at("/after")[0].form["QueueResult"] == "leave"
    assert world.heard(story) == ["After"]


async def test_hang_up_in_a_queue(world: World) -> None:
    """A caller who hangs up while waiting is reported as that."""
    after(world)
    await world.ended(await ring(world, '<Enqueue action="/after">b</Enqueue>'))
    (received,) = await world.site.until("/after")
    assert received.form["QueueResult"] == "hangup"


async def test_a_script_goes_on_while_waiting(world: World) -> None:
    """A scripted caller may wait in a queue for a while and then hang up."""
    sid = await ring(world, "<Enqueue>d</Enqueue>", {"wait": 5}, "hangup")
    assert (await world.ended(sid))["transcript"][-1]["who"] == "caller"
    assert not world.exchange.lines[sid].person.script


async def test_an_empty_queue(world: World) -> None:
    """An agent with an empty queue gets no-answer after the time-out."""
    after(world)
    await world.ended(
        await ring(world, '<Dial action="/after" timeout="5"><Queue>c</Queue></Dial>')
    )
    assert world.site.at("/after")[0].form["DialCallStatus"] == "no-answer"
