"""Every trigger of the app, in the order in which a message lives.

The way of a message: accept → queue → deliver → Twilio → report; and beside it, what we answer
when Twilio asks. Each function is one line; the rooms in `shared/` do the work.
"""

from __future__ import annotations

import logging
import os

import azure.functions as func

from shared import routes
from shared.deliver.job_queue import POISON_OF_LANE, QUEUE_OF_LANE
from shared.gateway import Gateway
from shared.http_replies import answered
from shared.imports import imported_when_used

with imported_when_used():
    from shared import health, timers
    from shared.accept import batch_by_http as batches
    from shared.accept import by_http as accepting
    from shared.answer import (
        call_twiml,
        inbound_call,
        inbound_message,
        preview,
        status,
        token_by_http,
        twiml_by_http,
    )
    from shared.console import by_http as console
    from shared.console import overview
    from shared.deliver import batch_by_http as batch_delivering
    from shared.deliver import by_http as delivering
    from shared.deliver import by_queue
    from shared.ledger import by_http as entries
    from shared.ledger import erasure_by_http
    from shared.openapi import by_http as openapi

logging.getLogger("azure").setLevel(logging.WARNING)

STORAGE = "MESSAGE_STORAGE"
KEY = func.AuthLevel.FUNCTION
# Twilio has no function key: its signature is checked by the function itself.
SIGNED = func.AuthLevel.ANONYMOUS
ANYONE = func.AuthLevel.ANONYMOUS

app = func.FunctionApp()
gateway = Gateway(os.environ)
gateway.say_what_is_wrong()


# --- accept ---------------------------------------------------------------------------------


@app.route(routes.MESSAGES, methods=["POST"], auth_level=KEY)
async def accept_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept an SMS, MMS, WhatsApp or RCS message."""
    return await answered(accepting.accept, req, gateway, "message", context)


@app.route(routes.CALLS, methods=["POST"], auth_level=KEY)
async def accept_call(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept a phone call."""
    return await answered(accepting.accept, req, gateway, "call", context)


@app.route(routes.BATCHES, methods=["POST"], auth_level=KEY)
async def accept_batch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Accept many messages or calls at once, as JSON or CSV."""
    return await answered(batches.accept, req, gateway, context)


# --- deliver --------------------------------------------------------------------------------


@app.queue_trigger("msg", QUEUE_OF_LANE["now"], STORAGE)
async def deliver(msg: func.QueueMessage) -> None:
    """Deliver what is on the queue for now."""
    await by_queue.deliver(msg, gateway)


@app.queue_trigger("msg", QUEUE_OF_LANE["bulk"], STORAGE)
async def deliver_bulk(msg: func.QueueMessage) -> None:
    """Deliver what is on the queue for bulk."""
    await by_queue.deliver(msg, gateway)


@app.queue_trigger("msg", POISON_OF_LANE["now"], STORAGE)
async def park(msg: func.QueueMessage) -> None:
    """Park what the host has given up on."""
    await by_queue.give_up(msg, gateway)


@app.queue_trigger("msg", POISON_OF_LANE["bulk"], STORAGE)
async def park_bulk(msg: func.QueueMessage) -> None:
    """Park what the host has given up on."""
    await by_queue.give_up(msg, gateway)


@app.route(routes.MESSAGE, methods=["DELETE"], auth_level=KEY)
async def cancel_message(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a message that has not left."""
    return await answered(delivering.cancel, req, gateway, "message")


