"""Inbound calls: call the webhook and run the TwiML that it answers."""

from dev.simulator.calls.control_flow import HangUp, Rejected
from dev.simulator.calls.interpreter import run_documents
from dev.simulator.calls.line import Exchange, Line
from dev.simulator.calls.new_call import new_call
from dev.simulator.calls.options import CallOptions, StatusCallback
from dev.simulator.calls.person import Person
from dev.simulator.documents import DocumentUrl, Source


def receive(
    exchange: Exchange, sender: str, to: str, person: Person | None = None, **parameters: str
) -> Line:
    """Start a call from outside to one of our numbers, in the background.

    ``parameters`` are sent to the app with the usual ones, such as ``ForwardedFrom``.
    """
    number = exchange.phones.find_number(to)
    call = new_call(exchange, to, sender, direction="inbound", status="ringing")
    call.forwarded_from = parameters.get("ForwardedFrom")
    call.caller_name = parameters.get("CallerName")
    options = CallOptions(
        source=DocumentUrl(number.voice_url, number.voice_method),
        fallback=DocumentUrl(number.voice_fallback_url) if number.voice_fallback_url else None,
        status_callback=StatusCallback(number.status_callback),
        parameters=parameters,
    )
    line = Line(exchange, call, options, person or Person(exchange.phones.find_phone(sender)))
    line.note("caller", "call", to)
    exchange.spawn(_run(line))
    return line


async def _run(line: Line) -> None:
    status = "completed"

    async def documents(this: Line, source: Source) -> None:
        nonlocal status
        try:
            await run_documents(this, source)
        except Rejected as rejected:
            status = rejected.status
        except HangUp:
            pass

    await line.follow(documents)
    line.finish(status if line.answered or status != "completed" else _finish_unanswered(line))


def _finish_unanswered(line: Line) -> str:
    """Return the status after a document without verbs: Twilio answers and hangs up."""
    if line.ended_by == "caller":  # before the app answered
        return "no-answer"
    line.set_status("in-progress")
    return "completed"
