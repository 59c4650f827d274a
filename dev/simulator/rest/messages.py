"""The Messages resource."""

import msgspec

from dev.simulator.errors import RefusalError
from dev.simulator.messages.inbound import guess_content_type
from dev.simulator.messages.outbound import (
    FINAL_STATUSES,
    find_options,
    new_message,
    send,
    set_status,
)
from dev.simulator.resources import Message
from dev.simulator.rest.message_form import read_draft
from dev.simulator.rest.paging import build_page, is_in_range
from dev.simulator.rest.serving import Reply, RestRequest

encode = msgspec.json.Encoder().encode


def create(request: RestRequest) -> Reply:
    """Accept a message and start its delivery."""
    draft = read_draft(request)
    message = new_message(
        request.exchange,
        draft.to,
        draft.sender,
        draft.body,
        status=draft.status,
        service=draft.service,
        options=draft.options,
    )
    reply = Reply(encode(message), 201)
    send(request.exchange, message)
    return reply


def fetch(request: RestRequest, sid: str) -> Reply:
    """Return one message."""
    return Reply(encode(_find(request, sid)))


def list_page(request: RestRequest) -> Reply:
    """Return messages by To, From and DateSent, newest first."""

    def fits(message: Message) -> bool:
        return is_in_range(request.query, "DateSent", message.date_sent)

    table = request.exchange.books.messages
    return Reply(encode(build_page(table, "messages", request.path, request.query, fits)))


def update(request: RestRequest, sid: str) -> Reply:
    """Cancel a scheduled message, or redact one that is done."""
    message = _find(request, sid)
    if "Status" in request.form:
        if request.get("Status") != "canceled":
            raise RefusalError(20001, f"Status {request.get('Status')}")
        if message.status != "scheduled":
            raise RefusalError(30409)
        set_status(request.exchange, message, "canceled")
    elif "Body" in request.form:
        if request.get("Body"):
            raise RefusalError(20001, "Body can only be set to an empty string")
        if message.status not in FINAL_STATUSES:
            raise RefusalError(20009)
        message.body = ""
        request.exchange.books.keep("message", message)
    return Reply(encode(message))


def delete(request: RestRequest, sid: str) -> Reply:
    """Delete a message that is done."""
    if _find(request, sid).status not in FINAL_STATUSES:
        raise RefusalError(20009)
    request.exchange.books.delete("message", sid)
    return Reply(b"", 204)


def list_media(request: RestRequest, sid: str) -> Reply:
    """Return the media of a message."""
    rows = _media(request, sid)
    page = {
        "media_list": rows,
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": max(len(rows) - 1, 0),
        "uri": request.path,
        "first_page_uri": request.path,
        "previous_page_uri": None,
        "next_page_uri": None,
    }
    return Reply(encode(page))


def fetch_medium(request: RestRequest, sid: str) -> Reply:
    """Return one of the media of a message."""
    for row in _media(request, sid):
        if row["uri"] == request.path:
            return Reply(encode(row))
    raise RefusalError(20404, request.path)


def _media(request: RestRequest, sid: str) -> list[dict[str, str]]:
    message = _find(request, sid)
    return [
        {
            "sid": f"ME{n:02x}{sid[4:]}",
            "account_sid": message.account_sid,
            "parent_sid": sid,
            "content_type": guess_content_type(url),
            "date_created": message.date_created,
            "date_updated": message.date_updated,
            "uri": f"{request.exchange.api}/Messages/{sid}/Media/ME{n:02x}{sid[4:]}.json",
            "source_url": url,
        }
        for n, url in enumerate(find_options(request.exchange, sid).media)
    ]


def _find(request: RestRequest, sid: str) -> Message:
    message = request.exchange.books.messages.rows.get(sid)
    if message is None:
        raise RefusalError(20404, request.path)
    return message
