import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from dev.simulator.books import MessageOptions
from dev.simulator.messages.outbound import new_message, send
from tests.dev.simulator.world import ALICE, BOB, SID, TOKEN, US, World

SERVICE = "MG" + "a" * 32
CONTENT = "HX" + "b" * 32


def client(world: World) -> Client:
    """Twilio's own library, pointed at the simulator."""
    twilio = Client(SID, TOKEN)
    twilio.api.base_url = world.url
    return twilio


async def test_twilio_library_sends_fetches_and_lists(world: World) -> None:
    """Twilio's own library is served: create, fetch, list with pages, every field read back."""
    twilio = client(world)

    def use() -> list[str]:
        for n in range(5):
            twilio.messages.create(to=ALICE, from_=US, body=f"Hi {n} ✓")
        twilio.messages.create(
            to=BOB, from_=US, body="other", media_url=["https://a.example/b.png"]
        )
        found = twilio.messages.list(to=ALICE, from_=US, page_size=2)
        one = twilio.messages(str(found[0].sid)).fetch()
        assert (one.to, one.from_, one.num_segments, one.direction) == (
            ALICE,
            US,
            "1",
            "outbound-api",
        )
        assert one.date_created is not None
        (picture,) = twilio.messages.list(to=BOB)
        assert str(picture.sid).startswith("MM")
        (medium,) = twilio.messages(str(picture.sid)).media.list()
        again = twilio.messages(str(picture.sid)).media(str(medium.sid)).fetch()
        assert (again.content_type, again.parent_sid) == ("image/png", picture.sid)
        with pytest.raises(TwilioRestException) as caught:
            twilio.messages(str(picture.sid)).media("ME" + "0" * 32).fetch()
        assert caught.value.code == 20404
        return [str(message.body) for message in found]

    assert await asyncio.to_thread(use) == [f"Hi {n} ✓" for n in (4, 3, 2, 1, 0)]


async def test_a_page_token_survives_new_messages(world: World) -> None:
    """A message that arrives between two pages neither repeats nor hides another."""
    for n in range(3):
        await world.text(Body=str(n))
    _, first = await world.rest("GET", "/Messages.json?PageSize=2")
    await world.text(Body="new")
    path = str(first["next_page_uri"]).removeprefix(f"/2010-04-01/Accounts/{SID}")
    _, second = await world.rest("GET", path)
    assert [row["body"] for row in first["messages"] + second["messages"]] == ["2", "1", "0"]
    assert second["next_page_uri"] is None


@pytest.mark.parametrize("size", ["0", "-1", "many", "²", "9" * 5000])
async def test_page_sizes_are_whole_numbers(world: World, size: str) -> None:
    """A page size that is not a number above 0 is refused, in every spelling."""
    status, body = await world.rest("GET", f"/Messages.json?PageSize={size}")
    assert (status, body["code"]) == (400, 20001)
    assert (await world.rest("GET", f"/Messages.json?Page={size}"))[0] == 200


