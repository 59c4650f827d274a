"""`/api/docs`: Swagger UI, served by ourselves."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from shared.triggers import api
from shared.triggers.openapi.document import document
from tests.in_memory_app import InMemoryApp

FOLDER = Path(api.__file__).parent.parent / "apidocs"
# swagger-ui-dist 5.35.0, as npm has it.
PINNED = {
    "swagger-ui.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


@pytest.mark.parametrize(("name", "digest"), PINNED.items())
async def test_swagger_ui_is_the_pinned_one(app: InMemoryApp, name: str, digest: str) -> None:
    """Both files are those of the package, sent as they are stored: compressed."""
    reply = await app.get(f"/api/docs/{name}")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert hashlib.sha256(gzip.decompress(reply.body)).hexdigest() == digest


async def test_the_page_loads_nothing_from_elsewhere(app: InMemoryApp) -> None:
    """The policy names this host only, and so do the page and our own script."""
    reply = await app.get("/api/docs")
    policy = reply.headers["Content-Security-Policy"]
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html"
    assert policy.startswith("default-src 'none'; script-src 'self';")
    for name in ("index.html", "docs.js", "docs.css"):
        assert not re.search(r"https?://", (FOLDER / name).read_text()), name
    assert (await app.get("/api/openapi.json")).body == document()


async def test_every_file_of_the_page_is_served(app: InMemoryApp) -> None:
    """What the page names is there, and nothing else is."""
    page = (await app.get("/api/docs")).body.decode()
    named = set(re.findall(r'(?:src|href)="docs/([^"]+)"', page))
    assert named == set(api.ASSETS)
    for name in named:
        assert (await app.get(f"/api/docs/{name}")).status == 200
    for name in ("index.html", "README.md", "..%2Fapp.py"):
        assert (await app.get(f"/api/docs/{name}")).status == 404
