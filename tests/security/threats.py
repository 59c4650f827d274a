"""What holders of keys, tokens and roles try: each attempt tells whether it succeeded."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from dev.host.request_target import read_target
from dev.host.route_template import compile_route
from shared.deliver.receive import NotAuthenticError
from shared.jobs.job import VERSION, Job, encode_job
from tests.deliver.twilio_double import TwilioDouble
from tests.environment import ACCOUNT_SID, AUTH_TOKEN
from tests.in_memory_app import InMemoryApp, Reply, signed
from tests.ledger.histories import JOB, TO, accepted
from tests.sids import sid_of
from tests.triggers.twilio.client import TwilioClient

Who = Literal[
    "stranger", "Twilio Client", "Auth Token", "client key", "read-only key", "queue writer",
    "function key",
    "admin key",
]  # fmt: skip

READ_ONLY_KEY = "a-key-that-may-only-look"
CLIENT_KEY = ("SKshop", "a1b2c3d4e5f6g7h8")
# As Azure checks them: what each level opens with.
FUNCTION_KEY, ADMIN_KEY = "function-key", "admin-key"
OPENS = {"anonymous": None, "function": {FUNCTION_KEY, ADMIN_KEY}, "admin": {ADMIN_KEY}}
KEYS: Mapping[Who, str] = {
    "read-only key": READ_ONLY_KEY,
    "function key": FUNCTION_KEY,
    "admin key": ADMIN_KEY,
}
ABROAD = "+33142685300"


@dataclass(frozen=True)
class Holder:
    """Somebody at the app's doors, who holds one thing."""

    app: InMemoryApp
    who: Who

    @property
    def client(self) -> TwilioClient:
        """This holder as a program that speaks Twilio's API, with credentials or a guess."""
        account = (ACCOUNT_SID, AUTH_TOKEN if self.who == "Auth Token" else "a guess")
        return TwilioClient(self.app, *(CLIENT_KEY if self.who == "client key" else account))

    async def ask(self, method: str, path: str, fields: object = None) -> Reply:
        """Make a request through Azure's own check of keys."""
        key = KEYS.get(self.who, "")
        allowed = OPENS[self._level_of(method, path)]
        if allowed is not None and key not in allowed:
            return Reply(401, {}, b"")
        body = b"" if fields is None else json.dumps(fields).encode()
        return await self.app.ask(method, path, body, {"x-functions-key": key})

    async def ask_signed(self, path: str, form: Mapping[str, str]) -> Reply:
        """Make a request of Twilio's, signed as well as this holder can."""
        token = AUTH_TOKEN if self.who == "Auth Token" else "a guess"
        req = signed("POST", path, form, token=token)
        return await self.app.ask("POST", path, req.get_body(), dict(req.headers))

    def _level_of(self, method: str, path: str) -> str:
        wanted = read_target(path).path
        for function in self.app.functions:
            is_fitting = function.kind == "httpTrigger" and method in (function.methods or ())
            if is_fitting and compile_route(f"api/{function.route}").match(wanted) is not None:
                return function.auth_level
        raise AssertionError(f"no function for {method} {path}")


Attempt = Callable[[Holder], Awaitable[bool]]


async def is_any(holder: Holder, method: str, path: str, fields: object = None) -> bool:
    """Tell whether the normal route or the one for read-only keys does it."""
    for base in ("/api", "/api/console/data"):
        if (await holder.ask(method, f"{base}/{path}", fields)).status in {200, 202}:
            return True
    return False


async def accept_text(app: InMemoryApp) -> str:
    """Let a program of ours send a text; gives its id."""
    return str((await app.post("/api/messages", {"to": TO[0], "body": "Hi"})).json["id"])


async def look_at_public_pages(holder: Holder) -> bool:
    """Read what holds no data."""
    pages = ("console", "docs", "openapi.json")
    return all([(await holder.ask("GET", f"/api/{page}")).status == 200 for page in pages])


