"""The HTTP server: Twilio's paths, the simulator's own, and the phone page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from dev.simulator.calls.line import Exchange
from dev.simulator.calls.new_call import end_interrupted_calls
from dev.simulator.control import page_files
from dev.simulator.control.admin import Admin
from dev.simulator.control.events import Events
from dev.simulator.control.guard import guard, refuse_unknown_path
from dev.simulator.messages.inbound import restore_opt_outs
from dev.simulator.messages.outbound import resume
from dev.simulator.rest import account, calls, messages, recordings
from dev.simulator.rest.serving import Resource, Rest

ACCOUNT = "/2010-04-01/Accounts/{account}"

# method, path below the account, resource, whether it creates something
RESOURCES: tuple[tuple[str, str, Resource, bool], ...] = (
    ("POST", "/Messages.json", messages.create, True),
    ("GET", "/Messages.json", messages.list_page, False),
    ("GET", "/Messages/{sid}.json", messages.fetch, False),
    ("POST", "/Messages/{sid}.json", messages.update, False),
    ("DELETE", "/Messages/{sid}.json", messages.delete, False),
    ("GET", "/Messages/{sid}/Media.json", messages.list_media, False),
    ("GET", "/Messages/{sid}/Media/{medium}.json", messages.fetch_medium, False),
    ("POST", "/Calls.json", calls.create, True),
    ("GET", "/Calls.json", calls.list_page, False),
    ("GET", "/Calls/{sid}.json", calls.fetch, False),
    ("POST", "/Calls/{sid}.json", calls.update, False),
    ("DELETE", "/Calls/{sid}.json", calls.delete, False),
    ("GET", "/Calls/{sid}/Recordings.json", recordings.list_page, False),
    ("GET", "/Calls/{call}/Recordings/{sid}", recordings.fetch, False),
    ("DELETE", "/Calls/{call}/Recordings/{sid}", recordings.delete, False),
    ("GET", "/Recordings.json", recordings.list_page, False),
    ("GET", "/Recordings/{sid}", recordings.fetch, False),
    ("DELETE", "/Recordings/{sid}", recordings.delete, False),
    ("GET", "/IncomingPhoneNumbers.json", account.list_numbers, False),
    ("GET", ".json", account.fetch, False),
)


def build_application(exchange: Exchange) -> web.Application:
    """Return the server's application with every route."""
    app = web.Application(middlewares=[guard], client_max_size=4 * 1024 * 1024)
    rest = Rest(exchange)
    for method, path, resource, creates in RESOURCES:
        app.router.add_route(method, ACCOUNT + path, rest.handler_for(resource, creates=creates))
    app.router.add_routes(Admin(exchange).routes() + Events(exchange).routes() + page_files.ROUTES)
    app.router.add_route("*", "/_simulator/{rest:.*}", refuse_unknown_path)
    app.router.add_route("*", "/{rest:.*}", rest.handler_for(account.refuse_unknown))
    return app


@asynccontextmanager
async def serve(exchange: Exchange, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 until the block ends; yield the address. Port 0 chooses a free one.

    Raises:
        OSError: The port is taken.
    """
    await exchange.webhooks.open()
    runner = web.AppRunner(build_application(exchange), access_log=None, shutdown_timeout=0.1)
    try:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        exchange.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        restore_opt_outs(exchange)
        resume(exchange)
        end_interrupted_calls(exchange)
        yield exchange.origin
    finally:
        await exchange.stop()
        await runner.cleanup()
