"""`/api/twiml/{name}`: the twimlets over HTTP, for Twilio alone."""

from urllib.parse import quote

import pytest

import function_app
from shared.app import App
from shared.deliver.send_request import build_send_request
from shared.jobs.job import Job, decode_queue_message
from shared.twiml.twimlets import TWIMLETS
from tests.environment import ENVIRONMENT, PUBLIC_BASE_URL, SENDER
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import Configure, inbound
from tests.sids import CA1, RE1, recording_url

TENS = "\N{WAVING HAND SIGN} & <you>"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_message_is_said(app: InMemoryApp, method: str) -> None:
    """The message twimlet says and plays what its query holds, by GET and by POST."""
    form = {"CallSid": CA1} if method == "POST" else None
    query = f"Message%5B0%5D={quote(TENS)}&Message%5B1%5D=https%3A%2F%2Fa.example%2Fb.mp3"
    reply = await app.twilio(method, f"/api/twiml/message?{query}", form)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")
    assert reply.body.decode().endswith(
        "<Response><Say>\N{WAVING HAND SIGN} &amp; &lt;you&gt;</Say>"
        "<Play>https://a.example/b.mp3</Play></Response>"
    )


@pytest.mark.parametrize("name", list(TWIMLETS))
async def test_every_twimlet_is_there(app: InMemoryApp, name: str) -> None:
    """Each twimlet of the contract answers TwiML, whatever is missing from its query."""
    reply = await app.twilio("POST", f"/api/twiml/{name}", {"CallSid": CA1, "From": "+1"})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")


@pytest.mark.parametrize("name", ["nothing", "Message", "message2"])
async def test_no_other_twimlet_is_there(app: InMemoryApp, name: str) -> None:
    """A signed request to a twimlet that does not exist is 404."""
    assert (await app.twilio("GET", f"/api/twiml/{name}")).status == 404


async def test_a_later_stage_comes_back_to_our_public_address(app: InMemoryApp) -> None:
    """A twimlet that asks again does so under the address that Twilio knows us by."""
    reply = await app.twilio("POST", "/api/twiml/forward?PhoneNumber=415-555-2671", {"From": "+1"})
    assert f'action="{PUBLIC_BASE_URL}/api/twiml/forward?' in reply.body.decode()


CLIENT_CALLS = ("From=client%3Aeve", "From=%2B14155550000&From=client%3Aeve", "From=%20Client:eve")


@pytest.mark.parametrize("caller", CLIENT_CALLS)
@pytest.mark.parametrize("name", list(TWIMLETS))
async def test_a_client_is_refused_by_get(app: InMemoryApp, name: str, caller: str) -> None:
    """In a GET a Twilio Client's own fields would be parameters: 403, and nothing is dialled."""
    injected = "PhoneNumber[0]=%2B14155550100&Twiml=%3CResponse%2F%3E&Options[1]=x&Entry=x"
    target = f"/api/twiml/{name}?{caller}&{injected}"
    reply = await app.twilio("GET", target)
    assert (reply.status, reply.headers["Content-Type"]) == (403, "application/problem+json")
    assert inbound(app) == []


async def test_a_phone_is_answered_by_get(app: InMemoryApp) -> None:
    """What a menu's choice leads to is asked by GET, with Twilio's fields in the query."""
    target = "/api/twiml/message?Message=Hi&CallSid=CA1&From=%2B14155550000&Digits=1"
    assert b"<Say>Hi</Say>" in (await app.twilio("GET", target)).body


async def test_a_client_by_post_sets_no_parameter(app: InMemoryApp) -> None:
    """Of its form only Twilio's own fields count, and the address says what is dialled."""
    form = {"From": "client:eve", "CallSid": CA1, "PhoneNumber[0]": "+14155550100", "Entry": "x"}
    reply = await app.twilio("POST", "/api/twiml/forward?PhoneNumber=415-555-2671", form)
    assert b"<Number>+14155552671</Number>" in reply.body
    assert b"0100" not in reply.body


FORGED = {"From": "client:eve", "To": SENDER, "CallSid": CA1, "RecordingUrl": recording_url(),
          "RecordingSid": RE1, "RecordingDuration": "4", "RecordingStatus": "completed",
          "TranscriptionStatus": "completed", "TranscriptionText": "Pay now", "Stage": "recorded",
          "Phone": "+14155550100"}  # fmt: skip


@pytest.mark.parametrize("target", ["/api/twiml/voicemail?Phone=%2B14155552671&Transcribe=no",
                                    "/api/webhooks/calls"])  # fmt: skip
async def test_a_client_forges_no_voicemail(configure: Configure, target: str) -> None:
    """Fields of a recording in a Client's call are not one: no event, no text to the owner."""
    app = configure(INBOUND_CALL="voicemail?Phone=%2B14155552671&Transcribe=no")
    reply = await app.twilio("POST", target, FORGED)
    assert b"<Record " in reply.body
    assert {event["event"] for event in inbound(app)} <= {"call"}
    assert app.queues.take("outbound") == []


