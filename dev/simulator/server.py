"""The HTTP server: Twilio's paths, the simulator's own, the page, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from dev.simulator import front, rest_account, rest_calls, rest_messages
from dev.simulator.admin import Admin
from dev.simulator.call_engine.new_call import end_interrupted
from dev.simulator.exchange import Exchange
from dev.simulator.guard import guard, nowhere
from dev.simulator.inbound_messages import recall_opt_outs
from dev.simulator.messages import resume
from dev.simulator.rest import Resource, Rest
from dev.simulator.watch import Watch

ACCOUNT = "/2010-04-01/Accounts/{account}"

# method, path below the account, resource, whether it creates something
RESOURCES: tuple[tuple[str, str, Resource, bool], ...] = (
    ("POST", "/Messages.json", rest_messages.create, True),
    ("GET", "/Messages.json", rest_messages.listed, False),
    ("GET", "/Messages/{sid}.json", rest_messages.fetch, False),
    ("POST", "/Messages/{sid}.json", rest_messages.update, False),
    ("DELETE", "/Messages/{sid}.json", rest_messages.delete, False),
    ("GET", "/Messages/{sid}/Media.json", rest_messages.media, False),
    ("GET", "/Messages/{sid}/Media/{medium}.json", rest_messages.medium, False),
    ("POST", "/Calls.json", rest_calls.create, True),
    ("GET", "/Calls.json", rest_calls.listed, False),
    ("GET", "/Calls/{sid}.json", rest_calls.fetch, False),
    ("POST", "/Calls/{sid}.json", rest_calls.update, False),
    ("DELETE", "/Calls/{sid}.json", rest_calls.delete, False),
    ("GET", "/Calls/{sid}/Recordings.json", rest_account.recordings, False),
    ("GET", "/Calls/{call}/Recordings/{sid}", rest_account.recording, False),
    ("DELETE", "/Calls/{call}/Recordings/{sid}", rest_account.delete_recording, False),
    ("GET", "/Recordings.json", rest_account.recordings, False),
    ("GET", "/Recordings/{sid}", rest_account.recording, False),
    ("DELETE", "/Recordings/{sid}", rest_account.delete_recording, False),
    ("GET", ".json", rest_account.account, False),
)


def application(exchange: Exchange) -> web.Application:
    """Every route."""
    app = web.Application(middlewares=[guard], client_max_size=4 * 1024 * 1024)
    rest = Rest(exchange)
    for method, path, resource, creates in RESOURCES:
        app.router.add_route(method, ACCOUNT + path, rest.serving(resource, creates=creates))
    app.router.add_routes(Admin(exchange).routes() + Watch(exchange).routes() + front.ROUTES)
    app.router.add_route("*", "/_simulator/{rest:.*}", nowhere)
    app.router.add_route("*", "/{rest:.*}", rest.serving(rest_account.unknown))
    return app


@asynccontextmanager
async def running(exchange: Exchange, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 until the block ends; gives the address.

    Raises:
        OSError: The port is taken.
    """
    await exchange.webhooks.open()
    runner = web.AppRunner(application(exchange), access_log=None, shutdown_timeout=0.1)
    try:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        exchange.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        recall_opt_outs(exchange)
        resume(exchange)
        end_interrupted(exchange)
        yield exchange.origin
    finally:
        await exchange.stop()
        await runner.cleanup()
