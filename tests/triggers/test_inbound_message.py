"""Somebody texts one of our numbers."""

from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from shared.forms import Form
from tests.deliver.seams import FailAt, TableSeam
from tests.environment import AUTH_TOKEN, PUBLIC_BASE_URL, SENDER
from tests.in_memory_app import FORM, InMemoryApp, signature
from tests.inbound_queue import Configure, inbound
from tests.sids import SM1, SM2

PERSON = "+14155552671"
TARGET = "/api/webhooks/messages"
EMPTY = "<Response />"
TOLL_FREE = "+18005551212"


def text(body: str = "Hi", **more: str) -> dict[str, str]:
    return {"MessageSid": SM1, "AccountSid": "AC1", "From": PERSON, "To": SENDER, "Body": body,
            "NumMedia": "0", "NumSegments": "1", **more}  # fmt: skip


async def answer(app: InMemoryApp, form: dict[str, str]) -> str:
    reply = await app.twilio("POST", TARGET, form)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")
    return reply.body.decode().removeprefix('<?xml version="1.0" encoding="UTF-8"?>')


async def has_stopped(app: InMemoryApp, number: str = PERSON, sender: str = SENDER) -> bool:
    return await app.services.ledger.opt_outs.has_stopped(number, sender, app.clock())


async def test_without_configuration_nothing_is_said(app: InMemoryApp) -> None:
    """A text is put on the queue, and gets an empty answer."""
    assert await answer(app, text()) == EMPTY
    assert inbound(app) == [{"event": "message", "sid": SM1, "from": PERSON, "to": SENDER,
                             "at": "2026-11-21T12:00:00Z", "body": "Hi", "num_segments": "1",
                             "account_sid": "AC1", "num_media": "0",
                             "media": []}]  # fmt: skip


@pytest.mark.parametrize(
    ("configured", "inside"),
    [
        ("message?Message=Thank you!", "<Message>Thank you!</Message>"),
        ("message?Message[]=A&Message[]=https://a.example/b.png",
         "<Message>A</Message><Message><Media>https://a.example/b.png</Media></Message>"),
        ("echo?Twiml=%3CResponse%3E%3CMessage%3EHi%3C/Message%3E%3C/Response%3E",
         "<Message>Hi</Message>"),
        ('[{"message": {"steps": [{"body": "B"}, {"media": "https://a.example/c.png"}]}}]',
         "<Message><Body>B</Body><Media>https://a.example/c.png</Media></Message>"),
        ("https://other.example/sms?a=1", "<Redirect>https://other.example/sms?a=1</Redirect>"),
    ],
)  # fmt: skip
async def test_the_settings_say_what_is_answered(
    configure: Configure, configured: str, inside: str
) -> None:
    """A twimlet, steps or a URL answer the text, which is on the queue all the same."""
    app = configure(INBOUND_MESSAGE=configured)
    assert await answer(app, text()) == f"<Response>{inside}</Response>"
    assert len(inbound(app)) == 1


async def test_one_number_has_its_own_answer(configure: Configure) -> None:
    """`INBOUND_MESSAGE_<digits>` answers for one number, whatever the channel."""
    app = configure(INBOUND_MESSAGE="message?Message=A", INBOUND_MESSAGE_441234="message?Message=B")
    assert "A" in await answer(app, text())
    assert "B" in await answer(app, text(MessageSid=SM2, To="whatsapp:+441234"))


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop\n", "UNSUBSCRIBE", "end", "Quit",
                                  "stopall", "revoke", "optout", "Cancel"])  # fmt: skip
async def test_a_stop_is_remembered_and_not_answered(configure: Configure, body: str) -> None:
    """Each stop word, in any case, makes an opt-out; Twilio has replied, so we say nothing."""
    app = configure(INBOUND_MESSAGE="message?Message=Hello")
    assert await answer(app, text(body)) == EMPTY
    assert [(event["event"], event["body"]) for event in inbound(app)] == [("opt_out", body)]
    assert await has_stopped(app)


