"""`GET /api/console` and its parts, through the app."""

import json
import re
from pathlib import Path

import pytest

from shared.provider.codes import CODES
from shared.triggers import console
from tests.in_memory_app import InMemoryApp

HERE = Path(console.__file__).parent.parent / "console"
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
    "img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
}  # fmt: skip


@pytest.mark.parametrize("path", ["", "/main.js", "/console.css", "/codes.js"])
async def test_every_part_has_the_strict_headers(app: InMemoryApp, path: str) -> None:
    """The page and its parts allow our own files only, and send no referrer."""
    reply = await app.get(f"/api/console{path}")
    assert reply.status == 200
    assert set(reply.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"


async def test_the_types_are_those_of_the_files(app: InMemoryApp) -> None:
    """A browser takes a module only as JavaScript, and a style only as CSS."""
    types = {path: (await app.get(f"/api/console{path}")).headers["Content-Type"]
             for path in ("", "/main.js", "/console.css", "/codes.js")}  # fmt: skip
    assert types == {"": "text/html", "/main.js": "text/javascript", "/console.css": "text/css",
                     "/codes.js": "text/javascript"}  # fmt: skip


async def test_a_part_that_is_known_is_not_sent_again(app: InMemoryApp) -> None:
    """With its ETag a part is 304 and empty; with another one it is sent."""
    first = await app.get("/api/console/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await app.ask("GET", "/api/console/main.js",
                          headers={"If-None-Match": first.headers["ETag"]})  # fmt: skip
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = await app.ask("GET", "/api/console/main.js", headers={"If-None-Match": '"other"'})
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("name", ["console.py", "index.html", "..%2Fconsole.py", "x.js"])
async def test_nothing_else_is_served(app: InMemoryApp, name: str) -> None:
    """Only the parts in the table can be had, whatever lies beside them."""
    assert (await app.get(f"/api/console/{name}")).status == 404


def test_the_table_is_the_folder() -> None:
    """Every script and style that is there is in the table, and the reverse."""
    there = {each.name for each in HERE.iterdir() if each.suffix in (".js", ".css")}
    assert set(console.PARTS) == there


async def test_the_codes_are_served_with_what_to_do(app: InMemoryApp) -> None:
    """Each of Twilio's codes that the app knows has a meaning and an advice for a person."""
    module = (await app.get("/api/console/codes.js")).body.decode()
    assert module.startswith("export const codes = {")
    for code in CODES:
        assert re.search(rf'"{code}":{{"means":"[^"]+","do":"[^"]+"}}', module), code


async def test_codes_that_a_retry_cannot_help_are_named(app: InMemoryApp) -> None:
    """They are those that depend on the recipient or the text, and no others."""
    module = (await app.get("/api/console/codes.js")).body.decode()
    futile = re.search(r"export const futile = (\[.*?\]);", module)
    assert futile is not None
    assert set(json.loads(futile[1])) == {
        code for code, said in CODES.items() if said.to_do == "refused"
    }
    assert "20003" not in futile[1]


@pytest.mark.parametrize("name", ["index.html", *console.PARTS])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(name: str) -> None:
    """No style or handler in the page, no markup from texts, no address of another host."""
    text = (HERE / name).read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                      "<style", " style=", " onclick=", "localStorage"):  # fmt: skip
        assert forbidden not in text
    hosts = set(re.findall(r"https?://([^/'\"\s]+)", text))
    assert hosts <= {"www.w3.org"}  # the namespace of SVG, which nobody fetches


IMPORT = re.compile(r"^import \{([^}]*)\} from \"\./([\w.]+)\";$", re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:const|let|class|function\*?) (\w+)", re.MULTILINE)


async def test_what_a_module_imports_is_exported(app: InMemoryApp) -> None:
    """One name that is missing leaves the whole console blank, and two branches can make one."""
    modules = {path.name: path.read_text("utf-8") for path in HERE.glob("*.js")}
    modules["codes.js"] = (await app.get("/api/console/codes.js")).body.decode()
    exports = {name: {*EXPORT.findall(text)} for name, text in modules.items()}
    imported = [
        (name, each.split(" as ")[0].strip(), other)
        for name, text in modules.items()
        for names, other in IMPORT.findall(text)
        for each in names.split(",")
    ]
    assert len(imported) > len(modules)
    assert [each for each in imported if each[1] not in exports[each[2]]] == []