async def read_entries(holder: Holder) -> bool:
    """Read numbers, texts and what became of them."""
    name = await accept_text(holder.app)
    if (await holder.client.get("Messages")).status == 200:
        return True
    return await is_any(holder, "GET", f"messages/{name}") and await is_any(
        holder, "GET", "messages"
    )


async def find_person(holder: Holder) -> bool:
    """See everything about a person."""
    return await is_any(holder, "POST", "recipients/find", {"number": TO[0]})


async def send(holder: Holder) -> bool:
    """Send a text that costs money."""
    return await send_to(holder, TO[0])


async def send_to(holder: Holder, number: str) -> bool:
    before = len(holder.app.queues.puts)
    request = {"to": number, "body": "Hi"}
    await is_any(holder, "POST", "messages", request)
    await holder.client.post("Messages", {"To": number, "Body": "Hi"})
    if holder.who == "queue writer":
        await holder.app.drop(json.dumps(request).encode())
    return len(holder.app.queues.puts) > before


async def send_where_closed(holder: Holder) -> bool:
    """Send to a country that ALLOWED_COUNTRIES leaves out, as a request or as a forged job."""
    twilio = holder.app.services.provider
    assert isinstance(twilio, TwilioDouble)
    if await send_to(holder, ABROAD):
        return True
    if holder.who == "queue writer":
        forged = accepted(ABROAD, request={"to": ABROAD, "body": "Hi"})
        with suppress(NotAuthenticError):  # the host gives it again, and parks it in the end
            await holder.app.drop(encode_job(Job(v=VERSION, job=JOB, accepted=forged)))
        await holder.app.deliver()
    return twilio.asked > 0


async def cancel(holder: Holder) -> bool:
    """Cancel what waits."""
    name = await accept_text(holder.app)
    if await is_any(holder, "DELETE", f"messages/{name}"):
        return True
    sid = (await holder.client.get("Messages")).json.get("messages", [{"sid": "SM"}])[0]["sid"]
    return (await holder.client.post(f"Messages/{sid}", {"Status": "canceled"})).status == 200


async def retry(holder: Holder) -> bool:
    """Send again what failed."""
    name = await accept_text(holder.app)
    # Nothing failed, so that 409 is the answer to those who may.
    reply = await holder.ask("POST", f"/api/messages/{name}/retry", {})
    return reply.status == 409


async def make_access_token(holder: Holder) -> bool:
    """Make an access token for the Voice SDKs."""
    return await is_any(holder, "POST", "token", {"identity": "alice", "incoming": True})


async def report(holder: Holder) -> bool:
    """Say what became of a message, in Twilio's name."""
    name = await accept_text(holder.app)
    form = {"MessageSid": sid_of("SM", 1), "MessageStatus": "delivered"}
    return (await holder.ask_signed(f"/api/webhooks/status/{name}", form)).status == 204


async def choose_whom_to_dial(holder: Holder) -> bool:
    """Let a twimlet dial a number of one's choice."""
    number = TO[0]
    if holder.who == "Twilio Client":
        # Twilio signs its call, and the program's own parameters with it.
        form = {"CallSid": sid_of("CA", 1), "From": "client:alice", "To": "", "PhoneNumber": number,
                "PhoneNumbers[0]": number, "Twiml": f"<Dial>{number}</Dial>"}  # fmt: skip
        twilio = Holder(holder.app, "Auth Token")
        replies = [await twilio.ask_signed(f"/api/twiml/{name}", form) for name in
                   ("forward", "simulring", "findme", "echo", "menu")]  # fmt: skip
        return any(number.encode() in reply.body for reply in replies)
    path = f"/api/twiml/forward?PhoneNumber=%2B{number[1:]}"
    form = {"CallSid": sid_of("CA", 1), "From": TO[2], "To": "+15005550006"}
    return number.encode() in (await holder.ask_signed(path, form)).body


async def erase(holder: Holder) -> bool:
    """Erase what is stored about a person."""
    return (await holder.ask("POST", "/api/recipients/erase", {"number": TO[0]})).status == 200
