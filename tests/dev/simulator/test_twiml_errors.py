import pytest

from dev.simulator.calls.interpreter import MAX_DOCUMENTS
from dev.simulator.calls.line import APOLOGY
from tests.dev.simulator.world import ALICE, BOB, World

Answer = str | tuple[int, str, str]

FATAL: list[tuple[Answer, int]] = [
    ((500, "text/xml", "<Response/>"), 11200),
    ((404, "text/html", "no"), 11200),
    ("<Response><Say>", 12100),
    ("Hello", 12100),
    ("<Respond/>", 12100),
    ('<!DOCTYPE a [<!ENTITY b "c">]><Response><Say>&b;</Say></Response>', 12100),
    ((200, "application/json", "{}"), 12300),
    ("<Response><Say>" + "x" * 70_000 + "</Say></Response>", 11750),
    ("<Response><Redirect>ftp://a.example/</Redirect></Response>", 11100),
    ("<Response><Redirect>http://[a.example/</Redirect></Response>", 11100),
    ("<Response><Redirect>https://a.example:99999/</Redirect></Response>", 11100),
    ("<Response><Redirect>https://under_score.example/</Redirect></Response>", 11100),
    ((302, "text/xml", "http://[a.example/"), 11200),
    ('<?xml version="1.0" encoding="klingon"?><Response/>', 12100),
]


@pytest.mark.parametrize(("answer", "code"), FATAL)
async def test_fatal_errors(world: World, answer: Answer, code: int) -> None:
    """A document that Twilio cannot run has its code, and the caller hears an apology."""
    story = await world.ended(await world.dial(Url=world.site.says("/v", answer)))
    assert [error["code"] for error in story["errors"]] == [code]
    assert world.heard(story) == [APOLOGY]
    assert story["status"] == "completed"


@pytest.mark.parametrize(
    "twiml",
    [
        f'<Dial><Number url="http://[a/" statusCallback="http://[a/">{BOB}</Number></Dial>',
        '<Sms statusCallback="http://[a/">Hi</Sms>',
        "<Play>http://[a/</Play>",
        '<Gather input="speech" partialResultCallback="http://[a/" action="/next"/>',
    ],
)
async def test_a_bad_url_breaks_nothing_else(world: World, twiml: str) -> None:
    """A callback that is not a URL is an error in the journal, and the call goes on."""
    world.site.says("/next", "<Response><Say>On</Say></Response>")
    url = world.site.says("/v", f"<Response>{twiml}<Say>On</Say></Response>")
    await world.admin("PUT", f"/phones/{ALICE}", {"script": ["answer", {"speech": "yes"}]})
    story = await world.ended(await world.dial(Url=url))
    assert world.heard(story)[-1] == "On"
    assert 0 not in [error["code"] for error in story["errors"]]


async def test_nobody_at_the_url(world: World) -> None:
    """A site that does not listen is 11205, after one more try."""
    story = await world.ended(await world.dial(Url="http://127.0.0.1:1/v"))
    assert [error["code"] for error in story["errors"]] == [11205]
    journal = await world.admin("GET", "/journal")
    tries = [event for event in journal["events"] if event["kind"] == "webhook"]
    assert len(tries) == 2
    assert all(event["error"] for event in tries)


async def test_the_fallback_is_asked_once(world: World) -> None:
    """The fallback URL hears what failed; if it fails too, the caller hears an apology."""
    url = world.site.says("/v", (500, "text/xml", ""))
    for fallback, heard in (
        ("<Response><Say>Plan B</Say></Response>", "Plan B"),
        ("<a/>", APOLOGY),
    ):
        plan_b = world.site.says("/b", fallback)
        story = await world.ended(await world.dial(Url=url, FallbackUrl=plan_b))
        assert world.heard(story) == [heard]
        received = world.site.at("/b")[-1]
        assert (received.form["ErrorCode"], received.form["ErrorUrl"]) == ("11200", url)


async def test_a_redirect_loop_ends(world: World) -> None:
    """A document that redirects to itself is stopped at the documented bound."""
    url = world.site.says("/v", "<Response><Redirect/></Response>")
    story = await world.ended(await world.dial(Url=url))
    assert [error["code"] for error in story["errors"]] == [11215]
    assert len(world.site.at("/v")) == MAX_DOCUMENTS


async def test_an_inbound_call_that_fails_is_answered_with_the_apology(world: World) -> None:
    """A caller hears the apology when our application is down."""
    world.site.says("/api/webhooks/calls", (500, "text/plain", ""))
    call = await world.admin("POST", "/calls", {"from": "+14155552671"})
    story = await world.ended(call["sid"])
    assert (story["status"], world.heard(story)) == ("completed", [APOLOGY])


WARNINGS = [
    ("<say>a</say>", 12200),
    ("<Say/>", 13520),
    (f"<Say>{'x' * 4097}</Say>", 13520),
    ('<Say loop="x">a</Say>', 13510),
    ('<Play loop="-1">a.mp3</Play>', 13410),
    ("<Play/>", 13410),
    ('<Pause length="x"/>', 13910),
    ('<Pause length="nan"/>', 13910),
    ('<Say loop="inf">a</Say>', 13510),
    ('<Gather timeout="x"/>', 13313),
    ('<Gather finishOnKey="12"/>', 13310),
    ('<Gather numDigits="x"/>', 13314),
    ("<Gather><Dial/></Gather>", 13320),
    ('<Record maxLength="x"/>', 13612),
    ('<Redirect method="PUT">/next</Redirect>', 13710),
    ("<Dial><Fax>1</Fax></Dial>", 12200),
    ("<Dial>banana</Dial>", 13224),
    ("<Prompt/>", 12200),
    ("<Leave/>", 12200),
    ("<Sms/>", 14103),
]


@pytest.mark.parametrize(("twiml", "code"), WARNINGS)
async def test_warnings(world: World, twiml: str, code: int) -> None:
    """What Twilio only warns about is noted, and the call goes on."""
    world.site.says("/next", "<Response><Say>On</Say></Response>")
    url = world.site.says("/v", f"<Response>{twiml}<Say>On</Say></Response>")
    story = await world.ended(await world.dial(Url=url))
    assert code in [error["code"] for error in story["errors"]]
    assert world.heard(story)[-1] == "On"


@pytest.mark.parametrize(
    ("kind", "body", "event"),
    [
        ("text/plain", "Hello", "say"),
        ("audio/mpeg", "sound", "play"),
        ("text/html", "<Response><Say>Hello</Say></Response>", "say"),
    ],
)
async def test_other_content_types(world: World, kind: str, body: str, event: str) -> None:
    """Text is said, sound is played, and markup may be called HTML."""
    story = await world.ended(await world.dial(Url=world.site.says("/v", (200, kind, body))))
    assert len(world.heard(story, event)) == 1
    assert story["errors"] == []
