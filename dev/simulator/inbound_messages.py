"""Somebody texts one of our numbers: the webhook, the TwiML answer, STOP, START and HELP."""

from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import absolute
from dev.simulator.books import Message, Wish
from dev.simulator.call_engine.documents import DocumentError, plain_text, read_document
from dev.simulator.clock import now_rfc2822
from dev.simulator.exchange import Exchange
from dev.simulator.geography import place
from dev.simulator.messages import new_message, opted_out, send
from dev.simulator.webhooks import Answer, WebhookError

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
MOST_DOCUMENTS = 20

Told = dict[str, object]


async def text_arrives(
    exchange: Exchange, sender: str, to: str, body: str, media: list[str], **parameters: str
) -> tuple[Message, Told]:
    """Enter an inbound message, ask the application, and do what it answers.

    ``parameters`` are told beside the usual ones, such as ``ButtonPayload`` or ``Latitude``.
    """
    message = new_message(
        exchange, to, sender, body, status="received", direction="inbound", media=media
    )
    message.date_sent = now_rfc2822()
    keyword = opt_out_keyword(to, body)
    if keyword:
        _obey(exchange, message, keyword)
    number = exchange.phones.our_number(to)
    parameters = webhook_parameters(exchange, message, media) | parameters
    if keyword and exchange.account.advanced_opt_out:
        parameters["OptOutType"] = keyword
    told = await _ask(exchange, message, number.sms_url, number.sms_method, parameters)
    if told["error_code"] is not None and number.sms_fallback_url:
        parameters |= {"ErrorCode": str(told["error_code"]), "ErrorUrl": number.sms_url}
        told = await _ask(exchange, message, number.sms_fallback_url, "POST", parameters)
    return message, told


def opt_out_keyword(number: str, body: str) -> str:
    """STOP, START or HELP when the whole text is such a word, else an empty string."""
    word = body.strip().upper()
    start = START - {"YES"} if number.startswith(TOLL_FREE) else START
    kinds = {"STOP": STOP, "START": start, "HELP": HELP}
    return next((kind for kind, words in kinds.items() if word in words), "")


def recall_opt_outs(exchange: Exchange) -> None:
    """After a restart: who has opted out, as the texts in the books tell it."""
    for message in exchange.books.messages.rows.values():
        if message.direction == "inbound":
            _remember(exchange, message, opt_out_keyword(message.to, message.body))


def _remember(exchange: Exchange, message: Message, keyword: str) -> None:
    parties = (str(message.sender), message.to)
    if keyword == "STOP":
        exchange.phones.opted_out.add(parties)
    elif keyword == "START":
        exchange.phones.opted_out.discard(parties)


def _obey(exchange: Exchange, message: Message, keyword: str) -> None:
    _remember(exchange, message, keyword)
    reply = new_message(
        exchange,
        str(message.sender),
        message.to,
        REPLIES[keyword],
        status="delivered",
        direction="outbound-reply",
    )
    reply.date_sent = reply.date_created


def webhook_parameters(exchange: Exchange, message: Message, media: list[str]) -> dict[str, str]:
    """What Twilio tells the application about an inbound message."""
    sender = str(message.sender)
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsMessageSid": message.sid,
        "SmsStatus": "received",
        "AccountSid": exchange.account.sid,
        "ApiVersion": message.api_version,
        "From": sender,
        "To": message.to,
        "Body": message.body,
        "NumMedia": message.num_media,
        "NumSegments": message.num_segments,
        **place("From", sender),
        **place("To", message.to),
    }
    for n, url in enumerate(media):
        form[f"MediaUrl{n}"] = url
        form[f"MediaContentType{n}"] = content_type(url)
    if sender.startswith("whatsapp:"):
        form |= {"WaId": sender.removeprefix("whatsapp:+"), "ProfileName": "Simulated Person"}
    return form


def content_type(url: str) -> str:
    """What a media file probably is, from its name."""
    kinds = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4", "pdf": "application/pdf"}
    kinds |= {"mp3": "audio/mpeg", "wav": "audio/wav", "vcf": "text/vcard"}
    return kinds.get(url.rpartition(".")[2].lower(), "image/jpeg")


async def _ask(
    exchange: Exchange, message: Message, url: str, method: str, parameters: dict[str, str]
) -> Told:
    """Ask for a document and do what it says; a Redirect asks again."""
    told: Told = {"status": None, "twiml": "", "error_code": None}
    for _ in range(MOST_DOCUMENTS):
        try:
            answer = await exchange.webhooks.ask(url, parameters, method)
            told |= {"status": answer.status, "twiml": answer.text}
            redirect = _answer(exchange, message, answer)
        except (WebhookError, DocumentError) as error:
            exchange.journal.add("error", code=error.code, text=str(error), sid=message.sid)
            return told | {"error_code": error.code, "error": str(error)}
        if redirect is None:
            return told
        url = absolute(url, plain_text(redirect))
        method = redirect.get("method", "POST")
    exchange.journal.add("error", code=14107, text="too many redirects", sid=message.sid)
    return told


def _answer(exchange: Exchange, message: Message, answer: Answer) -> Element | None:
    """Send what the document says; the Redirect that it ends in, if any."""
    if not answer.body.strip():
        return None
    for verb in read_document(answer, ("text/plain",)):
        if verb.tag == "Redirect":
            return verb
        if verb.tag in {"Message", "Sms", "Say"}:  # Say: a plain text answer
            _reply(exchange, message, verb, answer.url)
        else:
            exchange.journal.add(
                "error", code=12200, text=f"<{verb.tag}> is unknown in messages", sid=message.sid
            )
    return None


def _reply(exchange: Exchange, message: Message, verb: Element, base: str) -> None:
    body = "".join(part.text or "" for part in verb.iter("Body")) or (verb.text or "").strip()
    media = [absolute(base, part.text or "") for part in verb.iter("Media")]
    to, sender = verb.get("to", str(message.sender)), verb.get("from", message.to)
    if not body and not media:
        exchange.journal.add("error", code=14103, text="empty message", sid=message.sid)
        return
    if opted_out(exchange, to, sender):
        exchange.journal.add("error", code=21610, text=f"{to} has opted out", sid=message.sid)
        return
    callback = verb.get("statusCallback") or verb.get("action") or ""
    wish = Wish(sid="", callback=absolute(base, callback)) if callback else None
    reply = new_message(
        exchange, to, sender, body, direction="outbound-reply", media=media, wish=wish
    )
    send(exchange, reply)
