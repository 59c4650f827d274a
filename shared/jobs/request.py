"""The requests as types: the decoder, the limits and the API's schema in one place.

Names are those of `messages.create` and `calls.create` in the `twilio` library. Limits are
Twilio's: https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/voice/api/call-resource and
https://www.twilio.com/docs/voice/answering-machine-detection.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from shared.kinds import Kind, Lane

MAX_BODY_CHARACTERS: Final = 1600

Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="E.164, or with a channel before it: `whatsapp:+14155552671`, "
        "`rcs:+14155552671`; for calls also `client:alice` and `sip:alice@example.com`",
        examples=["+14155552671"],
    ),
]
Recipients = Annotated[
    list[Address],
    Meta(min_length=1, max_length=100, description="1 to 100 different addresses"),
]
Link = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        description="An https URL on a public host",
        examples=["https://example.com/a.xml"],
    ),
]
Sender = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="A number in E.164, a short code, a name of up to 11 letters, or an address "
        "on the channel of `to`, such as `whatsapp:+14155552671`; default: the settings' sender",
        examples=["+15005550006"],
    ),
]
Moment = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339 with offset; at most a minute in the past and a year ahead",
        examples=["2026-11-21T13:00:00-05:00"],
    ),
]
Metadata = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=64)],
        Annotated[str, Meta(max_length=256)],
    ],
    Meta(
        max_length=10,
        description="At most ten short strings; echoed back, not sent to anyone",
        examples=[{"order": "1234"}],
    ),
]
# Members may be anything here: `shared.twiml.steps` names every problem of every step, which a
# stricter type would keep from it as soon as one of them is not an object.
Steps = Annotated[
    list[Any],
    Meta(
        description="TwiML as JSON: objects with one key each, the verb",
        examples=[[{"say": "Hello"}, {"hangup": {}}]],
        extra_json_schema={"items": {"type": "object"}},
    ),
]
Method = Annotated[
    Literal["GET", "POST"], Meta(description="The HTTP method; default POST", examples=["POST"])
]
ShortText = Annotated[str, Meta(min_length=1, max_length=256, examples=["text"])]
ApplicationSid = Annotated[
    str,
    Meta(
        pattern="^AP[0-9a-fA-F]{32}$",
        description="A TwiML application of the account",
        examples=["AP" + "0" * 32],
    ),
]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True,
              kw_only=True, rename={"from_": "from"}):  # fmt: skip
    """The fields that messages and calls share."""

    to: Address | Recipients
    from_: Sender | None = None
    status_callback: (
        Annotated[Link, Meta(description="Twilio's status callbacks are forwarded to this URL")]
        | None
    ) = None
    application_sid: ApplicationSid | None = None
    send_at: Moment | None = None
    lane: Annotated[
        Lane,
        Meta(description="`now`, or `bulk` to let others go first", examples=["now"]),
    ] = "now"
    metadata: Metadata | None = None


class MessageRequest(Request, frozen=True):
    """An SMS, MMS, WhatsApp or RCS message: `body` and/or `media_url`, or `content_sid`."""

    kind: ClassVar[Kind] = "message"

    # How long it is once its placeholders are filled is for `shared.accept.validate` to check.
    body: (
        Annotated[
            str,
            Meta(
                description="The text, up to 1600 characters",
                examples=["Hello from Switchboard"],
                extra_json_schema={"maxLength": MAX_BODY_CHARACTERS},
            ),
        ]
        | None
    ) = None
    media_url: (
        Link
        | Annotated[
            list[Link], Meta(min_length=1, max_length=10, description="1 to 10 pictures or files")
        ]
        | None
    ) = None
    content_sid: (
        Annotated[
            str,
            Meta(
                pattern="^HX[0-9a-fA-F]{32}$",
                description="A content template, instead of `body` and `media_url`",
                examples=["HX" + "0" * 32],
            ),
        ]
        | None
    ) = None
    content_variables: (
        Annotated[
            dict[str, str],
            Meta(description="The values of the template's variables", examples=[{"1": "Ann"}]),
        ]
        | None
    ) = None
    messaging_service_sid: (
        Annotated[
            str,
            Meta(
                pattern="^MG[0-9a-fA-F]{32}$",
                description="The Messaging Service that sends",
                examples=["MG" + "0" * 32],
            ),
        ]
        | None
    ) = None
    fallback_from: (
        Annotated[
            Sender,
            Meta(description="The SMS sender where RCS does not reach; needs a Messaging Service"),
        ]
        | None
    ) = None
    validity_period: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=36_000,
                description="Seconds that it may wait at Twilio, 1 to 36000",
                examples=[3600],
            ),
        ]
        | None
    ) = None
    smart_encoded: (
        Annotated[
            bool,
            Meta(description="Replace letters that would double the price", examples=[True]),
        ]
        | None
    ) = None
    shorten_urls: (
        Annotated[
            bool,
            Meta(description="Shorten links; needs a Messaging Service", examples=[True]),
        ]
        | None
    ) = None
    send_as_mms: (
        Annotated[bool, Meta(description="Send a long text as one MMS", examples=[True])] | None
    ) = None
    persistent_action: (
        Annotated[
            list[ShortText],
            Meta(
                min_length=1,
                max_length=10,
                description="Rich actions, such as a WhatsApp location",
                examples=[["geo:37.787890,-122.391664|375 Beale St"]],
            ),
        ]
        | None
    ) = None
    provide_feedback: (
        Annotated[
            bool,
            Meta(description="You will confirm the delivery to Twilio", examples=[True]),
        ]
        | None
    ) = None
    attempt: (
        Annotated[
            int,
            Meta(ge=1, description="Which attempt this is over all providers", examples=[1]),
        ]
        | None
    ) = None
    risk_check: (
        Annotated[
            Literal["enable", "disable"],
            Meta(description="Twilio's SMS pumping protection", examples=["disable"]),
        ]
        | None
    ) = None
    content_retention: (
        Annotated[
            Literal["retain", "discard"],
            Meta(description="Whether Twilio keeps the text", examples=["discard"]),
        ]
        | None
    ) = None
    address_retention: (
        Annotated[
            Literal["retain", "obfuscate"],
            Meta(description="Whether Twilio keeps the number", examples=["obfuscate"]),
        ]
        | None
    ) = None
    message_intent: (
        Annotated[
            ShortText,
            Meta(description="What it is for, such as `otp` or `marketing`", examples=["otp"]),
        ]
        | None
    ) = None
    traffic_type: (
        Annotated[ShortText, Meta(description="Twilio's traffic type", examples=["free"])] | None
    ) = None
    force_delivery: (
        Annotated[bool, Meta(description="Reserved by Twilio; passed on", examples=[False])] | None
    ) = None
    max_price: (
        Annotated[
            float,
            Meta(ge=0, description="Without effect at Twilio since 2024-06", examples=[0.1]),
        ]
        | None
    ) = None
    schedule_type: (
        Annotated[
            Literal["fixed"],
            Meta(description="Goes with `send_at`, which needs no type here", examples=["fixed"]),
        ]
        | None
    ) = None


CallEvent = Literal["initiated", "ringing", "answered", "completed"]
RecordingEvent = Literal["in-progress", "completed", "absent"]


class CallRequest(Request, frozen=True):
    """A call with one of `say`, `steps`, `twiml`, `url` and `application_sid` to follow."""

    kind: ClassVar[Kind] = "call"

    say: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="The text to say, up to about 60,000 characters",
                examples=["Hello from Switchboard"],
            ),
        ]
        | None
    ) = None
    steps: Steps | None = None
    twiml: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4000,
                description="A TwiML document of up to 4000 characters",
                examples=["<Response><Say>Hello</Say></Response>"],
            ),
        ]
        | None
    ) = None
    url: Annotated[Link, Meta(description="Where Twilio gets the TwiML")] | None = None
    voice: (
        Annotated[
            str,
            Meta(min_length=1, max_length=64, description="Who speaks `say`", examples=["alice"]),
        ]
        | None
    ) = None
    language: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=35,
                description="The language of `say`",
                examples=["en-GB"],
            ),
        ]
        | None
    ) = None
    method: Method | None = None
    fallback_url: (
        Annotated[Link, Meta(description="Where Twilio gets TwiML if `url` fails")] | None
    ) = None
    fallback_method: Method | None = None
    status_callback_event: (
        Annotated[
            list[CallEvent],
            Meta(
                min_length=1,
                max_length=4,
                description="The events to forward to `status_callback`",
                examples=[["completed"]],
            ),
        ]
        | None
    ) = None
    status_callback_method: Method | None = None
    machine_detection: (
        Annotated[
            Literal["Enable", "DetectMessageEnd"],
            Meta(description="Tell people from answering machines", examples=["Enable"]),
        ]
        | None
    ) = None
    machine_detection_timeout: (
        Annotated[
            int,
            Meta(ge=3, le=59, description="Seconds, 3 to 59; default 30", examples=[30]),
        ]
        | None
    ) = None
    machine_detection_speech_threshold: (
        Annotated[
            int,
            Meta(
                ge=1000,
                le=6000,
                description="Milliseconds of speech after which it is a machine; default 2400",
                examples=[2400],
            ),
        ]
        | None
    ) = None
    machine_detection_speech_end_threshold: (
        Annotated[
            int,
            Meta(
                ge=500,
                le=5000,
                description="Milliseconds of silence that end the speech; default 1200",
                examples=[1200],
            ),
        ]
        | None
    ) = None
    machine_detection_silence_timeout: (
        Annotated[
            int,
            Meta(
                ge=2000,
                le=10_000,
                description="Milliseconds of first silence until `unknown`; default 5000",
                examples=[5000],
            ),
        ]
        | None
    ) = None
    async_amd: (
        Annotated[
            bool,
            Meta(description="Detect the machine while the call goes on", examples=[True]),
        ]
        | None
    ) = None
    async_amd_status_callback: (
        Annotated[Link, Meta(description="Who answered is forwarded to this URL")] | None
    ) = None
    async_amd_status_callback_method: Method | None = None
    record: (
        Annotated[bool, Meta(description="Record the call; default false", examples=[True])] | None
    ) = None
    recording_channels: (
        Annotated[
            Literal["mono", "dual"],
            Meta(description="Both sides in one channel or in two", examples=["dual"]),
        ]
        | None
    ) = None
    recording_track: (
        Annotated[
            Literal["inbound", "outbound", "both"],
            Meta(description="Whom to record; default both", examples=["both"]),
        ]
        | None
    ) = None
    recording_status_callback: (
        Annotated[Link, Meta(description="What was recorded is forwarded to this URL")] | None
    ) = None
    recording_status_callback_method: Method | None = None
    recording_status_callback_event: (
        Annotated[
            list[RecordingEvent],
            Meta(
                min_length=1,
                max_length=3,
                description="Which recording events Twilio reports; default completed",
                examples=[["completed"]],
            ),
        ]
        | None
    ) = None
    recording_configuration_id: (
        Annotated[ShortText, Meta(description="A recording configuration", examples=["id"])] | None
    ) = None
    trim: (
        Annotated[
            Literal["trim-silence", "do-not-trim"],
            Meta(description="Silence around a recording", examples=["do-not-trim"]),
        ]
        | None
    ) = None
    timeout: (
        Annotated[
            int,
            Meta(ge=1, le=600, description="Seconds that it rings; default 60", examples=[30]),
        ]
        | None
    ) = None
    time_limit: (
        Annotated[
            int,
            Meta(ge=1, le=86_400, description="Seconds that it may last", examples=[600]),
        ]
        | None
    ) = None
    send_digits: (
        Annotated[
            str,
            Meta(
                pattern="^[0-9A-D*#wW]{1,32}$",
                description="Up to 32 keys to press once answered; `w` waits half a second",
                examples=["wW1234#"],
            ),
        ]
        | None
    ) = None
    caller_id: (
        Annotated[
            ShortText,
            Meta(description="The number, SIP address or client shown", examples=["+15005550006"]),
        ]
        | None
    ) = None
    sip_auth_username: (
        Annotated[ShortText, Meta(description="For a SIP call", examples=["alice"])] | None
    ) = None
    sip_auth_password: (
        Annotated[ShortText, Meta(description="For a SIP call", examples=["secret"])] | None
    ) = None
    call_reason: (
        Annotated[
            ShortText,
            Meta(description="What the call is about, for the display", examples=["Delivery"]),
        ]
        | None
    ) = None
    call_token: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4096,
                description="The token of the inbound call that is forwarded",
                examples=["token"],
            ),
        ]
        | None
    ) = None
    passports: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=16_384,
                description="Up to five STIR/SHAKEN passports in base64, with commas between",
                examples=["eyJhbGciOiJFUzI1NiJ9"],
            ),
        ]
        | None
    ) = None
    byoc: (
        Annotated[
            str,
            Meta(
                pattern="^BY[0-9a-fA-F]{32}$",
                description="The trunk of a carrier of your own",
                examples=["BY" + "0" * 32],
            ),
        ]
        | None
    ) = None
    client_notification_url: (
        Annotated[Link, Meta(description="Where Twilio sends push call notifications")] | None
    ) = None


AnyRequest = MessageRequest | CallRequest

REQUEST_OF_KIND: dict[str, type[AnyRequest]] = {"message": MessageRequest, "call": CallRequest}

# Fields that Twilio does not get as they are: our own, those that a send request translates, and
# callbacks, which come to us first and are forwarded.
_NOT_AS_ASKED: Final = frozenset({
    "to", "from_", "lane", "metadata", "send_at", "schedule_type", "messaging_service_sid",
    "content_variables", "media_url", "say", "steps", "twiml", "url", "voice", "language",
    "status_callback", "status_callback_event", "status_callback_method", "async_amd",
    "async_amd_status_callback", "async_amd_status_callback_method",
    "recording_status_callback", "recording_status_callback_method", "fallback_url",
})  # fmt: skip
PASSED_ON: Final[dict[Kind, tuple[str, ...]]] = {
    "message": tuple(n for n in MessageRequest.__struct_fields__ if n not in _NOT_AS_ASKED),
    "call": tuple(n for n in CallRequest.__struct_fields__ if n not in _NOT_AS_ASKED),
}
"""The parameters of each kind that Twilio gets as they are."""
