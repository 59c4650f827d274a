"""The life of a message: entered in the books, sent, delivered or not, and reported."""

import asyncio
import time
from collections.abc import Iterator

from dev.simulator.books import MessageOptions
from dev.simulator.clock import now_rfc2822
from dev.simulator.errors import DELIVERY_ERRORS
from dev.simulator.network import Network
from dev.simulator.resources import Message, new_sid

FAILS_BEFORE_SENDING = {21610, 30001, 30002}
FINAL_STATUSES = {"delivered", "undelivered", "failed", "read", "canceled", "received"}

Step = tuple[str, int | None]  # a status, and the error code if it is a failure


def new_message(  # noqa: PLR0913 # the fields of a message
    network: Network,
    to: str,
    sender: str | None,
    body: str,
    *,
    status: str = "queued",
    direction: str = "outbound-api",
    service: str | None = None,
    options: MessageOptions | None = None,
) -> Message:
    """Enter a new message in the books."""
    options = options or MessageOptions()
    options.sid = sid = new_sid("MM" if options.media else "SM")
    now = now_rfc2822()
    uri = f"{network.api}/Messages/{sid}"
    message = Message(
        sid=sid,
        account_sid=network.account.sid,
        to=to,
        sender=sender,
        body=body,
        status=status,
        direction=direction,
        date_created=now,
        date_updated=now,
        date_sent=None,
        num_segments="0" if service else _segments(network, body, options),
        num_media=str(len(options.media)),
        messaging_service_sid=service,
        uri=f"{uri}.json",
        subresource_uris={"media": f"{uri}/Media.json"},
    )
    network.books.add_message(message, None if options == MessageOptions(sid) else options)
    network.journal.add(
        "message",
        sid=sid,
        status=status,
        to=to,
        sender=sender,
        body=body,
        direction=direction,
        media=options.media,
    )
    return message


def _segments(network: Network, body: str, options: MessageOptions) -> str:
    return str(network.count_segments(body, options.smart_encoded))


def find_options(network: Network, sid: str) -> MessageOptions:
    """Return the options of a message."""
    return network.books.message_options.get(sid) or MessageOptions(sid)


def send(network: Network, message: Message) -> None:
    """Start the delivery of a message: now, or at its scheduled time."""
    send_at = find_options(network, message.sid).send_at
    if message.status == "scheduled" and send_at is not None:
        delay = max(0.0, send_at - time.time())
        asyncio.get_running_loop().call_later(delay, _start_delivery, network, message)
    else:
        _start_delivery(network, message)


def resume(network: Network) -> None:
    """Continue, after a restart, with the messages that were being delivered."""
    for message in list(network.books.messages.rows.values()):
        if message.status not in FINAL_STATUSES:
            send(network, message)


def _start_delivery(network: Network, message: Message) -> None:
    if message.status in FINAL_STATUSES:  # canceled while it waited
        return
    steps = _plan_steps(network, message)
    # A Messaging Service chooses a sender first; only then is the message queued.
    if message.status in {"accepted", "scheduled"}:
        steps.insert(0, ("queued", None))
    elif message.status in {"sending", "sent"}:  # resumed after a restart
        steps = steps[-1:]
    loop = asyncio.get_running_loop()
    loop.call_later(network.clock.step, _advance, network, message, iter(steps))


def _plan_steps(network: Network, message: Message) -> list[Step]:
    """Return the statuses to come, the last one with an error code if it is a failure."""
    phone = network.phones.find_phone(message.to)
    error = phone.message_error or (30003 if phone.unreachable else None)
    number = network.account.number
    if message.messaging_service_sid and network.phones.has_opted_out(message.to, number):
        error = 21610
    if error in FAILS_BEFORE_SENDING:
        return [("failed", error)]
    if error:
        return [("sending", None), ("sent", None), ("undelivered", error)]
    read: list[Step] = [("read", None)] if phone.reads and ":" in message.to else []
    return [("sending", None), ("sent", None), ("delivered", None), *read]


def _advance(network: Network, message: Message, steps: Iterator[Step]) -> None:
    status, error = next(steps, (None, None))
    is_deleted = message.sid not in network.books.messages.rows
    if status is None or is_deleted or message.status in FINAL_STATUSES - {"delivered"}:
        return
    if message.sender is None:
        message.sender = network.account.number
        network.books.messages.index_sender(message)
    message.num_segments = _segments(network, message.body, find_options(network, message.sid))
    set_status(network, message, status, error)
    loop = asyncio.get_running_loop()
    loop.call_later(network.clock.step, _advance, network, message, steps)


def set_status(network: Network, message: Message, status: str, error: int | None = None) -> None:
    """Change a message's status and send its status callback."""
    message.status = status
    message.date_updated = now_rfc2822()
    if status == "sent":
        message.date_sent = message.date_updated
    if error is not None:
        message.error_code = error
        message.error_message = DELIVERY_ERRORS.get(error, "Unknown error")
    network.books.keep("message", message)
    network.journal.add("message", sid=message.sid, status=status, error_code=error)
    if callback := find_options(network, message.sid).callback:
        network.webhooks.notify(callback, callback_parameters(message))


def callback_parameters(message: Message) -> dict[str, str]:
    """Return the form of a message's status callback."""
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
