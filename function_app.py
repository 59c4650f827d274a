"""Every trigger of the app, in the order in which a message lives.

The way of a message: accept → queue → deliver → Twilio → report; and beside it, the answers that
Twilio gets when somebody calls or texts us. Each function is one line; `shared/` does the work.
"""

from __future__ import annotations

import logging
import os

import azure.functions as func

from shared import routes, triggers
from shared.app import App
from shared.storage.queues import POISON_OF_LANE, QUEUE_OF_LANE
from shared.triggers.responses import handle_errors

logging.getLogger("azure").setLevel(logging.WARNING)

STORAGE = "MESSAGE_STORAGE"
KEY = func.AuthLevel.FUNCTION
# Twilio has no function key: each of these functions checks its signature.
SIGNED = func.AuthLevel.ANONYMOUS
# Nor have Twilio's clients, which have Basic credentials.
BASIC = func.AuthLevel.ANONYMOUS
ANYONE = func.AuthLevel.ANONYMOUS

app = func.FunctionApp()
switchboard = App(os.environ)
switchboard.log_settings_errors()


# --- accept ---------------------------------------------------------------------------------


@app.route(routes.MESSAGES, methods=["POST"], auth_level=KEY)
async def accept_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept an SMS, MMS, WhatsApp or RCS message."""
    return await handle_errors(triggers.entries.accept, req, switchboard, "message", context)


@app.route(routes.CALLS, methods=["POST"], auth_level=KEY)
async def accept_call(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept a phone call."""
    return await handle_errors(triggers.entries.accept, req, switchboard, "call", context)


@app.route(routes.BATCHES, methods=["POST"], auth_level=KEY)
async def accept_batch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept many messages or calls at once, as JSON or CSV."""
    return await handle_errors(triggers.batches.accept, req, switchboard, context)


# --- deliver --------------------------------------------------------------------------------


@app.queue_trigger("msg", QUEUE_OF_LANE["now"], STORAGE)
async def deliver(msg: func.QueueMessage) -> None:
    """Deliver what is on the queue for now."""
    await triggers.queues.deliver(msg, switchboard)


@app.queue_trigger("msg", QUEUE_OF_LANE["bulk"], STORAGE)
async def deliver_bulk(msg: func.QueueMessage) -> None:
    """Deliver what is on the queue for bulk."""
    await triggers.queues.deliver(msg, switchboard)


@app.queue_trigger("msg", POISON_OF_LANE["now"], STORAGE)
async def park(msg: func.QueueMessage) -> None:
    """Park what the host has given up on."""
    await triggers.queues.park(msg, switchboard)


@app.queue_trigger("msg", POISON_OF_LANE["bulk"], STORAGE)
async def park_bulk(msg: func.QueueMessage) -> None:
    """Park what the host has given up on."""
    await triggers.queues.park(msg, switchboard)


@app.timer_trigger("timer", "*/30 * * * * *")
async def release_scheduled(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Put what is due on its queue."""
    await triggers.timers.release_scheduled(switchboard)


