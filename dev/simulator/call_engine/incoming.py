"""Calls that come in from outside: ring, ask the application, run what it answers."""

from dev.simulator.call_engine.documents import Ask, Program
from dev.simulator.call_engine.flow import Rejected
from dev.simulator.call_engine.interpret import run_documents
from dev.simulator.call_engine.line import HangUp, Line
from dev.simulator.call_engine.new_call import new_call
from dev.simulator.call_engine.order import CallOrder, Reports
from dev.simulator.call_engine.person import Person
from dev.simulator.exchange import Exchange


def receive(
    exchange: Exchange, sender: str, to: str, person: Person | None = None, **parameters: str
) -> Line:
    """Somebody calls one of our numbers: begin the call in the background.

    ``parameters`` are told to the application beside the usual ones, such as ``ForwardedFrom``.
    """
    number = exchange.phones.our_number(to)
    call = new_call(exchange, to, sender, direction="inbound", status="ringing")
    order = CallOrder(
        program=Ask(number.voice_url, number.voice_method),
        fallback=Ask(number.voice_fallback_url) if number.voice_fallback_url else None,
        reports=Reports(number.status_callback),
        parameters=parameters,
    )
    line = Line(exchange, call, order, person or Person(exchange.phones.phone(sender)))
    line.note("caller", "call", to)
    exchange.spawn(_incoming(line))
    return line


async def _incoming(line: Line) -> None:
    status = "completed"

    async def documents(this: Line, program: Program) -> None:
        nonlocal status
        try:
            await run_documents(this, program)
        except Rejected as rejected:
            status = rejected.status
        except HangUp:
            pass

    await line.follow(documents)
    line.finish(status if line.answered or status != "completed" else _unanswered(line))


def _unanswered(line: Line) -> str:
    """An empty document answers and hangs up; a caller who gave up was never answered."""
    if line.ended_by == "caller":
        return "no-answer"
    line.move("in-progress")
    return "completed"
