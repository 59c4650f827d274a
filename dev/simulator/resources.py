"""Twilio's REST resources: what the API answers with, field by field."""

import secrets

import msgspec

API_VERSION = "2010-04-01"


def new_sid(prefix: str) -> str:
    """Return a new identifier in Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


class Message(msgspec.Struct):
    """A message in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    to: str
    sender: str | None = msgspec.field(name="from")
    body: str
    status: str
    direction: str
    date_created: str
    date_updated: str
    date_sent: str | None
    num_segments: str
    num_media: str
    messaging_service_sid: str | None
    uri: str
    subresource_uris: dict[str, str]
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    price_unit: str = "USD"
    api_version: str = API_VERSION


class Call(msgspec.Struct):
    """A call in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    to: str
    sender: str = msgspec.field(name="from")
    to_formatted: str
    from_formatted: str
    status: str
    direction: str
    date_created: str
    date_updated: str
    uri: str
    subresource_uris: dict[str, str]
    start_time: str | None = None
    end_time: str | None = None
    duration: str | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    answered_by: str | None = None
    forwarded_from: str | None = None
    caller_name: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    stir_verstat: str | None = None
    queue_time: str = "0"
    annotation: str | None = None
    price: str | None = None
    price_unit: str = "USD"
    api_version: str = API_VERSION


class Recording(msgspec.Struct):
    """A recording in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    call_sid: str
    date_created: str
    date_updated: str
    start_time: str
    duration: str
    source: str
    media_url: str
    uri: str
    conference_sid: str | None = None
    status: str = "completed"
    channels: int = 1
    track: str = "both"
    error_code: int | None = None
    price: str | None = None
    price_unit: str = "USD"
    encryption_details: None = None
    subresource_uris: dict[str, str] = {}
    api_version: str = API_VERSION