@app.route(routes.MESSAGE, methods=["DELETE"], auth_level=KEY)
async def cancel_message(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a message that has not left."""
    return await handle_errors(triggers.entries.cancel, req, switchboard, "message")


@app.route(routes.CALL, methods=["DELETE"], auth_level=KEY)
async def cancel_call(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a call that has not left, or hang up one that is going on."""
    return await handle_errors(triggers.entries.cancel, req, switchboard, "call")


@app.route(routes.RETRY_MESSAGE, methods=["POST"], auth_level=KEY)
async def retry_message(req: func.HttpRequest) -> func.HttpResponse:
    """Send a parked or refused message again."""
    return await handle_errors(triggers.entries.retry, req, switchboard, "message")


@app.route(routes.RETRY_CALL, methods=["POST"], auth_level=KEY)
async def retry_call(req: func.HttpRequest) -> func.HttpResponse:
    """Place a parked or refused call again."""
    return await handle_errors(triggers.entries.retry, req, switchboard, "call")


@app.route(routes.BATCH, methods=["DELETE"], auth_level=KEY)
async def cancel_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel what has not left of a batch."""
    return await handle_errors(triggers.batches.cancel, req, switchboard)


@app.route(routes.RETRY_BATCH, methods=["POST"], auth_level=KEY)
async def retry_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Send what failed of a batch again."""
    return await handle_errors(triggers.batches.retry, req, switchboard)


# --- what became of it ----------------------------------------------------------------------


@app.route(routes.STATUS, methods=["POST"], auth_level=SIGNED)
async def report_status(req: func.HttpRequest) -> func.HttpResponse:
    """Note what Twilio reports of a message or call."""
    return await handle_errors(triggers.status.report, req, switchboard)


@app.route(routes.MESSAGE, methods=["GET"], auth_level=KEY)
async def show_message(req: func.HttpRequest) -> func.HttpResponse:
    """Show a message with its events."""
    return await handle_errors(triggers.entries.show, req, switchboard, "message")


@app.route(routes.CALL, methods=["GET"], auth_level=KEY)
async def show_call(req: func.HttpRequest) -> func.HttpResponse:
    """Show a call with its events."""
    return await handle_errors(triggers.entries.show, req, switchboard, "call")


@app.route(routes.MESSAGES, methods=["GET"], auth_level=KEY)
async def list_messages(req: func.HttpRequest) -> func.HttpResponse:
    """List messages, newest first."""
    return await handle_errors(triggers.entries.list_entries, req, switchboard, "message")


@app.route(routes.CALLS, methods=["GET"], auth_level=KEY)
async def list_calls(req: func.HttpRequest) -> func.HttpResponse:
    """List calls, newest first."""
    return await handle_errors(triggers.entries.list_entries, req, switchboard, "call")


@app.route(routes.BATCH, methods=["GET"], auth_level=KEY)
async def show_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Show how far a batch is."""
    return await handle_errors(triggers.batches.show, req, switchboard)


@app.route(routes.BATCHES, methods=["GET"], auth_level=KEY)
async def list_batches(req: func.HttpRequest) -> func.HttpResponse:
    """List the newest batches."""
    return await handle_errors(triggers.batches.list_batches, req, switchboard)


@app.timer_trigger("timer", "0 */5 * * * *")
async def reconcile(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Ask Twilio about what it has not reported the end of."""
    await triggers.timers.reconcile(switchboard)


@app.timer_trigger("timer", "30 * * * * *")
async def watch(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Log how long the queues are, and pick up what was left behind."""
    await triggers.timers.watch(switchboard)


@app.timer_trigger("timer", "0 17 * * * *")
async def forget(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Delete what RETENTION_DAYS no longer keeps."""
    await triggers.timers.forget(switchboard)


@app.route(routes.INBOUND, methods=["GET"], auth_level=KEY)
async def list_inbound(req: func.HttpRequest) -> func.HttpResponse:
    """List what people texted, pressed, said and recorded, newest first."""
    return await handle_errors(triggers.received.list_inbound, req, switchboard)


@app.route(routes.INBOUND_EVENT, methods=["GET"], auth_level=KEY)
async def show_inbound(req: func.HttpRequest) -> func.HttpResponse:
    """Show one of these events."""
    return await handle_errors(triggers.received.show, req, switchboard)


@app.route(routes.FIND_RECIPIENT, methods=["POST"], auth_level=KEY)
async def find_recipient(req: func.HttpRequest) -> func.HttpResponse:
    """Show what is stored about a person."""
    return await handle_errors(triggers.recipients.find_recipient, req, switchboard)


@app.route(routes.ERASE_RECIPIENT, methods=["POST"], auth_level=func.AuthLevel.ADMIN)
async def erase_recipient(req: func.HttpRequest) -> func.HttpResponse:
    """Erase what is stored about a person."""
    return await handle_errors(triggers.recipients.erase_recipient, req, switchboard)


# --- answer ---------------------------------------------------------------------------------


@app.route(routes.INBOUND_CALL, methods=["POST"], auth_level=SIGNED)
async def receive_call(req: func.HttpRequest) -> func.HttpResponse:
    """Answer an inbound call as the settings say."""
    return await handle_errors(triggers.inbound.receive_call, req, switchboard)


@app.route(routes.INBOUND_MESSAGE, methods=["POST"], auth_level=SIGNED)
async def receive_message(req: func.HttpRequest) -> func.HttpResponse:
    """Answer an inbound message as the settings say."""
    return await handle_errors(triggers.inbound.receive_message, req, switchboard)


# The host takes the first route that fits, by the functions' names: this one before `twimlet`.
@app.route(routes.PREVIEW, methods=["POST"], auth_level=KEY)
async def preview_twiml(req: func.HttpRequest) -> func.HttpResponse:
    """Show steps as TwiML."""
    return await handle_errors(triggers.preview.preview, req, switchboard)


@app.route(routes.TWIMLET_ROUTE, methods=["GET", "POST"], auth_level=SIGNED)
async def twimlet(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with one of the TwiML pages."""
    return await handle_errors(triggers.twimlets.twimlet, req, switchboard)


@app.route(routes.CALL_TWIML, methods=["GET", "POST"], auth_level=SIGNED)
async def call_script(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the TwiML of an outgoing call that is too long to travel with it."""
    return await handle_errors(triggers.call_script.script, req, switchboard)


@app.route(routes.TOKEN, methods=["POST"], auth_level=KEY)
async def create_token(req: func.HttpRequest) -> func.HttpResponse:
    """Give a Twilio Client its access token."""
    return await handle_errors(triggers.tokens.issue, req, switchboard)


# --- for Twilio's own clients -----------------------------------------------------------------


# Each checks its Basic credentials. The host takes the first route that fits, by the functions'
# names: the catch-all `twilio_unknown` after all others.
@app.route(routes.TWILIO_ACCOUNT, methods=["GET"], auth_level=BASIC)
async def twilio_account(req: func.HttpRequest) -> func.HttpResponse:
    """Show the account."""
    return await triggers.twilio.answer(triggers.twilio.show_account, req, switchboard)


@app.route(routes.TWILIO_MESSAGES, methods=["POST"], auth_level=BASIC)
async def twilio_create_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept a message as Twilio does."""
    return await triggers.twilio.answer(
        triggers.twilio.create, req, switchboard, "message", context
    )


@app.route(routes.TWILIO_MESSAGES, methods=["GET"], auth_level=BASIC)
async def twilio_list_messages(req: func.HttpRequest) -> func.HttpResponse:
    """List messages as Twilio does."""
    return await triggers.twilio.answer(triggers.twilio.list_page, req, switchboard, "message")


@app.route(routes.TWILIO_MESSAGE, methods=["GET"], auth_level=BASIC)
async def twilio_fetch_message(req: func.HttpRequest) -> func.HttpResponse:
    """Show a message as Twilio does."""
    return await triggers.twilio.answer(triggers.twilio.fetch, req, switchboard, "message")


@app.route(routes.TWILIO_MESSAGE, methods=["POST"], auth_level=BASIC)
async def twilio_change_message(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a message or remove its text."""
    return await triggers.twilio.answer(triggers.twilio.update, req, switchboard, "message")


@app.route(routes.TWILIO_MESSAGE, methods=["DELETE"], auth_level=BASIC)
async def twilio_delete_message(req: func.HttpRequest) -> func.HttpResponse:
    """Delete what is kept of a message."""
    return await triggers.twilio.answer(triggers.twilio.delete, req, switchboard, "message")


@app.route(routes.TWILIO_CALLS, methods=["POST"], auth_level=BASIC)
async def twilio_create_call(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept a call as Twilio does."""
    return await triggers.twilio.answer(triggers.twilio.create, req, switchboard, "call", context)


@app.route(routes.TWILIO_CALLS, methods=["GET"], auth_level=BASIC)
async def twilio_list_calls(req: func.HttpRequest) -> func.HttpResponse:
    """List calls as Twilio does."""
    return await triggers.twilio.answer(triggers.twilio.list_page, req, switchboard, "call")


@app.route(routes.TWILIO_CALL, methods=["GET"], auth_level=BASIC)
async def twilio_fetch_call(req: func.HttpRequest) -> func.HttpResponse:
    """Show a call as Twilio does."""
    return await triggers.twilio.answer(triggers.twilio.fetch, req, switchboard, "call")


@app.route(routes.TWILIO_CALL, methods=["POST"], auth_level=BASIC)
async def twilio_change_call(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a call or hang up."""
    return await triggers.twilio.answer(triggers.twilio.update, req, switchboard, "call")


@app.route(routes.TWILIO_CALL, methods=["DELETE"], auth_level=BASIC)
async def twilio_delete_call(req: func.HttpRequest) -> func.HttpResponse:
    """Delete what is kept of a call."""
    return await triggers.twilio.answer(triggers.twilio.delete, req, switchboard, "call")


@app.route(routes.TWILIO_REST, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], auth_level=BASIC)
async def twilio_unknown(req: func.HttpRequest) -> func.HttpResponse:
    """Refuse every other path of Twilio's API."""
    return await triggers.twilio.answer(triggers.twilio.refuse_unknown, req, switchboard)


# --- alerts ---------------------------------------------------------------------------------


@app.route(routes.ALERTS, methods=["POST"], auth_level=KEY)
async def raise_alert(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Raise an alert that somebody must answer."""
    return await handle_errors(triggers.alerts.accept, req, switchboard, context)


@app.route(routes.ALERTS, methods=["GET"], auth_level=KEY)
async def list_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """List alerts, newest first."""
    return await handle_errors(triggers.alerts.list_alerts, req, switchboard)


@app.route(routes.ALERT, methods=["GET"], auth_level=KEY)
async def show_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Show an alert with its story."""
    return await handle_errors(triggers.alerts.show, req, switchboard)


@app.route(routes.ALERT, methods=["DELETE"], auth_level=KEY)
async def cancel_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Take an alert back."""
    return await handle_errors(triggers.alerts.cancel, req, switchboard)


@app.route(routes.ACKNOWLEDGE_ALERT, methods=["POST"], auth_level=KEY)
async def acknowledge_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Say that somebody sees to an alert."""
    return await handle_errors(triggers.alerts.acknowledge, req, switchboard)


@app.route(routes.RESOLVE_ALERT, methods=["POST"], auth_level=KEY)
async def resolve_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Say that what an alert was about is over."""
    return await handle_errors(triggers.alerts.resolve, req, switchboard)


@app.route(routes.ESCALATE_ALERT, methods=["POST"], auth_level=KEY)
async def escalate_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Begin the next level of an alert."""
    return await handle_errors(triggers.alerts.escalate, req, switchboard)


@app.route(routes.ALERTS_FROM, methods=["POST"], auth_level=KEY)
async def take_in_alert(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Raise or resolve an alert by what a monitoring system sends."""
    return await handle_errors(triggers.alerts.take_in, req, switchboard, context)


@app.route(routes.POLICIES, methods=["GET"], auth_level=KEY)
async def list_policies(req: func.HttpRequest) -> func.HttpResponse:
    """List the policies."""
    return await handle_errors(triggers.policies.list_policies, req, switchboard)


@app.route(routes.POLICY, methods=["PUT"], auth_level=KEY)
async def put_policy(req: func.HttpRequest) -> func.HttpResponse:
    """Keep levels under a name."""
    return await handle_errors(triggers.policies.put, req, switchboard)


@app.route(routes.POLICY, methods=["GET"], auth_level=KEY)
async def show_policy(req: func.HttpRequest) -> func.HttpResponse:
    """Show a policy."""
    return await handle_errors(triggers.policies.show, req, switchboard)


@app.route(routes.POLICY, methods=["DELETE"], auth_level=KEY)
async def delete_policy(req: func.HttpRequest) -> func.HttpResponse:
    """Delete a policy."""
    return await handle_errors(triggers.policies.delete, req, switchboard)


# --- for the person on duty ----------------------------------------------------------------


@app.route(routes.CONSOLE, methods=["GET"], auth_level=ANYONE)
async def console_page(req: func.HttpRequest) -> func.HttpResponse:
    """Show the operations console, whose own calls need a key."""
    return await handle_errors(triggers.console.page, req, switchboard)


@app.route(routes.CONSOLE_PART, methods=["GET"], auth_level=ANYONE)
async def console_part(req: func.HttpRequest) -> func.HttpResponse:
    """Give a script or style of the console."""
    return await handle_errors(triggers.console.part, req, switchboard)


@app.route(routes.OVERVIEW, methods=["GET"], auth_level=KEY)
async def show_overview(req: func.HttpRequest) -> func.HttpResponse:
    """Show the last hour, the queues and whether Twilio answers."""
    return await handle_errors(triggers.overview.show, req, switchboard)


# Azure does not know a key of CONSOLE_KEYS: this function checks it.
@app.route(routes.CONSOLE_DATA, methods=["GET", "POST", "PUT", "DELETE"], auth_level=ANYONE)
async def read_console_data(req: func.HttpRequest) -> func.HttpResponse:
    """Show the holder of a read-only key what there is to see."""
    return await handle_errors(triggers.read_only.read, req, switchboard)


# --- about the app ----------------------------------------------------------------------------


@app.route(routes.HEALTH, methods=["GET"], auth_level=ANYONE)
async def check_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say whether the app can do its work."""
    return await handle_errors(triggers.health.health, req, switchboard)


@app.route(routes.OPENAPI, methods=["GET"], auth_level=ANYONE)
async def describe_api(req: func.HttpRequest) -> func.HttpResponse:
    """Describe the API in OpenAPI 3.1."""
    return await handle_errors(triggers.api.openapi, req, switchboard)


@app.route(routes.DOCS, methods=["GET"], auth_level=ANYONE)
async def explain_api(req: func.HttpRequest) -> func.HttpResponse:
    """Show the API as a page to read and to try."""
    return await handle_errors(triggers.api.docs, req, switchboard)


@app.route(routes.DOCS_ASSET, methods=["GET"], auth_level=ANYONE)
async def explain_api_asset(req: func.HttpRequest) -> func.HttpResponse:
    """Give a script or style of that page."""
    return await handle_errors(triggers.api.asset, req, switchboard)
