"""What Twilio asks a twimlet, and what the twimlet answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from shared.forms import Form, is_sid, query_parameters
from shared.routes import (
    ENTRY,
    STAGE,
    add_entry_to_urls,
    page_at_twimlets_com,
    set_entry,
    sort_pairs,
    twimlet_url,
)
from shared.twiml.text import strip_forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ABSOLUTE: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_IN_QUERIES: Final = "%!$&'()*+,;=:@/?#"
_IN_PAGES: Final = f"{_IN_QUERIES}[]"
_CLIENT: Final = "client:"
_NOT_PHONES: Final = (_CLIENT, "sip:")
_SENT_BY_TWILIO: Final = frozenset({
    "CallSid", "From", "To", "Direction", "Digits", "SpeechResult", "Confidence", "DialCallStatus",
    "DialStatus", "DialBridged", "DialCallSid", "DialCallDuration", "RecordingUrl", "RecordingSid",
    "RecordingDuration", "RecordingStatus", "TranscriptionStatus", "TranscriptionText",
})  # fmt: skip


class InboundEvent(NamedTuple):
    """Something that reached us; `event` and `sid` together name it however often it comes."""

    event: str
    sid: str
    from_: str
    to: str
    details: Mapping[str, object]


class OutgoingText(NamedTuple):
    """A text for our own send path; the same `idempotency_key` is the same text."""

    to: str
    body: str
    idempotency_key: str


class Answer(NamedTuple):
    """The TwiML for Twilio, and what else is to be done about the request."""

    twiml: str
    events: Sequence[InboundEvent] = ()
    texts: Sequence[OutgoingText] = ()


@dataclass(frozen=True)
class TwimletRequest:
    """One request of Twilio's for a twimlet, its signature checked."""

    url: str
    """Its URL with its query, as the public knows it."""
    read_number: Callable[[str], str]
    """Returns a telephone number's E.164 form; raises ValueError for what is not a number."""
    form: Form = field(default_factory=Form)
    """The fields of its body, if it was a POST."""
    may_dial: Callable[[str], bool] = lambda _: True
    """Tells whether the rules for destinations let a number in E.164 be called."""
    sender: str | None = None
    """The number to call from where the caller has none to show."""
    recordings_base: str = "https://api.twilio.com"
    """Where Twilio's API is, and with it the recordings; it can be a simulator."""

    @cached_property
    def sent(self) -> Form:
        """All that came by query and form, without the characters that TwiML cannot repeat.

        The program of a Twilio Client puts any field into the form of its call: a client is
        connected as the URL says, and of the form only Twilio's own fields count.
        """
        form = self.form.pairs
        if self.is_from_client:
            form = tuple(pair for pair in form if pair[0] in _SENT_BY_TWILIO)
        pairs = self._query.pairs + form
        return Form((name, strip_forbidden(value)) for name, value in pairs)

    @cached_property
    def is_from_client(self) -> bool:
        """Whether a Twilio Client calls, by the form or, as a GET has it, by the query."""
        callers = (*self.form.getall("From"), *self._query.getall("From"))
        return any(caller.strip().lower().startswith(_CLIENT) for caller in callers)

    @property
    def stage(self) -> str:
        """Which of our own later requests this is, by our own query alone; blank for the first."""
        return self._query.get(STAGE)

    def keyed(self, name: str) -> dict[str, str]:
        """Return the values of `name[key]`; `name[]` and plain `name` take the next free number."""
        found: dict[str, str] = {}
        index = 0
        for known, value in self.sent.pairs:
            base, _, key = known.partition("[")
            if base != name:
                continue
            key = key.removesuffix("]") or str(index)
            if key.isdecimal():
                index = max(index, int(key[:9]) + 1)
            found[key] = value
        return found

    def many(self, name: str) -> list[str]:
        """Return the values of a list that are not blank, by their numbers."""
        values = self.keyed(name)
        numbers = sorted(filter(str.isdecimal, values), key=lambda key: (len(key), key))
        return [values[key] for key in numbers if values[key].strip()]

    def one(self, name: str) -> str:
        """Return the value of `name`, stripped; blank if there is none."""
        values = self.many(name)
        return values[0].strip() if values else ""

    def number(self, name: str, default: int, maximum: int = 600) -> int:
        """Return a whole number from 1 to `maximum`; `default` where there is none."""
        value = self.one(name)
        usable = value.isascii() and value.isdigit() and 0 < int(value[:9]) <= maximum
        return int(value) if usable else default

    def address(self, text: str) -> str | None:
        """Return a number as E.164, a `client:` or `sip:` address as it is, None for neither.

        A plus sign that was not escaped is a space by the time it gets here.
        """
        bare = text.strip()
        if bare.startswith(_NOT_PHONES):
            return bare
        for number in (bare, f"+{bare}") if text.startswith(" ") else (bare,):
            try:
                return self.read_number(number)
            except ValueError:
                continue
        return None

    def addresses(self, name: str) -> list[str]:
        """Return all in a list that are addresses."""
        read = (self.address(value) for value in self.many(name))
        return [address for address in read if address is not None]

    def destinations(self, name: str) -> list[str]:
        """Return all in a list that may be called."""
        return [
            address
            for address in self.addresses(name)
            if address.startswith(_NOT_PHONES) or self.may_dial(address)
        ]

    @property
    def entry(self) -> str:
        """The id of the call of ours that this page serves; blank for an inbound call.

        It is in our own URLs alone: a form can hold what somebody else has put there.
        """
        return self._query.get(ENTRY)

    @cached_property
    def _query(self) -> Form:
        return query_parameters(self.url)

    @property
    def person(self) -> str | None:
        """Whom we called, or who called us; None if that is withheld."""
        outbound = self.one("Direction").startswith("outbound")
        return self.address(self.one("To" if outbound else "From"))

    @property
    def is_recording(self) -> bool:
        """Whether it names a call and a recording of Twilio's, by their SIDs and its address."""
        return bool(is_sid(self.one("CallSid"), "CA") and self.recording_sid)

    @property
    def recording_sid(self) -> str:
        """The SID of the recording; blank if it is not one of Twilio's."""
        url, sid = self.one("RecordingUrl"), self.one("RecordingSid")
        return find_recording_sid(url, sid, self.recordings_base)

    def again(self, parameters: Sequence[str], **stage: str) -> str:
        """Return this twimlet's own URL: its `parameters` as they came, and the stage that is next.

        What Twilio sent with a GET is in the query too, and is not repeated.
        """
        kept = [(n, value) for n, value in self.sent.pairs if n.partition("[")[0] in parameters]
        kept += [(ENTRY, self.entry)] if self.entry else []
        return _with_query(self._page, [*kept, *stage.items()])

    def sibling(self, name: str, **parameters: str) -> str:
        """Return the URL of another twimlet beside this one."""
        return _with_query(self._folder + name, [*parameters.items()])

    def absolute(self, url: str) -> str:
        """Return a URL that may be relative to this one, e.g. `voicemail?Message=Hello there`.

        One of our own twimlets serves the same entry, whatever its query says of that.
        """
        url = _escaped(page_at_twimlets_com(url) or url)
        if url.startswith("/"):
            url = "/".join(self._page.split("/", 3)[:3]) + url
        elif not _ABSOLUTE.match(url):
            url = self._folder + url
        return set_entry(url, self.entry) if self.is_ours(url) else url

    def with_entry(self, twiml: str) -> str:
        """Return a document in which our own twimlets serve the same entry as this one."""
        return add_entry_to_urls(twiml, self._folder.removesuffix(twimlet_url("", "")), self.entry)

    def is_ours(self, url: str) -> bool:
        """Tell whether an absolute URL is one of our own twimlets."""
        return url.startswith(self._folder)

    @property
    def _page(self) -> str:
        return self.url.partition("?")[0]

    @property
    def _folder(self) -> str:
        return self._page.rpartition("/")[0] + "/"