@pytest.mark.parametrize(
    ("body", "to", "event"),
    [
        ("START", SENDER, "opt_in"),
        ("unstop", SENDER, "opt_in"),
        ("Yes", SENDER, "opt_in"),
        ("start", TOLL_FREE, "opt_in"),
        ("UNSTOP", TOLL_FREE, "opt_in"),
        ("YES", TOLL_FREE, "message"),
        ("help", SENDER, "message"),
        ("INFO", TOLL_FREE, "message"),
        ("please stop", SENDER, "message"),
        ("STOP!", SENDER, "message"),
        ("", SENDER, "message"),
    ],
)
async def test_who_starts_again_is_texted_again(
    app: InMemoryApp, body: str, to: str, event: str
) -> None:
    """Start words end an opt-out, on toll-free numbers not all of them; others change nothing."""
    await answer(app, text("STOP", To=to))
    app.clock.move(seconds=1)
    await answer(app, text(body, To=to, MessageSid=SM2))
    assert [each["event"] for each in inbound(app)] == ["opt_out", event]
    assert await has_stopped(app, sender=to) == (event == "message")


@pytest.mark.parametrize(("body", "to"), [("help", SENDER), ("INFO", SENDER), ("YES", SENDER)])
async def test_words_that_twilio_answers_get_no_second_answer(
    configure: Configure, body: str, to: str
) -> None:
    """What Twilio replies to itself is not replied to by us."""
    app = configure(INBOUND_MESSAGE="message?Message=Hello")
    assert await answer(app, text(body, To=to)) == EMPTY


@pytest.mark.parametrize(
    ("kind", "event"), [("STOP", "opt_out"), ("START", "opt_in"), ("HELP", "message")]
)
async def test_twilio_says_so_itself(configure: Configure, kind: str, event: str) -> None:
    """With Advanced Opt-Out the words are the account's own, and Twilio names what they mean."""
    app = configure(INBOUND_MESSAGE="message?Message=Hello")
    form = text("arrêt", OptOutType=kind, MessagingServiceSid="MG1")
    assert await answer(app, form) == EMPTY
    (told,) = inbound(app)
    assert (told["event"], told["opt_out_type"], told["messaging_service_sid"]) == (
        event, kind, "MG1")  # fmt: skip
    for sender in (SENDER, "MG1"):
        assert await has_stopped(app, sender=sender) == (kind == "STOP")


async def test_an_opt_out_keeps_us_from_texting(app: InMemoryApp) -> None:
    """After a stop our own guard refuses, and after a start it does not."""
    await answer(app, text("STOP"))
    accepted = await app.post("/api/messages", {"to": PERSON, "body": "Hi"})
    await app.deliver()
    entry = (await app.get(accepted.json["links"]["self"])).json
    assert (entry["state"], entry["error"]["code"]) == ("refused", "21610")


async def test_everything_that_belongs_to_it_is_told(app: InMemoryApp) -> None:
    """Media, WhatsApp's and other details are there; emoji and right-to-left text as sent."""
    body = "\N{WAVING HAND SIGN} שלום\n\N{RIGHT-TO-LEFT MARK}مرحبا"
    form = text(
        body, NumMedia="3", MediaUrl0="https://a.example/0", MediaContentType0="image/png",
        MediaUrl2="https://a.example/2", WaId="1415", ProfileName="Zoë", ButtonText="Yes",
        ButtonPayload="y", Latitude="1.5", Longitude="-2", OriginalRepliedMessageSid="SM0",
        FromCountry="US",
    )  # fmt: skip
    await answer(app, form)
    (told,) = inbound(app)
    assert told["body"] == body
    assert told["media"] == [{"url": "https://a.example/0", "content_type": "image/png"},
                             {"url": "https://a.example/2", "content_type": ""}]  # fmt: skip
    assert {told[name] for name in ("wa_id", "profile_name", "button_text", "button_payload",
                                    "latitude", "longitude", "in_reply_to", "from_country")} == {
        "1415", "Zoë", "Yes", "y", "1.5", "-2", "SM0", "US"}  # fmt: skip


