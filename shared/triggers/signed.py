"""The check of every route that Twilio calls: signed, or 403, before anything else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import SignatureError
from shared.log import log
from shared.provider.signature import path_and_query

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.forms import Form
    from shared.settings import Settings


def require_signed_form(req: func.HttpRequest, app: App) -> Form:
    """Return the form of a request that Twilio signed as it stands; empty for one without a form.

    Raises:
        SignatureError: anything else.
    """
    headers = {name.lower(): value for name, value in req.headers.items()}
    form = app.signature.signed_form(req.method, req.url, headers, req.get_body())
    if form is None:
        log(
            "signature_refused",
            route=req.url.partition("?")[0].rpartition("/")[0],
            has_header=bool(headers.get("x-twilio-signature")),
        )
        raise SignatureError("the request is not signed by Twilio for this URL and body")
    return form


def public_url(req: func.HttpRequest, settings: Settings) -> str:
    """Return a request's URL as Twilio knows it: our public base, its path and its raw query."""
    return f"{settings.public_base_url}{path_and_query(req.url)}"
