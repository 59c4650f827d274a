"""What the app says of itself at the start becomes lines that one can act on."""

import socket
from collections.abc import Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.first_health import troubles
from dev.ports import HOST, free_ports

SETTINGS = {"errors": [{"path": "RETENTION_DAYS", "code": "malformed", "message": "must be 1"}]}
STORAGE = {"checks": {"settings": "usable", "queue": "queue: TimeoutError"}}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, {"status": "usable"}, []),
        (503, SETTINGS, ["RETENTION_DAYS must be 1"]),
        (503, STORAGE, ["queue: TimeoutError"]),
        (500, None, ["{app}/api/health answers 500"]),
    ],
)
async def test_what_is_not_usable_is_said(
    status: int, body: Mapping[str, object] | None, said: list[str]
) -> None:
    """Each wrong setting and each storage that does not answer is a line; none is no line."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status) if body else web.Response(status=status)

    application = web.Application()
    application.router.add_get("/api/health", answer)
    async with TestServer(application) as server:
        app = str(server.make_url("")).rstrip("/")
        assert await troubles(app) == [line.format(app=app) for line in said]


async def test_an_app_that_does_not_answer_is_said() -> None:
    """Nobody there is a line too, not an error of ours."""
    app = f"http://{HOST}:{free_ports(1)[0]}"
    assert await troubles(app) == [f"{app}/api/health does not answer"]


async def test_an_app_that_hangs_is_not_waited_for() -> None:
    """After the patience the start goes on."""
    with socket.create_server((HOST, 0)) as silent:
        app = f"http://{HOST}:{silent.getsockname()[1]}"
        assert await troubles(app, patience=0.05) == [f"{app}/api/health does not answer"]
