"""HTTP answers: each error of the tree becomes a problem, and no traceback is answered."""

import json
import logging
from datetime import UTC, datetime

import azure.functions as func
import pytest

from shared import errors
from shared.errors import Problem
from shared.triggers.responses import (
    empty_response,
    handle_errors,
    json_response,
    problem_response,
    twiml_response,
)
from tests.in_memory_app import request

REQUEST = request("GET", "/api/x")
PROBLEM = Problem("$.to", "missing", "is required")


async def answer_to(error: BaseException) -> func.HttpResponse:
    """Return the answer of a step that raises."""

    async def step(_req: func.HttpRequest, *, loud: bool) -> func.HttpResponse:
        assert loud
        raise error

    return await handle_errors(step, REQUEST, loud=True)


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (errors.CallerError("x"), 400, "Bad request"),
        (errors.InvalidRequestError([PROBLEM]), 400, "The request is not valid"),
        (errors.KeyRefusedError("x"), 401, "The key is not accepted"),
        (errors.ReadOnlyError("x"), 403, "This key is read-only"),
        (errors.SignatureError("x"), 403, "Not signed by Twilio"),
        (errors.NotFoundError("x"), 404, "Not found"),
        (errors.OverError("x"), 409, "Too late for that"),
        (errors.TooLargeError("x"), 413, "The body is too large"),
        (errors.UnsupportedTypeError("x"), 415, "The content type is not supported"),
        (errors.IdempotencyMismatchError("x"), 422,
         "This Idempotency-Key belongs to another request"),
        (errors.SettingsError([PROBLEM]), 503, "The app is not set up"),
        (errors.StorageUnavailableError("table: X"), 503, "Storage did not answer"),
        (errors.ProviderUnavailableError("HTTP 500"), 503, "Twilio did not answer"),
        (errors.UnreadableJobError("x", "y"), 500, "Internal error"),
        (RuntimeError("canary"), 500, "Internal error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)  # fmt: skip
async def test_each_error_has_its_answer(
    error: errors.SwitchboardError, status: int, title: str
) -> None:
    """A class of error is one status and one problem type, as RFC 9457 writes it."""
    reply = await answer_to(error)
    body = json.loads(reply.get_body())
    assert reply.status_code == body["status"] == status
    assert body["title"] == title
    assert body["type"].startswith("urn:switchboard:problem:")
    assert body["detail"]
    assert reply.mimetype == "application/problem+json"
    assert ("Retry-After" in reply.headers) == (
        isinstance(error, errors.StorageUnavailableError | errors.ProviderUnavailableError)
    )
    assert b"canary" not in reply.get_body()


def test_every_error_of_the_tree_is_answered() -> None:
    """The tree at the top of errors.py shows every class of the module, and no other."""
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.SwitchboardError)
    }
    assert errors.__doc__
    drawn = {word for word in errors.__doc__.split() if word.endswith("Error")}
    assert drawn == classes


async def test_problems_are_listed() -> None:
    """A problem shows its path, code and message, and its line if it has one."""
    error = errors.InvalidRequestError([PROBLEM, Problem("$.to", "duplicate", "again", line=7)])
    assert error.detail == "2 problems in the request"
    body = json.loads((await answer_to(error)).get_body())
    assert body["errors"] == [
        {"path": "$.to", "code": "missing", "message": "is required"},
        {"path": "$.to", "code": "duplicate", "message": "again", "line": 7},
    ]


async def test_problems_end_somewhere() -> None:
    """A thousand problems are listed, then one says that there are more."""
    error = errors.InvalidRequestError([PROBLEM] * 5000)
    body = json.loads((await answer_to(error)).get_body())
    assert body["detail"] == error.detail == "more than 1,000 problems in the request"
    assert len(body["errors"]) == 1001
    assert body["errors"][-1]["code"] == "more_problems"


async def test_problems_are_cut_and_masked() -> None:
    """An answer does not repeat a caller's number in a path, nor a text at length."""
    wordy = Problem("$['+14155552671']" + "x" * 5000, "unknown_field", "y" * 5000)
    [shown] = json.loads((await answer_to(errors.InvalidRequestError([wordy]))).get_body())[
        "errors"
    ]
    assert shown["path"].startswith("$['+1415•••2671']xx")
    assert len(shown["path"]) == len(shown["message"]) == 1001


async def test_an_answer_is_passed_on() -> None:
    """The answer of a step is passed on as it is."""

    async def step(_req: func.HttpRequest) -> func.HttpResponse:
        return empty_response(502)

    assert (await handle_errors(step, REQUEST)).status_code == 502


async def test_a_bug_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The traceback of an unexpected error is in the log, under a constant name."""
    with caplog.at_level(logging.ERROR, "switchboard"):
        await answer_to(RuntimeError("broken"))
    assert caplog.messages == ["unexpected_error"]
    assert "broken" in caplog.text


def test_every_answer_forbids_sniffing_and_keeping() -> None:
    """JSON, TwiML, problems and empty answers all carry the same protective headers."""
    for reply in (json_response({}), twiml_response("<Response/>"), empty_response(),
                  problem_response(400, "T", "d")):  # fmt: skip
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"


def test_json_writes_times_with_their_zone() -> None:
    """Dates are RFC 3339, and headers and status are what was asked for."""
    reply = json_response(
        {"at": datetime(2026, 1, 2, tzinfo=UTC)}, status=202, headers={"X-A": "b"}
    )
    assert reply.get_body() == b'{"at":"2026-01-02T00:00:00Z"}'
    assert (reply.status_code, reply.headers["X-A"]) == (202, "b")
    assert reply.mimetype == "application/json"


def test_twiml_is_xml() -> None:
    """TwiML is answered as text/xml with status 200."""
    reply = twiml_response("<Response/>")
    assert (reply.status_code, reply.mimetype) == (200, "text/xml")
    assert reply.get_body() == b"<Response/>"
