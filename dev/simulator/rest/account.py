"""The account itself and its phone numbers, and the answer to every unknown path."""

from hashlib import sha256

import msgspec

from dev.simulator.clock import now_rfc2822
from dev.simulator.errors import RefusalError
from dev.simulator.rest.serving import Reply, RestRequest

encode = msgspec.json.Encoder().encode

SUBRESOURCES = {
    "messages": "Messages",
    "calls": "Calls",
    "recordings": "Recordings",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
}


def fetch(request: RestRequest) -> Reply:
    """Return the account."""
    exchange = request.exchange
    now = now_rfc2822()
    account = {
        "sid": exchange.account.sid,
        "friendly_name": "Simulator",
        "status": "active",
        "type": "Full",
        "auth_token": "",
        "owner_account_sid": exchange.account.sid,
        "date_created": now,
        "date_updated": now,
        "uri": f"{exchange.api}.json",
        "subresource_uris": {
            name: f"{exchange.api}/{path}.json" for name, path in SUBRESOURCES.items()
        },
    }
    return Reply(encode(account))


def list_numbers(request: RestRequest) -> Reply:
    """Return the account's own numbers, all on one page."""
    exchange = request.exchange
    wanted = request.query.get("PhoneNumber", "").removeprefix("+")
    numbers = [exchange.account.number, *exchange.phones.own]
    rows = [_number(request, one) for one in dict.fromkeys(numbers) if wanted in one]
    page = {
        "incoming_phone_numbers": rows,
        "page": 0,
        "page_size": max(50, len(rows)),
        "start": 0,
        "end": max(len(rows) - 1, 0),
        "uri": request.path,
        "first_page_uri": request.path,
        "previous_page_uri": None,
        "next_page_uri": None,
    }
    return Reply(encode(page))


def _number(request: RestRequest, number: str) -> dict[str, object]:
    exchange = request.exchange
    webhooks = exchange.phones.find_number(number)
    sid = "PN" + sha256(number.encode()).hexdigest()[:32]
    return {
        "sid": sid,
        "account_sid": exchange.account.sid,
        "phone_number": number,
        "friendly_name": number,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "status": "in-use",
        "api_version": "2010-04-01",
        "voice_url": webhooks.voice_url,
        "voice_method": webhooks.voice_method,
        "voice_fallback_url": webhooks.voice_fallback_url,
        "sms_url": webhooks.sms_url,
        "sms_method": webhooks.sms_method,
        "sms_fallback_url": webhooks.sms_fallback_url,
        "status_callback": webhooks.status_callback,
        "uri": f"{exchange.api}/IncomingPhoneNumbers/{sid}.json",
    }


def refuse_unknown(request: RestRequest) -> Reply:
    """Answer a path that does not exist."""
    raise RefusalError(20404, request.path)
