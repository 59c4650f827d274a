"""A call as it enters the books."""

from dev.simulator.books import Call, new_sid
from dev.simulator.clock import now_rfc2822
from dev.simulator.exchange import Exchange

SUBRESOURCES = (
    "events",
    "notifications",
    "payments",
    "recordings",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_message_subscriptions",
    "user_defined_messages",
)


def new_call(  # noqa: PLR0913 # the fields of a call
    exchange: Exchange,
    to: str,
    sender: str,
    *,
    direction: str,
    status: str,
    parent: str | None = None,
) -> Call:
    """Enter a new call in the books."""
    sid = new_sid("CA")
    now = now_rfc2822()
    uri = f"{exchange.api}/Calls/{sid}"
    call = Call(
        sid=sid,
        account_sid=exchange.account.sid,
        to=to,
        sender=sender,
        to_formatted=to,
        from_formatted=sender,
        status=status,
        direction=direction,
        date_created=now,
        date_updated=now,
        uri=f"{uri}.json",
        subresource_uris={
            name: f"{uri}/{''.join(part.title() for part in name.split('_'))}.json"
            for name in SUBRESOURCES
        },
        parent_call_sid=parent,
    )
    exchange.books.add_call(call)
    exchange.journal.add(
        "call",
        sid=sid,
        status=status,
        to=to,
        sender=sender,
        direction=direction,
        parent=parent,
    )
    return call


def end_interrupted(exchange: Exchange) -> None:
    """After a restart: no call of the books is going on any more."""
    for call in exchange.books.calls.rows.values():
        if call.end_time is None:
            call.status = "completed" if call.start_time else "failed"
            call.end_time = call.date_updated
            call.duration = call.duration or "0"
