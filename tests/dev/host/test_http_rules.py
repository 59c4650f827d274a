"""Requests that the local host once answered otherwise, with the real host's answers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.host.running_host import APPS, RunningHost, running_host

pytestmark = pytest.mark.slow

KEY = {"x-functions-key": "local-key"}
ADMIN = {"x-functions-key": "local-admin-key"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    with running_host(APPS / "http_app", tmp_path_factory.mktemp("host") / "errors.txt") as running:
        yield running


@pytest.fixture(scope="module")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    folder = tmp_path_factory.mktemp("twilio")
    with running_host(APPS / "twilio_app", folder / "errors.txt") as running:
        yield running


def line_of(size: int) -> str:
    """A path whose request line, its end included, has so many bytes."""
    return "/api/mirror/".ljust(size - len("GET  HTTP/1.1\r\n"), "x")


def headers_of(size: int) -> dict[str, str]:
    """Headers that have so many bytes together, with what the client adds."""
    added = sum(map(len, ("Host: 127.0.0.1:12345\r\n", "Accept-Encoding: identity\r\n")))
    values: dict[str, str] = {}
    left = size - added
    for number in range(4):
        line = left if number == 3 else left // 2
        values[f"x-{number}"] = "v" * (line - len("x-0: \r\n"))
        left -= line
    return values


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/./mirror", {}, 200),
        ("/api/mirror/.", {}, 200),
        ("/api/x/../mirror", {}, 200),
        ("/api/%2e/mirror", {}, 200),
        ("/../api/mirror", {}, 200),
        ("/api/mirror/%00", {}, 400),
        ("/api/mirror?%00", {}, 200),
        ("/api/locked?CODE=local-key", {}, 200),
        ("/api/locked?Code=wrong", {}, 401),
        (line_of(8192), {}, 200),
        (line_of(8193), {}, 414),
        (line_of(70_000), {}, 414),
        ("/api/mirror", headers_of(32_700), 200),
        ("/api/mirror", headers_of(33_000), 431),
        ("/api/mirror", {f"x-{number}": "v" for number in range(101)}, 431),
        ("/admin/host/status", {}, 401),
        ("/admin/host/status", KEY, 403),
        ("/Admin/host/status", KEY, 403),
        ("/runtime/webhooks", KEY, 403),
        ("/admin/host/unknown", ADMIN, 404),
        ("/", {}, 200),
        ("http://127.0.0.1/api/mirror", {"Host": "127.0.0.1"}, 200),
        ("http://example.com/api/mirror", {"Host": "127.0.0.1"}, 400),
        ("//example.com/api/mirror", {}, 404),
    ],
)
def test_answers_as_the_real_host(
    host: RunningHost, path: str, headers: dict[str, str], status: int
) -> None:
    """Each request gets the status that it gets in Azure."""
    assert host.ask("GET", path, headers=headers).status == status


def test_a_newline_in_an_id_reaches_the_function(host: RunningHost) -> None:
    """`%0A` is a character of a route parameter like any other."""
    assert host.ask("GET", "/api/mirror/a%0Ab").json()["route_params"] == {"rest": "a\nb"}
    assert host.ask("GET", "/api/things/a%0Ab").body == b"thing a\nb"


@pytest.mark.parametrize("sent", [b"", b"abc"])
def test_a_body_shorter_than_its_length_is_500(host: RunningHost, sent: bytes) -> None:
    """A client that ends its half too early is answered, and the function is not called."""
    head = b"POST /api/mirror HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
    answer = host.send(head + sent, and_no_more=True)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"mirror was not called" in host.errors.read_bytes()


def test_a_client_that_ends_its_half_is_answered(host: RunningHost) -> None:
    """A complete request is answered after its client has said that it sends no more."""
    request = b"GET /api/things/abc HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert host.send(request, and_no_more=True).endswith(b"thing abc")
    assert host.send(b"", and_no_more=True) == b""


def test_a_client_may_ask_before_it_sends_its_body(host: RunningHost) -> None:
    """`Expect: 100-continue` is answered when the body is wanted, and not for a refusal."""
    head = (
        b"Host: localhost\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    )
    answer = host.send(b"POST /api/mirror HTTP/1.1\r\n" + head + b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert host.send(b"POST /api/no HTTP/1.1\r\n" + head + b"{}").startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"]])
def test_a_request_names_one_host(host: RunningHost, hosts: list[str]) -> None:
    """A request without a Host header, or with two, is 400."""
    lines = "".join(f"Host: {name}\r\n" for name in hosts)
    answer = host.send(f"GET / HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
    assert answer.split()[1] == b"400"


def test_the_landing_page_links_to_what_a_browser_can_open(host: RunningHost) -> None:
    """Each link answers as it stands; what needs a key, a parameter or a POST is not linked."""
    links = re.findall('href="([^"]+)"', host.ask("GET", "/").body.decode())
    assert "/api/holding" in links
    assert not {"/api/locked", "/api/vault", "/api/things/new"} & set(links)
    assert not any("{" in link for link in links)


def test_the_landing_page_can_be_switched_off(tmp_path: Path) -> None:
    """With AzureWebJobsDisableHomepage the root answers without content."""
    with running_host(
        APPS / "http_app", tmp_path / "errors.txt", AzureWebJobsDisableHomepage="True"
    ) as own:
        assert own.ask("GET", "/").status == 204


LIST = "/api/2010-04-01/Accounts/AC1/Messages.json"
MESSAGE = "/api/2010-04-01/Accounts/AC1/Messages/SM1.json"


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", LIST, ["list", {"account": "AC1"}]),
        ("POST", LIST.replace("Messages", "messages"), ["list", {"account": "AC1"}]),
        ("GET", MESSAGE, ["message", {"account": "AC1", "sid": "SM1"}]),
        ("GET", MESSAGE.replace("SM1", "S.M.1"), ["message", {"account": "AC1", "sid": "S.M.1"}]),
        (
            "GET",
            MESSAGE.replace(".json", "/Media.json"),
            ["media", {"account": "AC1", "sid": "SM1"}],
        ),
        ("DELETE", LIST, ["rest", {"rest": "Accounts/AC1/Messages.json"}]),
        ("POST", MESSAGE, ["rest", {"rest": "Accounts/AC1/Messages/SM1.json"}]),
        ("GET", "/api/2010-04-01/Accounts/AC1.json", ["account", {"account": "AC1"}]),
        ("GET", "/api/2010-04-01/Accounts/AC1/Calls", ["rest", {"rest": "Accounts/AC1/Calls"}]),
        ("GET", "/api/2010-04-01", ["rest", {}]),
    ],
)
def test_routes_in_the_shape_of_twilios(
    twilio: RunningHost, method: str, path: str, answer: list[object]
) -> None:
    """Literals in any case, a `{sid}` with dots, and a catch-all for other methods and paths."""
    assert twilio.ask(method, path, headers={"Authorization": "Basic eA=="}).json() == answer


def test_a_method_of_no_route_is_404(twilio: RunningHost) -> None:
    """A method that neither the route nor the catch-all lists is not found."""
    assert twilio.ask("PUT", LIST).status == 404


def test_keys_come_from_the_environment(tmp_path: Path) -> None:
    """The environment's keys open the routes, the flag's and the published ones do not."""
    with running_host(
        APPS / "http_app",
        tmp_path / "errors.txt",
        "--key",
        "from-the-flag",
        SWITCHBOARD_HOST_KEY="ours",
        SWITCHBOARD_HOST_ADMIN_KEY="ours-too",
    ) as own:
        keys = ["ours", "ours-too", "from-the-flag", "local-key", "local-admin-key"]
        answers = [own.ask("GET", "/api/locked", headers={"x-functions-key": k}) for k in keys]
        assert [answer.status for answer in answers] == [200, 200, 401, 401, 401]
        vault = [own.ask("GET", "/api/vault", headers={"x-functions-key": k}) for k in keys]
        assert [answer.status for answer in vault] == [401, 200, 401, 401, 401]
