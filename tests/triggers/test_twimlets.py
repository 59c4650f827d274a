"""`/api/twiml/{name}`: the twimlets over HTTP, for Twilio alone."""

from urllib.parse import quote

import pytest

import function_app
from shared.app import App
from shared.twiml.twimlets import TWIMLETS
from tests.environment import ENVIRONMENT, PUBLIC_BASE_URL
from tests.in_memory_app import InMemoryApp
from tests.sids import CA1

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
