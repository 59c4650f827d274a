"""`/api/console/data/…`: what the API lets a program read, for holders of a key of CONSOLE_KEYS.

Azure checks function keys before this code runs, and knows nothing of these keys. So they have
routes of their own, which are anonymous to Azure: the key is the first thing that is checked here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import azure.functions as func

from shared import routes
from shared.errors import KeyRefusedError, NotFoundError, ReadOnlyError
from shared.triggers import alerts, batches, entries, overview, policies, received, recipients

if TYPE_CHECKING:
    from shared.app import App

Handler = Callable[[func.HttpRequest, "App"], Awaitable[func.HttpResponse]]

# Everything that such a key opens. `recipients/find` reads too; its number travels in a body.
READS: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", routes.OVERVIEW): overview.show,
    ("GET", routes.MESSAGES): partial(entries.list_entries, kind="message"),
    ("GET", routes.MESSAGE): partial(entries.show, kind="message"),
    ("GET", routes.CALLS): partial(entries.list_entries, kind="call"),
    ("GET", routes.CALL): partial(entries.show, kind="call"),
    ("GET", routes.BATCHES): batches.list_batches,
    ("GET", routes.BATCH): batches.show,
    ("GET", routes.ALERTS): alerts.list_alerts,
    ("GET", routes.ALERT): alerts.show,
    ("GET", routes.POLICIES): policies.list_policies,
    ("GET", routes.POLICY): policies.show,
    ("GET", routes.INBOUND): received.list_inbound,
    ("GET", routes.INBOUND_EVENT): received.show,
    ("POST", routes.FIND_RECIPIENT): recipients.find_recipient,
}


async def read(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer as the route after `console/data/` does, if it only reads.

    Raises:
        KeyRefusedError: the request has no key of CONSOLE_KEYS.
        ReadOnlyError: the request would change something.
        NotFoundError: the API has no such route for reading.
    """
    _require_key(req.headers.get("x-functions-key", ""), app.settings.console_keys or {})
    path = req.route_params.get("path", "").strip("/")
    for (method, route), handler in READS.items():
        parameters = _match(route, path)
        if method == req.method and parameters is not None:
            return await handler(_with_parameters(req, parameters), app)
    if req.method != "GET":
        raise ReadOnlyError("this key may look, but not change anything; use a function key")
    raise NotFoundError("nothing can be read here; read e.g. /api/console/data/messages")


def _require_key(key: str, console_keys: Mapping[str, str]) -> None:
    """Compare a key with every key of the setting, each in the same time however alike they are."""
    digest = _digest(key)
    # Every key is compared, also after one that fits.
    fitting = [hmac.compare_digest(digest, _digest(each)) for each in console_keys.values()]
    if not any(fitting):
        raise KeyRefusedError("send a key of CONSOLE_KEYS in the header x-functions-key")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _match(route: str, path: str) -> dict[str, str] | None:
    """Return the parameters of a path, or None where the route is another one."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route))
    found = re.fullmatch(pattern, path, re.IGNORECASE)
    return found.groupdict() if found else None


def _with_parameters(req: func.HttpRequest, parameters: Mapping[str, str]) -> func.HttpRequest:
    return func.HttpRequest(
        req.method,
        req.url,
        headers=req.headers,
        params=req.params,
        route_params=parameters,
        body=req.get_body(),
    )
