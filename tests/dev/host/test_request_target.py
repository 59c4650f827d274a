import pytest
from hypothesis import assume, given
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


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/a/./b", "/a/b"),
        ("/a/.", "/a/"),
        ("/a/b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/../../a", "/a"),
        ("/a/%2E%2e/b", "/b"),
        ("/a/..%2Fb", "/a/..%2Fb"),
        ("/a//b/../c", "/a//c"),
        ("/a/...", "/a/..."),
        ("/.", "/"),
        ("/a.b/c..d", "/a.b/c..d"),
    ],
)
def test_dot_segments_are_normalised(sent: str, path: str) -> None:
    """Segments `.` and `..` are resolved after decoding, and never lead above the root."""
    assert read_target(sent).path == path


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://here:1/a?b", "/a"),
        ("HTTP://HERE:1?b", "/"),
        ("http://here/a", None),
        ("http://there:1/a", None),
        ("here:1", None),
        ("*", None),
        ("/a%00", None),
    ],
)
def test_a_target_is_a_path_or_a_url_of_this_host(target: str, path: str | None) -> None:
    """Another host's URL, and a path with a null character, are errors."""
    if path is not None:
        assert read_target(target, "here:1").path == path
        return
    with pytest.raises(ValueError, match=r"."):
        read_target(target, "here:1")


def test_a_parameter_is_found_in_any_case() -> None:
    """The first value of a query parameter, however its name is written."""
    assert read_target("/?CODE=a&code=b").first("code") == "a"
    assert read_target("/?codes=a").first("code") == ""


@given(st.text(UNRESERVED), st.text("abc=&%+?/"))
def test_unreserved_paths_and_every_query_survive(path: str, query: str) -> None:
    """A URL whose path is unreserved characters reaches the function as it was sent."""
    assume(not {".", ".."} & set(path.split("/")))
    assert read_target(f"/{path}?{query}").url("http", "h") == f"http://h/{path}?{query}"
