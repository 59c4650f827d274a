from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.forms import Form, form_parameters
from shared.phone_numbers import parse_number
from shared.twiml.twimlets import (
    TWIMLETS,
    Answer,
    InboundEvent,
    OutgoingText,
    TwimletRequest,
    answer_twimlet,
)
from tests.sids import CA1, RE1, RE2, recording_url

BASE = "https://s.example/api/twiml"
TABLE = (Path(__file__).parent / "twimlets.txt").read_text().splitlines()


def name_of(request: str) -> str:
    return request.partition(" ")[0].partition("?")[0]


# A request is a line that names a twimlet; the line after it is the answer.
CASES = [(line, answer) for line, answer in pairwise(TABLE) if name_of(line) in TWIMLETS]


def ask(request: str) -> Answer:
    """The answer to `name?query form`."""
    url, _, form = request.partition(" ")
    return asked(url, form_parameters(form.encode()))


def asked(url: str, form: Form) -> Answer:
    reader = partial(parse_number, country="US")
    request = TwimletRequest(f"{BASE}/{url}", reader, form, sender="+15005550006")
    answer = answer_twimlet(url.partition("?")[0], request)
    assert answer is not None
    return answer


def content(answer: Answer) -> str:
    """What is inside <Response>, our own address as ~."""
    xml = answer.twiml.replace(BASE, "~").removeprefix('<?xml version="1.0" encoding="UTF-8"?>')
    return xml.removeprefix("<Response>").removesuffix("</Response>").replace("<Response />", "")


@pytest.mark.parametrize(("request_", "xml"), CASES)
def test_each_stage_answers_with_its_twiml(request_: str, xml: str) -> None:
    """Every stage, spelling of a list, blank and default gives exactly the TwiML of the table."""
    assert content(ask(request_)) == xml


def test_the_table_covers_every_twimlet() -> None:
    """The contract's ten twimlets, each with cases of its own."""
    assert len(TWIMLETS) == 10
    assert {name_of(request) for request, _ in CASES} == set(TWIMLETS)


def test_there_is_no_other_twimlet() -> None:
    """An unknown name has no answer, so that the route can say 404."""
    request = TwimletRequest(f"{BASE}/holdmusic", parse_number)
    assert answer_twimlet("holdmusic", request) is None
    assert answer_twimlet("__init__", request) is None


def test_a_later_stage_follows_from_the_action_of_an_earlier_one() -> None:
    """Following its own action URLs, findme rings its ten numbers one by one, then fails."""
    numbers = [f"+1415555267{digit}" for digit in range(9)] + ["+16502530000", "+16502530001"]
    pairs = [(f"PhoneNumbers[{index}]", number) for index, number in enumerate(numbers)]
    url = "findme?" + urlencode([*pairs, ("FailUrl", "https://f.example/?a=1&b=%20")])
    rung = []
    dial = ET.fromstring(asked(url, Form()).twiml)[0]  # noqa: S314 - our own
    while dial.tag == "Dial":
        rung.append(dial[0].text)
        action = str(dial.get("action")).removeprefix(f"{BASE}/")
        answer = asked(action, Form([("DialCallStatus", "no-answer")]))
        dial = ET.fromstring(answer.twiml)[0]  # noqa: S314 - our own
    assert rung == numbers[:10]
    assert (dial.tag, dial.text) == ("Redirect", "https://f.example/?a=1&b=%20")


def test_a_nameless_conference_is_one_room_for_the_same_people() -> None:
    """Without a name, moderators and message make the room; others meet elsewhere."""
    rooms = [
        ET.fromstring(ask(f"conference?{query}").twiml).findtext("Dial/Conference")  # noqa: S314
        for query in ("Message=a", "Message=a&Music=rock", "Message=b", "Message=a&Moderators=1")
    ]
    assert rooms[0] == rooms[1]
    assert len(set(rooms)) == 3
    assert all(rooms)


RECORDED = (
    f"RecordingUrl={recording_url()}&RecordingDuration=7&Digits=hangup"
    f"&CallSid={CA1}&From=%2B14155552671&To=%2B15005550006"
)
DETAILS: dict[str, str | int] = {"call_sid": CA1, "recording_url": recording_url()}


def test_a_voicemail_is_an_event_and_the_same_one_when_repeated() -> None:
    """The recording goes to the owner once: a repeat has the same event and SID."""
    answers = [ask(f"voicemail?Email=me%40x.example&Stage=recorded {RECORDED}") for _ in range(5)]
    details = DETAILS | {"duration": 7, "email": "me@x.example"}
    event = InboundEvent("voicemail", RE1, "+14155552671", "+15005550006", details)
    assert [answer.events for answer in answers] == [(event,)] * 5
    assert [answer.texts for answer in answers] == [()] * 5


