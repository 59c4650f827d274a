"""Alerts on storage, Twilio and a clock in memory, and who was paged in the end."""

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import azure.functions as func

from shared.app import App
from shared.jobs import ids
from shared.jobs.alerts import Alert, Notification, notification_of
from shared.triggers import alerts, call_script, inbound, policies, status
from shared.triggers.responses import handle_errors
from tests.deliver.seams import Gate, open_gate
from tests.deliver.twilio_double import Written
from tests.deliver.world import World
from tests.environment import PUBLIC_BASE_URL, SENDER
from tests.in_memory_app import invocation, request, signed

ANA, BO, CY = "+14155552671", "+14165550123", "+14155552672"
Json = dict[str, Any]
Handler = Callable[..., Awaitable[func.HttpResponse]]


def level(*notify: tuple[str, str], wait: int = 60, **more: int) -> Json:
    """A level that notifies these."""
    return {"notify": [{"to": to, "by": by} for to, by in notify], "wait": wait, **more}


def alert_of(*levels: Json, **more: object) -> Json:
    """A request for an alert; three levels where none are given."""
    three = (level((ANA, "text")), level((ANA, "call")), level((BO, "text"), (BO, "call")))
    return {"text": "Disk full on web-3", "levels": list(levels or three), **more}


class AlertWorld(World):
    """A world in which alerts are raised."""

    _sids = count(1)

    async def ask(
        self,
        handler: Handler,
        body: object = None,
        *,
        key: str | None = None,
        worker: App | None = None,
        query: str = "",
        **route: str,
    ) -> func.HttpResponse:
        """Ask a handler as the host does."""
        headers = {"Idempotency-Key": key} if key else {}
        text = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            text = json.dumps(body).encode()
        req = request("POST", f"/api/x{query}", body=text, headers=headers, route_params=route)
        context = (invocation(),) if handler in (alerts.accept, alerts.take_in) else ()
        return await handle_errors(handler, req, worker or self.worker(), *context)

    async def raise_alert(self, fields: Json | None = None, **more: Any) -> str:  # noqa: ANN401
        """Raise an alert without trouble; gives its id."""
        reply = await self.ask(alerts.accept, fields or alert_of(), **more)
        assert reply.status_code == 202, reply.get_body()
        return str(json.loads(reply.get_body())["id"])

    async def put_policy(self, name: str, **policy: object) -> None:
        reply = await self.ask(policies.put, policy, policy=name)
        assert reply.status_code in {200, 201}, reply.get_body()

    async def post(self, handler: Handler, alert_id: str, body: object = None) -> Json:
        """Do something to an alert."""
        reply = await self.ask(handler, body, id=alert_id)
        assert reply.status_code in {200, 202}, reply.get_body()
        found: Json = json.loads(reply.get_body())
        return found

    async def story(self, alert_id: str) -> Json:
        return await self.post(alerts.show, alert_id)

    async def alert(self, alert_id: str) -> Alert:
        found = await self.ledger.alerts.find(alert_id, in_full=True)
        assert found is not None
        return found

    async def run(self, gate: Gate = open_gate, **by: float) -> None:
        """Let time pass, and deliver what comes until then."""
        end = self.clock() + timedelta(**by)
        await self.run_until(end, gate)

    async def run_until(self, end: datetime, gate: Gate = open_gate) -> None:
        """Deliver what comes until a time; a worker that dies is replaced by one without gate."""
        worker = self.worker(gate)
        while (message := await self._take_until(end)) is not None:
            if not await self.deliver(worker, message):
                worker = self.worker()
        self.clock.at = max(self.clock.at, end)

    async def _take_until(self, end: datetime) -> Any:  # noqa: ANN401 - a message
        due = [each.visible_at for each in self.queue.messages]
        scheduled = await self._first_due()
        if min([*due, *([scheduled] if scheduled else ())], default=end) >= end:
            return None
        return await self.take()

    async def mark_of(self, written: Written) -> Notification:
        """What a message or call at Twilio is a notification of."""
        url = str(written.order.parameters["status_callback"])
        place = ids.parse(url.partition("?")[0].rpartition("/")[2])
        assert place is not None
        accepted = (await self.entry(place.job_id)).accepted
        assert accepted is not None
        mark = notification_of(accepted)
        assert mark is not None
        return mark

    async def pages(self) -> Counter[tuple[int, int]]:
        """How often each member of each run was paged."""
        marks = [await self.mark_of(written) for written in self.twilio.books]
        return Counter((mark.n, mark.member) for mark in marks)

    def paged(self) -> list[tuple[str, str]]:
        """Who was paged, and how, in order."""
        names = {ANA: "Ana", BO: "Bo", CY: "Cy"}
        return [
            (names[each.order.to], "text" if each.order.kind == "message" else "call")
            for each in self.twilio.books
        ]

    def entry_id(self, place: int) -> str:
        """The id of the entry of the message or call at a place in Twilio's books."""
        url = str(self.twilio.books[place].order.parameters["status_callback"])
        return url.partition("?")[0].rpartition("/")[2]

    async def press(
        self, place: int, key: str, *, worker: App | None = None, stage: str = "0", **changed: str
    ) -> str:
        """Let whoever is called at a place in Twilio's books press a key; gives what is heard."""
        call, entry_id = self.twilio.books[place], self.entry_id(place)
        form = {
            "CallSid": call.found.sid,
            "To": call.order.to,
            "From": SENDER,
            "Digits": key,
        } | changed
        target = f"/api/twiml/calls/{entry_id}?Stage={stage}"
        req = signed("POST", target, form, route_params={"id": entry_id})
        reply = await handle_errors(call_script.script, req, worker or self.worker())
        assert reply.status_code == 200, reply.get_body()
        return heard(reply)

    async def text(self, sender: str, body: str) -> str:
        """Let somebody text us; gives the reply."""
        form = {
            "MessageSid": f"SM{next(self._sids):032x}",
            "From": sender,
            "To": SENDER,
            "Body": body,
        }
        req = signed("POST", "/api/webhooks/messages", form)
        reply = await handle_errors(inbound.receive_message, req, self.worker())
        assert reply.status_code == 200, reply.get_body()
        return heard(reply)

    async def callback(self, place: int, **form: str) -> None:
        """Let Twilio call the status callback of the message or call at a place in its books."""
        written = self.twilio.books[place]
        name = "MessageSid" if written.order.kind == "message" else "CallSid"
        field = "AnsweredBy" if "AnsweredBy" in form else "status"
        url = str(written.order.parameters[_CALLBACKS[field]]).partition("#")[0]
        target = url.removeprefix(PUBLIC_BASE_URL)
        route = {"id": self.entry_id(place)}
        req = signed("POST", target, {name: written.found.sid, **form}, route_params=route)
        reply = await handle_errors(status.report, req, self.worker())
        assert reply.status_code == 204, reply.get_body()


_CALLBACKS = {"AnsweredBy": "async_amd_status_callback", "status": "status_callback"}


def heard(reply: func.HttpResponse) -> str:
    """The texts of a TwiML document."""
    return " ".join(re.findall(r">([^<>]+)</(?:Say|Message)>", reply.get_body().decode()))
