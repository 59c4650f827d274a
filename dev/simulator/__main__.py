"""A stand-in for Twilio on this machine: its REST API, callbacks and calls, and a phone page."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve
from shared.jobs.segments import count_segments as count_in_the_app

EXIT_PORT_TAKEN: Final = 4


def count_segments(body: str, smart_encoded: bool) -> int:  # noqa: FBT001 # a CountSegments
    """Count the segments of a text as the app does; only this module imports from the app."""
    return count_in_the_app(body, smart_encoded=smart_encoded).count


def parse_arguments(words: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """Read the flags, then the environment, then the defaults."""
    parser = argparse.ArgumentParser(prog="python -m dev.simulator", description=__doc__)
    add = parser.add_argument
    add("--books", type=Path, metavar="FILE", help="keep messages and calls in this file")
    add("--speed", type=float, default=20.0, help="simulated seconds per real second (20)")
    add("--advanced-opt-out", action="store_true", help="webhooks carry OptOutType")
    for flag, variable, default, meaning in (
        ("--port", "SIMULATOR_PORT", "7072", "where to serve; 0 chooses a free port"),
        ("--app-url", "APP_URL", "http://127.0.0.1:7071", "where webhooks go"),
        ("--account-sid", "TWILIO_ACCOUNT_SID", "AC" + "0" * 32, "the account"),
        ("--auth-token", "TWILIO_AUTH_TOKEN", "local-token", "signs webhooks"),
        ("--number", "TWILIO_FROM_NUMBER", "+15005550006", "the account's own number"),
        ("--api-key-sid", "TWILIO_API_KEY_SID", "", "a second login of the REST API"),
        ("--api-key-secret", "TWILIO_API_KEY_SECRET", "", "its password"),
        ("--app-key", "APP_KEY", "local-key", "the app's key, for commands on the page"),
    ):
        value = environment.get(variable) or default
        kind = int if flag == "--port" else str
        shown = f" ({default})" if default else ""
        add(flag, type=kind, default=value, help=f"{meaning}; or {variable}{shown}")
    return parser.parse_args(words)


async def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    account = Account(
        sid=arguments.account_sid,
        auth_token=arguments.auth_token,
        number=arguments.number,
        app_url=arguments.app_url,
        api_key_sid=arguments.api_key_sid,
        api_key_secret=arguments.api_key_secret,
        advanced_opt_out=arguments.advanced_opt_out,
        app_key=arguments.app_key,
    )
    clock = Clock(speed=arguments.speed)
    exchange = Exchange(account, Books(arguments.books), clock, count_segments=count_segments)
    try:
        async with serve(exchange, arguments.port) as address:
            print(f"simulator ready on {address}", flush=True)
            await stop.wait()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        text = f"simulator: port {arguments.port} is taken; choose another one with --port"
        print(text, file=sys.stderr, flush=True)
        return EXIT_PORT_TAKEN
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run(parse_arguments(sys.argv[1:], os.environ))))
