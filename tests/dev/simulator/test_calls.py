import asyncio

import aiohttp
import pytest
from twilio.rest import Client

from dev.simulator.calls.new_call import new_call
from dev.simulator.calls.options import CallOptions, StatusCallback
from dev.simulator.calls.outgoing import place_call
from dev.simulator.documents import InlineTwiml
from tests.dev.simulator.world import ALICE, BOB, SID, TOKEN, US, World

ALL = {"StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"]}
HELLO = "<Response><Say>Hello</Say></Response>"


def statuses(world: World, path: str = "/s") -> list[str]:
    return [received.form["CallStatus"] for received in world.site.at(path)]


async def test_a_call_reports_itself(world: World) -> None:
    """A call that is answered reports each step, numbered, and ends with its duration."""
    form = {"StatusCallback": world.site.url + "/s", **ALL}
    sid = await world.dial(Twiml="<Response><Pause length='30'/></Response>", **form)
    await world.ended(sid)
    received = await world.site.until("/s", 4)
    by_number = {one.form["SequenceNumber"]: one.form["CallStatus"] for one in received}
    assert by_number == {"0": "initiated", "1": "ringing", "2": "in-progress", "3": "completed"}
    assert all(one.signed and one.form["CallSid"] == sid for one in received)
    last = next(one.form for one in received if one.form["CallStatus"] == "completed")
    assert int(last["CallDuration"]) >= 30
    assert last["Duration"] == str(-(-int(last["CallDuration"]) // 60))
    _, call = await world.rest("GET", f"/Calls/{sid}.json")
    assert call["status"] == "completed"
    assert call["duration"] == last["CallDuration"]
    assert call["start_time"]
    assert call["end_time"]


async def test_only_the_end_is_reported_by_default(world: World) -> None:
    """Without StatusCallbackEvent there is one callback, for the end."""
    sid = await world.dial(Twiml=HELLO, StatusCallback=world.site.url + "/s")
    await world.ended(sid)
    await world.site.until("/s")
    assert statuses(world) == ["completed"]


@pytest.mark.parametrize(
    ("phone", "status", "sip"),
    [
        ({"busy": True}, "busy", "486"),
        ({"script": ["decline"]}, "busy", "486"),
        ({"answers": False}, "no-answer", "487"),
        ({"unreachable": True}, "failed", "404"),
    ],
)
async def test_calls_that_come_to_nothing(
    world: World, phone: dict[str, object], status: str, sip: str
) -> None:
    """A phone that is busy, declines, is not picked up or cannot be reached says so."""
    await world.admin("PUT", f"/phones/{ALICE}", phone)
    callback = world.site.url + "/s"
    sid = await world.dial(Twiml=HELLO, Timeout="5", StatusCallback=callback)
    story = await world.ended(sid)
    assert story["status"] == status
    (received,) = await world.site.until("/s")
    assert (received.form["CallStatus"], received.form["SipResponseCode"]) == (status, sip)
    assert received.form["CallDuration"] == "0"
    assert not world.heard(story)


async def test_a_call_is_canceled_while_it_rings(world: World) -> None:
    """Status=canceled ends the ringing; a call that is over cannot be changed: 21220."""
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    sid = await world.dial(Twiml=HELLO, StatusCallback=world.site.url + "/s", Timeout="600")
    await world.until(sid, "ring")
    status, call = await world.rest("POST", f"/Calls/{sid}.json", {"Status": "canceled"})
    assert (status, call["status"]) == (200, "canceled")
    await world.site.until("/s")
    assert statuses(world) == ["canceled"]
    status, body = await world.rest("POST", f"/Calls/{sid}.json", {"Status": "completed"})
    assert (status, body["code"]) == (400, 21220)


async def test_no_callback_for_a_call_canceled_in_the_queue(world: World) -> None:
    """A call canceled before it left the queue reports nothing."""
    callback = StatusCallback.from_attributes(world.site.url + "/s", "initiated completed", "POST")
    call = new_call(world.exchange, ALICE, US, direction="outbound-api", status="queued")
    line = place_call(
        world.exchange, call, CallOptions(InlineTwiml(HELLO), status_callback=callback)
    )
    line.end("canceled")
    line.finish("canceled")
    await world.ended(await world.dial(Twiml=HELLO, StatusCallback=world.site.url + "/t"))
    await world.site.until("/t")
    assert not world.site.at("/s")


async def test_hang_up_by_rest(world: World) -> None:
    """Status=completed hangs up a call that is going on."""
    sid = await world.dial(Twiml="<Response><Pause length='3000'/></Response>")
    await world.until(sid, "pause")
    await world.rest("POST", f"/Calls/{sid}.json", {"Status": "completed"})
    assert (await world.ended(sid))["status"] == "completed"


@pytest.mark.parametrize("way", ["Url", "Twiml"])
async def test_a_call_is_sent_elsewhere(world: World, way: str) -> None:
    """A running call leaves its document for a new Url or Twiml."""
    sid = await world.dial(Twiml="<Response><Pause length='3000'/></Response>")
    await world.until(sid, "pause")
    other = world.site.says("/other", "<Response><Say>Elsewhere</Say></Response>")
    value = other if way == "Url" else "<Response><Say>Elsewhere</Say></Response>"
    assert (await world.rest("POST", f"/Calls/{sid}.json", {way: value}))[0] == 200
    assert world.heard(await world.ended(sid)) == ["Elsewhere"]


async def test_machine_detection(world: World) -> None:
    """The first document is asked with who answered, and the resource says it too."""
    url = world.site.says("/v", HELLO)
    for machine, mode, expected in (
        (False, "Enable", "human"),
        (True, "Enable", "machine_start"),
        (True, "DetectMessageEnd", "machine_end_beep"),
    ):
        await world.admin("PUT", f"/phones/{ALICE}", {"machine": machine})
        sid = await world.dial(Url=url, MachineDetection=mode)
        assert (await world.ended(sid))["answered_by"] == expected
        assert world.site.at("/v")[-1].form["AnsweredBy"] == expected


async def test_machine_detection_beside_the_call(world: World) -> None:
    """Asynchronous detection does not hold up the first document and reports by callback."""
    await world.admin("PUT", f"/phones/{ALICE}", {"machine": True})
    url = world.site.says("/v", "<Response><Pause length='60'/></Response>")
    sid = await world.dial(
        Url=url,
        MachineDetection="Enable",
        AsyncAmd="true",
        AsyncAmdStatusCallback=world.site.url + "/amd",
        AsyncAmdStatusCallbackMethod="GET",
    )
    (received,) = await world.site.until("/amd")
    assert (received.method, received.signed) == ("GET", True)
    assert (received.form["CallSid"], received.form["AnsweredBy"]) == (sid, "machine_start")
    assert int(received.form["MachineDetectionDuration"]) > 0
    assert "AnsweredBy" not in world.site.at("/v")[0].form
    await world.ended(sid)


async def test_a_call_is_sent_elsewhere_while_it_is_detected(world: World) -> None:
    """An update that comes before the first document was asked is not forgotten."""
    url = world.site.says("/v", HELLO)
    sid = await world.dial(Url=url, MachineDetection="Enable")
    line = world.exchange.lines[sid]
    await line.answered_event.wait()
    line.switch_to(InlineTwiml("<Response><Say>Elsewhere</Say></Response>"))
    assert world.heard(await world.ended(sid)) == ["Elsewhere"]
    assert not world.site.at("/v")


async def test_an_application_has_its_own_callbacks(world: World) -> None:
    """With ApplicationSid the call's own fallback and status callback are ignored."""
    callback = world.site.url + "/s"
    world.site.says("/api/webhooks/calls", (500, "text/plain", ""))
    for fields in ({"ApplicationSid": "AP1", "FallbackUrl": callback}, {"Twiml": HELLO}):
        await world.ended(await world.dial(**fields, StatusCallback=callback))
    await world.site.until("/s")
    assert len(world.site.at("/s")) == 1


async def test_send_digits_turn_detection_off(world: World) -> None:
    """SendDigits are pressed on answer, and there is no machine detection."""
    sid = await world.dial(Twiml=HELLO, SendDigits="ww12#", MachineDetection="Enable")
    story = await world.ended(sid)
    assert world.heard(story, "digits") == ["ww12#"]
    assert story["answered_by"] is None


async def test_a_recorded_call(world: World) -> None:
    """Record=true leaves a recording that can be listed, fetched and heard."""
    callback = world.site.url + "/r"
    how = {"RecordingStatusCallbackMethod": "GET", "RecordingChannels": "dual"}
    sid = await world.dial(Twiml=HELLO, Record="true", RecordingStatusCallback=callback, **how)
    await world.ended(sid)
    (received,) = await world.site.until("/r")
    assert (received.method, received.form["RecordingChannels"]) == ("GET", "2")
    assert (received.form["CallSid"], received.form["RecordingStatus"]) == (sid, "completed")
    _, listed = await world.rest("GET", f"/Calls/{sid}/Recordings.json")
    (recording,) = listed["recordings"]
    assert recording["sid"] == received.form["RecordingSid"]
    for path in ("", f"/Calls/{sid}"):
        _, fetched = await world.rest("GET", f"{path}/Recordings/{recording['sid']}.json")
        assert fetched == recording
    for ending, kind in ((".wav", "audio/x-wav"), (".mp3", "audio/mpeg"), ("", "audio/x-wav")):
        headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
        url = received.form["RecordingUrl"] + ending
        async with world.session.get(url, headers=headers) as response:
            assert response.content_type == kind
            assert len(await response.read()) > 1000


async def test_a_recorded_call_that_is_hung_up_by_rest(world: World) -> None:
    """The last report names the recording, also when the application ends the call."""
    twiml = "<Response><Pause length='3000'/></Response>"
    sid = await world.dial(Twiml=twiml, Record="true", StatusCallback=world.site.url + "/s")
    await world.until(sid, "pause")
    await world.rest("POST", f"/Calls/{sid}.json", {"Status": "completed"})
    (received,) = await world.site.until("/s")
    _, listed = await world.rest("GET", "/Recordings.json")
    assert [row["sid"] for row in listed["recordings"]] == [received.form.get("RecordingSid")]


async def test_the_time_limit(world: World) -> None:
    """TimeLimit ends a call."""
    sid = await world.dial(Twiml="<Response><Pause length='3000'/></Response>", TimeLimit="20")
    assert int((await world.ended(sid))["duration"]) < 3000


REFUSED = [
    ({"To": ""}, 21201),
    ({"From": ""}, 21213),
    ({"To": "x"}, 21211),
    ({"From": "x"}, 21212),
    ({"Twiml": ""}, 21205),
    ({"Url": "x"}, 21205),
    ({"Twiml": "<Response>" + " " * 4000}, 32018),
    ({"Method": "PUT"}, 21209),
    ({"StatusCallback": "x"}, 21205),
    ({"FallbackUrl": "x"}, 21205),
    ({"SendDigits": "abc"}, 21206),
    ({"MachineDetection": "Maybe"}, 21207),
    ({"Timeout": "601"}, 21208),
    ({"Timeout": "²"}, 21208),
    ({"TimeLimit": "soon"}, 21208),
    ({"Twiml": "", "ApplicationSid": "x"}, 21218),
    ({"To": "+15005550001"}, 21217),
    ({"To": "+15005550002"}, 21214),
    ({"To": "+15005550003"}, 21215),
    ({"To": "+15005550004"}, 21216),
    ({"From": "+15005550001"}, 21212),
    ({"From": "+15005550077"}, 21210),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
async def test_refusals(world: World, fields: dict[str, str], code: int) -> None:
    """Each wrong field gets Twilio's code, and no phone rings."""
    form = {"To": ALICE, "From": US, "Twiml": HELLO} | fields
    status, body = await world.rest("POST", "/Calls.json", form)
    assert (body["code"], body["status"]) == (code, status)
    assert not world.exchange.books.calls.rows


async def test_twilio_library(world: World) -> None:
    """Twilio's own library places, finds, ends and deletes calls."""
    twilio = Client("SK" + "1" * 32, "key-secret", SID)
    twilio.api.base_url = world.url

    def place_both() -> str:
        call = twilio.calls.create(
            to=ALICE, from_=US, twiml=HELLO, status_callback_event=["ringing"]
        )
        assert call.status == "queued"
        twilio.calls.create(to=BOB, from_=US, twiml=HELLO)
        return str(call.sid)

    sid = await asyncio.to_thread(place_both)
    await world.ended(sid)

    def look() -> None:
        (found,) = twilio.calls.list(to=ALICE, status="completed")
        assert found.sid == sid
        assert found.direction == "outbound-api"
        assert twilio.calls(sid).delete()
        assert not twilio.calls.list(to=ALICE)

    await asyncio.to_thread(look)


async def test_more_may_be_told(world: World) -> None:
    """Parameters of an inbound call are sent with the usual ones."""
    parameters = {"ForwardedFrom": BOB}
    call = await world.admin("POST", "/calls", {"from": ALICE, "parameters": parameters})
    await world.ended(call["sid"])
    (received,) = world.site.at("/api/webhooks/calls")
    assert received.signed
    assert received.form["ForwardedFrom"] == BOB
    assert received.form["CallToken"]


async def test_somebody_calls(world: World) -> None:
    """An inbound call calls the voice URL while it rings, is answered, and has a transcript."""
    world.site.says("/api/webhooks/calls", HELLO)
    call = await world.admin("POST", "/calls", {"from": ALICE, "to": US})
    story = await world.ended(call["sid"])
    (received,) = world.site.at("/api/webhooks/calls")
    assert received.signed
    assert (received.form["From"], received.form["Direction"]) == (ALICE, "inbound")
    assert received.form["CallStatus"] == "ringing"
    assert (story["status"], world.heard(story)) == ("completed", ["Hello"])


@pytest.mark.parametrize("sender", ["client:alice", "anonymous", "sip:a@b.example"])
async def test_who_calls(world: World, sender: str) -> None:
    """A browser client, an anonymous caller and a SIP phone can call too."""
    call = await world.admin("POST", "/calls", {"from": sender, "to": "client:bob"})
    await world.ended(call["sid"])
    (received,) = world.site.at("/api/webhooks/calls")
    assert (received.form["From"], received.form["To"]) == (sender, "client:bob")


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_reject(world: World, reason: str, status: str) -> None:
    """A rejected call is never answered."""
    twiml = f'<Response><Reject reason="{reason}"/></Response>'
    await world.admin(
        "PUT", f"/numbers/{US}", {"voice_url": world.site.says("/v", twiml), "voice_method": "GET"}
    )
    call = await world.admin("POST", "/calls", {"from": ALICE})
    story = await world.ended(call["sid"])
    assert (story["status"], story["duration"]) == (status, "0")
    assert world.site.at("/v")[0].method == "GET"


async def test_a_phone_is_driven_by_hand(world: World) -> None:
    """Answering, pressing, speaking and hanging up by hand do what they say."""
    await world.admin("PUT", f"/phones/{ALICE}", {"answers": False})
    gather = "<Gather action='/g' input='dtmf speech' timeout='60'><Say>Well?</Say></Gather>"
    menu = f"<Response>{gather}</Response>"
    world.site.says("/g", menu)
    sid = await world.dial(Url=world.site.says("/v", menu), Timeout="600")
    await world.until(sid, "ring")
    answered = await world.admin("POST", f"/calls/{sid}", {"answer": True})
    assert answered["status"] == "in-progress"
    await world.admin("POST", f"/calls/{sid}", {"digits": "7#"})
    await world.site.until("/g")
    await world.admin("POST", f"/calls/{sid}", {"speech": "agent"})
    await world.site.until("/g", 2)
    story = await world.admin("POST", f"/calls/{sid}", "hangup")
    assert story["status"] == "completed"
    assert [received.form.get("Digits") for received in world.site.at("/g")] == ["7", None]
    assert world.site.at("/g")[1].form["SpeechResult"] == "agent"
    assert story["transcript"][-1]["who"] == "caller"
    async with world.session.post(
        f"{world.url}/_simulator/calls/{sid}", json={"digits": "1"}
    ) as response:
        assert response.status == 409
    async with world.session.post(
        f"{world.url}/_simulator/calls/{sid}", json={"dance": True}
    ) as response:
        assert response.status == 400
