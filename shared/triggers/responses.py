"""HTTP answers, and the one place where errors become them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

import azure.functions as func

from shared.errors import (
    CallerError,
    InvalidRequestError,
    Problem,
    ProviderUnavailableError,
    SettingsError,
    StorageUnavailableError,
)
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

P = ParamSpec("P")

_RETRY_SECONDS: Final = "5"
# Longer than any path or message that is meant to be read.
_MAX_CHARACTERS: Final = 1000
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def json_response(
    body: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    mimetype: str = "application/json",
) -> func.HttpResponse:
    """Return a JSON answer; dates become RFC 3339."""
    import msgspec  # an answer in TwiML does not need it

    return func.HttpResponse(
        msgspec.json.encode(body),
        status_code=status,
        headers={**_HEADERS, **(headers or {})},
        mimetype=mimetype,
    )


def twiml_response(twiml: str) -> func.HttpResponse:
    """Return a TwiML answer."""
    return func.HttpResponse(twiml, headers=_HEADERS, mimetype="text/xml")


def empty_response(status: int = 204) -> func.HttpResponse:
    """Return an answer without a body."""
    return func.HttpResponse(status_code=status, headers=_HEADERS)


def problem_response(
    status: int,
    title: str,
    detail: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """Return a problem as RFC 9457 describes it, with the problems of the input."""
    body: dict[str, Any] = {
        "type": f"urn:switchboard:problem:{'-'.join(title.lower().split())}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if problems:
        body["errors"] = _describe(problems)
    return json_response(body, status=status, headers=headers, mimetype="application/problem+json")


def _describe(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Describe problems, at most 1,000 of them, without repeating a caller's numbers."""
    from shared.accept.problems import limit_problems
    from shared.phone_numbers import mask_numbers

    described = []
    for problem in limit_problems(problems):
        fields: dict[str, Any] = {
            "path": _cut(mask_numbers(problem.path)),
            "code": problem.code,
            "message": _cut(problem.message),
        }
        described.append(fields if problem.line is None else {**fields, "line": problem.line})
    return described


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"


async def handle_errors(
    step: Callable[Concatenate[func.HttpRequest, P], Awaitable[func.HttpResponse]],
    req: func.HttpRequest,
    *args: P.args,
    **kwargs: P.kwargs,
) -> func.HttpResponse:
    """Return what a step answers, or its error as a problem; no traceback reaches the caller."""
    try:
        return await step(req, *args, **kwargs)
    except InvalidRequestError as error:
        return problem_response(error.status, error.title, error.detail, error.problems)
    except CallerError as error:
        return problem_response(error.status, error.title, error.detail)
    except SettingsError as error:
        log("settings_wrong", level=logging.ERROR, settings=[p.path for p in error.problems])
        return problem_response(
            503,
            "The app is not set up",
            "; ".join(f"{problem.path} {problem.message}" for problem in error.problems),
            error.problems,
        )
    except StorageUnavailableError as error:
        log("storage_unavailable", level=logging.WARNING, what=str(error))
        return problem_response(
            503,
            "Storage did not answer",
            "It is unknown whether the request was kept; repeat it with the same Idempotency-Key.",
            headers={"Retry-After": _RETRY_SECONDS},
        )
    except ProviderUnavailableError as error:
        log("provider_unavailable", level=logging.WARNING, what=str(error))
        return problem_response(
            503,
            "Twilio did not answer",
            "Nothing is known to have changed; send the request again later.",
            headers={"Retry-After": _RETRY_SECONDS},
        )
    except Exception:
        logging.getLogger("switchboard").exception("unexpected_error")
        return problem_response(
            500,
            "Internal error",
            "This is a bug in the app; its log says more under unexpected_error.",
        )
