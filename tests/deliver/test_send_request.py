"""What Twilio is asked for."""

import inspect
from typing import Any

import msgspec
import pytest
from twilio.rest.api.v2010.account.call import CallList
from twilio.rest.api.v2010.account.message import MessageList

from shared.deliver.send_request import INLINE_TWIML, build_send_request
from shared.jobs.events import Accepted
from shared.jobs.request import REQUEST_OF_KIND
from shared.kinds import Kind
from tests.clock import NOON
from tests.environment import PUBLIC_BASE_URL, SENDER

JOB = "zbpne196bfzdg35h14gy5k"
TWO = ("+14155552671", "+14155552672")
CALLBACK = f"{PUBLIC_BASE_URL}/api/webhooks/status/{JOB}"
REPEATED = "#rc=5&rp=all"
FORWARD = "?forward=https%3A%2F%2Fx.example%2F"
HELLO = '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello</Say></Response>'


def accepted(kind: Kind, fields: dict[str, Any], **more: Any) -> Accepted:  # noqa: ANN401 - fields
    """An accepted request, checked to be one."""
    raw = msgspec.json.encode({"to": TWO[0], **fields})
    msgspec.json.decode(raw, type=REQUEST_OF_KIND[kind])
    about = {"to": TWO[:1], "sender": SENDER, **more}
    return Accepted(at=NOON, kind=kind, request=msgspec.Raw(raw), **about)


def asked(kind: Kind, fields: dict[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """The parameters of an order."""
    return dict(
        build_send_request(JOB, accepted(kind, fields, **more), index, PUBLIC_BASE_URL).parameters
    )


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"body": "Hello"}, {"body": "Hello"}),
    ({"media_url": "https://x.example/a"}, {"media_url": ["https://x.example/a"]}),
    (
        {"body": "b", "media_url": ["https://x.example/a", "https://x.example/b"]},
        {"body": "b", "media_url": ["https://x.example/a", "https://x.example/b"]},
    ),
    (
        {"content_sid": "HX" + "0" * 32, "content_variables": {"1": "x"}},
        {"content_sid": "HX" + "0" * 32, "content_variables": '{"1": "x"}'},
    ),
    (
        {"body": "b", "messaging_service_sid": "MG" + "0" * 32, "from": SENDER},
        {"body": "b", "from_": SENDER},
    ),
    ({"body": "b", "from": SENDER}, {"body": "b"}),
    (
        {"body": "b", "validity_period": 60, "smart_encoded": True, "shorten_urls": False},
        {"body": "b", "validity_period": 60, "smart_encoded": True, "shorten_urls": False},
    ),
    (
        {
            "body": "b",
            "risk_check": "disable",
            "attempt": 2,
            "persistent_action": ["geo:1,2"],
            "send_at": "2026-11-21T13:00:00Z",
            "schedule_type": "fixed",
            "max_price": 0.5,
        },
        {
            "body": "b",
            "risk_check": "disable",
            "attempt": 2,
            "persistent_action": ["geo:1,2"],
            "max_price": 0.5,
        },
    ),
]


@pytest.mark.parametrize(("fields", "parameters"), MESSAGES)
def test_messages(fields: dict[str, Any], parameters: dict[str, Any]) -> None:
    """A message's parameters are the twilio library's, and its reports come to its entry."""
    assert asked("message", fields) == {"status_callback": CALLBACK + REPEATED, **parameters}


@pytest.mark.parametrize(
    ("sender", "senders"),
    [
        (SENDER, [SENDER, f"whatsapp:{SENDER}"]),
        ("MG" + "0" * 32, ["MG" + "0" * 32] * 2),
        (f"whatsapp:{SENDER}", [f"whatsapp:{SENDER}"] * 2),
        (None, ["", ""]),
    ],
)
def test_a_number_sends_to_whatsapp_as_that_on_whatsapp(
    sender: str | None, senders: list[str]
) -> None:
    """Each recipient of a mixed list is sent to in its own channel; other senders stay as named."""
    job = accepted("message", {"body": "b"}, to=(TWO[0], f"whatsapp:{TWO[1]}"), sender=sender)
    assert [
        build_send_request(JOB, job, index, PUBLIC_BASE_URL).sender for index in (0, 1)
    ] == senders


CALLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"say": "Hello"}, {"twiml": HELLO}),
    ({"steps": [{"say": "Hello"}]}, {"twiml": HELLO}),
    ({"twiml": "<Response/>", "timeout": 9}, {"twiml": "<Response/>", "timeout": 9}),
    ({"twiml": "x" * INLINE_TWIML}, {"twiml": "x" * INLINE_TWIML}),
    ({"url": "https://x.example/twiml"}, {"url": "https://x.example/twiml"}),
    (
        {"say": "Hello", "machine_detection": "Enable", "async_amd": False},
        {"twiml": HELLO, "machine_detection": "Enable", "async_amd": "false"},
    ),
    (
        {"say": "Hello", "record": True, "machine_detection": "Enable", "async_amd": True},
        {
            "twiml": HELLO,
            "record": True,
            "machine_detection": "Enable",
            "recording_status_callback": CALLBACK + REPEATED,
            "async_amd": "true",
            "async_amd_status_callback": CALLBACK + REPEATED,
        },
    ),
    (
        {
            "say": "Hello",
            "record": True,
            "machine_detection": "Enable",
            "async_amd": True,
            "recording_status_callback": "https://x.example/r",
            "trim": "do-not-trim",
            "async_amd_status_callback": "https://x.example/a",
            "recording_channels": "dual",
        },
        {
            "twiml": HELLO,
            "record": True,
            "trim": "do-not-trim",
            "recording_channels": "dual",
            "machine_detection": "Enable",
            "recording_status_callback": CALLBACK + FORWARD + "r" + REPEATED,
            "async_amd": "true",
            "async_amd_status_callback": CALLBACK + FORWARD + "a" + REPEATED,
        },
    ),
    ({"application_sid": "AP" + "0" * 32}, {"application_sid": "AP" + "0" * 32}),
    (
        {
            "url": "https://x.example/twiml",
            "method": "GET",
            "fallback_method": "GET",
            "fallback_url": f"{PUBLIC_BASE_URL}/api/twiml/message",
        },
        {
            "url": "https://x.example/twiml",
            "method": "GET",
            "fallback_method": "GET",
            "fallback_url": f"{PUBLIC_BASE_URL}/api/twiml/message?Entry={JOB}",
        },
    ),
    ({"say": "x" * 3990}, {"url": f"{PUBLIC_BASE_URL}/api/twiml/calls/{JOB}"}),
]


@pytest.mark.parametrize(("kind", "create"), [("message", MessageList), ("call", CallList)])
def test_what_is_passed_on_is_the_librarys(kind: Kind, create: Any) -> None:  # noqa: ANN401 - a class of the library
    """Every parameter that is built is one that the library takes."""
    cases = MESSAGES if kind == "message" else CALLS
    known = set(inspect.signature(create.create).parameters)
    assert {name for _, parameters in cases for name in parameters} <= known


@pytest.mark.parametrize(("fields", "parameters"), CALLS)
def test_calls(fields: dict[str, Any], parameters: dict[str, Any]) -> None:
    """What fits travels with the call, longer text is fetched from us."""
    wanted = {
        "status_callback": CALLBACK + REPEATED,
        "status_callback_event": ["initiated", "ringing", "answered", "completed"],
        **parameters,
    }
    assert asked("call", fields) == wanted


def test_each_recipient_has_an_entry_of_its_own() -> None:
    """The recipient, and where Twilio reports on it, follow from the index."""
    found = build_send_request(JOB, accepted("message", {"body": "b"}, to=TWO), 1, PUBLIC_BASE_URL)
    assert (found.to, found.sender, found.kind) == (TWO[1], SENDER, "message")
    assert found.parameters["status_callback"] == f"{CALLBACK}-1{REPEATED}"


def test_each_recipient_has_its_own_values() -> None:
    """The placeholders of a template are filled with what belongs to the recipient."""
    values = ({"name": "Ann"}, {"name": "Bob"})
    found = asked("message", {"body": "Hello {{name}}"}, 1, to=TWO, values=values)
    assert found["body"] == "Hello Bob"


