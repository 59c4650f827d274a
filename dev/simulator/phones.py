"""The phones of the world outside, and how each of them behaves."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

ScriptStep = str | dict[str, object]  # see calls/person.py
Seconds = Annotated[float, Meta(ge=0)]


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one phone behaves.

    ``answers``: answers by itself after ``ring`` seconds; if false, it rings until somebody acts
    through ``/_simulator/calls``. ``busy``, ``unreachable``: no call succeeds; texts to an
    unreachable phone are undelivered with 30003. ``machine``: a voicemail box answers. ``talks``:
    seconds after which the person hangs up a conversation. ``script``: what the person does, in
    order; see calls/person.py. ``message_error``: the code with which texts fail. ``reads``:
    WhatsApp and RCS messages become read.
    """

    answers: bool = True
    busy: bool = False
    unreachable: bool = False
    machine: bool = False
    ring: Seconds = 2.0
    talks: Seconds = 10.0
    script: list[ScriptStep] = []
    message_error: int | None = None
    reads: bool = False


class OurNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one of the account's own numbers sends its webhooks."""

    voice_url: str
    sms_url: str
    voice_method: str = "POST"
    sms_method: str = "POST"
    voice_fallback_url: str = ""
    sms_fallback_url: str = ""
    status_callback: str = ""


@dataclass(slots=True)
class Phones:
    """Every phone with a behaviour of its own, our own numbers, and the opt-outs."""

    app_url: str
    outside: dict[str, Phone] = field(default_factory=dict)
    own: dict[str, OurNumber] = field(default_factory=dict)
    pages: int = 0  # open pages on which a person answers calls
    _opted_out: set[tuple[str, str]] = field(default_factory=set)  # a person, one of our numbers

    def find_phone(self, address: str) -> Phone:
        """Return a phone's behaviour: by default it answers, or rings on an open page."""
        return self.outside.get(address) or Phone(answers=not self.pages)

    def find_number(self, number: str) -> OurNumber:
        """Return where webhooks for this number go: by default, to the app."""
        base = self.app_url.rstrip("/")
        return self.own.get(number) or OurNumber(
            voice_url=f"{base}/api/webhooks/calls", sms_url=f"{base}/api/webhooks/messages"
        )

    def change_number(self, number: str, changes: dict[str, object]) -> OurNumber:
        """Change some of a number's URLs."""
        merged = msgspec.to_builtins(self.find_number(number)) | changes
        self.own[number] = msgspec.convert(merged, OurNumber)
        return self.own[number]

    def opt_out(self, person: str, number: str) -> None:
        """Let a person receive nothing more from this number."""
        self._opted_out.add((_without_rcs(person), _without_rcs(number)))

    def opt_in(self, person: str, number: str) -> None:
        """Undo `opt_out`."""
        self._opted_out.discard((_without_rcs(person), _without_rcs(number)))

    def has_opted_out(self, person: str, number: str) -> bool:
        """Whether the person has texted STOP to this number; SMS, MMS and RCS count as one."""
        return (_without_rcs(person), _without_rcs(number)) in self._opted_out

    def clear(self) -> None:
        """Forget every phone, number and opt-out."""
        self.outside.clear()
        self.own.clear()
        self._opted_out.clear()


def _without_rcs(address: str) -> str:
    return address.removeprefix("rcs:")
