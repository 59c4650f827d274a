"""What an HTTP request holds: a JSON object of a bounded size, or a named error."""

import pytest

from shared.errors import InvalidRequestError, TooLargeError, UnsupportedTypeError
from shared.triggers.requests import (
    MAX_BODY_BYTES,
    read_idempotency_key,
    read_json_object,
    read_media_type,
    validate_query,
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
    """A body that is not a JSON object is one problem of the whole body."""
    with pytest.raises(InvalidRequestError) as error:
        read_json_object(request("POST", "/", body=body))
    assert [(problem.path, problem.code) for problem in error.value.problems] == [("$", code)]


def test_a_body_has_a_maximum() -> None:
    """A mebibyte is taken, a byte more is too large, and a route may set another limit."""
    full = b'{"a":"' + b"x" * (MAX_BODY_BYTES - 8) + b'"}'
    assert read_json_object(request("POST", "/", body=full))
    with pytest.raises(TooLargeError):
        read_json_object(request("POST", "/", body=full + b" "))
    assert read_json_object(request("POST", "/", body=full + b" "), max_bytes=MAX_BODY_BYTES + 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; send a JSON object"),
        (b" \r\n", "the body is empty; send a JSON object"),
        (b'{"to": "+1",\n "body" "Hi"}', "at line 2, column 9"),
        (b'{"n": ' + b"9" * 5000 + b"}", "a number that is too long"),
        (b'{"n": -1e' + b"9" * 5000 + b"}", "a number that is too long"),
        (b"[]", "the body is JSON but not an object"),
    ],
)
def test_a_broken_body_says_what_to_do(body: bytes, message: str) -> None:
    """The message names the place or the cause."""
    with pytest.raises(InvalidRequestError) as error:
        read_json_object(request("POST", "/", body=body))
    assert message in error.value.problems[0].message


def test_a_byte_order_mark_is_taken() -> None:
    """Editors on Windows put one before the text."""
    assert read_json_object(request("POST", "/", body=b'\xef\xbb\xbf{"n": 1}')) == {"n": 1}


def test_a_body_in_chunks_is_named() -> None:
    """Azure's host gives a body without a length as an empty one."""
    with pytest.raises(InvalidRequestError) as error:
        read_json_object(request("POST", "/", headers={"Transfer-Encoding": "Chunked"}))
    assert "Content-Length" in error.value.problems[0].message
    # Elsewhere a body in chunks arrives, and is read.
    whole = request("POST", "/", body=b"{}", headers={"Transfer-Encoding": "chunked"})
    assert read_json_object(whole) == {}


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON; charset=utf-8", "text/json", "application/ld+json", ""],
)
def test_json_is_known_by_its_types(media_type: str) -> None:
    """JSON under any of its names, or under none."""
    req = request("POST", "/", body=b"{}", headers={"Content-Type": media_type})
    assert read_json_object(req) == {}


@pytest.mark.parametrize(
    "media_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "json"],
)
def test_other_types_are_refused(media_type: str) -> None:
    """Another content type is an error of its own, before the body is read."""
    req = request("POST", "/", body=b"{}", headers={"Content-Type": media_type})
    with pytest.raises(UnsupportedTypeError, match="Content-Type: application/json"):
        read_json_object(req)


def test_unknown_parameters_are_named() -> None:
    """A near miss names the parameter that is meant; the host's own are let through."""
    known = ("state", "limit")
    req = request("GET", "/?limit=1&code=k&ClientId=x&stat=parked&%2B14155552671=1")
    assert [(each.path, each.message) for each in validate_query(req, known)] == [
        ("$.stat", "is not a parameter; did you mean state?"),
        ("$.+1415•••2671", "is not a parameter; the parameters are: state, limit"),
    ]
    [alone] = validate_query(request("GET", "/?x=1"), ())
    assert alone.message == "is not a parameter; there are no parameters here"


def test_thousands_of_parameters_are_compared_with_care() -> None:
    """Near misses are looked for a hundred times at most."""
    query = "&".join(f"stat{number}=1" for number in range(500))
    problems = validate_query(request("GET", f"/?{query}"), ("state",))
    assert len(problems) == 500
    assert sum("did you mean" in each.message for each in problems) == 100


def test_the_key_is_the_header() -> None:
    """The idempotency key is the header, whatever its case, or none."""
    assert read_idempotency_key(request("POST", "/", headers={"idempotency-key": "k"})) == "k"
    assert read_idempotency_key(request("POST", "/")) is None


def test_the_media_type_is_the_bare_one() -> None:
    """The type comes without its parameters, in lower case, and empty where there is none."""
    req = request("POST", "/", headers={"Content-Type": "Text/CSV; charset=utf-8"})
    assert read_media_type(req) == "text/csv"
    assert read_media_type(request("POST", "/")) == ""
