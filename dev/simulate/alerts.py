"""Alerts: who raises them, who answers them and how, and who takes them back."""

import asyncio
import html
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import azure.functions as func

from dev.simulate.twilio import Record
from dev.simulate.world import INVOCATION, World, build_request
from shared.triggers import alerts, call_script, inbound, policies, status
from shared.triggers.responses import handle_errors

PEOPLE: Final = tuple(f"+1415555{5000 + n}" for n in range(3))
WAITS: Final = (15, 60, 150)
KEYS: Final = ("disk", "fan", "door")
FIRST_NUMBER: Final = 9000  # of the texts of alerts
POLICY: Final = "ops"
REPLIES: Final = ("A", "A", "ACK", "A {}", "a {}.", "E", "E {}", "R", "R {}", "on my way")
# A key that the call does not name, and none at all, make it go on.
PRESSED: Final = ("1", "1", "1", "2", "3", "9", "")
CHANGES: Final = ("acknowledge", "acknowledge", "resolve", "escalate", "cancel", "intake")
HANDLERS: Final = {
    "acknowledge": alerts.acknowledge,
    "resolve": alerts.resolve,
    "escalate": alerts.escalate,
    "cancel": alerts.cancel,
}
OK, CREATED, ACCEPTED, NOT_FOUND, OVER, UNAVAILABLE = 200, 201, 202, 404, 409, 503
ACTION: Final = re.compile(r'action="([^"]+)"')
NUMBER: Final = re.compile(r"\(A (\d+)\)")
FIRST: Final = re.compile(r"(Acknowledged|Resolved) by you")