def find_recording_sid(url: str, sid: str, base: str) -> str:
    """Return the SID of a recording, with which its address ends.

    Blank if the SID is not well-formed, or the address is neither at Twilio nor at `base`.
    """
    if url:
        start = (
            rf"(?:https://api(?:\.[a-z0-9-]+){{0,2}}\.twilio\.com|{re.escape(base.rstrip('/'))})"
        )
        if re.fullmatch(rf"{start}(?:/[\w.-]+)*/RE[0-9a-fA-F]{{32}}", url, re.ASCII) is None:
            return ""
    sid = sid or url.rpartition("/")[2]
    return sid if is_sid(sid, "RE") else ""


def _escaped(url: str) -> str:
    """Return a URL as people write it, with what a URL cannot hold escaped.

    Otherwise Twilio would have to do it, and sign a spelling that we do not know.
    """
    page, mark, query = url.partition("?")
    return quote(page, safe=_IN_PAGES) + mark + quote(query, safe=_IN_QUERIES)


def _with_query(url: str, pairs: list[tuple[str, str]]) -> str:
    # Everything but unreserved characters is escaped: nothing on the way can escape it otherwise
    # and break the signature of the request that comes back.
    if not pairs:
        return url
    return f"{url}?{urlencode(sort_pairs(pairs), quote_via=quote, safe='')}"
