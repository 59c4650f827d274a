"""The legs that a Dial starts: each is a call with its own phone and status callback."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.incoming import receive
from dev.simulator.calls.interpreter import read_number
from dev.simulator.calls.line import Line
from dev.simulator.calls.new_call import new_call
from dev.simulator.calls.options import CallOptions, StatusCallback
from dev.simulator.calls.person import Person
from dev.simulator.documents import DocumentUrl

DEFAULT_RINGING_SECONDS: Final = 30


def new_leg(line: Line, dial: Element, address: str, noun: Element) -> Line:
    """Return a leg to this address, which does not ring yet."""
    exchange = line.exchange
    call = new_call(
        exchange,
        address,
        dial.get("callerId", line.call.sender),
        direction="outbound-dial",
        status="queued",
        parent=line.call.sid,
    )
    options = CallOptions(
        source=DocumentUrl(""),
        ring_for=read_number(line, dial, "timeout", DEFAULT_RINGING_SECONDS, 13212),
        status_callback=StatusCallback.from_attributes(
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
    leg = Line(exchange, call, options, Person(exchange.phones.find_phone(address)))
    leg.document = line.document
    return leg


def connect_to_us(line: Line, leg: Line) -> None:
    """If a leg calls one of our own numbers, start the inbound call there."""
    if leg.call.to in leg.exchange.phones.own:
        leg.peer = receive(leg.exchange, leg.call.sender, leg.call.to, line.person)
        leg.peer.heard_by = line
