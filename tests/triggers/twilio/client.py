"""A program that speaks Twilio's API, asked through the app in memory."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.environment import ACCOUNT_SID, AUTH_TOKEN
from tests.in_memory_app import FORM, InMemoryApp, Reply

BASE = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
TEXT = {"To": "+14155552671", "From": "+15005550006", "Body": "Hi"}
CALL = {"To": "+14155552671", "From": "+15005550006", "Twiml": "<Response><Say>Hi</Say></Response>"}
Fields = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class TwilioClient:
    """One program with its credentials."""

    app: InMemoryApp
    user: str = ACCOUNT_SID
    password: str = AUTH_TOKEN

    @property
    def authorization(self) -> str:
        """The header with its credentials."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    async def ask(
        self, method: str, path: str, form: Fields | None = None, **headers: str
    ) -> Reply:
        """Ask for a path as Twilio has it; `headers` with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": self.authorization, **named}
        body = b""
        if form is not None:
            sent["Content-Type"] = FORM
            body = urlencode(form, doseq=True).encode()
        return await self.app.ask(method, f"/api{path}", body, sent)

    async def post(self, resource: str, form: Fields, **headers: str) -> Reply:
        return await self.ask("POST", f"{BASE}/{resource}.json", form, **headers)

    async def get(self, resource: str) -> Reply:
        name, question, query = resource.partition("?")
        return await self.ask("GET", f"{BASE}/{name}.json{question}{query}")

    async def delete(self, resource: str) -> Reply:
        return await self.ask("DELETE", f"{BASE}/{resource}.json")

    async def send(self, **fields: str) -> str:
        """Send a text; gives its SID."""
        self.app.clock.move(seconds=1)
        reply = await self.post("Messages", TEXT | fields)
        assert reply.status == 201, reply.body
        return str(reply.json["sid"])

    async def call(self, **fields: str) -> str:
        """Place a call; gives its SID."""
        self.app.clock.move(seconds=1)
        reply = await self.post("Calls", CALL | fields)
        assert reply.status == 201, reply.body
        return str(reply.json["sid"])