@app.route(routes.CALL, methods=["DELETE"], auth_level=KEY)
async def cancel_call(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel a call that has not left, or hang up one that is going on."""
    return await answered(delivering.cancel, req, gateway, "call")


@app.route(routes.RETRY_MESSAGE, methods=["POST"], auth_level=KEY)
async def retry_message(req: func.HttpRequest) -> func.HttpResponse:
    """Send a parked or refused message again."""
    return await answered(delivering.retry, req, gateway, "message")


@app.route(routes.RETRY_CALL, methods=["POST"], auth_level=KEY)
async def retry_call(req: func.HttpRequest) -> func.HttpResponse:
    """Place a parked or refused call again."""
    return await answered(delivering.retry, req, gateway, "call")


@app.route(routes.BATCH, methods=["DELETE"], auth_level=KEY)
async def cancel_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel what has not left of a batch."""
    return await answered(batch_delivering.cancel, req, gateway)


@app.route(routes.RETRY_BATCH, methods=["POST"], auth_level=KEY)
async def retry_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Send what failed of a batch again."""
    return await answered(batch_delivering.retry, req, gateway)


# --- what became of it ----------------------------------------------------------------------


@app.route(routes.STATUS, methods=["POST"], auth_level=SIGNED)
async def report_status(req: func.HttpRequest) -> func.HttpResponse:
    """Note what Twilio reports of a message or call."""
    return await answered(status.report, req, gateway)


@app.route(routes.MESSAGE, methods=["GET"], auth_level=KEY)
async def show_message(req: func.HttpRequest) -> func.HttpResponse:
    """Show a message with its events."""
    return await answered(entries.show, req, gateway, "message")


@app.route(routes.CALL, methods=["GET"], auth_level=KEY)
async def show_call(req: func.HttpRequest) -> func.HttpResponse:
    """Show a call with its events."""
    return await answered(entries.show, req, gateway, "call")


@app.route(routes.MESSAGES, methods=["GET"], auth_level=KEY)
async def list_messages(req: func.HttpRequest) -> func.HttpResponse:
    """List messages, newest first."""
    return await answered(entries.newest, req, gateway, "message")


@app.route(routes.CALLS, methods=["GET"], auth_level=KEY)
async def list_calls(req: func.HttpRequest) -> func.HttpResponse:
    """List calls, newest first."""
    return await answered(entries.newest, req, gateway, "call")


@app.route(routes.BATCH, methods=["GET"], auth_level=KEY)
async def show_batch(req: func.HttpRequest) -> func.HttpResponse:
    """Show how far a batch is."""
    return await answered(batches.show, req, gateway)


@app.route(routes.BATCHES, methods=["GET"], auth_level=KEY)
async def list_batches(req: func.HttpRequest) -> func.HttpResponse:
    """List the newest batches."""
    return await answered(batches.newest, req, gateway)


@app.timer_trigger("timer", "0 */5 * * * *")
async def reconcile(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Ask Twilio about what it has not reported the end of."""
    await timers.reconcile(gateway)


@app.timer_trigger("timer", "30 * * * * *")
async def watch(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Log how long the queues are."""
    await timers.watch(gateway)


@app.timer_trigger("timer", "0 17 3 * * *")
async def forget(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Delete what RETENTION_DAYS no longer keeps."""
    await timers.forget(gateway)


@app.route(routes.RECIPIENT, methods=["DELETE"], auth_level=func.AuthLevel.ADMIN)
async def erase_recipient(req: func.HttpRequest) -> func.HttpResponse:
    """Erase what is stored about a person."""
    return await answered(erasure_by_http.erase_recipient, req, gateway)


# --- answer ---------------------------------------------------------------------------------


@app.route(routes.INBOUND_CALL, methods=["POST"], auth_level=SIGNED)
async def receive_call(req: func.HttpRequest) -> func.HttpResponse:
    """Answer an inbound call as the settings say."""
    return await answered(inbound_call.receive, req, gateway)


@app.route(routes.INBOUND_MESSAGE, methods=["POST"], auth_level=SIGNED)
async def receive_message(req: func.HttpRequest) -> func.HttpResponse:
    """Answer an inbound message as the settings say."""
    return await answered(inbound_message.receive, req, gateway)


@app.timer_trigger("timer", "30 * * * * *")
async def pass_on_inbound(timer: func.TimerRequest) -> None:  # noqa: ARG001 - its binding
    """Pass on what reached us while its worker died."""
    await timers.pass_on(gateway)


# The host takes the first route that fits, by the functions' names: this one before `twimlet`.
@app.route(routes.PREVIEW, methods=["POST"], auth_level=KEY)
async def preview_twiml(req: func.HttpRequest) -> func.HttpResponse:
    """Show steps as TwiML."""
    return await answered(preview.preview, req, gateway)


@app.route(routes.TWIMLET, methods=["GET", "POST"], auth_level=SIGNED)
async def twimlet(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with one of the TwiML pages."""
    return await answered(twiml_by_http.twimlet, req, gateway)


@app.route(routes.CALL_TWIML, methods=["GET", "POST"], auth_level=SIGNED)
async def call_script(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the TwiML of an outgoing call that is too long to travel with it."""
    return await answered(call_twiml.script, req, gateway)


@app.route(routes.TOKEN, methods=["POST"], auth_level=KEY)
async def create_token(req: func.HttpRequest) -> func.HttpResponse:
    """Give a Twilio Client its access token."""
    return await answered(token_by_http.issue, req, gateway)


# --- for the person on duty ----------------------------------------------------------------


@app.route(routes.CONSOLE, methods=["GET"], auth_level=ANYONE)
async def console_page(req: func.HttpRequest) -> func.HttpResponse:
    """Show the operations console, whose own calls need a key."""
    return await answered(console.page, req, gateway)


@app.route(routes.CONSOLE_PART, methods=["GET"], auth_level=ANYONE)
async def console_part(req: func.HttpRequest) -> func.HttpResponse:
    """Give a script or style of the console."""
    return await answered(console.part, req, gateway)


@app.route(routes.OVERVIEW, methods=["GET"], auth_level=KEY)
async def show_overview(req: func.HttpRequest) -> func.HttpResponse:
    """Show the last hour, the queues and whether Twilio answers."""
    return await answered(overview.overview, req, gateway)


# --- about the app ----------------------------------------------------------------------------


@app.route(routes.HEALTH, methods=["GET"], auth_level=ANYONE)
async def check_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say whether the app can do its work."""
    return await answered(health.health, req, gateway)


@app.route(routes.OPENAPI, methods=["GET"], auth_level=ANYONE)
async def describe_api(req: func.HttpRequest) -> func.HttpResponse:
    """Describe the API in OpenAPI 3.1."""
    return await answered(openapi.as_json, req)


@app.route(routes.DOCS, methods=["GET"], auth_level=ANYONE)
async def explain_api(req: func.HttpRequest) -> func.HttpResponse:
    """Show the same to read."""
    return await answered(openapi.as_page, req)
