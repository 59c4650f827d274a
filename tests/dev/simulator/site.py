"""A small webhook site: answers from a table and checks every signature."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.patience import PATIENCE_SECONDS

Answer = str | tuple[int, str, str]  # TwiML, or status, content type and body


@dataclass
class Received:
    """One request that arrived."""

    method: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]
    signed: bool


@dataclass
class Site:
    """Answers by path; a list of answers is used up one by one, the last one stays."""

    token: str
    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        return app

    def says(self, path: str, *answers: Answer) -> str:
        """Set the answers of a path; return its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    async def _serve(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        validator = RequestValidator(self.token)
        url = f"{self.url}{request.raw_path}"
        signed = validator.validate(url, form, request.headers.get("X-Twilio-Signature", ""))
        reported = form if request.method == "POST" else dict(request.query)
        async with self.news:
            self.received.append(
                Received(
                    request.method, request.path, reported, dict(request.headers), bool(signed)
                )
            )
            self.news.notify_all()
        answers = self.answers.get(request.path, ["<Response/>"])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, str):
            answer = (200, "text/xml", answer)
        status, kind, body = answer
        return web.Response(
            status=status,
            body=body.encode(),
            headers={"Location": body} if status in {302, 307} else {"Content-Type": kind},
        )

    async def until(self, path: str, count: int = 1) -> list[Received]:
        """Wait until a path was requested so often."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.at(path)) >= count)
        return self.at(path)

    def at(self, path: str) -> list[Received]:
        return [received for received in self.received if received.path == path]
