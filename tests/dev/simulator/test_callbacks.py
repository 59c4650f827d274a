import pytest

from dev.simulator.webhooks.client import WebhookError
from dev.simulator.webhooks.connection import ConnectionOptions
from tests.dev.simulator.world import ALICE, US, World


async def test_message_callbacks_in_order_and_signed(world: World) -> None:
    """Callbacks follow Twilio's order, skip the first status, and are signed as by Twilio."""
    message = await world.text(StatusCallback=world.site.url + "/s?id=1&b=#rc=2")
    received = await world.site.until("/s", 3)
    assert [one.form["MessageStatus"] for one in received] == ["sending", "sent", "delivered"]
    assert all(one.signed and one.form["MessageSid"] == message["sid"] for one in received)
    assert received[0].headers["User-Agent"] == "TwilioProxy/1.1"
    assert len({one.headers["I-Twilio-Idempotency-Token"] for one in received}) == 3
    assert "RawDlrDoneDate" in received[-1].form


@pytest.mark.parametrize(
    ("phone", "last", "code"),
    [
        ({"unreachable": True}, "undelivered", "30003"),
        ({"message_error": 30006}, "undelivered", "30006"),
        ({"message_error": 30001}, "failed", "30001"),
    ],
)
async def test_undelivered(world: World, phone: dict[str, object], last: str, code: str) -> None:
    """A phone that takes no messages makes them fail with its code, in callback and resource."""
    await world.admin("PUT", f"/phones/{ALICE}", phone)
    message = await world.text(StatusCallback=world.site.url + "/s")
    received = await world.site.until("/s", 1 if last == "failed" else 3)
    assert (received[-1].form["MessageStatus"], received[-1].form["ErrorCode"]) == (last, code)
    _, body = await world.rest("GET", f"/Messages/{message['sid']}.json")
    assert (body["status"], body["error_code"]) == (last, int(code))
    assert body["error_message"]


async def test_read_receipts(world: World) -> None:
    """A WhatsApp phone that reads reports read after delivered."""
    to = "whatsapp:+14155552671"
    await world.admin("PUT", f"/phones/{to}", {"reads": True})
    await world.text(To=to, From=f"whatsapp:{US}", StatusCallback=world.site.url + "/s")
    assert (await world.site.until("/s", 4))[-1].form["MessageStatus"] == "read"


async def test_retries_as_the_fragment_says(world: World) -> None:
    """A failure is tried again only where the URL's fragment asks for it, with the same token."""
    url = world.site.says("/s", (500, "text/plain", ""), (500, "text/plain", ""), "<Response/>")
    await world.exchange.webhooks.request(f"{url}#rc=3&rp=5xx", {"a": "b"})
    received = world.site.at("/s")
    assert len(received) == 3
    assert len({one.headers["I-Twilio-Idempotency-Token"] for one in received}) == 1
    url = world.site.says("/t", (500, "text/plain", ""))
    with pytest.raises(WebhookError) as caught:
        await world.exchange.webhooks.request(url, {})
    assert caught.value.code == 11200
    assert len(world.site.at("/t")) == 1


def test_the_default_rule() -> None:
    """Without a fragment Twilio tries once more, and only when no connection was made."""
    rule = ConnectionOptions.from_fragment("")
    assert (rule.retries, rule.connect, rule.total) == (1, 5.0, 15.0)
    assert [rule.should_retry(kind) for kind in ("ct", "rt", "4xx", "5xx")] == [
        True,
        False,
        False,
        False,
    ]
    assert ConnectionOptions.from_fragment("rc=9&rp=all").retries == 5
    assert ConnectionOptions.from_fragment("rc=-1").retries == 0
    assert ConnectionOptions.from_fragment("ct=0&rt=1&tt=99999") == ConnectionOptions(
        connect=0.1, total=0.1
    )
    assert ConnectionOptions.from_fragment("rc=two&ct=&tt=9000") == ConnectionOptions(total=9.0)


async def test_get_parameters_travel_in_the_signed_query(world: World) -> None:
    """A GET webhook carries its parameters in the query, which the signature covers."""
    await world.exchange.webhooks.request(world.site.url + "/s?x=1", {"A": "b c+"}, "GET")
    (received,) = world.site.at("/s")
    assert received.signed
    assert received.form == {"x": "1", "A": "b c+"}


@pytest.mark.parametrize(("written", "method"), [("get", "GET"), ("PUT", "POST"), ("a b", "POST")])
async def test_there_are_two_methods(world: World, written: str, method: str) -> None:
    """Letter case does not matter, and a method other than GET and POST becomes POST."""
    await world.exchange.webhooks.request(world.site.url + "/s", {"A": "1"}, written)
    (received,) = world.site.at("/s")
    assert (received.method, received.form, received.signed) == (method, {"A": "1"}, True)


async def test_spaces_and_accents_travel_encoded(world: World) -> None:
    """A URL with letters that HTTP cannot carry is encoded, and signed as it is sent."""
    await world.exchange.webhooks.request(world.site.url + "/s?a=José P&b=%20+", {}, "GET")
    (received,) = world.site.at("/s")
    assert received.signed
    assert received.form == {"a": "José P", "b": "  "}


async def test_redirects_are_followed_and_signed_again(world: World) -> None:
    """302 is followed by GET and 307 by the same method, each with a signature of its own."""
    world.site.says("/new", "<Response/>")
    for status, method in ((302, "GET"), (307, "POST")):
        url = world.site.says(f"/old{status}", (status, "", "/new"))
        await world.exchange.webhooks.request(url, {"A": "1"})
        received = world.site.at("/new")[-1]
        assert (received.method, received.form, received.signed) == (method, {"A": "1"}, True)


async def test_login_in_a_url_is_a_header(world: World) -> None:
    """``user:password@`` is sent as Basic authentication and left out of the signature."""
    url = world.site.url.replace("://", "://user:pass@") + "/s"
    await world.exchange.webhooks.request(url, {"A": "1"})
    (received,) = world.site.at("/s")
    assert received.signed
    assert received.headers["Authorization"] == "Basic dXNlcjpwYXNz"


async def test_voice_over_https_is_signed_without_port(world: World) -> None:
    """The port counts for messages and is dropped for voice over https."""
    sign = world.exchange.webhooks.sign
    bare, ported = "https://a.example/x", "https://a.example:8443/x"
    assert sign(ported, {}, voice=True) == sign(bare, {}, voice=True)
    assert sign(ported, {}, voice=False) != sign(bare, {}, voice=False)
