"""The table of the API: each operation, who may call it, what it takes and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared import routes
from shared.errors import (
    CallerError,
    IdempotencyMismatchError,
    InvalidRequestError,
    NotFoundError,
    OverError,
    SignatureError,
    TooLargeError,
    UnsupportedTypeError,
)
from shared.jobs.request import CallRequest, MessageRequest
from shared.triggers.entries import LIST_PARAMETERS
from shared.triggers.preview import PreviewRequest
from shared.triggers.recipients import EraseRequest, FindRequest
from shared.triggers.schemas import (
    AcceptedListResponse,
    AcceptedResponse,
    BatchAcceptedResponse,
    BatchListResponse,
    BatchProgressResponse,
    EntryListResponse,
    EntryWithEventsResponse,
    ErasureResponse,
    HealthResponse,
    JobResponse,
    OverviewResponse,
    PersonResponse,
    PreviewResponse,
    ProblemResponse,
    TokenResponse,
)
from shared.triggers.tokens import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

Auth = Literal["key", "admin", "signed", "basic", "anyone"]
# A batch is made of two types; a form is what Twilio sends.
BATCH: Final = "batch"
FORM: Final = "form"
# Answers that are not JSON are named by their media type.
TWIML: Final = "text/xml"
HTML: Final = "text/html"
JSON: Final = "application/json"
NOTHING: Final = ""
NO_CONTENT: Final = 204


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one route; `answers` by status: a type, several, or a media type alone.

    `errors` are what the handler can raise beyond what `auth` implies. `then` are operations that
    take the `id` of the answer.
    """

    name: str
    method: Literal["get", "post", "delete"]
    route: str
    auth: Auth
    tag: str
    summary: str
    answers: Mapping[int, Any]
    errors: tuple[type[CallerError], ...] = ()
    body: type | Literal["batch", "form"] | None = None
    examples: Mapping[str, Any] | None = None
    query: tuple[str, ...] = ()
    repeatable: bool = False
    then: tuple[str, ...] = ()


_BODY: Final = (InvalidRequestError, TooLargeError, UnsupportedTypeError)
_KEYED_BODY: Final = (*_BODY, IdempotencyMismatchError)
_KEYED: Final = (InvalidRequestError, IdempotencyMismatchError)
_TEXT: Final = {"to": "+14155552671", "body": "Your parcel is here."}
_CALL: Final = {"to": "+14155552671", "say": "Your parcel is here."}
_MENU: Final = [
    {"say": "Welcome."},
    {
        "gather": {
            "num_digits": 1,
            "steps": [{"say": "Press 1 for our hours."}],
            "on": {
                "1": [{"say": "We are open from nine to five."}],
                "else": [{"say": "That is not a choice. Good bye."}],
            },
        }
    },
    {"say": "We did not hear from you. Good bye."},
]
_BATCH_EXAMPLES: Final = {
    "texts": {
        "body": "Hello {{name}}, school is closed today.",
        "recipients": [
            {"to": "+14155552671", "name": "Ana"},
            {"to": "+14165550123", "name": "Bo"},
        ],
    },
    "calls": {
        "kind": "call",
        "say": "Hello {{name}}, school is closed today.",
        "recipients": [{"to": "+14155552671", "name": "Ana"}],
        "on_invalid": "skip",
    },
}


