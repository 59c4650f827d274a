"""The simulator's own paths: be the people outside, order faults, look at what happened."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from dev.simulator.call_engine.incoming import receive
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.person import Deed, Person
from dev.simulator.exchange import Exchange
from dev.simulator.faults import Order
from dev.simulator.guard import problem
from dev.simulator.inbound_messages import text_arrives
from dev.simulator.phones import Action, Phone

Body = TypeVar("Body")
Address = Annotated[str, Meta(min_length=1)]

LONGEST_WAIT: Final = 2.0


class Text(msgspec.Struct, rename={"sender": "from"}, forbid_unknown_fields=True):
    """Somebody texts one of our numbers; ``parameters`` are told to the webhook besides."""

    sender: Address
    to: str = ""
    body: str = ""
    media_url: str | list[str] | None = None
    parameters: dict[str, str] = {}


class Ringing(msgspec.Struct, rename={"sender": "from"}, forbid_unknown_fields=True):
    """Somebody calls one of our numbers; ``script`` is what they do in this call.

    ``held``: somebody has the phone in hand, whatever it does when it is called.
    """

    sender: Address
    to: str = ""
    script: list[Action] = []
    parameters: dict[str, str] = {}
    held: bool = False


class Pace(msgspec.Struct, forbid_unknown_fields=True):
    """How fast time passes; see clock.py."""

    speed: float | None = None
    patience: float | None = None
    step: float | None = None
    in_hand: float | None = None


class Admin:
    """Handlers for everything under ``/_simulator``."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        """The table of contents."""
        return [
            web.post("/_simulator/messages", self.text),
            web.post("/_simulator/calls", self.call),
            web.get("/_simulator/calls/{sid}", self.transcript),
            web.post("/_simulator/calls/{sid}", self.act),
            web.get("/_simulator/phones", self.phones),
            web.get("/_simulator/phones/{number}", self.phone),
            web.put("/_simulator/phones/{number}", self.change_phone),
            web.delete("/_simulator/phones/{number}", self.forget_phone),
            web.get("/_simulator/numbers/{number}", self.number),
            web.put("/_simulator/numbers/{number}", self.change_number),
            web.get("/_simulator/faults", self.faults),
            web.put("/_simulator/faults", self.order_faults),
            web.get("/_simulator/clock", self.clock),
            web.put("/_simulator/clock", self.change_clock),
            web.delete("/_simulator/books", self.reset),
        ]

    async def text(self, request: web.Request) -> web.Response:
        """A text comes in: 201 with the message, and what the application answered."""
        text = await _read(request, Text)
        to = text.to or self._exchange.account.number
        urls = [text.media_url] if isinstance(text.media_url, str) else text.media_url or []
        media = [url for url in urls if url]
        message, told = await text_arrives(
            self._exchange, text.sender, to, text.body, media, **text.parameters
        )
        return _json(msgspec.to_builtins(message) | {"answer": told}, HTTPStatus.CREATED)

    async def call(self, request: web.Request) -> web.Response:
        """A call comes in: 201 with the call, which goes on in the background."""
        ringing = await _read(request, Ringing)
        known = self._exchange.phones.phone(ringing.sender)
        phone = msgspec.structs.replace(known, script=ringing.script or known.script)
        person = Person(phone)
        person.by_hand = person.by_hand or ringing.held
        to = ringing.to or self._exchange.account.number
        line = receive(self._exchange, ringing.sender, to, person, **ringing.parameters)
        return _json(line.call, HTTPStatus.CREATED)

    async def transcript(self, request: web.Request) -> web.Response:
        """What was heard, said and pressed in a call."""
        return _json(_story(self._line(request)))

    async def act(self, request: web.Request) -> web.Response:
        """Make the person on a call do something."""
        line = self._line(request)
        deed = Deed.of(await _read(request, Action))  # type: ignore[arg-type] # a union of types
        self._exchange.journal.add("phone", sid=line.call.sid, does=deed.kind, text=deed.text)
        if line.over.is_set() and deed.kind != "hangup":
            return problem(HTTPStatus.CONFLICT, f"the call is {line.call.status}")
        _do(line, deed)
        if deed.kind in {"answer", "hangup", "decline", "busy"}:
            outcome = line.taken if deed.kind == "answer" else line.over
            with suppress(TimeoutError):  # so that the reply shows what came of it
                await asyncio.wait_for(outcome.wait(), LONGEST_WAIT)
        return _json(_story(line))

    async def phones(self, _request: web.Request) -> web.Response:
        """Every phone that was told something, or was texted or called."""
        known = dict(self._exchange.phones.outside)
        for message in self._exchange.books.messages.rows.values():
            inbound = message.direction == "inbound"
            known.setdefault(str(message.sender) if inbound else message.to, Phone())
        for call in self._exchange.books.calls.rows.values():
            known.setdefault(call.sender if call.direction == "inbound" else call.to, Phone())
        return _json(known)

    async def phone(self, request: web.Request) -> web.Response:
        """How one phone behaves."""
        return _json(self._exchange.phones.phone(request.match_info["number"]))

    async def change_phone(self, request: web.Request) -> web.Response:
        """Tell a phone how to behave; what is not said stays."""
        number = request.match_info["number"]
        changes = await _read(request, dict[str, object])
        before = msgspec.to_builtins(self._exchange.phones.phone(number))
        phone = msgspec.convert(before | changes, Phone)
        Person(phone)  # refuses a script that makes no sense
        self._exchange.phones.outside[number] = phone
        self._exchange.journal.add("phone", number=number, behaves=phone)
        return _json(phone)

    async def forget_phone(self, request: web.Request) -> web.Response:
        """Let a phone behave as every other one again."""
        number = request.match_info["number"]
        self._exchange.phones.outside.pop(number, None)
        self._exchange.journal.add("phone", number=number, behaves=None)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def number(self, request: web.Request) -> web.Response:
        """Where one of our numbers sends its webhooks."""
        return _json(self._exchange.phones.our_number(request.match_info["number"]))

    async def change_number(self, request: web.Request) -> web.Response:
        """Send a number's webhooks somewhere else."""
        changes = await _read(request, dict[str, object])
        phones = self._exchange.phones
        return _json(phones.change_number(request.match_info["number"], changes))

    async def faults(self, _request: web.Request) -> web.Response:
        """What was ordered, and the kinds that there are."""
        return _json(self._exchange.faults.shown())

    async def order_faults(self, request: web.Request) -> web.Response:
        """Order faults; ``{}`` ends them."""
        self._exchange.faults.put(await _read(request, Order))
        self._exchange.journal.add("fault", order=self._exchange.faults.order)
        return _json(self._exchange.faults.shown())

    async def clock(self, _request: web.Request) -> web.Response:
        """How fast time passes."""
        clock = self._exchange.clock
        return _json({name: getattr(clock, name) for name in Pace.__struct_fields__})

    async def change_clock(self, request: web.Request) -> web.Response:
        """Let time pass faster or slower."""
        pace = msgspec.structs.asdict(await _read(request, Pace))
        for name, value in pace.items():
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be above 0")
            if value is not None:
                setattr(self._exchange.clock, name, value)
        return await self.clock(request)

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget every message, call, recording, phone, opt-out and fault."""
        exchange = self._exchange
        for line in exchange.lines.values():
            line.end("canceled")
        exchange.lines.clear()
        exchange.books.clear()
        exchange.phones.clear()
        exchange.faults.put(Order())
        exchange.journal.add("fault", order=exchange.faults.order)
        exchange.journal.add("reset")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _line(self, request: web.Request) -> Line:
        line = self._exchange.lines.get(request.match_info["sid"])
        if line is None:
            raise web.HTTPNotFound(text="no such call in this run of the simulator")
        return line


def _do(line: Line, deed: Deed) -> None:
    """Ringing is answered or not; everything else waits until somebody listens."""
    line.person.by_hand = True
    if deed.kind == "hangup":
        line.end("decline" if line.call.direction.startswith("outbound") else "canceled", "caller")
    elif deed.kind in {"answer", "decline", "busy"}:
        line.pick_up(deed.kind)
    else:
        line.person.do(deed)


def _story(line: Line) -> dict[str, object]:
    call = line.call
    return {
        "sid": call.sid,
        "status": call.status,
        "from": call.sender,
        "to": call.to,
        "direction": call.direction,
        "answered_by": call.answered_by,
        "duration": call.duration,
        "transcript": line.transcript,
        "errors": line.errors,
        "legs": [
            {"sid": leg.call.sid, "to": leg.call.to, "status": leg.call.status} for leg in line.legs
        ],
    }


async def _read(request: web.Request, shape: type[Body]) -> Body:
    return msgspec.json.decode(await request.read() or b"{}", type=shape)


def _json(body: object, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
