import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.host.guard import is_from_another_site, is_local
from tests.dev.host.running_host import APPS, RunningHost, running_host

STRANGER = {"Host": "switchboard.example"}


@pytest.mark.parametrize(
    ("authority", "local"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:7071", True),
        ("LOCALHOST:1", True),
        ("[::1]:80", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("localhost:80@example.com", False),
        ("10.0.0.4", False),
        ("", False),
    ],
)
def test_names_of_this_machine(authority: str, local: bool) -> None:  # noqa: FBT001 - a table's column
    """Only the three loopback names, with or without a port, are this machine's."""
    assert is_local(authority) is local


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({}, False),
        ({"Origin": "http://localhost:7072"}, False),
        ({"Origin": "https://127.0.0.1"}, False),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "http://localhost.evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "ftp://localhost"}, True),
        ({"Origin": ""}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:7072"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
)
def test_pages_of_other_sites(headers: dict[str, str], elsewhere: bool) -> None:  # noqa: FBT001 - the same
    """A browser says which page asks, and only this machine's may."""
    assert is_from_another_site(headers) is elsewhere


@pytest.fixture(scope="module", params=["", "1"], ids=["private", "public"])
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHost]:
    errors = tmp_path_factory.mktemp("host") / "errors.txt"
    with running_host(
        APPS / "twilio_app", errors, SWITCHBOARD_HOST_PUBLIC=request.param
    ) as running:
        yield running


PATHS = {  # status for a stranger, of a host that is private and of one that is public
    "/api/webhooks/status/1": (403, 200),
    "/api/2010-04-01": (403, 200),
    "/api/health": (403, 200),
    "/API/Health/": (403, 200),
    "/api/twiml/preview": (403, 403),
    "/api/twiml/preview?code=local-key": (403, 403),
    "/api/console": (403, 403),
    "/api/health/../console": (403, 403),
    "/admin/functions/x?code=local-admin-key": (403, 403),
    "/runtime/x": (403, 403),
    "/": (403, 404),
    "/api/unknown": (403, 404),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_reaches_what_checks_for_itself(
    host: RunningHost, path: str, request: pytest.FixtureRequest
) -> None:
    """By a public name, signed routes and health are served if the host is public, and no other."""
    is_public = "public" in request.node.name
    assert host.ask("GET", path, headers=STRANGER).status == PATHS[path][is_public]


@pytest.mark.slow
@pytest.mark.parametrize("path", [*PATHS, "/api/openapi.json"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_reaches_nothing(
    host: RunningHost, path: str, headers: dict[str, str]
) -> None:
    """With the right key, or where no key is needed, a request of another site is refused."""
    key = {"x-functions-key": "local-admin-key"}
    assert host.ask("GET", path, headers=headers | key).status == 403
    assert host.ask("POST", path, headers=headers | key | STRANGER).status == 403


@pytest.mark.slow
def test_the_app_does_not_see_the_keys(tmp_path: Path) -> None:
    """The host's keys are taken out of the environment before the app is imported."""
    source = (
        "import os, azure.functions as func\n"
        "app = func.FunctionApp(http_auth_level='ANONYMOUS')\n"
        "@app.route('seen')\n"
        "def seen(req: func.HttpRequest) -> str:\n"
        "    return ' '.join(n for n in os.environ if n.startswith('SWITCHBOARD_HOST'))\n"
    )
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(source)
    names = ("SWITCHBOARD_HOST_KEY", "SWITCHBOARD_HOST_ADMIN_KEY", "SWITCHBOARD_HOST_PUBLIC")
    assert not set(names) & set(os.environ)
    settings = dict.fromkeys(names, "1")
    with running_host(tmp_path, tmp_path / "errors.txt", **settings) as own:
        assert own.ask("GET", "/api/seen").body == b""