@pytest.mark.parametrize("count", ["", "-1", "x", "1000000000", "\N{SUPERSCRIPT TWO}"])
async def test_a_count_that_is_none_has_no_media(app: InMemoryApp, count: str) -> None:
    """A number of media that makes no sense is no media."""
    assert await answer(app, text(NumMedia=count, MediaUrl0="https://a.example/0")) == EMPTY
    assert inbound(app)[0]["media"] == []


async def test_a_repeated_parameter_is_read_once(app: InMemoryApp) -> None:
    """A form in which a name comes twice is checked as Twilio signs it, and its first counts."""
    pairs = [("MessageSid", SM1), ("From", PERSON), ("To", SENDER), ("Body", "one"),
             ("Body", "two")]  # fmt: skip
    signed = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC_BASE_URL + TARGET, Form(pairs))
    headers = {"X-Twilio-Signature": signed, "Content-Type": FORM}
    reply = await app.ask("POST", TARGET, urlencode(pairs).encode(), headers)
    assert reply.status == 200
    assert inbound(app)[0]["body"] == "one"


async def test_an_older_name_will_do_and_none_will_not(app: InMemoryApp) -> None:
    """`SmsSid` names a text too, and a text without a name of Twilio's is not an event."""
    for sid in ({"MessageSid": "", "SmsSid": SM1}, {"MessageSid": SM1}):
        await answer(app, text(**sid))
    for malformed in ("", "SM1", "SM" + "g" * 32, f"{SM2}0", f"CA{SM2[2:]}", "SM/" + "0" * 31):
        await answer(app, text("STOP", MessageSid=malformed))
    assert [event["body"] for event in inbound(app)] == ["Hi"]
    assert not await has_stopped(app)


async def test_every_field_of_a_location_is_told(app: InMemoryApp) -> None:
    """What WhatsApp says of a place comes in snake_case, and media are not told a second time."""
    form = text("", Address="1 Main St", Label="Office", Latitude="1.5", NumMedia="1",
                MediaUrl0="https://a.example/0", OriginalRepliedMessageSid="SM0")  # fmt: skip
    await answer(app, form)
    (told,) = inbound(app)
    assert (told["address"], told["label"], told["latitude"]) == ("1 Main St", "Office", "1.5")
    assert (told["in_reply_to"], told["original_replied_message_sid"]) == ("SM0", "SM0")
    assert not {name for name in told if name.startswith(("media_", "message_sid"))}


async def test_a_start_that_is_split_in_another_way_starts_nobody(app: InMemoryApp) -> None:
    """Names and values run together in the signature: an old START is not a new one after a STOP.

    The same signature fits a form in which the SID is cut in two.
    """
    start = text("START")
    await answer(app, start)
    app.clock.move(seconds=1)
    await answer(app, text("STOP", MessageSid=SM2))
    app.clock.move(seconds=1)
    split = [("MessageSidS", value[1:]) if name == "MessageSid" else (name, value)
             for name, value in start.items()]  # fmt: skip
    headers = {"X-Twilio-Signature": signature(TARGET, start), "Content-Type": FORM}
    reply = await app.ask("POST", TARGET, urlencode(split).encode(), headers)
    assert reply.status == 200
    assert [event["event"] for event in inbound(app)] == ["opt_in", "opt_out"]
    assert await has_stopped(app)


async def test_replayed_it_changes_nothing(configure: Configure) -> None:
    """The same signed request again gets the same answer, and nothing else comes of it."""
    app = configure(INBOUND_MESSAGE="message?Message=Hello")
    first = await answer(app, text())
    app.clock.move(days=7)
    assert await answer(app, text()) == first
    assert len(inbound(app)) == 1


async def test_a_text_that_cannot_be_kept_is_503(app: InMemoryApp) -> None:
    """Where storage is away Twilio hears of it, and the text can come again."""
    app.services.table = TableSeam(app.table, FailAt(0))
    assert (await app.twilio("POST", TARGET, text())).status == 503
    assert await answer(app, text()) == EMPTY
    assert len(inbound(app)) == 1