def test_nobody_asked_for_receipts() -> None:
    """Without receipts Twilio is not asked to report."""
    assert asked("message", {"body": "b"}, receipts=False) == {"body": "b"}
    assert asked("call", {"twiml": "<Response/>"}, receipts=False) == {"twiml": "<Response/>"}


def test_twiml_that_grows_too_long_travels_as_it_was_given() -> None:
    """Where our own links would make it longer than Twilio takes, they go without the entry."""
    own = f"<Response><Redirect>{PUBLIC_BASE_URL}/api/twiml/message</Redirect></Response>"
    long = own.replace("<Redirect>", f"<Say>{'x' * (INLINE_TWIML - len(own) - 11)}</Say><Redirect>")
    assert asked("call", {"twiml": long})["twiml"] == long
    forged = long.replace("message<", "message?Entry=x<")
    forged = forged.replace("x" * len("?Entry=x") + "</Say>", "</Say>")
    assert len(forged) == INLINE_TWIML
    given = asked("call", {"twiml": forged})["twiml"]
    assert "/api/twiml/message</Redirect>" in given


def test_no_sender_is_an_empty_one() -> None:
    """A request whose settings have lost their sender is for Twilio to refuse."""
    found = build_send_request(
        JOB, accepted("message", {"body": "b"}, sender=None), 0, PUBLIC_BASE_URL
    )
    assert found.sender == ""


OURS = f"{PUBLIC_BASE_URL}/api/twiml/menu"


def test_results_come_to_the_entry() -> None:
    """Who answered and what was recorded is told to the entry, not to the caller's own callback."""
    fields = {"say": "Hi", "record": True, "machine_detection": "Enable", "async_amd": True}
    found = asked("call", fields | {"status_callback": "https://c.example/s"}, receipts=False)
    assert "status_callback" not in found
    for name in ("recording_status_callback", "async_amd_status_callback"):
        assert found[name] == CALLBACK + REPEATED
    waits = asked("call", {"say": "Hi", "machine_detection": "Enable", "async_amd": False})
    assert "async_amd_status_callback" not in waits
    assert waits["async_amd"] == "false"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (OURS, f"{OURS}?Entry={JOB}"),
        (f"{OURS}?Message=Hi%20%26", f"{OURS}?Entry={JOB}&Message=Hi%20%26"),
        (f"{OURS}?a=1#rc=2", f"{OURS}?Entry={JOB}&a=1#rc=2"),
        (f"https://x.example/?next={OURS}", f"https://x.example/?next={OURS}"),
        (f"{PUBLIC_BASE_URL}/api/other", f"{PUBLIC_BASE_URL}/api/other"),
    ],
)
def test_a_twimlet_of_ours_is_told_whose_call_it_serves(url: str, told: str) -> None:
    """A twimlet's URL carries the entry, where the URL begins with our own; others are as given."""
    assert asked("call", {"url": url})["url"] == told


def test_so_are_twimlets_in_twiml() -> None:
    """Actions and redirects to our twimlets carry the entry, words that look like one do not."""
    gather = {"gather": {"action": f"{OURS}?a=1&b=2"}}
    steps = [{"say": f"See {OURS}"}, gather, {"redirect": OURS}]
    assert asked("call", {"steps": steps})["twiml"].partition("<Response>")[2] == (
        f'<Say>See {OURS}</Say><Gather action="{OURS}?Entry={JOB}&amp;a=1&amp;b=2" />'
        f"<Redirect>{OURS}?Entry={JOB}</Redirect></Response>"
    )


def test_twiml_at_its_limit_stays_as_it_is() -> None:
    """TwiML that just fits travels unchanged rather than too long; a long text gets its page."""
    redirect = f"<Redirect>{OURS}</Redirect></Response>"
    filling = "x" * (INLINE_TWIML - len("<Response><Say></Say>" + redirect))
    twiml = f"<Response><Say>{filling}</Say>{redirect}"
    assert len(twiml) == INLINE_TWIML
    assert asked("call", {"twiml": twiml})["twiml"] == twiml
    assert asked("call", {"say": "Lorem ipsum " * 500})["url"].endswith(f"/api/twiml/calls/{JOB}")
