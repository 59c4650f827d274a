"""The Calls resource."""

import msgspec

from dev.simulator.calls.new_call import new_call
from dev.simulator.calls.outgoing import place_call
from dev.simulator.errors import RefusalError
from dev.simulator.resources import Call
from dev.simulator.rest.call_form import read_changes, read_options, read_parties
from dev.simulator.rest.paging import build_page, is_in_range
from dev.simulator.rest.serving import Reply, RestRequest

FINAL_STATUSES = {"completed", "busy", "failed", "no-answer", "canceled"}

encode = msgspec.json.Encoder().encode


def create(request: RestRequest) -> Reply:
    """Accept a call; the phone will ring."""
    to, sender = read_parties(request)
    options = read_options(request)
    call = new_call(request.exchange, to, sender, direction="outbound-api", status="queued")
    reply = Reply(encode(call), 201)
    place_call(request.exchange, call, options)
    return reply


def fetch(request: RestRequest, sid: str) -> Reply:
    """Return one call."""
    return Reply(encode(_find(request, sid)))


def list_page(request: RestRequest) -> Reply:
    """Return calls by To, From, Status, ParentCallSid, StartTime and EndTime, newest first."""
    query = request.query

    def fits(call: Call) -> bool:
        return (
            query.get("Status", call.status) == call.status
            and query.get("ParentCallSid", call.parent_call_sid) == call.parent_call_sid
            and is_in_range(query, "StartTime", call.start_time)
            and is_in_range(query, "EndTime", call.end_time)
        )

    table = request.exchange.books.calls
    return Reply(encode(build_page(table, "calls", request.path, query, fits)))


def update(request: RestRequest, sid: str) -> Reply:
    """Hang up or cancel a call, or let it go on with another document."""
    call = _find(request, sid)
    status = request.get("Status")
    if status not in {"", "completed", "canceled"}:
        raise RefusalError(20001, f"Status {status}")
    line = request.exchange.lines.get(sid)
    if call.status in FINAL_STATUSES or line is None:
        raise RefusalError(21220)
    source, line.options = read_changes(request, line.options)
    if status:
        if status == "canceled" and line.answered:
            raise RefusalError(21220)
        line.end("completed" if line.answered else "canceled")
        line.finish("completed" if line.answered else "canceled")
    elif source is not None:
        if not line.answered:
            raise RefusalError(21220)
        line.switch_to(source)
    return Reply(encode(call))


def delete(request: RestRequest, sid: str) -> Reply:
    """Delete a call that is over."""
    if _find(request, sid).status not in FINAL_STATUSES:
        raise RefusalError(20009)
    request.exchange.books.delete("call", sid)
    return Reply(b"", 204)


def _find(request: RestRequest, sid: str) -> Call:
    call = request.exchange.books.calls.rows.get(sid)
    if call is None:
        raise RefusalError(20404, request.path)
    return call
