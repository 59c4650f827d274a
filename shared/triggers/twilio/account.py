"""The account's own resource, and the answer to every path that is not one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.routes import TWILIO
from shared.triggers.responses import json_response
from shared.triggers.twilio.errors import NOT_FOUND, RefusalError

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.triggers.twilio.door import Client


class AccountResource(msgspec.Struct, frozen=True, kw_only=True):
    """An account in the shape of Twilio's resource; the token is never shown."""

    sid: str
    owner_account_sid: str
    uri: str
    subresource_uris: dict[str, str]
    friendly_name: str = "Switchboard"
    status: str = "active"
    type: str = "Full"
    auth_token: None = None
    date_created: None = None
    date_updated: None = None


async def show_account(req: func.HttpRequest, app: App, client: Client) -> func.HttpResponse:
    """Answer the account, as far as it is known here."""
    del req, client
    sid = app.settings.twilio_account_sid
    base = f"/{TWILIO}/Accounts/{sid}"
    uris = {"messages": f"{base}/Messages.json", "calls": f"{base}/Calls.json"}
    account = AccountResource(
        sid=sid, owner_account_sid=sid, uri=f"{base}.json", subresource_uris=uris
    )
    return json_response(account)


async def refuse_unknown(req: func.HttpRequest, app: App, client: Client) -> func.HttpResponse:
    """Refuse a path or method that is not supported, and say which are."""
    from shared.triggers.twilio.door import path_of

    del app, client
    supported = "here are Messages.json, Messages/{sid}.json, Calls.json and Calls/{sid}.json"
    raise RefusalError(NOT_FOUND, f"{req.method} {path_of(req)} ({supported})")
