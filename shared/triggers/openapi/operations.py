"""The table of the API: each operation, who may call it, what it takes and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared import routes
from shared.jobs.request import CallRequest, MessageRequest
from shared.triggers.openapi import shapes
from shared.triggers.preview import PreviewRequest
from shared.triggers.recipients import EraseRequest, FindRequest
from shared.triggers.tokens import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

Auth = Literal["key", "admin", "signed", "anyone"]
# The batch is made of two types; a form is whatever Twilio sends.
BATCH: Final = "batch"
FORM: Final = "form"
# Answers that are no JSON are named by their media type.
TWIML: Final = "text/xml"
HTML: Final = "text/html"
JSON: Final = "application/json"
NOTHING: Final = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one route; `answers` by status: a type, several, or a media type alone.

    `then` are operations that take the `id` of the answer.
    """

    name: str
    method: Literal["get", "post", "delete"]
    route: str
    auth: Auth
    summary: str
    answers: Mapping[int, Any]
    body: type | Literal["batch", "form"] | None = None
    examples: Mapping[str, Any] | None = None
    query: tuple[str, ...] = ()
    repeatable: bool = False
    then: tuple[str, ...] = ()
    tag: str = "messages"


_LIST_QUERY: Final = (
    "state", "to", "sid", "twilio_status", "error", "since", "until", "limit", "cursor"
)  # fmt: skip
_TEXT: Final = {"to": "+14155552671", "body": "Your parcel is here."}
_CALL: Final = {"to": "+14155552671", "say": "Your parcel is here."}
_MENU: Final = [
    {"say": "Welcome."},
    {"gather": {"num_digits": 1, "steps": [{"say": "Press 1 for our hours."}]}},
    {"hangup": {}},
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
    """What can be done with messages, and in the same way with calls."""
    many, one, retry = {
        "message": (routes.MESSAGES, routes.MESSAGE, routes.RETRY_MESSAGE),
        "call": (routes.CALLS, routes.CALL, routes.RETRY_CALL),
    }[kind]
    found: dict[int, Any] = {200: (shapes.Story, shapes.Job)}
    tag = many
    return (
        Operation(name=f"accept_{kind}", method="post", route=many, auth="key", body=request,
                  summary=f"Accept a {kind}", examples=examples, repeatable=True, tag=tag,
                  then=(f"show_{kind}", f"cancel_{kind}", f"retry_{kind}"),
                  answers={202: (shapes.Receipt, shapes.Receipts)}),
        Operation(name=f"list_{kind}s", method="get", route=many, auth="key", query=_LIST_QUERY,
                  summary=f"List {kind}s, newest first", answers={200: shapes.Page}, tag=tag),
        Operation(name=f"show_{kind}", method="get", route=one, auth="key", answers=found,
                  summary=f"Show a {kind} with its events", tag=tag),
        Operation(name=f"cancel_{kind}", method="delete", route=one, auth="key", answers=found,
                  summary=f"Cancel a {kind} that is not over", tag=tag),
        Operation(name=f"retry_{kind}", method="post", route=retry, auth="key", repeatable=True,
                  summary=f"Send a parked or refused {kind} again", tag=tag,
                  answers={202: (shapes.Story, shapes.Job)}),
    )  # fmt: skip


def _signed(name: str, route: str, summary: str, *, post: bool = True) -> Operation:
    """What is for nobody but Twilio, and answers in TwiML."""
    return Operation(name=name, method="post" if post else "get", route=route, auth="signed",
                     summary=summary, tag="twilio", body=FORM if post else None,
                     answers={200: TWIML})  # fmt: skip


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
    Operation(name="accept_batch", method="post", route=routes.BATCHES, auth="key", body=BATCH,
              summary="Accept up to 50,000 messages or calls, as JSON or CSV", tag="batches",
              then=("show_batch", "cancel_batch", "retry_batch"),
              examples=_BATCH_EXAMPLES, repeatable=True, answers={202: shapes.BatchReceipt}),
    Operation(name="list_batches", method="get", route=routes.BATCHES, auth="key", tag="batches",
              summary="List the newest batches", answers={200: shapes.BatchPage}),
    Operation(name="show_batch", method="get", route=routes.BATCH, auth="key", tag="batches",
              summary="Show how far a batch is", answers={200: shapes.BatchProgress}),
    Operation(name="cancel_batch", method="delete", route=routes.BATCH, auth="key", tag="batches",
              summary="Cancel what has not left of a batch", answers={200: shapes.BatchProgress}),
    Operation(name="retry_batch", method="post", route=routes.RETRY_BATCH, auth="key",
              summary="Send what failed of a batch again", repeatable=True, tag="batches",
              answers={202: shapes.BatchProgress}),
    Operation(name="preview_twiml", method="post", route=routes.PREVIEW, auth="key", tag="twiml",
              summary="Show steps as TwiML", body=PreviewRequest,
              examples={"menu": {"steps": _MENU}}, answers={200: shapes.Preview}),
    Operation(name="create_token", method="post", route=routes.TOKEN, auth="key", tag="twiml",
              summary="Make an access token for the Voice SDKs of Twilio", body=TokenRequest,
              examples={"alice": {"identity": "alice"}}, answers={200: shapes.Token}),
    Operation(name="find_recipient", method="post", route=routes.FIND_RECIPIENT, auth="key",
              summary="Show what is stored about a person", tag="people", body=FindRequest,
              examples={"person": {"number": "+14155552671"}},
              answers={200: shapes.PersonPage}),
    Operation(name="erase_recipient", method="post", route=routes.ERASE_RECIPIENT, auth="admin",
              summary="Erase what is stored about a person", tag="people", body=EraseRequest,
              examples={"person": {"number": "+14155552671"}},
              answers={200: shapes.Erasure}),
    Operation(name="show_overview", method="get", route=routes.OVERVIEW, auth="key", tag="health",
              summary="Show the last hour, the queues, and whether Twilio answers",
              answers={200: shapes.Overview}),
    Operation(name="check_health", method="get", route=routes.HEALTH, auth="anyone", tag="health",
              summary="Say whether the app can do its work",
              answers={200: shapes.Health, 503: (shapes.Health, shapes.ProblemDetails)}),
    Operation(name="describe_api", method="get", route=routes.OPENAPI, auth="anyone",
              summary="Describe the API in OpenAPI 3.1", tag="about", answers={200: JSON}),
    Operation(name="explain_api", method="get", route=routes.DOCS, auth="anyone",
              summary="Show the same to read", tag="about", answers={200: HTML}),
    Operation(name="console_page", method="get", route=routes.CONSOLE, auth="anyone",
              summary="Show the operations console, whose own calls need a key", tag="about",
              answers={200: HTML}),
    _signed("twimlet", routes.TWIMLET_ROUTE, "Answer with one of the TwiML pages"),
    _signed("twimlet_by_get", routes.TWIMLET_ROUTE, "Answer the same to a GET", post=False),
    _signed("receive_message", routes.INBOUND_MESSAGE, "Answer an inbound message"),
    _signed("receive_call", routes.INBOUND_CALL, "Answer an inbound call"),
    Operation(name="report_status", method="post", route=routes.STATUS, auth="signed", body=FORM,
              summary="Note what Twilio reports of a message or call", tag="twilio",
              query=(routes.FORWARD, routes.TRACE), answers={204: NOTHING, 502: NOTHING}),
)  # fmt: skip