def _of_kind(kind: str, request: type, examples: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Return what can be done with messages, and in the same way with calls."""
    collection, one, retry = {
        "message": (routes.MESSAGES, routes.MESSAGE, routes.RETRY_MESSAGE),
        "call": (routes.CALLS, routes.CALL, routes.RETRY_CALL),
    }[kind]
    entry = (EntryWithEventsResponse, JobResponse)
    return (
        Operation(
            name=f"accept_{kind}",
            method="post",
            route=collection,
            auth="key",
            tag=collection,
            summary=f"Accept a {kind}",
            body=request,
            examples=examples,
            answers={202: (AcceptedResponse, AcceptedListResponse)},
            errors=_KEYED_BODY,
            repeatable=True,
            then=(f"show_{kind}", f"cancel_{kind}", f"retry_{kind}"),
        ),
        Operation(
            name=f"list_{kind}s",
            method="get",
            route=collection,
            auth="key",
            tag=collection,
            summary=f"List {kind}s, newest first",
            query=LIST_PARAMETERS,
            answers={200: EntryListResponse},
            errors=(InvalidRequestError,),
        ),
        Operation(
            name=f"show_{kind}",
            method="get",
            route=one,
            auth="key",
            tag=collection,
            summary=f"Show a {kind} with its events",
            answers={200: entry},
            errors=(NotFoundError,),
        ),
        Operation(
            name=f"cancel_{kind}",
            method="delete",
            route=one,
            auth="key",
            tag=collection,
            summary=f"Cancel a {kind} that is not over",
            answers={200: entry},
            errors=(NotFoundError, OverError),
        ),
        Operation(
            name=f"retry_{kind}",
            method="post",
            route=retry,
            auth="key",
            tag=collection,
            summary=f"Send a parked or refused {kind} again",
            answers={202: entry},
            errors=(NotFoundError, OverError, *_KEYED),
            repeatable=True,
        ),
    )


def _signed(  # noqa: PLR0913 - each names a property of the operation
    name: str,
    route: str,
    summary: str,
    *,
    answers: Mapping[int, Any] | None = None,
    errors: tuple[type[CallerError], ...] = (),
    method: Literal["get", "post"] = "post",
    query: tuple[str, ...] = (),
) -> Operation:
    """Return an operation that only Twilio may call."""
    return Operation(
        name=name,
        method=method,
        route=route,
        auth="signed",
        tag="twilio",
        summary=summary,
        body=FORM if method == "post" else None,
        query=query,
        answers=answers or {200: TWIML},
        errors=(SignatureError, *errors),
    )


def _twilios(  # noqa: PLR0913 - each names a property of the operation
    name: str,
    method: Literal["get", "post", "delete"],
    route: str,
    summary: str,
    *,
    status: int = 200,
    errors: tuple[type[CallerError], ...] = (),
    query: tuple[str, ...] = (),
    repeatable: bool = False,
) -> Operation:
    """Return an operation of Twilio's own API, whose forms and resources Twilio describes."""
    return Operation(
        name=f"twilio_{name}",
        method=method,
        route=route,
        auth="basic",
        tag="2010-04-01",
        summary=summary,
        body=FORM if method == "post" else None,
        query=query,
        answers={status: NOTHING if status == NO_CONTENT else JSON},
        errors=(NotFoundError, *errors),
        repeatable=repeatable,
    )


def _twilios_of(kind: str, collection: str, one: str, times: tuple[str, ...]) -> list[Operation]:
    """Return what Twilio's API does with messages, and in the same way with calls."""
    bounds = tuple(f"{name}{sign}" for name in times for sign in ("", "<", ">"))
    query = ("To", "From", "Status", *bounds, "PageSize", "Page", "PageToken")
    change = "Cancel a message, or remove its text" if kind == "message" else "Cancel or hang up"
    return [
        _twilios(f"create_{kind}", "post", collection, f"Accept a {kind} as Twilio does",
                 status=201, errors=_KEYED_BODY, repeatable=True),
        _twilios(f"list_{kind}s", "get", collection, f"List {kind}s as Twilio does",
                 errors=(InvalidRequestError,), query=query),
        _twilios(f"fetch_{kind}", "get", one, f"Show a {kind} as Twilio does"),
        _twilios(f"change_{kind}", "post", one, change, errors=(*_BODY, OverError)),
        _twilios(f"delete_{kind}", "delete", one, f"Delete what is kept of a {kind}",
                 status=NO_CONTENT, errors=(OverError,)),
    ]  # fmt: skip


OPERATIONS: Final[tuple[Operation, ...]] = (
    *_of_kind(
        "message",
        MessageRequest,
        {
            "text": _TEXT,
            "several": {**_TEXT, "to": ["+14155552671", "+14165550123"], "lane": "bulk"},
            "picture": {"to": "+14155552671", "media_url": "https://demo.twilio.com/owl.png"},
        },
    ),
    *_of_kind("call", CallRequest, {"say": _CALL, "steps": {"to": "+14155552671", "steps": _MENU}}),
    Operation(
        name="accept_batch",
        method="post",
        route=routes.BATCHES,
        auth="key",
        tag="batches",
        summary="Accept up to 50,000 messages or calls, as JSON or CSV",
        body=BATCH,
        examples=_BATCH_EXAMPLES,
        answers={202: BatchAcceptedResponse},
        errors=_KEYED_BODY,
        repeatable=True,
        then=("show_batch", "cancel_batch", "retry_batch"),
    ),
    Operation(
        name="list_batches",
        method="get",
        route=routes.BATCHES,
        auth="key",
        tag="batches",
        summary="List the newest batches",
        answers={200: BatchListResponse},
        errors=(InvalidRequestError,),
    ),
    Operation(
        name="show_batch",
        method="get",
        route=routes.BATCH,
        auth="key",
        tag="batches",
        summary="Show how far a batch is",
        answers={200: BatchProgressResponse},
        errors=(NotFoundError,),
    ),
    Operation(
        name="cancel_batch",
        method="delete",
        route=routes.BATCH,
        auth="key",
        tag="batches",
        summary="Cancel what has not left of a batch",
        answers={200: BatchProgressResponse},
        errors=(NotFoundError, OverError),
    ),
    Operation(
        name="retry_batch",
        method="post",
        route=routes.RETRY_BATCH,
        auth="key",
        tag="batches",
        summary="Send what failed of a batch again",
        answers={202: BatchProgressResponse},
        errors=(NotFoundError, OverError, *_KEYED),
        repeatable=True,
    ),
    Operation(
        name="preview_twiml",
        method="post",
        route=routes.PREVIEW,
        auth="key",
        tag="twiml",
        summary="Show steps as TwiML",
        body=PreviewRequest,
        examples={"menu": {"steps": _MENU}},
        answers={200: PreviewResponse},
        errors=_BODY,
    ),
    Operation(
        name="create_token",
        method="post",
        route=routes.TOKEN,
        auth="key",
        tag="twiml",
        summary="Make an access token for the Voice SDKs of Twilio",
        body=TokenRequest,
        examples={"alice": {"identity": "alice"}},
        answers={200: TokenResponse},
        errors=_BODY,
    ),
    Operation(
        name="find_recipient",
        method="post",
        route=routes.FIND_RECIPIENT,
        auth="key",
        tag="people",
        summary="Show what is stored about a person",
        body=FindRequest,
        examples={"person": {"number": "+14155552671"}},
        answers={200: PersonResponse},
        errors=_BODY,
    ),
    Operation(
        name="erase_recipient",
        method="post",
        route=routes.ERASE_RECIPIENT,
        auth="admin",
        tag="people",
        summary="Erase what is stored about a person",
        body=EraseRequest,
        examples={"person": {"number": "+14155552671"}},
        answers={200: ErasureResponse},
        errors=_BODY,
    ),
    Operation(
        name="show_overview",
        method="get",
        route=routes.OVERVIEW,
        auth="key",
        tag="health",
        summary="Show the last hour, the queues, and whether Twilio answers",
        answers={200: OverviewResponse},
    ),
    Operation(
        name="check_health",
        method="get",
        route=routes.HEALTH,
        auth="anyone",
        tag="health",
        summary="Tell whether the app can do its work",
        answers={200: HealthResponse, 503: (HealthResponse, ProblemResponse)},
    ),
    Operation(
        name="describe_api",
        method="get",
        route=routes.OPENAPI,
        auth="anyone",
        tag="about",
        summary="Describe the API in OpenAPI 3.1",
        answers={200: JSON},
    ),
    Operation(
        name="explain_api",
        method="get",
        route=routes.DOCS,
        auth="anyone",
        tag="about",
        summary="Show the API as a page to read",
        answers={200: HTML},
    ),
    Operation(
        name="console_page",
        method="get",
        route=routes.CONSOLE,
        auth="anyone",
        tag="about",
        summary="Show the operations console, whose own calls need a key",
        answers={200: HTML},
    ),
    _signed(
        "twimlet",
        routes.TWIMLET_ROUTE,
        "Answer with one of the TwiML pages",
        errors=(NotFoundError,),
    ),
    _signed(
        "twimlet_by_get",
        routes.TWIMLET_ROUTE,
        "Answer a GET with the same",
        errors=(NotFoundError,),
        method="get",
    ),
    _signed("receive_message", routes.INBOUND_MESSAGE, "Answer an inbound message"),
    _signed("receive_call", routes.INBOUND_CALL, "Answer an inbound call"),
    _signed(
        "report_status",
        routes.STATUS,
        "Record what Twilio reports of a message or call",
        answers={204: NOTHING, 502: NOTHING},
        query=(routes.CLIENT, routes.EVENTS, routes.FORWARD, routes.METHOD, routes.TRACE),
    ),
    _twilios("account", "get", routes.TWILIO_ACCOUNT, "Show the account as Twilio does"),
    *_twilios_of("message", routes.TWILIO_MESSAGES, routes.TWILIO_MESSAGE, ("DateSent",)),
    *_twilios_of("call", routes.TWILIO_CALLS, routes.TWILIO_CALL, ("StartTime", "EndTime")),
)