@pytest.mark.parametrize(
    ("stage", "change"),
    [
        ("recorded", {"RecordingUrl": f"https://evil.example/{RE1}"}),
        ("recorded", {"RecordingUrl": f"https://api.twilio.com.evil.example/{RE1}"}),
        ("recorded", {"RecordingUrl": recording_url().replace("https", "http")}),
        ("recorded", {"RecordingUrl": f"{recording_url()}?x=1"}),
        ("recorded", {"RecordingSid": "RE1"}),
        ("file", {"RecordingUrl": "", "RecordingSid": ""}),
        ("transcribed", {"CallSid": "CA1"}),
        ("other", {}),
    ],
)
async def test_a_recording_is_at_twilio_or_is_none(
    app: InMemoryApp, stage: str, change: dict[str, str]
) -> None:
    """Another host, a malformed SID, or a stage that is not one of ours makes no event."""
    form = FORGED | {"From": "+14155550000"} | change
    target = f"/api/twiml/voicemail?Stage={stage}&Transcribe=no&Phone=%2B14155552671"
    assert (await app.twilio("POST", target, form)).status == 200
    assert inbound(app) == []
    assert app.queues.take("outbound") == []


@pytest.mark.parametrize("host", ["api.twilio.com", "api.dublin.ie1.twilio.com"])
async def test_recordings_are_at_twilio_in_every_region(app: InMemoryApp, host: str) -> None:
    """Twilio's regional hosts keep recordings too."""
    url = recording_url().replace("api.twilio.com", host)
    form = {"CallSid": CA1, "RecordingUrl": url, "RecordingDuration": "4", "From": "+14155550000"}
    await app.twilio("POST", "/api/twiml/voicemail?Stage=recorded", form)
    assert [event["sid"] for event in inbound(app)] == [RE1]


@pytest.mark.parametrize(
    ("page", "allowed", "dialled"),
    [
        ("forward?PhoneNumber=%2B19005550100", "", False),
        ("forward?PhoneNumber=%2B442079460958", "", True),
        ("forward?PhoneNumber=%2B442079460958", "US", False),
        ("forward?PhoneNumber=555-123-4567", "", True),
        ("forward?PhoneNumber=555-123-4567", "GB", False),
        ("callme?PhoneNumber=%2B19005550100", "", False),
        ("simulring?PhoneNumbers[]=%2B19005550100", "", False),
        ("findme?PhoneNumbers[]=%2B19005550100", "", False),
        ("echo?Twiml=%3CResponse%3E%3CDial%3E%2B19005550100%3C/Dial%3E%3C/Response%3E", "", False),
        ("echo?Twiml=%3CResponse%3E%3CDial%3E415-555-2671%3C/Dial%3E%3C/Response%3E", "US", True),
    ],
)
async def test_twimlets_dial_by_the_rules_for_our_own_calls(
    configure: Configure,
    page: str,
    allowed: str,
    dialled: bool,  # noqa: FBT001 - a table
) -> None:
    """Premium-rate numbers and countries that are not allowed are not dialled, whoever asks."""
    app = configure(ALLOWED_COUNTRIES=allowed)
    reply = await app.twilio("POST", f"/api/twiml/{page}", {"From": "+14155550000"})
    assert (b"<Dial" in reply.body) == dialled
    assert dialled or b"Sorry" in reply.body


async def test_the_owner_of_a_voicemail_is_texted_by_the_same_rules(configure: Configure) -> None:
    """A premium-rate number as `Phone` gets no text."""
    app = configure()
    form = FORGED | {"From": "+14155550000", "Phone": ""}
    target = "/api/twiml/voicemail?Stage=recorded&Transcribe=no&Phone=%2B19005550100"
    await app.twilio("POST", target, form)
    assert [event["event"] for event in inbound(app)] == ["voicemail"]
    assert app.queues.take("outbound") == []


async def test_a_url_at_twimlets_com_is_ours(app: InMemoryApp) -> None:
    """The first tutorial's `http://twimlets.com/message` is accepted, and our own page is asked."""
    url = "http://twimlets.com/message?Message=Hello+world."
    fields = {"to": "+14155552671", "url": url, "fallback_url": "http://www.twimlets.com/menu"}
    reply = await app.post("/api/calls", fields)
    assert reply.status == 202
    (put,) = app.queues.take("outbound")
    job = decode_queue_message(put.message)
    assert isinstance(job, Job)
    parameters = build_send_request(job.job, job.accepted, 0, PUBLIC_BASE_URL).parameters
    assert parameters["fallback_url"] == f"{PUBLIC_BASE_URL}/api/twiml/menu?Entry={job.job}"
    asked = parameters["url"]
    assert asked == f"{PUBLIC_BASE_URL}/api/twiml/message?Entry={job.job}&Message=Hello+world."
    target = asked.removeprefix(PUBLIC_BASE_URL)
    assert b"<Say>Hello world.</Say>" in (await app.twilio("POST", target, {"From": "+1"})).body
    other = await app.post("/api/calls", {"to": "+14155552671", "url": "http://example.com/a"})
    assert other.errors == [("$.url", "link_not_allowed")]


async def test_national_numbers_are_the_senders(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A national number is read as one of the default sender's country; with none it is refused."""

    async def forwarded(number: str, **settings: str) -> str:
        services = App(ENVIRONMENT | settings, now=app.clock)
        services.table, services.queues = app.table, app.queues
        monkeypatch.setattr(function_app, "switchboard", services)
        target = f"/api/twiml/forward?PhoneNumber={quote(number)}"
        return (await app.twilio("POST", target, {"From": "+14155550000"})).body.decode()

    assert "+14155552671" in await forwarded("415-555-2671", TWILIO_FROM_NUMBER="+14155552671")
    assert "+442079460958" in await forwarded("020 7946 0958", TWILIO_FROM_NUMBER="+442079460000")
    assert "+442079460958" in await forwarded("+44 20 7946 0958", TWILIO_FROM_NUMBER="")
    assert "<Dial" not in await forwarded("020 7946 0958", TWILIO_FROM_NUMBER="")
