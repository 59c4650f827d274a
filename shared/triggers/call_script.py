"""The TwiML of an outgoing call that is too long to travel with the call itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared import routes
from shared.errors import NotFoundError
from shared.inbound.results import record_results
from shared.jobs import ids
from shared.jobs.request import CallRequest
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.twiml.call_script import render_call_script

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def script(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """What the call says, from the request that was accepted."""
    form = require_signed_form(req, app)
    place = ids.parse(req.route_params["id"])
    entry = await app.ledger.find(place.job_id) if place else None
    if entry is None or entry.accepted is None or entry.accepted.kind != "call":
        raise NotFoundError("there is no call of this id")
    twiml = render_call_script(msgspec.json.decode(entry.accepted.request, type=CallRequest))
    if twiml is None:
        raise NotFoundError("this call brings its own TwiML")
    url = public_url(req, app.settings)
    await record_results(app, req.route_params["id"], url, form)
    base = app.settings.public_base_url
    return twiml_response(routes.add_entry_to_urls(twiml, base, req.route_params["id"]))
