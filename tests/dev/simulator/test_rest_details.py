"""Details of Twilio's REST API that a compatible server and its clients rely on."""

import asyncio
import inspect
import re
from datetime import UTC, datetime, timedelta

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from twilio.rest.api.v2010.account.recording import RecordingInstance

from dev.simulator.__main__ import count_segments
from tests.dev.simulator.world import ALICE, BOB, SID, TOKEN, US, World

SERVICE = "MG" + "a" * 32
HELLO = "<Response><Say>Hello</Say></Response>"
LONG = "<Response><Pause length='3000'/></Response>"


def fields_of(instance: type) -> set[str]:
    """The fields that Twilio's library reads from an answer."""
    return set(re.findall(r'payload\.get\(\s*"(\w+)"', inspect.getsource(instance)))


async def test_answers_have_every_field(world: World) -> None:
    """Created, fetched and listed resources have each field that Twilio's library reads."""
    message = await world.text()
    sid = await world.dial(Twiml=HELLO, Record="true")
    await world.ended(sid)
    for name, instance in (
        ("Messages", MessageInstance),
        ("Calls", CallInstance),
        ("Recordings", RecordingInstance),
    ):
        _, body = await world.rest("GET", f"/{name}.json")
        (row,) = body[name.lower()]
        _, one = await world.rest("GET", f"/{name}/{row['sid']}.json")
        assert len(fields_of(instance)) > 10
        assert fields_of(instance) <= row.keys() == one.keys()
    assert fields_of(MessageInstance) <= message.keys()


async def test_parameters_that_twilio_adds_are_ignored(world: World) -> None:
    """A parameter that the simulator does not know changes nothing."""
    assert (await world.text(RiskCheck="disable", Anything="x"))["status"] == "queued"
    assert (await world.ended(await world.dial(Twiml=HELLO, Anything="x")))["status"] == "completed"


@pytest.mark.parametrize("smart", [False, True])
@pytest.mark.parametrize("letter", ["a", "]", "“", "✓"])
async def test_segments_are_counted_as_in_the_app(world: World, letter: str, smart: bool) -> None:  # noqa: FBT001 - both ways
    """The count is the app's own, with and without smart encoding, before and after sending."""
    expected = {"a": 1, "]": 3, "“": 1 if smart else 3, "✓": 3}[letter]
    body = letter * 153
    assert count_segments(body, smart) == expected
    callback = world.site.url + "/s"
    fields = {"SmartEncoded": "true"} if smart else {}
    message = await world.text(Body=body, StatusCallback=callback, **fields)
    assert message["num_segments"] == str(expected)
    await world.site.until("/s", 3)
    _, sent = await world.rest("GET", f"/Messages/{message['sid']}.json")
    assert sent["num_segments"] == str(expected)


async def test_a_service_is_named_by_its_whole_sid(world: World) -> None:
    """From can be a Messaging Service; a sender ID that begins with MG is a sender."""
    assert (await world.text(From=SERVICE))["messaging_service_sid"] == SERVICE
    sender = await world.text(From="MG Motors")
    assert (sender["from"], sender["messaging_service_sid"]) == ("MG Motors", None)


async def test_a_chosen_sender_is_listed(world: World) -> None:
    """A message whose sender the Messaging Service chose is found by that sender, in order."""
    callback = world.site.url + "/s"
    first = await world.text(From=SERVICE, StatusCallback=callback)
    second = await world.text()
    await world.site.until("/s", 4)
    _, body = await world.rest("GET", f"/Messages.json?From=%2B{US[1:]}")
    assert [row["sid"] for row in body["messages"]] == [second["sid"], first["sid"]]


async def test_directions_are_listed(world: World) -> None:
    """Lists say who began: the API, a reply, a Dial, or somebody outside."""
    world.site.says("/api/webhooks/messages", "<Response><Message>Yes</Message></Response>")
    await world.text()
    await world.admin("POST", "/messages", {"from": ALICE, "body": "Hi"})
    await world.ended(await world.dial(Twiml=f"<Response><Dial>{BOB}</Dial></Response>"))
    world.site.says("/api/webhooks/calls", HELLO)
    call = await world.admin("POST", "/calls", {"from": ALICE})
    await world.ended(call["sid"])
    _, texts = await world.rest("GET", "/Messages.json")
    directions = [row["direction"] for row in texts["messages"]]
    assert directions == ["outbound-reply", "inbound", "outbound-api"]
    _, calls = await world.rest("GET", "/Calls.json")
    directions = [row["direction"] for row in calls["calls"]]
    assert directions == ["inbound", "outbound-dial", "outbound-api"]


