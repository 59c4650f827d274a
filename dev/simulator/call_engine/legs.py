"""The far legs of a Dial: each is a call of its own, with its own phone and status callback."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.documents import Ask
from dev.simulator.call_engine.incoming import receive
from dev.simulator.call_engine.interpret import seconds
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.new_call import new_call
from dev.simulator.call_engine.order import CallOrder, Reports
from dev.simulator.call_engine.person import Person

DEFAULT_RINGING: Final = 30


def new_leg(line: Line, dial: Element, address: str, noun: Element) -> Line:
    """A leg to this address, not ringing yet."""
    exchange = line.exchange
    call = new_call(
        exchange,
        address,
        dial.get("callerId", line.call.sender),
        direction="outbound-dial",
        status="queued",
        parent=line.call.sid,
    )
    order = CallOrder(
        program=Ask(""),
        ring_for=seconds(line, dial, "timeout", DEFAULT_RINGING, 13212),
        reports=Reports.of(
            line.address(noun.get("statusCallback", "")),
            noun.get("statusCallbackEvent", ""),
            noun.get("statusCallbackMethod", "POST"),
        ),
        send_digits=noun.get("sendDigits", ""),
        detection=noun.get("machineDetection", ""),
        async_detection=True,
        detection_callback=line.address(noun.get("amdStatusCallback", "")),
        detection_method=noun.get("amdStatusCallbackMethod", "POST"),
    )
    leg = Line(exchange, call, order, Person(exchange.phones.phone(address)))
    leg.page = line.page
    return leg


def connect_to_us(line: Line, leg: Line) -> None:
    """A leg that rings one of our own numbers: an inbound call, heard by the near person."""
    if leg.call.to in leg.exchange.phones.own:
        leg.far_end = receive(leg.exchange, leg.call.sender, leg.call.to, line.person)
        leg.far_end.heard_by = line
