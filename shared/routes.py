"""Our own URLs: the routes that function_app.py registers, and the addresses Twilio is given."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX: Final = "/api"

MESSAGES: Final = "messages"
MESSAGE: Final = "messages/{id}"
RETRY_MESSAGE: Final = "messages/{id}/retry"
CALLS: Final = "calls"
CALL: Final = "calls/{id}"
RETRY_CALL: Final = "calls/{id}/retry"
BATCHES: Final = "batches"
BATCH: Final = "batches/{id}"
RETRY_BATCH: Final = "batches/{id}/retry"
TWIMLET_ROUTE: Final = "twiml/{name}"
PREVIEW: Final = "twiml/preview"
CALL_TWIML: Final = "twiml/calls/{id}"
TOKEN: Final = "token"  # noqa: S105 - a route, not a secret
STATUS: Final = "webhooks/status/{id}"
INBOUND_MESSAGE: Final = "webhooks/messages"
INBOUND_CALL: Final = "webhooks/calls"
INBOUND: Final = "inbound"
INBOUND_EVENT: Final = "inbound/{id}"
FIND_RECIPIENT: Final = "recipients/find"
ERASE_RECIPIENT: Final = "recipients/erase"
HEALTH: Final = "health"
OPENAPI: Final = "openapi.json"
DOCS: Final = "docs"
DOCS_ASSET: Final = "docs/{file}"
OVERVIEW: Final = "overview"
CONSOLE: Final = "console"
CONSOLE_PART: Final = "console/{file}"
CONSOLE_DATA: Final = "console/data/{*path}"

# Twilio's own paths, for programs that speak its API.
TWILIO: Final = "2010-04-01"
TWILIO_ACCOUNT: Final = f"{TWILIO}/Accounts/{{account}}.json"
TWILIO_MESSAGES: Final = f"{TWILIO}/Accounts/{{account}}/Messages.json"
TWILIO_MESSAGE: Final = f"{TWILIO}/Accounts/{{account}}/Messages/{{sid}}.json"
TWILIO_CALLS: Final = f"{TWILIO}/Accounts/{{account}}/Calls.json"
TWILIO_CALL: Final = f"{TWILIO}/Accounts/{{account}}/Calls/{{sid}}.json"
TWILIO_REST: Final = f"{TWILIO}/{{*rest}}"

ALERTS: Final = "alerts"
ALERT: Final = "alerts/{id}"
ACKNOWLEDGE_ALERT: Final = "alerts/{id}/acknowledge"
RESOLVE_ALERT: Final = "alerts/{id}/resolve"
ESCALATE_ALERT: Final = "alerts/{id}/escalate"
ALERTS_FROM: Final = "alerts/from/{source}"
POLICIES: Final = "policies"
POLICY: Final = "policies/{policy}"

ALERT_ID: Final = "alert"
FORWARD: Final = "forward"
CLIENT: Final = "client"
EVENTS: Final = "events"
METHOD: Final = "method"
TRACE: Final = "trace"
ENTRY: Final = "Entry"
STAGE: Final = "Stage"
# The pages of twimlets.com that are here too.
TWIMLET_NAMES: Final = (
    "message", "forward", "findme", "simulring", "callme", "whisper", "menu", "echo", "voicemail",
    "conference",
)  # fmt: skip
_AT_TWIMLETS_COM: Final = re.compile(
    rf"https?://(?:www\.)?twimlets\.com(?::\d+)?/({'|'.join(TWIMLET_NAMES)})/?((?:[?#].*)?)",
    re.IGNORECASE | re.DOTALL,
)
COLLECTIONS: Final = {"message": MESSAGES, "call": CALLS}


def entry_path(kind: str, entry_id: str) -> str:
    """Return the path of an entry; an unreadable queue message is among the messages."""
    return f"{PREFIX}/{COLLECTIONS.get(kind, MESSAGES)}/{entry_id}"


def alert_path(alert_id: str) -> str:
    """Return the path of an alert."""
    return f"{PREFIX}/{ALERT.format(id=alert_id)}"


def policy_path(name: str) -> str:
    """Return the path of a policy."""
    return f"{PREFIX}/{POLICY.format(policy=name)}"


def inbound_path(inbound_id: str) -> str:
    """Return the path of an inbound event."""
    return f"{PREFIX}/{INBOUND_EVENT.format(id=inbound_id)}"


def batch_path(batch_id: str) -> str:
    """Return the path of a batch."""
    return f"{PREFIX}/{BATCH.format(id=batch_id)}"


def status_callback_url(  # noqa: PLR0913 - each is a parameter of the URL
    base: str,
    entry_id: str,
    forward: str | None = None,
    trace: str | None = None,
    *,
    client: str | None = None,
    events: Iterable[str] = (),
    method: str | None = None,
    alert: str | None = None,
) -> str:
    """Return where Twilio reports on an entry; `forward` is where the report is passed on to.

    It is forwarded by `method`, signed with the secret of `client`, and for calls only at
    `events`. `alert` has to be looked at then. The signature covers the query, so nobody but us can
    say any of that.
    """
    if not forward:
        client, events, method = None, (), None
    parameters = {
        ALERT_ID: alert, CLIENT: client, EVENTS: ",".join(events), FORWARD: forward,
        METHOD: method, TRACE: trace,
    }  # fmt: skip
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{base}{PREFIX}/{STATUS.format(id=entry_id)}{query and '?'}{query}"


def call_twiml_url(base: str, entry_id: str, place: str | None = None) -> str:
    """Return where Twilio fetches the TwiML of a call: that which is too long to travel with it.

    With the `place` of a step it is where the call goes on after that step.
    """
    stage = "" if place is None else f"?{STAGE}={place}"
    return f"{base}{PREFIX}/{CALL_TWIML.format(id=entry_id)}{stage}"


def inbound_stage_url(place: str) -> str:
    """Return where an inbound call goes on after a step, seen from the page that answers it."""
    return f"{INBOUND_CALL.rpartition('/')[2]}?{STAGE}={place}"


def twimlet_url(base: str, page: str) -> str:
    """Return the URL of a twimlet; `page` is its name with its query."""
    return f"{base}{PREFIX}/{TWIMLET_ROUTE.format(name=page)}"


def page_at_twimlets_com(url: str) -> str | None:
    """Return the name and query of a page of twimlets.com that is here too; None for other URLs."""
    match = _AT_TWIMLETS_COM.fullmatch(url)
    return f"{match[1].lower()}{match[2]}" if match else None


def own_twimlet_url(url: str, base: str) -> str:
    """Return our own twimlet's URL in place of that of twimlets.com; another URL as it is."""
    page = page_at_twimlets_com(url)
    return url if page is None else twimlet_url(base, page)


