"""``python -m dev.simulator``: start the simulator, and stop it on SIGINT or SIGTERM."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from pathlib import Path
from typing import Final

from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.clock import Clock
from dev.simulator.exchange import Exchange
from dev.simulator.server import running

PORT_TAKEN: Final = 4


def arguments(words: list[str], environment: dict[str, str]) -> argparse.Namespace:
    """What to serve: arguments win over the environment, secrets need not be arguments."""
    parser = argparse.ArgumentParser(prog="python -m dev.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=7072, help="0 chooses a free one")
    parser.add_argument("--app-url", default="http://127.0.0.1:7071")
    parser.add_argument("--books", type=Path, help="keep messages and calls in this file")
    parser.add_argument("--speed", type=float, default=20.0, help="simulated seconds a second")
    parser.add_argument("--advanced-opt-out", action="store_true")
    for option, variable, default in (
        ("--account-sid", "TWILIO_ACCOUNT_SID", "AC" + "0" * 32),
        ("--auth-token", "TWILIO_AUTH_TOKEN", "local-token"),
        ("--number", "TWILIO_FROM_NUMBER", "+15005550006"),
        ("--api-key-sid", "TWILIO_API_KEY_SID", ""),
        ("--api-key-secret", "TWILIO_API_KEY_SECRET", ""),
    ):
        known = environment.get(variable) or default
        parser.add_argument(option, default=known, help=f"or {variable}")
    return parser.parse_args(words)


async def serve(asked: argparse.Namespace) -> int:
    """Serve until a signal comes; the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    account = Account(
        sid=asked.account_sid,
        auth_token=asked.auth_token,
        number=asked.number,
        app_url=asked.app_url,
        api_key_sid=asked.api_key_sid,
        api_key_secret=asked.api_key_secret,
        advanced_opt_out=asked.advanced_opt_out,
    )
    exchange = Exchange(account, Books(asked.books), Clock(speed=asked.speed))
    try:
        async with running(exchange, asked.port) as address:
            print(f"simulator ready on {address}", flush=True)
            await stop.wait()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"simulator: port {asked.port} is taken", file=sys.stderr, flush=True)
        return PORT_TAKEN
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(arguments(sys.argv[1:], dict(os.environ)))))
