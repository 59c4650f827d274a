"""The Messages resource."""

import msgspec

from dev.simulator.books import Message
from dev.simulator.errors import RefusalError
from dev.simulator.inbound_messages import content_type
from dev.simulator.message_checks import draft
from dev.simulator.messages import FINAL, new_message, send, set_status
from dev.simulator.paging import in_range, page
from dev.simulator.rest import Asked, Reply

encode = msgspec.json.Encoder().encode


def create(asked: Asked) -> Reply:
    """Take a message: 201 with the resource, and it goes its way."""
    wanted = draft(asked)
    message = new_message(
        asked.exchange,
        wanted.to,
        wanted.sender,
        wanted.body,
        status=wanted.status,
        media=wanted.media,
        service=wanted.service,
        wish=wanted.wish,
    )
    reply = Reply(encode(message), 201)
    send(asked.exchange, message)
    return reply


def fetch(asked: Asked, sid: str) -> Reply:
    """One message."""
    return Reply(encode(_found(asked, sid)))


def listed(asked: Asked) -> Reply:
    """Messages by To, From and DateSent, newest first."""
    query = asked.query
    return Reply(
        encode(
            page(
                asked.exchange.books.messages,
                "messages",
                asked.path,
                query,
                lambda message: in_range(query, "DateSent", message.date_sent),
            )
        )
    )


def update(asked: Asked, sid: str) -> Reply:
    """Cancel a scheduled message, or redact one that is done."""
    message = _found(asked, sid)
    if "Status" in asked.form:
        if asked.one("Status") != "canceled":
            raise RefusalError(20001, f"Status {asked.one('Status')}")
        if message.status != "scheduled":
            raise RefusalError(30409)
        set_status(asked.exchange, message, "canceled")
    elif "Body" in asked.form:
        if asked.one("Body"):
            raise RefusalError(20001, "Body can only be set to an empty string")
        if message.status not in FINAL:
            raise RefusalError(20009)
        message.body = ""
        asked.exchange.books.keep("message", message)
    return Reply(encode(message))


def delete(asked: Asked, sid: str) -> Reply:
    """Forget a message that is done."""
    if _found(asked, sid).status not in FINAL:
        raise RefusalError(20009)
    asked.exchange.books.delete("message", sid)
    return Reply(b"", 204)


def media(asked: Asked, sid: str) -> Reply:
    """The media of a message."""
    rows = _media(asked, sid)
    return Reply(
        encode(
            {
                "media_list": rows,
                "page": 0,
                "page_size": 50,
                "start": 0,
                "end": max(len(rows) - 1, 0),
                "uri": asked.path,
                "first_page_uri": asked.path,
                "previous_page_uri": None,
                "next_page_uri": None,
            }
        )
    )


def medium(asked: Asked, sid: str) -> Reply:
    """One of the media of a message."""
    for row in _media(asked, sid):
        if row["uri"] == asked.path:
            return Reply(encode(row))
    raise RefusalError(20404, asked.path)


def _media(asked: Asked, sid: str) -> list[dict[str, str]]:
    message = _found(asked, sid)
    wish = asked.exchange.books.wishes.get(sid)
    return [
        {
            "sid": f"ME{n:02x}{sid[4:]}",
            "account_sid": message.account_sid,
            "parent_sid": sid,
            "content_type": content_type(url),
            "date_created": message.date_created,
            "date_updated": message.date_updated,
            "uri": f"{asked.exchange.api}/Messages/{sid}/Media/ME{n:02x}{sid[4:]}.json",
            "source_url": url,
        }
        for n, url in enumerate(wish.media if wish else [])
    ]


def _found(asked: Asked, sid: str) -> Message:
    message = asked.exchange.books.messages.rows.get(sid)
    if message is None:
        raise RefusalError(20404, asked.path)
    return message