def sort_pairs(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return parameters by ascending names, as Twilio may sort a query; repeats keep their order.

    A signature over a query in this order fits whether or not Twilio sorts it.
    """
    return sorted(pairs, key=lambda pair: pair[0])


def add_entry_to_urls(text: str, base: str, entry_id: str) -> str:
    """Add an entry to each twimlet of ours in a URL or a TwiML document; blank: take it away.

    That is how what was pressed and dialled finds its entry: nothing else that we give to
    Twilio with a call comes back to a twimlet. An `Entry` that is there already is a caller's.
    """
    is_twiml = text.lstrip().startswith("<")

    def replace(match: re.Match[str]) -> str:
        url = unescape(match[0]) if is_twiml else match[0]
        changed = set_entry(url, entry_id)
        return escape(changed, quote=True) if is_twiml else changed

    # Where a URL begins: alone, in an attribute, or as an element's text. Elsewhere it is prose.
    begins = """(?:^|(?<=["'>]))""" + re.escape(twimlet_url(base, ""))
    return re.sub(rf"{begins}[a-z]+(?:[?#][^\s\"'<>]*)?(?=[\s\"'<>]|$)", replace, text)


def set_entry(url: str, entry_id: str) -> str:
    """Return a URL with `Entry` in its query, and no other one; without one if that is blank.

    It stands before the first parameter that sorts after it, and every other stays as it is.
    """
    address, hash_mark, fragment = url.partition("#")
    page, _, query = address.partition("?")
    pairs = [pair for pair in query.split("&") if pair and _name_of(pair) != ENTRY]
    if entry_id:
        place = next((i for i, pair in enumerate(pairs) if _name_of(pair) > ENTRY), len(pairs))
        pairs.insert(place, f"{ENTRY}={entry_id}")
    return page + ("?" if pairs else "") + "&".join(pairs) + hash_mark + fragment


def _name_of(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
