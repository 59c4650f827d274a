"""The phones of the world outside, and what each of them does when it rings or gets a text."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

Action = str | dict[str, object]
Seconds = Annotated[float, Meta(ge=0)]


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one phone behaves.

    ``answers``: picks up by itself after ``ring`` seconds, else waits for ``/_simulator/calls``.
    ``busy``, ``unreachable``: calls come to nothing; texts to an unreachable phone are undelivered
    with 30003. ``machine``: a voicemail box answers. ``talks``: seconds after which the person
    hangs up a conversation. ``script``: what the person does, in order; see call_engine/person.py.
    ``message_error``: the code with which texts fail. ``reads``: WhatsApp messages become read.
    """

    answers: bool = True
    busy: bool = False
    unreachable: bool = False
    machine: bool = False
    ring: Seconds = 2.0
    talks: Seconds = 10.0
    script: list[Action] = []
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
    """Every phone that was told how to behave, our own numbers, and who opted out of what."""

    app_url: str
    outside: dict[str, Phone] = field(default_factory=dict)
    own: dict[str, OurNumber] = field(default_factory=dict)
    opted_out: set[tuple[str, str]] = field(default_factory=set)
    pages: int = 0  # open pages on which somebody answers calls

    def phone(self, address: str) -> Phone:
        """How this phone behaves: unless told, it answers by itself, or rings on a page."""
        return self.outside.get(address) or Phone(answers=not self.pages)

    def our_number(self, number: str) -> OurNumber:
        """Where webhooks for this number go: to the application unless told otherwise."""
        base = self.app_url.rstrip("/")
        return self.own.get(number) or OurNumber(
            voice_url=f"{base}/api/webhooks/calls", sms_url=f"{base}/api/webhooks/messages"
        )

    def change_number(self, number: str, changes: dict[str, object]) -> OurNumber:
        """Change some of a number's URLs."""
        merged = msgspec.to_builtins(self.our_number(number)) | changes
        self.own[number] = msgspec.convert(merged, OurNumber)
        return self.own[number]

    def clear(self) -> None:
        """Forget everybody."""
        self.outside.clear()
        self.own.clear()
        self.opted_out.clear()
