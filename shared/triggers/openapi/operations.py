"""The table of the API: each operation, who may call it, what it takes and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared import routes
from shared.accept.alerts import AlertRequest, PolicyRequest
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
from shared.triggers import received
from shared.triggers.alert_views import (
    AlertAcceptedResponse,
    AlertListResponse,
    AlertWithStoryResponse,
    PolicyListResponse,
    PolicyResponse,
)
from shared.triggers.alerts import AnswerRequest, EscalationRequest
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
    InboundListResponse,
    InboundResponse,
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
ANYTHING: Final = "anything"
# Answers that are not JSON are named by their media type.
TWIML: Final = "text/xml"
HTML: Final = "text/html"
JSON: Final = "application/json"
NOTHING: Final = ""
NO_CONTENT: Final = 204


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one route; `answers` by status: a type, several, or a media type alone.

    `errors` are what the handler can raise beyond what `auth` implies. `accepted` is the answer to
    the first of the `examples`. `then` are operations that take the `id` of the answer.
    """

    name: str
    method: Literal["get", "post", "put", "delete"]
    route: str
    auth: Auth
    tag: str
    summary: str
    answers: Mapping[int, Any]
    errors: tuple[type[CallerError], ...] = ()
    body: type | Literal["batch", "form", "anything"] | None = None
    examples: Mapping[str, Any] | None = None
    accepted: Mapping[str, Any] | None = None
    query: tuple[str, ...] = ()
    needs_body: bool = True
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
_LEVELS: Final = [
    {"notify": [{"to": "+14155552671", "by": "text"}], "wait": 120},
    {"notify": [{"to": "+14155552671", "by": "call"}], "wait": 90, "times": 2},
    {
        "notify": [{"to": "+14165550123", "by": "text"}, {"to": "+14165550123", "by": "call"}],
        "wait": 300,
    },
]
_ALERT: Final = {
    "key": "disk-full/web-3",
    "text": "Disk full on web-3",
    "until": "acknowledged",
    "levels": _LEVELS,
    "then": "repeat",
    "most": 3,
    "metadata": {},
}
_ID: Final = "zbpc8k2v4m1x7q0r5t9w3y"
_ACCEPTED: Final[dict[str, dict[str, Any]]] = {
    "message": {
        "id": _ID,
        "kind": "message",
        "state": "accepted",
        "to": "+14155552671",
        "links": {"self": f"/api/messages/{_ID}"},
        "segments": 1,
    },
    "call": {
        "id": _ID,
        "kind": "call",
        "state": "accepted",
        "to": "+14155552671",
        "links": {"self": f"/api/calls/{_ID}"},
    },
}
_BATCH_ACCEPTED: Final = {
    "id": _ID,
    "count": 2,
    "duplicates": [],
    "skipped": [],
    "links": {"self": f"/api/batches/{_ID}"},
    "segments": 2,
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
            accepted=_ACCEPTED[kind],
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


def _answer(
    name: str,
    route: str,
    summary: str,
    status: int = 200,
    body: type[AnswerRequest] = AnswerRequest,
) -> Operation:
    """Return an operation by which somebody answers an alert."""
    return Operation(
        name=name,
        method="post",
        route=route,
        auth="key",
        tag="alerts",
        summary=summary,
        body=body,
        needs_body=False,
        answers={status: AlertWithStoryResponse},
        errors=(*_BODY, NotFoundError, OverError),
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
        accepted=_BATCH_ACCEPTED,
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
        name="raise_alert",
        method="post",
        route=routes.ALERTS,
        auth="key",
        tag="alerts",
        summary="Raise an alert that somebody must answer",
        body=AlertRequest,
        examples={"levels": _ALERT},
        answers={202: AlertAcceptedResponse},
        errors=_KEYED_BODY,
        repeatable=True,
        then=("show_alert", "acknowledge_alert", "resolve_alert", "escalate_alert", "cancel_alert"),
    ),
    Operation(
        name="list_alerts",
        method="get",
        route=routes.ALERTS,
        auth="key",
        tag="alerts",
        summary="List alerts, newest first",
        query=("alert:state", "key", "limit", "cursor"),
        answers={200: AlertListResponse},
        errors=(InvalidRequestError,),
    ),
    Operation(
        name="show_alert",
        method="get",
        route=routes.ALERT,
        auth="key",
        tag="alerts",
        summary="Show an alert with its story",
        answers={200: AlertWithStoryResponse},
        errors=(NotFoundError,),
    ),
    Operation(
        name="cancel_alert",
        method="delete",
        route=routes.ALERT,
        auth="key",
        tag="alerts",
        summary="Take an alert back",
        answers={200: AlertWithStoryResponse},
        errors=(NotFoundError, OverError),
    ),
    _answer("acknowledge_alert", routes.ACKNOWLEDGE_ALERT, "Say that somebody sees to an alert"),
    _answer("resolve_alert", routes.RESOLVE_ALERT, "Say that what it was about is over"),
    _answer(
        "escalate_alert",
        routes.ESCALATE_ALERT,
        "Begin the next level of an alert",
        202,
        EscalationRequest,
    ),
    Operation(
        name="take_in_alert",
        method="post",
        route=routes.ALERTS_FROM,
        auth="key",
        tag="alerts",
        summary="Raise or resolve an alert by what a monitoring system sends",
        body=ANYTHING,
        query=("policy",),
        answers={202: AlertAcceptedResponse},
        errors=(TooLargeError, NotFoundError, *_KEYED),
        repeatable=True,
    ),
    Operation(
        name="list_policies",
        method="get",
        route=routes.POLICIES,
        auth="key",
        tag="alerts",
        summary="List the policies",
        answers={200: PolicyListResponse},
        errors=(InvalidRequestError,),
    ),
    Operation(
        name="put_policy",
        method="put",
        route=routes.POLICY,
        auth="key",
        tag="alerts",
        summary="Keep levels under a name",
        body=PolicyRequest,
        answers={200: PolicyResponse, 201: PolicyResponse},
        errors=_BODY,
    ),
    Operation(
        name="show_policy",
        method="get",
        route=routes.POLICY,
        auth="key",
        tag="alerts",
        summary="Show a policy",
        answers={200: PolicyResponse},
        errors=(NotFoundError,),
    ),
    Operation(
        name="delete_policy",
        method="delete",
        route=routes.POLICY,
        auth="key",
        tag="alerts",
        summary="Delete a policy; alerts that were raised by it keep their levels",
        answers={204: NOTHING},
        errors=(NotFoundError,),
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
        name="list_inbound",
        method="get",
        route=routes.INBOUND,
        auth="key",
        tag="people",
        summary="List what people texted, pressed, said and recorded, newest first",
        query=received.LIST_PARAMETERS,
        answers={200: InboundListResponse},
        errors=(InvalidRequestError,),
    ),
    Operation(
        name="show_inbound",
        method="get",
        route=routes.INBOUND_EVENT,
        auth="key",
        tag="people",
        summary="Show one of these events",
        answers={200: InboundResponse},
        errors=(NotFoundError,),
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
        query=(
            routes.ALERT_ID,
            routes.CLIENT,
            routes.EVENTS,
            routes.FORWARD,
            routes.METHOD,
            routes.TRACE,
        ),
    ),
    _twilios("account", "get", routes.TWILIO_ACCOUNT, "Show the account as Twilio does"),
    *_twilios_of("message", routes.TWILIO_MESSAGES, routes.TWILIO_MESSAGE, ("DateSent",)),
    *_twilios_of("call", routes.TWILIO_CALLS, routes.TWILIO_CALL, ("StartTime", "EndTime")),
)
