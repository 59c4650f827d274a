"""A JSON body, and what is said of one that is broken."""

import pytest

from shared.errors import InvalidRequestError
from shared.triggers.requests import decode_json_object


@pytest.mark.parametrize("body", [b'{"to": "x"}', b'\xef\xbb\xbf{"to": "x"}', b' \n{"to": "x"}\n'])
def test_an_object_is_read(body: bytes) -> None:
    """A byte-order mark, as Windows writes it, is not part of the text."""
    assert decode_json_object(body) == {"to": "x"}


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        (b"", "not_json", "the body is empty"),
        (b" \r\n", "not_json", "the body is empty"),
        (b"\xef\xbb\xbf", "not_json", "the body is empty"),
        (b'{"to": "x",}', "not_json", "at line 1, column "),
        (b'{"a": 1,\n "b": tru}', "not_json", "expecting value at line 2, column 7"),
        ('{"ä": "é"\n, "ü" 1}'.encode(), "not_json", "at line 2, column 7"),
        (
            b"{'a': 1}",
            "not_json",
            "expecting property name enclosed in double quotes at line 1, column 2",
        ),
        (b'{"a": 1} x', "not_json", "extra data at line 1, column 10"),
        (b'{"a": "x', "not_json", "unterminated string starting at line 1, column 7"),
        (b'{"a": "\xff"}', "not_json", "not UTF-8: at line 1"),
        (b"[" * 50_000, "not_json", "too many nested brackets"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json", "a number that is too long"),
        (b'{"a": NaN}', "not_json", "the body is not JSON"),
        (rb'{"a": ["Hi \ud83d"]}', "not_json", "half of a character"),
        (rb'{"\ude00": 1}', "not_json", "half of a character"),
        (b"[]", "not_object", "not an object"),
    ],
)
def test_a_broken_body_says_where(body: bytes, code: str, part: str) -> None:
    """The line and column of the mistake, as an editor counts them."""
    with pytest.raises(InvalidRequestError) as caught:
        decode_json_object(body)
    [problem] = caught.value.problems
    assert (problem.path, problem.code) == ("$", code)
    assert part in problem.message
