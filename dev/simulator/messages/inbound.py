"""Somebody texts one of our numbers: the webhook, the TwiML answer, STOP, START and HELP."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import absolute
from dev.simulator.books import MessageOptions
from dev.simulator.clock import now_rfc2822
from dev.simulator.documents import DocumentError, plain_text, read_document
from dev.simulator.geography import describe_place
from dev.simulator.messages.outbound import new_message, send
from dev.simulator.network import Network
from dev.simulator.resources import Message
from dev.simulator.webhooks.client import Answer, WebhookError

STOP = frozenset(["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"])
START = frozenset(("START", "YES", "UNSTOP"))
HELP = frozenset(("HELP", "INFO"))
TOLL_FREE: Final = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")

REPLIES = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages "
    "from this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
MAX_DOCUMENTS = 20

Outcome = dict[str, object]  # status, twiml and error_code of the app's answer


async def receive_text(
    network: Network, sender: str, to: str, body: str, media: list[str], **parameters: str
) -> tuple[Message, Outcome]:
    """Enter an inbound message, call the webhook, and do what the app answers.

    ``parameters`` are sent with the usual ones, such as ``ButtonPayload`` or ``Latitude``.
    """
    options = MessageOptions(media=media)
    message = new_message(
        network, to, sender, body, status="received", direction="inbound", options=options
    )
    message.date_sent = now_rfc2822()
    keyword = opt_out_keyword(to, body)
    if keyword:
        _record_keyword(network, message, keyword)
        _reply_to_keyword(network, message, keyword)
    number = network.phones.find_number(to)
    parameters = webhook_parameters(network, message, media) | parameters
    if keyword and network.account.advanced_opt_out:
        parameters["OptOutType"] = keyword
    outcome = await _call_app(network, message, number.sms_url, number.sms_method, parameters)
    if outcome["error_code"] is not None and number.sms_fallback_url:
        parameters |= {"ErrorCode": str(outcome["error_code"]), "ErrorUrl": number.sms_url}
        outcome = await _call_app(network, message, number.sms_fallback_url, "POST", parameters)
    return message, outcome


def opt_out_keyword(number: str, body: str) -> str:
    """Return STOP, START or HELP when the whole text is such a keyword, else an empty string."""
    word = body.strip().upper()
    start = START - {"YES"} if number.startswith(TOLL_FREE) else START
    kinds = {"STOP": STOP, "START": start, "HELP": HELP}
    return next((kind for kind, keywords in kinds.items() if word in keywords), "")


def restore_opt_outs(network: Network) -> None:
    """Find out, after a restart, who has opted out, from the texts in the books."""
    for message in network.books.messages.rows.values():
        if message.direction == "inbound":
            _record_keyword(network, message, opt_out_keyword(message.to, message.body))


def _record_keyword(network: Network, message: Message, keyword: str) -> None:
    if keyword == "STOP":
        network.phones.opt_out(str(message.sender), message.to)
    elif keyword == "START":
        network.phones.opt_in(str(message.sender), message.to)


def _reply_to_keyword(network: Network, message: Message, keyword: str) -> None:
    reply = new_message(
        network,
        str(message.sender),
        message.to,
        REPLIES[keyword],
        status="delivered",
        direction="outbound-reply",
    )
    reply.date_sent = reply.date_created


def webhook_parameters(network: Network, message: Message, media: list[str]) -> dict[str, str]:
    """Return the form of the webhook about an inbound message."""
    sender = str(message.sender)
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsMessageSid": message.sid,
        "SmsStatus": "received",
        "AccountSid": network.account.sid,
        "ApiVersion": message.api_version,
        "From": sender,
        "To": message.to,
        "Body": message.body,
        "NumMedia": message.num_media,
        "NumSegments": message.num_segments,
        **describe_place("From", sender),
        **describe_place("To", message.to),
    }
    for n, url in enumerate(media):
        form[f"MediaUrl{n}"] = url
        form[f"MediaContentType{n}"] = guess_content_type(url)
    if sender.startswith("whatsapp:"):
        form |= {"WaId": sender.removeprefix("whatsapp:+"), "ProfileName": "Simulated Person"}
    return form


def guess_content_type(url: str) -> str:
    """Guess the type of a media file from its name."""
    kinds = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4", "pdf": "application/pdf"}
    kinds |= {"mp3": "audio/mpeg", "wav": "audio/wav", "vcf": "text/vcard"}
    return kinds.get(url.rpartition(".")[2].lower(), "image/jpeg")


async def _call_app(
    network: Network, message: Message, url: str, method: str, parameters: dict[str, str]
) -> Outcome:
    """Fetch a document and do what it says, following each Redirect."""
    outcome: Outcome = {"status": None, "twiml": "", "error_code": None}
    for _ in range(MAX_DOCUMENTS):
        try:
            answer = await network.webhooks.request(url, parameters, method)
            outcome |= {"status": answer.status, "twiml": answer.text}
            redirect = _run_document(network, message, answer)
        except (WebhookError, DocumentError) as error:
            network.journal.add("error", code=error.code, text=str(error), sid=message.sid)
            return outcome | {"error_code": error.code, "error": str(error)}
        if redirect is None:
            return outcome
        url = absolute(url, plain_text(redirect))
        method = redirect.get("method", "POST")
    network.journal.add("error", code=14107, text="too many redirects", sid=message.sid)
    return outcome


def _run_document(network: Network, message: Message, answer: Answer) -> Element | None:
    """Send what the document says; return the Redirect that it ends in, if any."""
    if not answer.body.strip():
        return None
    for verb in read_document(answer):
        if verb.tag == "Redirect":
            return verb
        if verb.tag in {"Message", "Sms", "Say"}:  # Say: a plain text answer
            _reply(network, message, verb, answer.url)
        else:
            text = f"<{verb.tag}> is not a verb of messages"
            network.journal.add("error", code=12200, text=text, sid=message.sid)
    return None


def _reply(network: Network, message: Message, verb: Element, base: str) -> None:
    body = "".join(part.text or "" for part in verb.iter("Body")) or (verb.text or "").strip()
    media = [absolute(base, part.text or "") for part in verb.iter("Media")]
    to, sender = verb.get("to", str(message.sender)), verb.get("from", message.to)
    if not body and not media:
        network.journal.add("error", code=14103, text="empty message", sid=message.sid)
        return
    if network.phones.has_opted_out(to, sender):
        network.journal.add("error", code=21610, text=f"{to} has opted out", sid=message.sid)
        return
    callback = verb.get("statusCallback") or verb.get("action") or ""
    options = MessageOptions(callback=absolute(base, callback) if callback else "", media=media)
    reply = new_message(network, to, sender, body, direction="outbound-reply", options=options)
    send(network, reply)
