"""What an HTTP request holds: a JSON object of a bounded size, or a named error."""

import pytest

from shared.errors import InvalidRequestError, TooLargeError
from shared.triggers.requests import (
    MAX_BODY_BYTES,
    read_idempotency_key,
    read_json_object,
    read_media_type,
)
from tests.in_memory_app import request


def test_an_object_is_read() -> None:
    """A JSON object comes as a dict, whatever characters it holds."""
    body = '{"body": "Grüße \N{WAVING HAND SIGN}", "n": 1}'.encode()
    assert read_json_object(request("POST", "/", body=body)) == {
        "body": "Grüße \N{WAVING HAND SIGN}",
        "n": 1,
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"to=1", "not_json"),
        (b'{"to": "+1"', "not_json"),
        (b'{"to": "\xff"}', "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b'{"a": ' * 100_000, "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "not_object"),
        (b'"text"', "not_object"),
        (b"null", "not_object"),
    ],
)
def test_anything_else_is_one_problem(body: bytes, code: str) -> None:
    """What is no JSON object is one problem of the whole body."""
    with pytest.raises(InvalidRequestError) as error:
        read_json_object(request("POST", "/", body=body))
    assert [(problem.path, problem.code) for problem in error.value.problems] == [("$", code)]


def test_a_body_has_a_most() -> None:
    """A mebibyte is taken, a byte more is too large, and a route may set another limit."""
    full = b'{"a":"' + b"x" * (MAX_BODY_BYTES - 8) + b'"}'
    assert read_json_object(request("POST", "/", body=full))
    with pytest.raises(TooLargeError):
        read_json_object(request("POST", "/", body=full + b" "))
    assert read_json_object(request("POST", "/", body=full + b" "), most_bytes=MAX_BODY_BYTES + 1)


def test_the_key_is_the_header() -> None:
    """The idempotency key is the header, whatever its case, or none."""
    assert read_idempotency_key(request("POST", "/", headers={"idempotency-key": "k"})) == "k"
    assert read_idempotency_key(request("POST", "/")) is None


def test_the_media_type_is_the_bare_one() -> None:
    """The type comes without its parameters, in lower case, and empty where there is none."""
    req = request("POST", "/", headers={"Content-Type": "Text/CSV; charset=utf-8"})
    assert read_media_type(req) == "text/csv"
    assert read_media_type(request("POST", "/")) == ""