async def test_who_forwarded_a_call_is_on_it(world: World) -> None:
    """What the caller's network says of a call is in its resource."""
    parameters = {"ForwardedFrom": BOB, "CallerName": "ALICE"}
    call = await world.admin("POST", "/calls", {"from": ALICE, "parameters": parameters})
    await world.ended(call["sid"])
    _, row = await world.rest("GET", f"/Calls/{call['sid']}.json")
    assert (row["forwarded_from"], row["caller_name"]) == (BOB, "ALICE")


async def test_rcs_and_sms_are_one_opt_out(world: World) -> None:
    """A STOP by RCS ends texts to the same person by SMS, and the reverse."""
    await world.text(To=f"rcs:{ALICE}")
    await world.admin("POST", "/messages", {"from": f"rcs:{ALICE}", "to": US, "body": "STOP"})
    for to in (ALICE, f"rcs:{ALICE}"):
        _, body = await world.rest("POST", "/Messages.json", {"To": to, "From": US, "Body": "x"})
        assert body["code"] == 21610
    await world.text(To=f"whatsapp:{ALICE}", From=f"whatsapp:{US}")
    await world.admin("POST", "/messages", {"from": ALICE, "to": US, "body": "START"})
    await world.text(To=f"rcs:{ALICE}")


async def test_a_call_that_goes_on_gets_other_callbacks(world: World) -> None:
    """An update changes the fallback, the status callback and the method of the document."""
    world.site.says("/gone", (500, "text/plain", ""))
    sid = await world.dial(Twiml=LONG)
    await world.until(sid, "pause")
    changes = {
        "Url": world.site.url + "/gone",
        "Method": "GET",
        "FallbackUrl": world.site.says("/fallback", HELLO),
        "FallbackMethod": "GET",
        "StatusCallback": world.site.url + "/s",
    }
    wrong = changes | {"FallbackMethod": "PUT"}
    assert (await world.rest("POST", f"/Calls/{sid}.json", wrong))[1]["code"] == 21209
    assert (await world.rest("POST", f"/Calls/{sid}.json", changes))[0] == 200
    story = await world.ended(sid)
    assert world.heard(story) == ["Hello"]
    assert [one.method for one in (*world.site.at("/gone"), *world.site.at("/fallback"))] == [
        "GET",
        "GET",
    ]
    (last,) = await world.site.until("/s")
    assert last.form["CallStatus"] == "completed"
    assert story["application_error"] is False


async def test_the_numbers_of_the_account(world: World) -> None:
    """The account's numbers are listed with their webhooks, and found by number."""
    await world.admin("PUT", f"/numbers/{BOB}", {"sms_url": world.site.url + "/sms"})
    twilio = Client(SID, TOKEN)
    twilio.api.base_url = world.url
    rows = await asyncio.to_thread(twilio.incoming_phone_numbers.list)
    assert [row.phone_number for row in rows] == [US, BOB]
    (row,) = await asyncio.to_thread(twilio.incoming_phone_numbers.list, phone_number=BOB)
    assert (row.sms_url, row.capabilities["sms"]) == (world.site.url + "/sms", True)
    assert str(row.sid).startswith("PN")


async def test_times_of_calls_are_filters(world: World) -> None:
    """StartTime and EndTime filter calls by day and by second, before and after."""
    sid = await world.dial(Twiml=HELLO)
    await world.ended(sid)
    today = datetime.now(UTC).date()
    for name in ("StartTime", "EndTime"):
        for sign, day, expected in (
            ("", today, [sid]),
            ("%3E", today, [sid]),
            ("%3C", today, [sid]),
            ("%3E", today + timedelta(days=1), []),
            ("%3C", today - timedelta(days=1), []),
        ):
            _, body = await world.rest("GET", f"/Calls.json?{name}{sign}={day}")
            assert [row["sid"] for row in body["calls"]] == expected


async def test_a_redirect_can_be_a_get(world: World) -> None:
    """A Redirect is a POST unless it says GET, in a call and in a text's answer."""
    for method in ("POST", "GET"):
        path = f"/next-{method}"
        world.site.says(path, "<Response/>")
        document = f'<Response><Redirect method="{method}">{path}</Redirect></Response>'
        url = world.site.says("/start", document)
        await world.ended(await world.dial(Url=url))
        world.site.says("/api/webhooks/messages", document)
        await world.admin("POST", "/messages", {"from": ALICE, "body": "Hi"})
        assert [(one.method, one.signed) for one in world.site.at(path)] == [(method, True)] * 2
