"""Segments are counted as Twilio bills them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accept.validate import recipients_of
from shared.jobs.gsm import ALPHABET, EXTENSION, SMART
from shared.jobs.request import MessageRequest
from shared.jobs.segments import Segments, count_request_segments, count_segments
from tests.in_memory_app import InMemoryApp

PLAIN = st.text(st.sampled_from(sorted(ALPHABET)), max_size=400)
ESCAPED = st.text(st.sampled_from(sorted(ALPHABET | EXTENSION)), max_size=400)
TO = "+14155552671"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", Segments("GSM-7", 1, 0)),
        ("a" * 160, Segments("GSM-7", 1, 160)),
        ("a" * 161, Segments("GSM-7", 2, 161)),
        ("a" * 306, Segments("GSM-7", 2, 306)),
        ("a" * 307, Segments("GSM-7", 3, 307)),
        ("€" * 80, Segments("GSM-7", 1, 160)),
        ("€" * 81, Segments("GSM-7", 2, 162)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 3, 306)),
        ("ł" * 70, Segments("UCS-2", 1, 70)),
        ("ł" * 71, Segments("UCS-2", 2, 71)),
        ("ł" * 134, Segments("UCS-2", 2, 134)),
        ("ł" * 135, Segments("UCS-2", 3, 135)),
        ("😀" * 35, Segments("UCS-2", 1, 70)),
        ("😀" * 36, Segments("UCS-2", 2, 72)),
        ("😀" * 67, Segments("UCS-2", 3, 134)),
        ("€" * 71 + "ł", Segments("UCS-2", 2, 72)),
        ("`", Segments("UCS-2", 1, 1)),
        ("a\r\nb", Segments("GSM-7", 1, 4)),
        ("a" * 1600, Segments("GSM-7", 11, 1600)),
    ],
)
def test_sizes(body: str, expected: Segments) -> None:
    """160 and 153 septets, 70 and 67 UTF-16 units, two for an escape, and no pair is split."""
    assert count_segments(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\u201cDon\u2019t\u201d \u2013 it\u2026", Segments("GSM-7", 1, 15)),
        ("x\u200by", Segments("GSM-7", 1, 2)),
        ("\u201cDon\u2019t\u201d 😀", Segments("UCS-2", 1, 10)),
        ("{}", Segments("GSM-7", 1, 4)),
    ],
)
def test_smart_encoding(body: str, expected: Segments) -> None:
    """Smart encoding replaces letters, but only where the whole text fits GSM-7 then."""
    assert count_segments(body, smart_encoded=True) == expected


def test_what_smart_encoding_puts_in_place_is_gsm() -> None:
    """Every letter that smart encoding replaces is foreign to GSM-7, and none that it puts is."""
    letters = ALPHABET | EXTENSION
    assert letters.isdisjoint(map(chr, SMART))
    assert letters.issuperset("".join(str(sent) for sent in SMART.values()))


def test_counts_agree_with_twilios_calculator() -> None:
    """Texts of every kind are counted as by Twilio's `sms-segments-calculator` 1.3.0."""
    recorded = json.loads((Path(__file__).parent / "segments.json").read_text())
    assert len(recorded) > 40
    for body, smart_encoded, encoding, count in recorded:
        mine = count_segments(body, smart_encoded=smart_encoded)
        assert [mine.encoding, mine.count] == [encoding, count], body


@given(ESCAPED, ESCAPED)
def test_two_texts_take_as_many_segments_as_one_or_one_less(one: str, other: str) -> None:
    """Put together, characters add up and segments do not grow beyond one more than the sum."""
    both, a, b = count_segments(one + other), count_segments(one), count_segments(other)
    assert both.characters == a.characters + b.characters
    assert max(a.count, b.count) <= both.count <= a.count + b.count + 1


@given(PLAIN)
def test_plain_texts_fill_every_segment(text: str) -> None:
    """Without escapes all but the last of several segments are full."""
    count = count_segments(text).count
    assert count == 1 or (count - 1) * 153 < len(text) <= count * 153


@given(st.text(max_size=400))
def test_every_text_fits_its_segments_and_smart_encoding_never_takes_more(text: str) -> None:
    """The segments hold all characters, and each but the last is full but for one split pair."""
    counted = count_segments(text)
    one, each = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    assert counted.characters <= (one if counted.count == 1 else counted.count * each)
    assert counted.count == 1 or counted.characters > (counted.count - 1) * (each - 1)
    assert count_segments(text, smart_encoded=True).encoding in {"GSM-7", counted.encoding}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"body": "ł" * 71}, 2),
        ({"body": "“" * 71, "smart_encoded": True}, 1),
        ({"body": "Hi", "media_url": "https://example.com/a.png"}, None),
        ({"media_url": "https://example.com/a.png"}, None),
        ({"body": "Hi", "from_": "whatsapp:+14155550100"}, None),
        ({"body": "Hi", "from_": "rcs:agent"}, None),
        ({"body": "Hi", "to": [TO, "whatsapp:+14155550100"]}, None),
        ({"content_sid": "HX" + "0" * 32}, None),
    ],
)
def test_only_sms_has_segments(fields: dict[str, object], expected: int | None) -> None:
    """A text by SMS has segments; media, templates, WhatsApp and RCS have none."""
    request = MessageRequest(**{"to": TO, **fields})  # type: ignore[arg-type] # fields of many types
    assert count_request_segments(request, recipients_of(request)) == expected


async def test_the_receipt_says_how_many_segments(app: InMemoryApp) -> None:
    """The 202 of a text says its segments, for one recipient and for each of several."""
    body = "ł" * 71
    reply = await app.post("/api/messages", {"to": TO, "body": body})
    assert (reply.status, reply.json["segments"]) == (202, 2)
    reply = await app.post("/api/messages", {"to": [TO, "+14155552672"], "body": body})
    assert [each["segments"] for each in reply.json["deliveries"]] == [2, 2]


@pytest.mark.parametrize(
    ("route", "fields"),
    [
        ("messages", {"to": "whatsapp:+14155552671", "body": "Hi"}),
        ("messages", {"to": TO, "media_url": "https://example.com/a.png"}),
        ("calls", {"to": TO, "say": "Hi"}),
    ],
)
async def test_a_receipt_without_segments(
    app: InMemoryApp, route: str, fields: dict[str, str]
) -> None:
    """A message that is not sent by SMS has no segments in its 202."""
    reply = await app.post(f"/api/{route}", fields)
    assert reply.status == 202
    assert "segments" not in reply.json
