"""Verbs that hand the call to something outside: only noted, as far as a caller would notice."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import message_recipient
from dev.simulator.books import Wish
from dev.simulator.call_engine.documents import Program, plain_text
from dev.simulator.call_engine.interpret import NESTED, next_page, run_verbs, verb
from dev.simulator.call_engine.line import HangUp, Line
from dev.simulator.messages import new_message, opted_out, send

SESSION: Final = 10.0  # seconds for which a connected service talks


@verb("Sms")
async def sms(line: Line, element: Element) -> Program | None:
    """Send a text in the middle of a call."""
    to = message_recipient(element.get("to", line.call.sender))
    sender = element.get("from", line.call.to)
    body = plain_text(element).strip()
    if to is None or opted_out(line.exchange, to, sender):
        line.error(14101, f"Sms: cannot be sent to {element.get('to')!r}")
        return None
    if not body:
        line.error(14103, "Sms: empty body")
        return None
    callback = line.address(element.get("statusCallback", ""))
    wish = Wish(sid="", callback=callback) if callback else None
    message = new_message(line.exchange, to, sender, body, direction="outbound-call", wish=wish)
    send(line.exchange, message)
    line.note("switchboard", "sms", body, to=to)
    if not element.get("action"):
        return None
    return next_page(line, element, {"SmsSid": message.sid, "SmsStatus": "sent"})


@verb("Start")
@verb("Stop")
async def in_background(line: Line, element: Element) -> Program | None:
    """A stream, a transcription and the like begin or end beside the call."""
    for noun in element:
        line.note("switchboard", element.tag.lower(), noun.tag, **dict(noun.attrib))
    return None


@verb("Connect")
async def connect(line: Line, element: Element) -> Program | None:
    """A service takes the call over for a while."""
    for noun in element:
        line.note("switchboard", "connect", noun.tag, **dict(noun.attrib))
        if greeting := noun.get("welcomeGreeting"):
            line.note("other", "say", greeting)
    await line.listen(frozenset({"speech"}), SESSION)
    if not element.get("action"):
        return None
    return next_page(line, element, {"SessionId": line.call.sid, "SessionStatus": "ended"})


@verb("Refer")
async def refer(line: Line, element: Element) -> Program | None:
    """Hand a SIP call over to another address."""
    to = plain_text(element).strip()
    line.note("switchboard", "refer", to)
    if not element.get("action"):
        raise HangUp
    told = {"ReferCallStatus": "completed", "ReferSipResponseCode": "202"}
    return next_page(line, element, told | {"NotifySipResponseCode": "200"})


@verb("Pay")
async def pay(line: Line, element: Element) -> Program | None:
    """Ask for a card: the prompts are heard, and a made-up token pays."""
    amount = element.get("chargeAmount", "")
    line.note("switchboard", "pay", amount)
    for prompt in element.iter("Prompt"):
        await run_verbs(line, [child for child in prompt if child.tag in NESTED])
    await line.listen(frozenset({"digits"}), SESSION)
    if not element.get("action"):
        return None
    token = "tok_simulated"  # noqa: S105 # a made-up one
    told = {"Result": "success", "PaymentToken": token, "PaymentCardNumber": "xxxxxxxxxxxx1111"}
    return next_page(line, element, told | {"PaymentConfirmationCode": "simulated"})


@verb("Prompt")
@verb("Queue")
async def misplaced(line: Line, element: Element) -> Program | None:
    """Nouns that some people take for verbs: warned about and skipped."""
    line.error(12200, f"<{element.tag}> is not a verb of its own", warning=True)
    return None
