"""Starts the local Functions host: `python -m dev.host --app DIR`. See dev/host/__init__.py.

Exit codes: 0 stopped by a signal, 3 the app was refused or cannot be imported, 4 the port is
taken, 5 storage was out of reach, where the real host ends too. The keys are the environment's
SWITCHBOARD_HOST_KEY and SWITCHBOARD_HOST_ADMIN_KEY; with SWITCHBOARD_HOST_PUBLIC=1 requests for
another host than this machine reach the functions that check a signature, and health.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

from dev.host.errors import AppRefusedError, PortTakenError, StorageOutOfReachError
from dev.host.http_trigger import Access
from dev.host.masking import MaskingFormatter
from dev.host.serving import Options, serve
from dev.host.storage_tries import Tries

STOPPED, REFUSED, PORT_TAKEN, STORAGE_OUT_OF_REACH = 0, 3, 4, 5


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.host", description=__doc__)
    parser.add_argument("--port", type=int, default=7071, help="0 chooses a free one")
    parser.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py")
    parser.add_argument(
        "--key", default="local-key", help="the function key, if not in the environment"
    )
    parser.add_argument("--lease", type=float, default=600, help="seconds a message is hidden")
    parser.add_argument("--grace", type=float, default=8, help="seconds to finish in when stopped")
    parser.add_argument(
        "--function-group",
        action="append",
        default=[],
        metavar="GROUP",
        help="listen as an instance of http or function:NAME does on Flex Consumption",
    )
    parser.add_argument(
        "--timers",
        type=Path,
        metavar="FILE",
        help="remember here when timers run next, to make up for a run that was missed",
    )
    parser.add_argument(
        "--retry-pause",
        type=float,
        default=0.8,
        metavar="SECONDS",
        help="first of five pauses between tries at storage, each twice as long as the one before",
    )
    parser.add_argument("--verbose", action="store_true", help="list the functions at the start")
    return parser.parse_args()


def _take_access(function_key: str) -> Access:
    """Read the keys, and take them out of the environment: an app does not see them in Azure."""
    hides_page = os.environ.get("AzureWebJobsDisableHomepage", "")  # noqa: SIM112 - Azure's name
    return Access(
        os.environ.pop("SWITCHBOARD_HOST_KEY", function_key),
        os.environ.pop("SWITCHBOARD_HOST_ADMIN_KEY", "local-admin-key"),
        is_public=os.environ.pop("SWITCHBOARD_HOST_PUBLIC", "") == "1",
        has_landing_page=hides_page.lower() != "true",
    )


def _leave(code: int) -> NoReturn:
    """End the process as Azure ends a worker: at once, and without `finally` blocks.

    Python would wait without end for a plain function that does not return, and complain about
    each client that the app rightly keeps open.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def _end_for_storage(error: StorageOutOfReachError) -> NoReturn:
    """End as the real host does, which the platform then starts again."""
    print(f"host ended: storage was out of reach ({error})", flush=True)
    _leave(STORAGE_OUT_OF_REACH)


async def _serve_and_leave(options: Options, access: Access) -> NoReturn:
    await serve(options, access, _end_for_storage)
    _leave(STOPPED)


def main() -> int:
    """Run the host; returns an exit code when it could not, and ends the process otherwise."""
    arguments = _parse_options()
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    options = Options(
        app=arguments.app.resolve(),
        port=arguments.port,
        groups=arguments.function_group,
        lease=max(1, round(arguments.lease)),
        grace=arguments.grace,
        tries=Tries(arguments.retry_pause),
        timers=arguments.timers and arguments.timers.resolve(),
        is_verbose=arguments.verbose,
    )
    sys.path.insert(0, str(options.app))
    try:
        asyncio.run(_serve_and_leave(options, _take_access(arguments.key)))
    except AppRefusedError as error:
        print(f"Azure would not run this app: {error}", file=sys.stderr)
        return REFUSED
    except PortTakenError as error:
        print(error, file=sys.stderr)
        return PORT_TAKEN


if __name__ == "__main__":
    sys.exit(main())