class Duty:
    """Alerts and the people on duty; `requests` are the requests to raise one."""

    def __init__(self, world: World) -> None:
        self.requests: list[asyncio.Task[None]] = []
        self._world = world
        self._random = world.stream("duty")
        self._count = 0
        # By alert, what a person can answer at this moment.
        self._answerable: dict[str, list[Callable[[], Any]]] = {}
        self._people = 0
        world.twilio.on_status = self._notice
        world.watch.on_level = self._notice_level

    async def play(self, random: Random) -> None:
        """Raise alerts, and change some, for as long as things fail."""
        self._random = random
        await self._put_policy()
        mean = random.choice([150, 400, 1500])
        while True:
            await asyncio.sleep(random.expovariate(1 / mean))
            self.requests.append(asyncio.create_task(self._raise()))
            if random.random() < 0.3:  # noqa: PLR2004 - a share
                self._world.keep(self._change_later(random.uniform(0, 900)))

    # --- who raises them -------------------------------------------------------------------

    async def _put_policy(self) -> None:
        body = json.dumps(self._draw_levels()).encode()
        req = build_request("PUT", f"/api/policies/{POLICY}", body, policy=POLICY)
        while True:
            reply = await self._ask(policies.put, req)
            if reply is not None and reply.status_code in (OK, CREATED):
                return
            await asyncio.sleep(5)

    def _draw_levels(self) -> dict[str, Any]:
        random = self._random
        ways = [(to, by) for to in PEOPLE for by in ("text", "call")]
        levels = [
            {
                "notify": [
                    {"to": to, "by": by} for to, by in random.sample(ways, random.randint(1, 3))
                ],
                "wait": random.choice(WAITS),
                "times": random.randint(1, 2),
            }
            for _ in range(random.randint(1, 3))
        ]
        repeats: dict[str, Any] = {"then": "repeat", "most": 2} if random.random() < 0.5 else {}  # noqa: PLR2004 - a share
        until = random.choice(["acknowledged"] * 4 + ["answered", "delivered"])
        return {"levels": levels, "until": until, **repeats}

    async def _raise(self) -> None:
        """Raise an alert, or join one, and repeat the request until that is known."""
        random = self._random
        self._count += 1
        text = f"The disk is full, no. {FIRST_NUMBER + self._count}"
        key = random.choice(KEYS) if random.random() < 0.5 else None  # noqa: PLR2004 - a share
        if key is not None and random.random() < 0.5:  # noqa: PLR2004 - a share
            handler, req = alerts.take_in, _signal(key, text)
        else:
            fields = {"text": text, **self._draw_levels(), **({"key": key} if key else {})}
            headers = {"Idempotency-Key": f"alert {self._count}"}
            req = build_request("POST", "/api/alerts", json.dumps(fields).encode(), headers)
            handler = alerts.accept
        known = None
        for _ in range(random.randint(1, 12)):
            reply = await self._ask(handler, req, INVOCATION)
            if reply is not None and reply.status_code == ACCEPTED:
                alert_id = json.loads(reply.get_body())["id"]
                self._world.say(f"alert no. {FIRST_NUMBER + self._count} is {alert_id}")
                if known is None:
                    self._world.watch.accept(alert_id)
                elif "Idempotency-Key" in req.headers and known != alert_id:
                    self._world.problem("ids", f"one request raised {known} and {alert_id}")
                known = alert_id
                if random.random() < 0.8:  # noqa: PLR2004 - a share
                    return
            elif reply is not None and reply.status_code != UNAVAILABLE:
                answer = reply.get_body().decode()
                self._world.problem("refused", f"{text} got {reply.status_code}: {answer}")
                return
            await asyncio.sleep(random.choice([1, 5, 30]))

    # --- who answers them ------------------------------------------------------------------

    def _notice(self, record: Record, word: str) -> None:
        """Let a person do something about a call that is picked up, or a text that has come."""
        alert_id = _alert_of(record)
        if alert_id is None:
            return
        random = self._random
        if word == "in-progress" and random.random() < 0.2:  # noqa: PLR2004 - a share
            self._world.keep(self._detect(record, "machine_start"))
        elif word == "in-progress":
            if random.random() < 0.5:  # noqa: PLR2004 - a share
                self._world.keep(self._detect(record, "human"))
            key = random.choice(PRESSED)
            self._answer_later(alert_id, random.uniform(0.1, 4), lambda: self._press(record, key))
        elif word == "delivered" and random.random() < 0.3:  # noqa: PLR2004 - a share
            seconds = random.choice([1, 20, 300]) * random.random()
            self._answer_later(alert_id, seconds, lambda: self._reply(record))

    def _answer_later(self, alert_id: str, seconds: float, answer: Callable[[], Any]) -> None:
        answerable = self._answerable.setdefault(alert_id, [])
        answerable.append(answer)

        async def wait() -> None:
            await asyncio.sleep(seconds)
            if answer not in answerable:
                return  # it was given together with another one
            answerable.remove(answer)
            if answerable and self._random.random() < 0.3:  # noqa: PLR2004 - a share
                together = answerable.pop(self._random.randrange(len(answerable)))
                self._world.keep(together())
            if self._random.random() < 0.1:  # noqa: PLR2004 - a share
                self._world.keep(self._change(alert_id))
            await answer()

        self._world.keep(wait())

    async def _press(self, record: Record, key: str) -> None:
        """Press a key in a call that goes on, which ends when something is said about the alert."""
        action = ACTION.search(record.content)
        if record.shown.status != "in-progress" or action is None:
            return
        form = {"CallSid": record.shown.sid, "From": record.sender, "To": record.to, "Digits": key}
        req = self._world.sign(html.unescape(action[1]), form)
        reply = await self._ask(call_script.script, req)
        self._note_first(record.to, reply)

    async def _reply(self, record: Record) -> None:
        """Reply to a text, by its number or without."""
        self._people += 1
        number = NUMBER.search(record.content)
        text = self._random.choice(REPLIES).format(number and number[1])
        sid = f"SM{self._people:032x}"
        form = {"MessageSid": sid, "From": record.to, "To": record.sender, "Body": text}
        req = self._world.sign("/api/webhooks/messages", form)
        reply = await self._ask(inbound.receive_message, req)
        self._world.say(f"{record.to} replies {text}")
        self._note_first(record.to, reply)

    async def _detect(self, record: Record, answered_by: str) -> None:
        """Report who answered the call, unless the report is lost."""
        assert record.request is not None  # noqa: S101 - tells mypy
        url = str(record.request.parameters["async_amd_status_callback"]).partition("#")[0]
        form = {"CallSid": record.shown.sid, "AnsweredBy": answered_by}
        await asyncio.sleep(self._random.uniform(0.1, 3))
        await self._ask(status.report, self._world.sign(url, form))

    def _note_first(self, who: str, reply: func.HttpResponse | None) -> None:
        """Note that somebody was told that their answer was the first."""
        said = reply.get_body().decode() if reply is not None else ""
        first, number = FIRST.search(said), NUMBER.search(said)
        if first is not None and number is not None:
            self._world.say(f"{who} hears: {first[0]} {number[0]}")
            self._world.watch.note_first(first[1], int(number[1]), who)

    # --- who changes them ------------------------------------------------------------------

    def _notice_level(self, alert_id: str) -> None:
        """Let something change an alert while its people are notified."""
        if self._random.random() < 0.1:  # noqa: PLR2004 - a share
            self._world.keep(self._change_later(self._random.uniform(0, 2), alert_id))

    async def _change_later(self, seconds: float, alert_id: str | None = None) -> None:
        await asyncio.sleep(seconds)
        accepted = list(self._world.watch.accepted)
        if alert_id is not None or accepted:
            await self._change(alert_id or self._random.choice(accepted))

    async def _change(self, alert_id: str) -> None:
        """Acknowledge, resolve, escalate or cancel an alert, or let the intake resolve a key."""
        what = self._random.choice(CHANGES)
        if what == "intake":
            req = _signal(self._random.choice(KEYS), status="resolved")
            await self._ask(alerts.take_in, req, INVOCATION)
            return
        req = build_request("POST", f"/api/alerts/x/{what}", id=alert_id)
        for _ in range(self._random.randint(1, 4)):
            reply = await self._ask(HANDLERS[what], req)
            status = None if reply is None else reply.status_code
            self._world.say(f"operator does {what} {alert_id}: {status}")
            if status == OK:
                self._world.watch.require_quiet(alert_id)
            if status in (OK, ACCEPTED, OVER, NOT_FOUND):
                return
            await asyncio.sleep(self._random.choice([1, 10]))

    async def _ask(
        self, handler: Callable[..., Any], req: func.HttpRequest, *more: object
    ) -> func.HttpResponse | None:
        return await self._world.ask(lambda app: handle_errors(handler, req, app, *more))


def _signal(key: str, text: str = "", status: str = "firing") -> func.HttpRequest:
    """Return what Alertmanager sends."""
    payload = {
        "version": "4",
        "groupKey": key,
        "status": status,
        "commonAnnotations": {"summary": text},
    }
    path = f"/api/alerts/from/alertmanager?policy={POLICY}"
    body = json.dumps(payload).encode()
    return build_request("POST", path, body, query={"policy": POLICY}, source="alertmanager")


def _alert_of(record: Record) -> str | None:
    """Return the alert that a message or call is a notification of."""
    found = parse_qs(urlsplit(record.callback or "").query).get("alert")
    return found[0] if found else None
