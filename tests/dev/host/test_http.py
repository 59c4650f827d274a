import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.dev.host.running_host import APPS, RunningHost, running_host

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    errors = tmp_path_factory.mktemp("host") / "errors.txt"
    with running_host(APPS / "http_app", errors, "--verbose", "--key", "the-key") as running:
        yield running


def test_announces_every_function(host: RunningHost) -> None:
    """The lines before `ready` name each function, its trigger, methods, route and auth level."""
    assert "thing: httpTrigger GET /api/things/{id:length(3)} (anonymous)" in host.announced
    assert "vault: httpTrigger GET /api/vault (admin)" in host.announced
    assert "broken: httpTrigger * /api/broken (anonymous)" in host.announced


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/things/abc", 200),
        ("GET", "/API/Things/abc/", 200),
        ("GET", "/api/things/abcd", 404),
        ("DELETE", "/api/things/abc", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/things/abc", 404),
        ("POST", "/api/things/new", 201),
        ("PATCH", "/api/mirror", 200),
    ],
)
def test_routes_by_template_and_method(
    host: RunningHost, method: str, path: str, status: int
) -> None:
    """A path or method that fits no route is 404, and the case of a literal does not matter."""
    assert host.ask(method, path).status == status


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/locked", None, 401),
        ("/api/locked", "wrong", 401),
        ("/api/locked", "the-key", 200),
        ("/api/locked", "local-admin-key", 200),
        ("/api/locked?code=the-key", None, 200),
        ("/api/locked?code=the-key", "wrong", 401),
        ("/api/vault", "the-key", 401),
        ("/api/vault", "local-admin-key", 200),
        ("/api/things/abc", "wrong", 200),
    ],
)
def test_keys_open_what_they_should(
    host: RunningHost, path: str, key: str | None, status: int
) -> None:
    """The header decides before ?code=, and the admin key opens everything."""
    answer = host.ask("GET", path, headers={"x-functions-key": key} if key else {})
    assert (answer.status, answer.body == b"") == (status, status == 401)


def test_url_is_escaped_again_and_the_query_is_raw(host: RunningHost) -> None:
    """req.url has the received Host, a path decoded and escaped again, and the query untouched."""
    seen = host.ask(
        "GET", "/api/mirror/%7Ea%20b%2Fc?q=%7E+1&&x", headers={"Host": "LocalHost:81"}
    ).json()
    assert seen["url"] == "http://LocalHost:81/api/mirror/~a%20b%2Fc?q=%7E+1&&x"
    assert seen["route_params"] == {"rest": "~a b%2Fc"}


def test_params_lose_empty_values_and_join_repeats(host: RunningHost) -> None:
    """req.params is not the query: it drops what is empty and joins what repeats."""
    seen = host.ask("GET", "/api/mirror?a=1&b=&A=2&c=x+y&code=k&d").json()
    assert seen["params"] == {"a": "1,2", "c": "x y", "code": "k"}


def test_headers_come_in_lower_case(host: RunningHost) -> None:
    """Header names reach the function in lower case."""
    seen = host.ask("GET", "/api/mirror", headers={"X-Twilio-Signature": "abc"}).json()
    assert seen["headers"]["x-twilio-signature"] == "abc"


def test_a_form_keeps_blanks_and_repeats(host: RunningHost) -> None:
    """req.form is read by werkzeug, with every value of a name."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    seen = host.ask("POST", "/api/mirror", b"a=1&b=&a=2", form).json()
    assert seen["form"] == {"a": ["1", "2"], "b": [""]}


def test_a_file_is_read(host: RunningHost) -> None:
    """req.files holds the files of a multipart body."""
    head = b'Content-Disposition: form-data; name="f"; filename="f.txt"'
    body = b"--x\r\n" + head + b"\r\n\r\nhello\r\n--x--\r\n"
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert host.ask("POST", "/api/mirror", body, multipart).json()["files"] == {"f": "hello"}


def test_a_body_without_a_length_is_lost(host: RunningHost) -> None:
    """A chunked body reaches the function empty, as it does in Azure."""
    assert host.ask("POST", "/api/mirror", iter([b"one", b"two"])).json()["body"] == ""
    assert host.ask("POST", "/api/mirror", b"\x00\xff").json()["body"] == "\x00\xff"


def test_a_body_over_100_mib_is_refused(host: RunningHost) -> None:
    """A declared length above the limit is 413 before anything is read."""
    length = {"Content-Length": str(100 * 1024 * 1024 + 1)}
    assert host.ask("POST", "/api/mirror", headers=length).status == 413


def test_a_response_keeps_status_headers_and_cookies(host: RunningHost) -> None:
    """Text media types get a charset, and each cookie a header of its own."""
    answer = host.ask("POST", "/api/things/new")
    assert answer.header("Content-Type") == "text/xml; charset=utf-8"
    assert (answer.header("Location") or "").endswith("/api/things/new/1")
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert cookies == ["a=1; Path=/", "b=2"]


def test_text_is_an_answer_too(host: RunningHost) -> None:
    """A function that returns a string answers plain text."""
    answer = host.ask("GET", "/api/things/abc")
    assert (answer.body, answer.header("Content-Type")) == (
        b"thing abc",
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize("path", ["/api/broken", "/api/wrong"])
def test_a_failure_is_500_without_a_body(host: RunningHost, path: str) -> None:
    """An exception and a wrong result say nothing to the caller."""
    answer = host.ask("GET", path)
    assert (answer.status, answer.body) == (500, b"")


def test_the_log_has_the_trace_but_no_query(host: RunningHost) -> None:
    """One line per call without its query, the trace of a failure, and silence for health."""
    host.ask("GET", "/api/health")
    host.ask("GET", "/api/broken?code=the-secret")
    logged = host.errors.read_text()
    assert "GET /api/broken 500" in logged
    assert "RuntimeError: broken on purpose" in logged
    assert "the-secret" not in logged
    assert "health" not in logged


def test_the_context_carries_the_trace_on(host: RunningHost) -> None:
    """A context argument has the caller's trace id under a span of its own."""
    trace_id, span, flags = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "01"
    sent = {"traceparent": f"00-{trace_id}-{span}-{flags}"}
    name, _, trace = host.ask("GET", "/api/traced", headers=sent).body.decode().partition(" ")
    version, kept, own, kept_flags = trace.split("-")
    assert (name, version, kept, kept_flags) == ("traced", "00", trace_id, flags)
    assert own != span
    fresh = host.ask("GET", "/api/traced").body.decode().split("-")
    assert [len(part) for part in fresh[1:]] == [32, 16, 2]


def test_a_call_in_flight_is_answered_at_a_stop(tmp_path: Path) -> None:
    """After SIGTERM a running call gets its answer; coroutines share one loop meanwhile."""
    with (
        running_host(APPS / "http_app", tmp_path / "errors.txt") as own,
        ThreadPoolExecutor() as threads,
    ):
        held = threads.submit(own.ask, "GET", "/api/hold")
        assert own.ask("GET", "/api/holding").body == b"holding"
        assert own.stop(signal.SIGTERM) == 0
        assert held.result().body == b"held"


def test_admin_path_needs_its_key_and_a_function(host: RunningHost) -> None:
    """The admin path is closed to the function key, and runs no HTTP function."""
    body = json.dumps({"input": ""}).encode()
    refused = host.ask("POST", "/admin/functions/hold", body, {"x-functions-key": "the-key"})
    unknown = host.ask(
        "POST", "/admin/functions/hold", body, {"x-functions-key": "local-admin-key"}
    )
    assert (refused.status, unknown.status) == (403, 404)
