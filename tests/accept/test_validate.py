"""The sender of a request, and the URLs that may be named during development."""

from typing import Any

import msgspec
import pytest

from shared.accept.validate import recipients_of, resolve_sender, validate_fields
from shared.errors import Problem
from shared.jobs.request import CallRequest, MessageRequest
from shared.settings import Settings
from tests.environment import settings
from tests.ledger.histories import TO

SERVICE = "MG" + "0" * 32
BOTH = settings(TWILIO_MESSAGING_SERVICE_SID=SERVICE)
LOCAL = settings(PUBLIC_BASE_URL="http://127.0.0.1:7071")


def message(**fields: Any) -> MessageRequest:  # noqa: ANN401 - as many types as fields
    return msgspec.convert({"to": TO[0], "body": "Hi"} | fields, MessageRequest)


def call(**fields: Any) -> CallRequest:  # noqa: ANN401 - the same
    return msgspec.convert({"to": TO[0], "say": "Hi"} | fields, CallRequest)


@pytest.mark.parametrize(
    ("request_", "with_", "expected"),
    [
        (message(), settings(), "+15005550006"),
        (message(), BOTH, SERVICE),
        (message(**{"from": "+14165550123"}), BOTH, "+14165550123"),
        (message(messaging_service_sid="MG" + "1" * 32), settings(), "MG" + "1" * 32),
        (message(to="whatsapp:+14155552671"), settings(), "whatsapp:+15005550006"),
        (message(to="whatsapp:+14155552671"), BOTH, SERVICE),
        (message(to=[TO[0], "whatsapp:+14155552671"]), settings(), "+15005550006"),
        (message(), settings(TWILIO_FROM_NUMBER=""), None),
        (call(), BOTH, "+15005550006"),
        (call(**{"from": "client:bob"}), settings(), "client:bob"),
        (call(), settings(TWILIO_FROM_NUMBER="", TWILIO_MESSAGING_SERVICE_SID=SERVICE), None),
    ],
)
def test_the_sender_is_the_named_one_or_the_default(
    request_: MessageRequest | CallRequest, with_: Settings, expected: str | None
) -> None:
    """The request's own sender wins, then the service, then the number; calls know no service."""
    assert resolve_sender(request_, recipients_of(request_), with_) == expected


def problems_of(request: MessageRequest, with_: Settings) -> list[Problem]:
    """Return what is wrong with the fields of a message."""
    recipients = recipients_of(request)
    sender = resolve_sender(request, recipients, with_)
    return validate_fields(request, recipients, sender, with_)


def test_a_local_app_forwards_to_this_machine() -> None:
    """While the app itself is local, so may be the receiver of its callbacks; media may not."""
    here = "http://127.0.0.1:9000/hook"
    assert problems_of(message(status_callback=here), LOCAL) == []
    assert [p.path for p in problems_of(message(status_callback=here), settings())] == [
        "$.status_callback"
    ]
    assert [p.path for p in problems_of(message(media_url=here), LOCAL)] == ["$.media_url"]


@pytest.mark.parametrize("link", ["http://[::1", "http://[::1]:x/", "ftp://localhost/x"])
def test_a_local_app_refuses_a_malformed_callback(link: str) -> None:
    """A text that is not a URL is refused, even where any local address is allowed."""
    assert [p.path for p in problems_of(message(status_callback=link), LOCAL)] == [
        "$.status_callback"
    ]