def test_a_voicemail_without_transcription_is_texted_at_once() -> None:
    """Each owner who has a phone gets the recording's address, under a key of its own."""
    query = "Stage=recorded&Transcribe=no&Phone[]=415-555-2671&Phone[]=bad&Phone[]=%2B16502530000"
    body = f"Voicemail from +14155552671\n{recording_url()}.mp3"
    assert ask(f"voicemail?{query} {RECORDED}").texts == (
        OutgoingText("+14155552671", body, f"voicemail-{RE1}-+14155552671"),
        OutgoingText("+16502530000", body, f"voicemail-{RE1}-+16502530000"),
    )


def test_whom_we_called_is_who_left_a_voicemail() -> None:
    """On a call of ours From is our own number, and To is who spoke."""
    form = f"{RECORDED}&Direction=outbound-api"
    [text] = ask(f"voicemail?Stage=recorded&Transcribe=no&Phone=650-253-0000 {form}").texts
    assert text.body.startswith("Voicemail from +15005550006\n")


@pytest.mark.parametrize(
    ("text", "status", "line"),
    [("Call%20me%20back", "completed", "Call me back\n"), ("", "failed", "")],
)
def test_a_transcription_is_an_event_and_a_text(text: str, status: str, line: str) -> None:
    """With its words, or without where Twilio could make none of them."""
    form = f"TranscriptionStatus={status}&TranscriptionText={text}&RecordingSid={RE2}&{RECORDED}"
    answer = ask(f"voicemail?Phone=415-555-2671&Stage=transcribed {form}")
    words = line.strip()
    details = DETAILS | {"status": status, "text": words}
    event = InboundEvent("transcription", RE2, "+14155552671", "+15005550006", details)
    assert answer.events == (event,)
    body = f"Voicemail from +14155552671\n{line}{recording_url()}.mp3"
    assert answer.texts == (OutgoingText("+14155552671", body, f"voicemail-{RE2}-+14155552671"),)


def test_a_long_transcription_fits_a_text() -> None:
    """Twilio takes 1600 characters in a text."""
    words = f"TranscriptionStatus=completed&TranscriptionText={'x' * 5000}"
    form = f"{words}&RecordingSid={RE1}&CallSid={CA1}"
    [text] = ask(f"voicemail?Phone=415-555-2671&Stage=transcribed {form}").texts
    assert 1200 < len(text.body) <= 1600
    assert text.idempotency_key == f"voicemail-{RE1}-+14155552671"
    assert text.body.startswith("Voicemail from unknown\nxxx")


def test_a_recordings_file_is_an_event() -> None:
    """When the file is there, its event has the parties that the callback itself leaves out."""
    greeting = ask("voicemail From=%2B14155552671&To=%2B15005550006")
    record = ET.fromstring(greeting.twiml).find("Record")  # noqa: S314 - our own
    assert record is not None
    callback = str(record.get("recordingStatusCallback")).removeprefix(f"{BASE}/")
    form = Form([("RecordingStatus", "completed"), ("RecordingSid", RE1), ("CallSid", CA1)])
    details = DETAILS | {"recording_url": "", "duration": 0, "status": "completed"}
    event = InboundEvent("recording", RE1, "+14155552671", "+15005550006", details)
    assert asked(callback, form).events == (event,)


def test_an_answer_that_twilio_would_refuse_is_an_apology() -> None:
    """70 kB of TwiML become one sentence."""
    for request in (
        f"message Message={'x' * 70_000}",
        f"echo Twiml=<Response><Say>{'x' * 70_000}</Say></Response>",
    ):
        xml = "<Say>Sorry, there is too much to say here.</Say><Hangup />"
        assert content(ask(request)) == xml


PARAMETERS = """
    Message Message[0] PhoneNumber PhoneNumbers[] PhoneNumbers[1] Options[1] Options[ Options[]]
    FailUrl Timeout CallerId AllowedCallers Dial Tried HumanCheck Digits Twiml Moderators[0] Music
    Password Name DialCallStatus RecordingUrl TranscriptionStatus Phone From Direction
"""
NAMES = st.sampled_from(PARAMETERS.split())
VALUES = st.text(max_size=9) | st.sampled_from(
    ["4155552671", "client:a", "http://x", "1", "²", "busy", "completed", "anonymous"]
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6)


@pytest.mark.parametrize("name", TWIMLETS)
@given(query=PAIRS, form=PAIRS)
def test_whatever_comes_the_answer_is_twiml(
    name: str, query: list[tuple[str, str]], form: list[tuple[str, str]]
) -> None:
    """No request makes a twimlet raise, or answer with anything but a TwiML document."""
    url = f"{name}?{urlencode(query, errors='replace')}"
    assert ET.fromstring(asked(url, Form(form)).twiml).tag == "Response"  # noqa: S314 - our own