async def test_date_sent_filters(world: World) -> None:
    """DateSent bounds are inclusive days or seconds, and a message not sent yet has none."""
    message = await world.text(StatusCallback=world.site.url + "/s")
    await world.site.until("/s", 3)
    today = datetime.now(UTC)
    tomorrow = (today + timedelta(days=1)).date().isoformat()

    async def found(query: str) -> list[str]:
        _, body = await world.rest("GET", f"/Messages.json?{query}")
        return [row["sid"] for row in body["messages"]]

    sid = message["sid"]
    assert await found(f"DateSent={today.date()}") == [sid]
    on = await asyncio.to_thread(client(world).messages.list, date_sent=today.date())
    assert [row.sid for row in on] == [sid]
    assert await found(f"DateSent%3E={today.date()}") == [sid]
    assert await found(f"DateSent%3C={today.date()}") == [sid]
    assert await found(f"DateSent%3E={tomorrow}") == []
    soon = (today + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await found(f"DateSent%3C={soon}") == [sid]
    for wrong in ("yesterday", "9999-12-31"):
        status, body = await world.rest("GET", f"/Messages.json?DateSent={wrong}")
        assert (status, body["code"]) == (400, 20001)


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


REFUSED = [
    ({"To": ""}, 21604),
    ({"From": ""}, 21603),
    ({"Body": ""}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"To": "", "From": "", "Body": ""}, 21604),
    ({"From": "", "Body": ""}, 21603),
    ({"To": "12"}, 21211),
    ({"To": "+1\N{ARABIC-INDIC DIGIT FOUR}155552671"}, 21211),
    ({"From": "++"}, 21212),
    ({"MessagingServiceSid": "MG1"}, 21705),
    ({"StatusCallback": "not a url"}, 21609),
    ({"StatusCallback": "https://under_score.example/"}, 21609),
    ({"MediaUrl": "ftp://a.example/b"}, 21620),
    ({"ValidityPeriod": "36001"}, 20001),
    ({"ValidityPeriod": "0"}, 20001),
    ({"ValidityPeriod": "²"}, 20001),
    ({"SendAt": in_seconds(3600), "ScheduleType": "fixed"}, 35118),
    ({"ScheduleType": "fixed", "MessagingServiceSid": SERVICE}, 35111),
    ({"SendAt": in_seconds(3600), "MessagingServiceSid": SERVICE}, 35112),
    (
        {"SendAt": in_seconds(60), "ScheduleType": "fixed", "MessagingServiceSid": SERVICE},
        35114,
    ),
    (
        {"SendAt": in_seconds(36 * 86400), "ScheduleType": "fixed", "MessagingServiceSid": SERVICE},
        35114,
    ),
    ({"SendAt": "soon", "ScheduleType": "fixed", "MessagingServiceSid": SERVICE}, 35114),
    ({"ContentSid": "HX1"}, 20404),
    ({"ContentSid": CONTENT, "ContentVariables": "{"}, 21656),
    ({"To": "+15005550001"}, 21211),
    ({"To": "+15005550002"}, 21612),
    ({"To": "+15005550003"}, 21408),
    ({"To": "+15005550004"}, 21610),
    ({"To": "+15005550009"}, 21614),
    ({"From": "+15005550001"}, 21212),
    ({"From": "+15005550007"}, 21606),
    ({"From": "+15005550008"}, 21611),
    ({"From": "+15005550099"}, 21606),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
async def test_refusals(world: World, fields: dict[str, str], code: int) -> None:
    """Each wrong field gets Twilio's code in Twilio's error body, and nothing is created."""
    form = {"To": ALICE, "From": US, "Body": "Hi"} | fields
    status, body = await world.rest("POST", "/Messages.json", form)
    assert body["code"] == code
    assert body["status"] == status >= 400
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert body["message"]
    assert not world.exchange.books.messages.rows


async def test_eleven_media_are_too_many(world: World) -> None:
    """Ten media are taken and eleven refused."""
    for count, expected in ((10, 201), (11, 400)):
        form = [("To", ALICE), ("From", US), *[("MediaUrl", "https://a.example/b")] * count]
        status, _ = await world.rest("POST", "/Messages.json", form)
        assert status == expected


TAKEN = [
    {"From": "+14155550100"},
    {"From": "Switchboard"},
    {"From": "55555"},
    {"To": "(415) 555-2671"},
    {"To": "whatsapp:+14155552671", "From": "whatsapp:+14155550100"},
    {"To": "rcs:+14155552671"},
    {"Body": "", "ContentSid": CONTENT, "ContentVariables": '{"1": "Ann"}'},
    {"ValidityPeriod": "36000"},
]


@pytest.mark.parametrize("fields", TAKEN)
async def test_what_is_taken(world: World, fields: dict[str, str]) -> None:
    """Any plausible sender, channel addresses, national spelling and templates are taken."""
    assert (await world.text(**fields))["status"] == "queued"


async def test_messaging_service(world: World) -> None:
    """A message with a Messaging Service is accepted first and gets its sender later."""
    callback = world.site.url + "/s"
    message = await world.text(From="", MessagingServiceSid=SERVICE, StatusCallback=callback)
    assert (message["status"], message["from"], message["num_segments"]) == ("accepted", None, "0")
    received = await world.site.until("/s", 4)
    # Twilio keeps no order among callbacks, and a busy machine shows that.
    statuses = {one.form["MessageStatus"]: one.form for one in received}
    assert statuses.keys() == {"queued", "sending", "sent", "delivered"}
    assert statuses["queued"]["MessagingServiceSid"] == SERVICE
    _, later = await world.rest("GET", f"/Messages/{message['sid']}.json")
    assert (later["from"], later["num_segments"]) == (US, "1")


async def test_schedule_and_cancel(world: World) -> None:
    """A scheduled message can be canceled, once."""
    fields = {"SendAt": in_seconds(3600), "ScheduleType": "fixed", "MessagingServiceSid": SERVICE}
    message = await world.text(**fields, StatusCallback=world.site.url + "/s")
    assert message["status"] == "scheduled"
    path = f"/Messages/{message['sid']}.json"
    _, canceled = await world.rest("POST", path, {"Status": "canceled"})
    assert canceled["status"] == "canceled"
    status, body = await world.rest("POST", path, {"Status": "canceled"})
    assert (status, body["code"]) == (409, 30409)
    (reported,) = await world.site.until("/s")
    assert reported.form["MessageStatus"] == "canceled"


async def test_a_scheduled_message_is_sent_at_its_time(world: World) -> None:
    """A scheduled message really leaves when its time comes."""
    options = MessageOptions(callback=world.site.url + "/s", send_at=time.time() + 0.05)
    send(
        world.exchange,
        new_message(world.exchange, ALICE, US, "Hi", status="scheduled", options=options),
    )
    assert (await world.site.until("/s", 4))[-1].form["MessageStatus"] == "delivered"


async def test_redact_and_delete(world: World) -> None:
    """A message that is done can lose its body, and then be deleted."""
    message = await world.text(StatusCallback=world.site.url + "/s")
    await world.site.until("/s", 3)
    path = f"/Messages/{message['sid']}.json"
    _, redacted = await world.rest("POST", path, {"Body": ""})
    assert redacted["body"] == ""
    assert (await world.rest("DELETE", path))[0] == 204
    status, body = await world.rest("GET", path)
    assert (status, body["code"]) == (404, 20404)


async def test_who_has_access(world: World) -> None:
    """The token and the API key open the account; anything else gets 401 with code 20003."""
    key = ("SK" + "1" * 32, "key-secret")
    assert (await world.rest("GET", ".json", login=key))[0] == 200
    assert (await world.rest("GET", ".json"))[0] == 200
    status, body = await world.rest("GET", "/Messages.json", login=(SID, "wrong"))
    assert (status, body["code"]) == (401, 20003)
    status, body = await world.rest("GET", "/Nothing.json")
    assert (status, body["code"]) == (404, 20404)


async def test_twilio_library_understands_refusals(world: World) -> None:
    """A refusal arrives in Twilio's library as its exception with status and code."""
    twilio = client(world)
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(twilio.messages.create, to="+15005550001", from_=US, body="x")
    assert (caught.value.status, caught.value.code) == (400, 21211)


async def test_headers(world: World) -> None:
    """Every answer carries Twilio's request id, concurrency and duration."""
    async with world.session.get(f"{world.url}/2010-04-01/Accounts/{SID}.json") as response:
        names = ("Twilio-Request-Id", "Twilio-Concurrent-Requests", "Twilio-Request-Duration")
        assert all(response.headers.get(name) for name in names)
