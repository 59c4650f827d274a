"""What a caller may ask for, as types: the decoder, the limits and the API's schema in one place.

Names are Twilio's own in snake_case. Limits are Twilio's:
https://www.twilio.com/docs/messaging/api/message-resource and
https://www.twilio.com/docs/voice/api/call-resource.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.kinds import Lane

Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="E.164, or with a channel before it: `whatsapp:+14155552671`",
        examples=["+14155552671"],
    ),
]
Recipients = Annotated[list[Address], Meta(min_length=1, max_length=100)]
Link = Annotated[str, Meta(min_length=1, max_length=2048, examples=["https://example.com/a.xml"])]
Moment = Annotated[
    datetime, Meta(tz=True, description="RFC 3339 with offset; at most a year ahead")
]
Metadata = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=64)],
        Annotated[str, Meta(max_length=256)],
    ],
    Meta(max_length=10, description="At most ten short strings; echoed back"),
]
# Members may be anything here: `shared.answer.steps` names every problem of every step, which a
# stricter type would keep from it as soon as one of them is no object.
Steps = Annotated[
    list[Any],
    Meta(
        examples=[[{"say": "Hello"}, {"hangup": {}}]],
        extra_json_schema={"items": {"type": "object"}},
    ),
]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True,
              kw_only=True, rename={"from_": "from"}):  # fmt: skip
    """What messages and calls have in common."""

    to: Address | Recipients
    from_: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    status_callback: Link | None = None
    send_at: Moment | None = None
    lane: Lane = "now"
    metadata: Metadata | None = None


class MessageRequest(Request, frozen=True):
    """An SMS, MMS, WhatsApp or RCS message: `body` and/or `media_url`, or `content_sid`."""

    body: Annotated[str, Meta(max_length=1600, examples=["Hello from Switchboard"])] | None = None
    media_url: Link | Annotated[list[Link], Meta(min_length=1, max_length=10)] | None = None
    content_sid: Annotated[str, Meta(pattern="^HX[0-9a-fA-F]{32}$")] | None = None
    content_variables: dict[str, str] | None = None
    messaging_service_sid: Annotated[str, Meta(pattern="^MG[0-9a-fA-F]{32}$")] | None = None
    validity_period: Annotated[int, Meta(ge=1, le=36_000)] | None = None
    smart_encoded: bool | None = None
    shorten_urls: bool | None = None


class CallRequest(Request, frozen=True):
    """A phone call that says `say`, does `steps`, or runs `twiml` or what `url` answers."""

    say: Annotated[str, Meta(min_length=1, examples=["Hello from Switchboard"])] | None = None
    steps: Steps | None = None
    twiml: Annotated[str, Meta(min_length=1, max_length=4000)] | None = None
    url: Link | None = None
    voice: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    language: Annotated[str, Meta(min_length=2, max_length=35)] | None = None
    machine_detection: Literal["Enable", "DetectMessageEnd"] | None = None
    async_amd: bool | None = None
    record: bool | None = None
    timeout: Annotated[int, Meta(ge=1, le=600, description="Seconds that it rings")] | None = None
    time_limit: (
        Annotated[int, Meta(ge=1, le=86_400, description="Seconds that it may last")] | None
    ) = None
    send_digits: Annotated[str, Meta(pattern="^[0-9A-D*#wW]{1,32}$")] | None = None


AnyRequest = MessageRequest | CallRequest

REQUEST_OF_KIND: dict[str, type[AnyRequest]] = {"message": MessageRequest, "call": CallRequest}


def recipients_of(request: AnyRequest) -> tuple[str, ...]:
    """Return the recipients of a request, in order."""
    return (request.to,) if isinstance(request.to, str) else tuple(request.to)
