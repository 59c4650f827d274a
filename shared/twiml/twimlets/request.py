"""What a twimlet is asked, and what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from shared.forms import Form, query_parameters
from shared.routes import ENTRY
from shared.twiml.text import strip_forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ABSOLUTE: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_IN_QUERIES: Final = "%!$&'()*+,;=:@/?#"
_IN_PAGES: Final = f"{_IN_QUERIES}[]"
_NOT_PHONES: Final = ("client:", "sip:")
_TWILIOS: Final = frozenset({
    "CallSid", "From", "To", "Direction", "Digits", "DialCallStatus", "DialStatus", "DialBridged",
    "RecordingUrl", "RecordingSid", "RecordingDuration", "RecordingStatus", "TranscriptionStatus",
    "TranscriptionText",
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
    """A telephone number's E.164 form; raises ValueError for what is no number."""
    form: Form = field(default_factory=Form)
    """The fields of its body, if it was a POST."""
    sender: str | None = None
    """The number to call from where the caller has none to show."""

    @cached_property
    def sent(self) -> Form:
        """All that came by query and form, less the characters that no TwiML can repeat.

        The program of a Twilio Client puts into the form of its call what it likes: a client is
        connected as the URL says, and of the form nothing counts but Twilio's own words.
        """
        form = self.form.pairs
        if self.form.get("From").startswith("client:"):
            form = tuple(pair for pair in form if pair[0] in _TWILIOS)
        pairs = self._query.pairs + form
        return Form((name, strip_forbidden(value)) for name, value in pairs)

    def keyed(self, name: str) -> dict[str, str]:
        """The values under `name[key]`; `name[]` and a plain `name` take the next free number."""
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
        """The values of a list that are not blank, by their numbers."""
        values = self.keyed(name)
        numbers = sorted(
            (key for key in values if key.isdecimal()), key=lambda key: (len(key), key)
        )
        return [values[key] for key in numbers if values[key].strip()]

    def one(self, name: str) -> str:
        """The value under `name`, stripped; blank if there is none."""
        return next((value.strip() for value in self.many(name)), "")

    def whole(self, name: str, default: int, most: int = 600) -> int:
        """A whole number from 1 to `most`; `default` where there is none."""
        value = self.one(name)
        usable = value.isascii() and value.isdigit() and 0 < int(value[:9]) <= most
        return int(value) if usable else default

    def address(self, text: str) -> str | None:
        """A number as E.164, a `client:` or `sip:` address as it is, or None for neither.

        A plus sign that nobody escaped is a space by the time it gets here.
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
        """Everybody in a list who can be called."""
        read = (self.address(value) for value in self.many(name))
        return [address for address in read if address is not None]

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
        """Who is on the phone: whom we called, or who called us. None if that is withheld."""
        outbound = self.one("Direction").startswith("outbound")
        return self.address(self.one("To" if outbound else "From"))

    def again(self, parameters: Sequence[str], **stage: str) -> str:
        """This twimlet's own URL: its `parameters` as they came, and the stage that comes next.

        What Twilio sent with a GET is in the query too, and is not repeated.
        """
        kept = [(n, value) for n, value in self.sent.pairs if n.partition("[")[0] in parameters]
        kept += [(ENTRY, self.entry)] if self.entry else []
        return _with_query(self.url.partition("?")[0], [*kept, *stage.items()])

    def sibling(self, name: str, **parameters: str) -> str:
        """The URL of another twimlet beside this one."""
        folder = self.url.partition("?")[0].rpartition("/")[0]
        return _with_query(f"{folder}/{name}", [*parameters.items()])

    def absolute(self, url: str) -> str:
        """A URL that may be relative to this one, such as `voicemail?Message=Hello there`."""
        url = _escaped(url)
        if _ABSOLUTE.match(url):
            return url
        page = self.url.partition("?")[0]
        if url.startswith("/"):
            return "/".join(page.split("/", 3)[:3]) + url
        told = f"{'&' if '?' in url else '?'}{ENTRY}={self.entry}" if self.entry else ""
        return f"{page.rpartition('/')[0]}/{url}{told}"


def _escaped(url: str) -> str:
    """A URL as people write it, with what a URL cannot hold escaped.

    Twilio would have to do it otherwise, and sign who knows which spelling.
    """
    page, mark, query = url.partition("?")
    return quote(page, safe=_IN_PAGES) + mark + quote(query, safe=_IN_QUERIES)


def _with_query(url: str, pairs: list[tuple[str, str]]) -> str:
    # Everything but unreserved characters is escaped: nothing on the way can escape it otherwise
    # and break the signature of the request that comes back.
    return f"{url}?{urlencode(pairs, quote_via=quote, safe='')}" if pairs else url
