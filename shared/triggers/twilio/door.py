"""Who may use Twilio's API here, and the one place where errors become Twilio's bodies."""

from __future__ import annotations

import base64
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec

from shared.errors import (
    CallerError,
    NotFoundError,
    ProviderUnavailableError,
    SettingsError,
    StorageUnavailableError,
)
from shared.log import log
from shared.triggers.responses import json_response
from shared.triggers.twilio.errors import (
    AUTHENTICATE,
    BAD_PARAMETER,
    INTERNAL,
    NOT_FOUND,
    UNAVAILABLE,
    RefusalError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import azure.functions as func

    from shared.app import App
    from shared.settings import Settings

P = ParamSpec("P")

_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
_RETRY: Final = {"Retry-After": "5"}


@dataclass(frozen=True, kw_only=True)
class Client:
    """A program that speaks Twilio's API: its key, or the account itself."""

    key: str
    is_account: bool = False
    repeat_window_seconds: int = 0


async def answer(
    step: Callable[Concatenate[func.HttpRequest, App, Client, P], Awaitable[func.HttpResponse]],
    req: func.HttpRequest,
    app: App,
    *args: P.args,
    **kwargs: P.kwargs,
) -> func.HttpResponse:
    """Answer what a step answers to a client, or the error that it ended in, as Twilio would."""
    try:
        client = require_client(req, app.settings)
        _require_account(req, app.settings, client)
        return await step(req, app, client, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 - every error is answered
        refusal = _refusal_of(req, error)
    headers = {}
    if refusal.code == AUTHENTICATE:
        headers = _CHALLENGE
    elif refusal.code == UNAVAILABLE:
        headers = _RETRY
    return json_response(refusal.body, status=int(refusal.status), headers=headers)


def require_client(req: func.HttpRequest, settings: Settings) -> Client:
    """Return the client that a request comes from.

    How long it takes says nothing about which part of the credentials was right.

    Raises:
        RefusalError: the credentials are missing or wrong.
    """
    given = _read_credentials(req.headers.get("Authorization") or "")
    known = [
        client
        for client, secret in _clients(settings)
        if hmac.compare_digest(given, f"{client.key}:{secret}".encode())
    ]
    if not known:
        log("twilio_client_refused", level=logging.WARNING)
        raise RefusalError(AUTHENTICATE)
    return known[0]


def _clients(settings: Settings) -> Iterator[tuple[Client, str]]:
    for token in settings.auth_tokens:
        yield Client(key=settings.twilio_account_sid, is_account=True), token
    for sid, key in (settings.client_keys or {}).items():
        yield Client(key=sid, repeat_window_seconds=key.repeat_window_seconds), key.secret


def _read_credentials(header: str) -> bytes:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""


def _require_account(req: func.HttpRequest, settings: Settings, client: Client) -> None:
    """Refuse another account; a program with room for one SID alone has its key there too."""
    account = req.route_params.get("account")
    if account is not None and account not in (settings.twilio_account_sid, client.key):
        raise RefusalError(NOT_FOUND, path_of(req))


def path_of(req: func.HttpRequest) -> str:
    """Return the path of a request as Twilio has it, which begins with the API's version."""
    path = req.url.partition("?")[0].partition("://")[2].partition("/")[2]
    return f"/{path.removeprefix('api/')}"


def _refusal_of(req: func.HttpRequest, error: Exception) -> RefusalError:
    if isinstance(error, RefusalError):
        return error
    if isinstance(error, NotFoundError):
        return RefusalError(NOT_FOUND, path_of(req))
    if isinstance(error, CallerError):
        return RefusalError(BAD_PARAMETER, error.detail, status=error.status)
    if isinstance(error, SettingsError):
        names = [problem.path for problem in error.problems]
        log("settings_wrong", level=logging.ERROR, settings=names)
        return RefusalError(UNAVAILABLE, f"the app is not set up: {', '.join(names)}")
    if isinstance(error, StorageUnavailableError):
        log("storage_unavailable", level=logging.WARNING, what=str(error))
        return RefusalError(UNAVAILABLE, "storage did not answer; repeat the request")
    if isinstance(error, ProviderUnavailableError):
        log("provider_unavailable", level=logging.WARNING, what=str(error))
        return RefusalError(UNAVAILABLE, "Twilio did not answer; repeat the request")
    logging.getLogger("switchboard").error("unexpected_error", exc_info=error)
    return RefusalError(INTERNAL)
