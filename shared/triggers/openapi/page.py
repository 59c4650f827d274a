"""The same to read: one page, made of the document, without a script."""

from __future__ import annotations

import html
import json
from functools import cache
from typing import Any, Final

import msgspec

from shared.triggers.openapi.document import document

_STYLE: Final = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent);
--soft:color-mix(in srgb,currentColor 6%,transparent)}
body{font:16px/1.55 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.5 ui-monospace,monospace}pre{background:var(--soft);padding:.8rem;
overflow:auto;border-radius:6px}h2{border-top:1px solid var(--line);padding-top:1.4rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .8rem .25rem 0;
border-bottom:1px solid var(--line);vertical-align:top}.m{display:inline-block;min-width:4.5rem;
font-weight:650}
"""


@cache
def style_hash() -> str:
    """What a Content-Security-Policy names the page's own style by."""
    import base64
    import hashlib

    return base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@cache
def page() -> str:
    """The page as HTML."""
    api = msgspec.json.decode(document())
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>Switchboard: the API</title><style>{_STYLE}</style><main>",
        f"<h1>Switchboard</h1><p>{html.escape(api['info']['description'])}</p>",
        "<p>The same for programs: <a href=openapi.json>openapi.json</a></p>",
    ]
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation, api["components"]["schemas"]))
    return "".join(parts) + "</main></html>"


def _operation(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    ways = [name for way in operation["security"] for name in way]
    key = "signed by Twilio" if "signature" in ways else "a function key" if ways else "no key"
    parts = [
        f"<h2 id={operation['operationId']}>{html.escape(operation['summary'])}</h2>",
        f"<p><span class=m>{method.upper()}</span> <code>{html.escape(path)}</code> · {key}</p>",
    ]
    parameters = [p for p in operation["parameters"] if p["in"] != "path"]
    if parameters:
        names = ", ".join(f"<code>{html.escape(p['name'])}</code> ({p['in']})" for p in parameters)
        parts.append(f"<p>Takes {names}.</p>")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        parts.append(_fields(content["schema"]["$ref"].rpartition("/")[2], schemas))
        parts += [
            f"<pre>{html.escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre>"
            for example in content["examples"].values()
        ]
    rows = "".join(
        f"<tr><td>{status}<td>{html.escape(answer['description'])}"
        for status, answer in sorted(operation["responses"].items())
    )
    return "".join(parts) + f"<table><tr><th>Status<th>Means{rows}</table>"


def _fields(name: str, schemas: dict[str, Any]) -> str:
    schema = schemas[name]
    names: dict[str, None] = {}
    for option in schema.get("anyOf", [schema]):
        names |= dict.fromkeys(option["properties"])
    return f"<p>Fields: {', '.join(f'<code>{html.escape(each)}</code>' for each in names)}.</p>"
