"""What an outgoing call says where it cannot travel with the call, and where it goes on.

Twilio asks here for TwiML that is too long to travel with the call, and comes back here after a
`gather`, `record` or `dial` of the call's own steps.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from shared import routes
from shared.errors import NotFoundError, StorageUnavailableError
from shared.forms import Form
from shared.inbound.events import publish
from shared.inbound.results import read_stage, record_results
from shared.jobs import ids
from shared.jobs.alerts import notification_of
from shared.jobs.request import CallRequest
from shared.jobs.template import fill_request
from shared.log import log
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.triggers.twimlets import twimlet_request
from shared.twiml.call_script import render_call_script
from shared.twiml.stages import find_stage, next_steps
from shared.twiml.steps import render_rest, render_steps

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.jobs.alerts import Notification
    from shared.jobs.events import Accepted
    from shared.jobs.request import AnyRequest


async def script(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Return what the call says, from the request that was accepted.

    With a stage in the query, which nobody but us can have put there: record what came of that
    step, publish it, and return the steps that follow.
    """
    form = require_signed_form(req, app)
    entry_id = req.route_params["id"]
    accepted, request = await _find_request(entry_id, app)
    twilio = twimlet_request(public_url(req, app.settings), form, app.settings)
    base = app.settings.public_base_url
    come_back = partial(routes.call_twiml_url, base, entry_id)
    # Where the steps say so, Twilio comes by GET and has its fields in the query.
    sent = Form(twilio.sent.pairs)
    if not twilio.stage:
        twiml = render_call_script(request, come_back)
        if twiml is None:
            raise NotFoundError("this call brings its own TwiML")
        await record_results(app, entry_id, twilio.url, sent, "")
    else:
        stage = find_stage(getattr(request, "steps", None) or [], twilio.stage)
        if stage is None:
            raise NotFoundError("this call has no such step to go on after")
        said, mark = None, notification_of(accepted)
        is_own = await record_results(app, entry_id, twilio.url, sent, stage.verb)
        # Of two calls to one person that were unclear together, each may have the other's SID.
        if mark and (is_own or twilio.one("To") == accepted.to[0]):
            said = await _answer_alert(app, mark, accepted.to[0], twilio.one("Digits"))
        if is_own:
            event = read_stage(twilio, stage, entry_id)
            await publish(app, [event] if event else [], form=form, is_on_the_line=True)
        # Only what an alert has recorded is confirmed; otherwise its call goes on and asks again.
        answer = ("", "") if mark else (twilio.one("Digits"), twilio.one("SpeechResult"))
        steps = next_steps(stage, *answer)
        twiml = render_steps([{"say": said}], "call") if said else render_rest(*steps, come_back)
    return twiml_response(routes.add_entry_to_urls(twiml, base, entry_id))


async def _answer_alert(app: App, mark: Notification, by: str, key: str) -> str | None:
    """Do what was pressed in the call of a notification, and return what is heard."""
    from shared.deliver.alert_answers import answer_key

    try:
        return await answer_key(app, mark, by, key)
    except StorageUnavailableError as error:
        log("alert_answer_not_kept", level=logging.ERROR, id=mark.alert_id, why=str(error))
        return None


async def _find_request(entry_id: str, app: App) -> tuple[Accepted, AnyRequest]:
    """Return what was accepted, and a call's request as its recipient gets it.

    Raises:
        NotFoundError: there is no such call.
    """
    place = ids.parse(entry_id)
    entry = await app.ledger.find(place.job_id) if place else None
    accepted = entry.accepted if entry else None
    index = (place.index or 0) if place else 0
    if accepted is None or accepted.kind != "call" or index >= len(accepted.to):
        raise NotFoundError("there is no call of this id")
    request: AnyRequest = msgspec.json.decode(accepted.request, type=CallRequest)
    return accepted, fill_request(request, accepted.values[index]) if accepted.values else request
