"""The life of a message: entered in the books, sent, delivered or not, and reported."""

import asyncio
import time

from dev.simulator.books import Message, Wish, new_sid
from dev.simulator.clock import now_rfc2822
from dev.simulator.errors import DELIVERY_ERRORS
from dev.simulator.exchange import Exchange
from dev.simulator.segments import segments

FAILED_BEFORE_SENDING = {21610, 30001, 30002}
FINAL = {"delivered", "undelivered", "failed", "read", "canceled", "received"}


def new_message(  # noqa: PLR0913 # the fields of a message
    exchange: Exchange,
    to: str,
    sender: str | None,
    body: str,
    *,
    status: str = "queued",
    direction: str = "outbound-api",
    media: list[str] | None = None,
    service: str | None = None,
    wish: Wish | None = None,
) -> Message:
    """Enter a new message in the books."""
    sid = new_sid("MM" if media else "SM")
    now = now_rfc2822()
    uri = f"{exchange.api}/Messages/{sid}"
    message = Message(
        sid=sid,
        account_sid=exchange.account.sid,
        to=to,
        sender=sender,
        body=body,
        status=status,
        direction=direction,
        date_created=now,
        date_updated=now,
        date_sent=None,
        num_segments="0" if service else str(segments(body)),
        num_media=str(len(media or ())),
        messaging_service_sid=service,
        uri=f"{uri}.json",
        subresource_uris={"media": f"{uri}/Media.json"},
    )
    if media and wish is None:
        wish = Wish(sid=sid, media=media)
    elif wish is not None:
        wish.sid = sid
        wish.media = media or []
    exchange.books.add_message(message, wish)
    exchange.journal.add(
        "message",
        sid=sid,
        status=status,
        to=to,
        sender=sender,
        body=body,
        direction=direction,
        media=media or [],
    )
    return message


def send(exchange: Exchange, message: Message) -> None:
    """Let a message go its way: now, or at its scheduled time."""
    wish = exchange.books.wishes.get(message.sid)
    if message.status == "scheduled" and wish is not None and wish.send_at is not None:
        asyncio.get_running_loop().call_later(
            max(0.0, wish.send_at - time.time()), _depart, exchange, message
        )
    else:
        _depart(exchange, message)


def resume(exchange: Exchange) -> None:
    """Go on, after a restart, with what was under way."""
    for message in list(exchange.books.messages.rows.values()):
        if message.status not in FINAL:
            send(exchange, message)


def _depart(exchange: Exchange, message: Message) -> None:
    if message.status in FINAL:  # canceled while it waited
        return
    steps = list(_way(exchange, message))
    # A message with a Messaging Service is only queued once the service has chosen a sender.
    if message.status in {"accepted", "scheduled"}:
        steps.insert(0, ("queued", None))
    elif message.status in {"sending", "sent"}:  # resumed after a restart
        steps = steps[-1:]
    asyncio.get_running_loop().call_later(
        exchange.clock.step, _advance, exchange, message, iter(steps)
    )


def _way(exchange: Exchange, message: Message) -> list[tuple[str, int | None]]:
    """The statuses that lie ahead, with an error code where it ends badly."""
    phone = exchange.phones.phone(message.to)
    error = phone.message_error or (30003 if phone.unreachable else None)
    if message.messaging_service_sid and opted_out(exchange, message.to, exchange.account.number):
        error = 21610
    if error in FAILED_BEFORE_SENDING:
        return [("failed", error)]
    if error:
        return [("sending", None), ("sent", None), ("undelivered", error)]
    read = [("read", None)] if phone.reads and ":" in message.to else []
    return [("sending", None), ("sent", None), ("delivered", None), *read]


def opted_out(exchange: Exchange, phone: str, number: str) -> bool:
    """Whether the person at this phone has texted STOP to this number of ours."""
    return (phone, number) in exchange.phones.opted_out


def _advance(exchange: Exchange, message: Message, steps: object) -> None:
    status, error = next(steps, (None, None))  # type: ignore[call-overload] # a list's iterator
    forgotten = message.sid not in exchange.books.messages.rows
    if status is None or forgotten or message.status in FINAL - {"delivered"}:
        return
    if message.sender is None:
        message.sender = exchange.account.number
    message.num_segments = str(segments(message.body))
    set_status(exchange, message, status, error)
    asyncio.get_running_loop().call_later(exchange.clock.step, _advance, exchange, message, steps)


def set_status(exchange: Exchange, message: Message, status: str, error: int | None = None) -> None:
    """Move a message on and tell its status callback."""
    message.status = status
    message.date_updated = now_rfc2822()
    if status == "sent":
        message.date_sent = message.date_updated
    if error is not None:
        message.error_code = error
        message.error_message = DELIVERY_ERRORS.get(error, "Unknown error")
    exchange.books.keep("message", message)
    exchange.journal.add("message", sid=message.sid, status=status, error_code=error)
    wish = exchange.books.wishes.get(message.sid)
    if wish is not None and wish.callback:
        exchange.webhooks.notify(wish.callback, callback_parameters(message))


def callback_parameters(message: Message) -> dict[str, str]:
    """What Twilio's status callback for a message carries."""
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "AccountSid": message.account_sid,
        "From": message.sender or "",
        "To": message.to,
        "ApiVersion": message.api_version,
    }
    if message.messaging_service_sid:
        form["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code is not None:
        form["ErrorCode"] = str(message.error_code)
        form["ChannelStatusMessage"] = message.error_message or ""
    if message.status in {"delivered", "undelivered"}:
        form["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime())
    return form
