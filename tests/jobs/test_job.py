"""The job on the queue: coded and decoded here, from whatever sender it came."""

import base64
import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnreadableJobError
from shared.jobs.job import (
    Job,
    PostponedRequest,
    decode_queue_message,
    encode_job,
    is_authentic,
    readable_text,
    sign,
)
from tests.clock import NOON
from tests.ledger.histories import JOB, accepted

Way = Callable[[bytes], bytes]
WAYS: dict[str, Way] = {
    "plain": lambda body: body,
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "with a byte-order mark": lambda body: b"\xef\xbb\xbf" + body,
    "base64 of one with a byte-order mark": lambda body: base64.b64encode(b"\xef\xbb\xbf" + body),
    "with blanks": lambda body: b"\r\n " + body + b"\n",
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
A_JOB = Job(v=1, job=JOB, accepted=accepted())

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

dropped = st.dictionaries(st.text(), json_values, max_size=4).filter(lambda f: "v" not in f)


@ways
@given(body=st.text(), again=st.booleans(), scheduled=st.booleans())
def test_a_job_comes_back_as_it_was(way: Way, body: str, *, again: bool, scheduled: bool) -> None:
    """A job that is encoded and decoded is the same, in every coding that a queue may give it."""
    told = accepted(request={"to": ["+1"], "body": body}, send_at=NOON if scheduled else None)
    job = sign(Job(v=1, job=JOB, accepted=told, again=again), "token")
    assert decode_queue_message(way(encode_job(job))) == job
    assert is_authentic(job, ["other", "token"])
    assert not is_authentic(job, ["other"])


@ways
@given(fields=dropped)
def test_a_dropped_request_is_read(way: Way, fields: dict[str, object]) -> None:
    """A JSON object of somebody else's is what its writer meant, in every coding."""
    body = json.dumps(fields, ensure_ascii=False).encode(errors="surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    assert decode_queue_message(way(body)) == msgspec.json.decode(body)


def test_no_name_is_one_of_the_triggers() -> None:
    """A job's names are none that Azure's worker would take for the message's own metadata."""
    metadata = {"id", "dequeuecount", "expirationtime", "insertiontime", "nextvisibletime",
                "popreceipt", "queuetrigger", "sys"}  # fmt: skip
    names = json.loads(encode_job(msgspec.structs.replace(A_JOB, again=True)))
    assert set(names) == {"v", "job", "accepted", "again"}
    names |= dict.fromkeys(Job.__struct_fields__) | dict.fromkeys(
        PostponedRequest.__struct_fields__
    )
    assert not {name.lower() for name in names} & metadata


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(encode_job(A_JOB)) | fields).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b"{", "not_json"),
        (b'{"to": }', "not_json"),
        (base64.b64encode(b"hello"), "not_json"),
        (base64.b64encode(b"\xff\xfe{"), "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"v":1,"job":' + b"[" * 100_000, "not_json"),
        (b"\xff\xfe", "not_text"),
        ("{}".encode("utf-16"), "not_text"),
        (b'{"body": "\xff"}', "not_text"),
        (b'["to"]', "not_object"),
        (b'"to"', "not_object"),
        (b"12", "not_object"),
        (b"null", "not_object"),
        (base64.b64encode(b"true"), "not_object"),
        (changed(v=2), "version"),
        (changed(v="1"), "version"),
        (changed(v=None), "version"),
        (b'{"v": true}', "shape"),
        (b'{"to": "+14155552671", "body": "cut', "not_json"),
        (b'{"to": "+14155552671"} and more', "not_json"),
        (b'{"to": Infinity}', "not_json"),
        (b'{"to": ' + b"[" * 100_000, "not_json"),
        (changed(v=1.5), "version"),
        (changed(job=None), "shape"),
        (changed(job="../../x"), "shape"),
        (changed(job=f"{JOB}-1"), "shape"),
        (changed(job=f"{JOB}\n"), "shape"),
        (changed(extra=1), "shape"),
        (changed(accepted={}), "shape"),
        (b'{"v": 1}', "shape"),
        (b'{"v": 1, "to": "+14155552671"}', "shape"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, code: str) -> None:
    """Each kind of unreadable message is refused under its own code."""
    with pytest.raises(UnreadableJobError) as error:
        decode_queue_message(body)
    assert error.value.code == code
    assert str(error.value).startswith(f"{code}: ")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Whatever a queue message holds, it is a job, a request or an UnreadableJobError."""
    try:
        found = decode_queue_message(body)
    except UnreadableJobError:
        return
    assert isinstance(found, Job | PostponedRequest | dict)


@given(st.binary(max_size=200))
def test_every_text_can_be_kept(body: bytes) -> None:
    """The text of an unreadable message is one that UTF-8, and so the ledger, can hold."""
    assert readable_text(body).encode().decode() == readable_text(body)


def test_readable_text_shows_bytes_that_are_none() -> None:
    """Text stays as it is, and bytes that are not UTF-8 are shown by their numbers."""
    assert readable_text("hé\n".encode()) == "hé\n"
    assert readable_text(b"h\xff!") == "h\\xff!"


@pytest.mark.parametrize(
    "change", [{"again": True}, {"retries": 1}, {"digest": ""}, {"digest": "é"}, {"job": "0" * 22}]
)
def test_a_job_that_was_changed_is_not_authentic(change: dict[str, object]) -> None:
    """Every part of a job counts."""
    signed = sign(A_JOB, "token")
    assert is_authentic(signed, ["token"])
    assert not is_authentic(msgspec.structs.replace(signed, **change), ["token"])
