import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.host.request_target import read_target

URLS = [
    ("/a", "/a"),
    ("/%7Ea", "/~a"),
    ("/a%2fb", "/a%2fb"),
    ("/a%20b", "/a%20b"),
    ("/%C3%A9", "/%C3%A9"),
    ("/%ff", "/%FF"),
    ("/100%25", "/100%25"),
    ("/%2541", "/%41"),
    ("/a?b=%7E#c", "/a?b=%7E#c"),
    ("/a?", "/a?"),
    ("/a;b=c:@!$&'()*+,", "/a;b=c:@!$&'()*+,"),
    ("/%3Fx", "/%3Fx"),
]


@pytest.mark.parametrize(("sent", "seen"), URLS)
def test_url_as_the_host_writes_it(sent: str, seen: str) -> None:
    """The path is decoded and escaped again, %2F and bad UTF-8 stay, the query is untouched."""
    assert read_target(sent).url("http", "h") == f"http://h{seen}"


PARAMS = [
    ("", {}),
    ("a=1", {"a": "1"}),
    ("a=1&a=2", {"a": "1,2"}),
    ("a=1&A=2", {"a": "1,2"}),
    ("a=&a=2", {"a": "2"}),
    ("a=&b", {}),
    ("a=x+y%2Bz", {"a": "x y+z"}),
    ("a=%ff", {"a": "%FF"}),
    ("a=b=c&&d=1", {"a": "b=c", "d": "1"}),
]


@pytest.mark.parametrize(("query", "params"), PARAMS)
def test_params_as_the_host_gives_them(query: str, params: dict[str, str]) -> None:
    """Names have no case, empty values are lost, repeats are joined."""
    assert read_target(f"/?{query}").params == params


UNRESERVED = "abcXYZ019-._~/"


@given(st.text(UNRESERVED), st.text("abc=&%+?/"))
def test_unreserved_paths_and_every_query_survive(path: str, query: str) -> None:
    """A URL whose path is unreserved characters reaches the function as it was sent."""
    assert read_target(f"/{path}?{query}").url("http", "h") == f"http://h/{path}?{query}"
