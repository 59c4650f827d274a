"""The simulator's own paths: act for the people outside, and set phones, faults and the clock."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from dev.simulator.calls.incoming import receive
from dev.simulator.calls.line import Exchange, Line
from dev.simulator.calls.person import Action, Person
from dev.simulator.control.guard import problem
from dev.simulator.faults import FaultSettings
from dev.simulator.messages.inbound import receive_text
from dev.simulator.phones import Phone, ScriptStep

Body = TypeVar("Body")
Address = Annotated[str, Meta(min_length=1)]
Rate = Annotated[float, Meta(gt=0)]

MAX_WAIT_SECONDS: Final = 2.0


class InboundText(msgspec.Struct, rename={"sender": "from"}, forbid_unknown_fields=True):
    """Somebody texts one of our numbers; ``parameters`` are sent to the webhook in addition."""

    sender: Address
    to: str = ""
    body: str = ""
    media_url: str | list[str] | None = None
    parameters: dict[str, str] = {}


class InboundCall(msgspec.Struct, rename={"sender": "from"}, forbid_unknown_fields=True):
    """Somebody calls one of our numbers; ``script`` is what they do in this call.

    ``held``: a person drives the phone by hand, whatever it does when it is called.
    """

    sender: Address
    to: str = ""
    script: list[ScriptStep] = []
    parameters: dict[str, str] = {}
    held: bool = False


class ClockChange(msgspec.Struct, forbid_unknown_fields=True):
    """How fast time passes; see clock.py."""

    speed: Rate | None = None
    patience: Rate | None = None
    step: Rate | None = None
    in_hand: Rate | None = None


class Admin:
    """Handlers of the paths that change something, and of those that look at one thing."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        """Return every route."""
        return [
            web.post("/_simulator/messages", self.send_text),
            web.post("/_simulator/calls", self.start_call),
            web.get("/_simulator/calls/{sid}", self.get_call),
            web.post("/_simulator/calls/{sid}", self.act),
            web.get("/_simulator/phones", self.list_phones),
            web.get("/_simulator/phones/{number}", self.get_phone),
            web.put("/_simulator/phones/{number}", self.change_phone),
            web.delete("/_simulator/phones/{number}", self.forget_phone),
            web.get("/_simulator/numbers/{number}", self.get_number),
            web.put("/_simulator/numbers/{number}", self.change_number),
            web.get("/_simulator/faults", self.get_faults),
            web.put("/_simulator/faults", self.change_faults),
            web.get("/_simulator/clock", self.get_clock),
            web.put("/_simulator/clock", self.change_clock),
            web.delete("/_simulator/books", self.reset),
        ]

    async def send_text(self, request: web.Request) -> web.Response:
        """Let a text come in: 201 with the message, and the app's answer."""
        text = await _read(request, InboundText)
        to = text.to or self._exchange.account.number
        urls = [text.media_url] if isinstance(text.media_url, str) else text.media_url or []
        media = [url for url in urls if url]
        message, outcome = await receive_text(
            self._exchange, text.sender, to, text.body, media, **text.parameters
        )
        return _json(msgspec.to_builtins(message) | {"answer": outcome}, HTTPStatus.CREATED)

    async def start_call(self, request: web.Request) -> web.Response:
        """Let a call come in: 201 with the call, which goes on in the background."""
        inbound = await _read(request, InboundCall)
        phone = self._exchange.phones.find_phone(inbound.sender)
        person = Person(msgspec.structs.replace(phone, script=inbound.script or phone.script))
        person.by_hand = person.by_hand or inbound.held
        to = inbound.to or self._exchange.account.number
        line = receive(self._exchange, inbound.sender, to, person, **inbound.parameters)
        return _json(line.call, HTTPStatus.CREATED)

    async def get_call(self, request: web.Request) -> web.Response:
        """Return the transcript of a call."""
        return _json(_describe_call(self._find_line(request)))

    async def act(self, request: web.Request) -> web.Response:
        """Let the person on a call do something."""
        line = self._find_line(request)
        action = Action.from_json(await _read(request, ScriptStep))  # type: ignore[arg-type] # a union of types
        self._exchange.journal.add("phone", sid=line.call.sid, does=action.kind, text=action.text)
        if line.over.is_set() and action.kind != "hangup":
            return problem(HTTPStatus.CONFLICT, f"the call is over: {line.call.status}")
        _perform(line, action)
        if action.kind in {"answer", "hangup", "decline", "busy"}:
            outcome = line.answered_event if action.kind == "answer" else line.over
            with suppress(TimeoutError):  # so that the answer shows the new status
                await asyncio.wait_for(outcome.wait(), MAX_WAIT_SECONDS)
        return _json(_describe_call(line))

    async def list_phones(self, _request: web.Request) -> web.Response:
        """Return every phone that was configured, texted or called."""
        phones = dict(self._exchange.phones.outside)
        for message in self._exchange.books.messages.rows.values():
            is_inbound = message.direction == "inbound"
            phones.setdefault(str(message.sender) if is_inbound else message.to, Phone())
        for call in self._exchange.books.calls.rows.values():
            phones.setdefault(call.sender if call.direction == "inbound" else call.to, Phone())
        return _json(phones)

    async def get_phone(self, request: web.Request) -> web.Response:
        """Return the behaviour of one phone."""
        return _json(self._exchange.phones.find_phone(request.match_info["number"]))

    async def change_phone(self, request: web.Request) -> web.Response:
        """Change some of a phone's behaviour; the rest stays."""
        number = request.match_info["number"]
        changes = await _read(request, dict[str, object])
        before = msgspec.to_builtins(self._exchange.phones.find_phone(number))
        phone = msgspec.convert(before | changes, Phone)
        Person(phone)  # raises for a script that is not valid
        self._exchange.phones.outside[number] = phone
        self._exchange.journal.add("phone", number=number, behaves=phone)
        return _json(phone)

    async def forget_phone(self, request: web.Request) -> web.Response:
        """Let a phone behave by default again."""
        number = request.match_info["number"]
        self._exchange.phones.outside.pop(number, None)
        self._exchange.journal.add("phone", number=number, behaves=None)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def get_number(self, request: web.Request) -> web.Response:
        """Return the webhooks of one of our numbers."""
        return _json(self._exchange.phones.find_number(request.match_info["number"]))

    async def change_number(self, request: web.Request) -> web.Response:
        """Change some of a number's webhooks."""
        changes = await _read(request, dict[str, object])
        phones = self._exchange.phones
        return _json(phones.change_number(request.match_info["number"], changes))

    async def get_faults(self, _request: web.Request) -> web.Response:
        """Return the present faults, and the known kinds."""
        return _json(self._exchange.faults.describe())

    async def change_faults(self, request: web.Request) -> web.Response:
        """Set the faults; ``{}`` ends them."""
        self._set_faults(await _read(request, FaultSettings))
        return _json(self._exchange.faults.describe())

    def _set_faults(self, settings: FaultSettings) -> None:
        self._exchange.faults.put(settings)
        self._exchange.journal.add("fault", settings=settings)

    async def get_clock(self, _request: web.Request) -> web.Response:
        """Return how fast time passes."""
        clock = self._exchange.clock
        return _json({name: getattr(clock, name) for name in ClockChange.__struct_fields__})

    async def change_clock(self, request: web.Request) -> web.Response:
        """Let time pass faster or slower."""
        change = msgspec.structs.asdict(await _read(request, ClockChange))
        for name, value in change.items():
            if value is not None:
                setattr(self._exchange.clock, name, value)
        return await self.get_clock(request)

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget every message, call, recording, phone, opt-out and fault."""
        exchange = self._exchange
        for line in exchange.lines.values():
            line.end("canceled")
        exchange.lines.clear()
        exchange.books.clear()
        exchange.phones.clear()
        self._set_faults(FaultSettings())
        exchange.journal.add("reset")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _find_line(self, request: web.Request) -> Line:
        line = self._exchange.lines.get(request.match_info["sid"])
        if line is None:
            raise web.HTTPNotFound(text="there is no such call since the simulator started")
        return line


def _perform(line: Line, action: Action) -> None:
    """Perform an action at once while it rings; others wait until somebody listens."""
    line.person.by_hand = True
    if action.kind == "hangup":
        line.end("decline" if line.call.direction.startswith("outbound") else "canceled", "caller")
    elif action.kind in {"answer", "decline", "busy"}:
        line.pick_up(action.kind)
    else:
        line.person.do(action)


def _describe_call(line: Line) -> dict[str, object]:
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
        "application_error": line.application_error,
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
