import pytest

from tests.dev.simulator.world import ALICE, BOB, US, Json, World

HOOK = "/api/webhooks/messages"


async def arrive(world: World, body: str = "Hello", **fields: object) -> Json:
    text = {"from": ALICE, "to": US, "body": body} | fields
    return await world.admin("POST", "/messages", text)


async def test_a_text_reaches_the_site_whole(world: World) -> None:
    """The webhook is signed and carries Twilio's parameters, media included."""
    arrived = await arrive(world, "Hé ✓", media_url=["https://a.example/b.png"])
    (received,) = world.site.at(HOOK)
    form = received.form
    assert received.signed
    assert form["MessageSid"] == arrived["sid"]
    assert (form["From"], form["To"], form["Body"], form["NumMedia"]) == (ALICE, US, "Hé ✓", "1")
    assert (form["MediaUrl0"], form["MediaContentType0"]) == (
        "https://a.example/b.png",
        "image/png",
    )
    assert form["FromCountry"] == "US"
    assert "OptOutType" not in form
    assert (arrived["status"], arrived["direction"]) == ("received", "inbound")
    assert (arrived["answer"]["status"], arrived["answer"]["twiml"]) == (200, "<Response/>")


async def test_the_answer_is_sent(world: World) -> None:
    """Message, Body, Media and to are done after a Redirect; each reply is in the books."""
    world.site.says(HOOK, "<Response><Redirect>/more</Redirect></Response>")
    world.site.says(
        "/more",
        "<Response><Message>Plain</Message>"
        f'<Message to="{BOB}" action="/s"><Body>Rich</Body><Media>/pic.jpg</Media></Message>'
        "</Response>",
    )
    await arrive(world)
    _, body = await world.rest("GET", f"/Messages.json?From=%2B{US[1:]}")
    rich, plain = body["messages"]
    assert (plain["to"], plain["body"], plain["direction"]) == (ALICE, "Plain", "outbound-reply")
    assert (rich["to"], rich["body"], rich["num_media"]) == (BOB, "Rich", "1")
    assert (await world.site.until("/s", 3))[-1].form["MessageStatus"] == "delivered"


async def test_more_may_be_told(world: World) -> None:
    """A location, a button or another service's parameters are sent with the usual ones."""
    await arrive(world, media_url=None, parameters={"Latitude": "48.1", "Body": ""})
    (received,) = world.site.at(HOOK)
    assert received.signed
    assert (received.form["Latitude"], received.form["Body"]) == ("48.1", "")


async def test_plain_text_is_an_answer(world: World) -> None:
    """An answer of text/plain is sent as it is."""
    world.site.says(HOOK, (200, "text/plain", "Thanks"))
    await arrive(world)
    _, body = await world.rest("GET", f"/Messages.json?To=%2B{ALICE[1:]}")
    assert [row["body"] for row in body["messages"]] == ["Thanks"]


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "CANCEL", "revoke"])
async def test_stop_and_start(world: World, word: str) -> None:
    """After STOP sending is refused with 21610, after START it works; Twilio replies itself."""
    await arrive(world, word)
    form = {"To": ALICE, "From": US, "Body": "Hi"}
    status, body = await world.rest("POST", "/Messages.json", form)
    assert (status, body["code"]) == (400, 21610)
    _, listed = await world.rest("GET", f"/Messages.json?To=%2B{ALICE[1:]}")
    (reply,) = listed["messages"]
    assert (reply["status"], reply["direction"]) == ("delivered", "outbound-reply")
    await arrive(world, "Start")
    await world.text()


async def test_a_reply_to_stop_is_not_sent(world: World) -> None:
    """An application's own confirmation to somebody who opted out comes to nothing."""
    world.site.says(HOOK, "<Response><Message>Really?</Message></Response>")
    await arrive(world, "STOP")
    _, listed = await world.rest("GET", f"/Messages.json?To=%2B{ALICE[1:]}")
    assert "Really?" not in [row["body"] for row in listed["messages"]]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, "text/plain", "no"), 11200),
        ("<Response><Message>", 12100),
        ((200, "application/json", "{}"), 12300),
        ("<Response>" + "x" * 70_000 + "</Response>", 11750),
        ("<Response><Redirect></Redirect></Response>", 14107),
    ],
)
async def test_bad_answers(world: World, answer: str, code: int) -> None:
    """A bad answer is an error in the journal with Twilio's code; the text is kept."""
    world.site.says(HOOK, answer)
    arrived = await arrive(world)
    journal = await world.admin("GET", "/journal")
    codes = [event.get("code") for event in journal["events"] if event["kind"] == "error"]
    assert codes == [code]
    assert arrived["sid"] in world.exchange.books.messages.rows


async def test_the_fallback_is_asked(world: World) -> None:
    """A number's fallback URL gets the text with the error when its first URL fails."""
    fallback = world.site.says("/fallback", "<Response><Message>Sorry</Message></Response>")
    await world.admin("PUT", f"/numbers/{US}", {"sms_fallback_url": fallback})
    world.site.says(HOOK, (200, "application/json", "{}"))
    await arrive(world)
    (received,) = world.site.at("/fallback")
    assert received.form["ErrorCode"] == "12300"


async def test_advanced_opt_out(world: World) -> None:
    """Only with Advanced Opt-Out does the webhook name the keyword's kind."""
    object.__setattr__(world.exchange.account, "advanced_opt_out", True)
    await arrive(world, "help")
    assert world.site.at(HOOK)[0].form["OptOutType"] == "HELP"
