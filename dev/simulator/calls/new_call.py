"""Enter calls in the books, and end those that a restart interrupted."""

from dev.simulator.clock import now_rfc2822
from dev.simulator.network import Network
from dev.simulator.resources import Call, new_sid

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
    exchange: Network,
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


def end_interrupted_calls(exchange: Network) -> None:
    """End every call of the books that was going on when the simulator stopped."""
    for call in exchange.books.calls.rows.values():
        if call.end_time is None:
            call.status = "completed" if call.start_time else "failed"
            call.end_time = call.date_updated
            call.duration = call.duration or "0"
