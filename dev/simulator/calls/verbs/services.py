"""Verbs that hand the call to another service. Only what the caller notices is simulated."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import message_recipient
from dev.simulator.books import MessageOptions
from dev.simulator.calls.control_flow import HangUp
from dev.simulator.calls.interpreter import NESTED, next_document, run_verbs, verb
from dev.simulator.calls.line import Line
from dev.simulator.documents import Source, plain_text
from dev.simulator.messages.outbound import new_message, send

SESSION_SECONDS: Final = 10.0  # for which a connected service talks


@verb("Sms")
async def sms(line: Line, element: Element) -> Source | None:
    """Send a text in the middle of a call."""
    to = message_recipient(element.get("to", line.call.sender))
    sender = element.get("from", line.call.to)
    body = plain_text(element).strip()
    if to is None or line.exchange.phones.has_opted_out(to, sender):
        line.error(14101, f"Sms: cannot be sent to {element.get('to')!r}")
        return None
    if not body:
        line.error(14103, "Sms: empty body")
        return None
    callback = line.address(element.get("statusCallback", ""))
    options = MessageOptions(callback=callback)
    message = new_message(
        line.exchange, to, sender, body, direction="outbound-call", options=options
    )
    send(line.exchange, message)
    line.note("switchboard", "sms", body, to=to)
    if not element.get("action"):
        return None
    return next_document(line, element, {"SmsSid": message.sid, "SmsStatus": "sent"})


@verb("Start")
@verb("Stop")
async def in_background(line: Line, element: Element) -> Source | None:
    """Note that a stream, a transcription or the like starts or stops."""
    for noun in element:
        line.note("switchboard", element.tag.lower(), noun.tag, **dict(noun.attrib))
    return None


@verb("Connect")
async def connect(line: Line, element: Element) -> Source | None:
    """Let a service talk with the caller for a while."""
    for noun in element:
        line.note("switchboard", "connect", noun.tag, **dict(noun.attrib))
        if greeting := noun.get("welcomeGreeting"):
            line.note("other", "say", greeting)
    await line.listen(frozenset({"speech"}), SESSION_SECONDS)
    if not element.get("action"):
        return None
    return next_document(line, element, {"SessionId": line.call.sid, "SessionStatus": "ended"})


@verb("Refer")
async def refer(line: Line, element: Element) -> Source | None:
    """Transfer a SIP call to another address."""
    to = plain_text(element).strip()
    line.note("switchboard", "refer", to)
    if not element.get("action"):
        raise HangUp
    result = {"ReferCallStatus": "completed", "ReferSipResponseCode": "202"}
    return next_document(line, element, result | {"NotifySipResponseCode": "200"})


@verb("Pay")
async def pay(line: Line, element: Element) -> Source | None:
    """Ask for a card number: the prompts are heard, and an invented token pays."""
    amount = element.get("chargeAmount", "")
    line.note("switchboard", "pay", amount)
    for prompt in element.iter("Prompt"):
        await run_verbs(line, [child for child in prompt if child.tag in NESTED])
    await line.listen(frozenset({"digits"}), SESSION_SECONDS)
    if not element.get("action"):
        return None
    token = "tok_simulated"  # noqa: S105 # an invented one
    result = {"Result": "success", "PaymentToken": token, "PaymentCardNumber": "xxxxxxxxxxxx1111"}
    return next_document(line, element, result | {"PaymentConfirmationCode": "simulated"})


@verb("Prompt")
@verb("Queue")
async def misplaced(line: Line, element: Element) -> Source | None:
    """Warn about a noun that is used as a verb, and skip it."""
    line.error(12200, f"<{element.tag}> is not a verb of its own", warning=True)
    return None
