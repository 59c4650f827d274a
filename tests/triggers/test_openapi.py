"""The API description: valid, complete, and with examples that are accepted as they stand."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from openapi_spec_validator import validate

from shared.triggers.openapi.document import document
from shared.triggers.openapi.operations import ANYTHING, OPERATIONS, Operation
from tests.in_memory_app import InMemoryApp

# Parts of the console's page, a call's own TwiML, and what is left of Twilio's API.
NOT_DESCRIBED = re.compile(r"console/.*|docs/.*|twiml/calls/.*|2010-04-01/\{\*rest\}")
EXAMPLES = [
    pytest.param(operation, example, id=f"{operation.name}-{name}")
    for operation in OPERATIONS
    for name, example in (operation.examples or {}).items()
]


def described() -> Any:  # noqa: ANN401 - JSON
    return json.loads(document())


def test_the_document_is_valid() -> None:
    """The document is OpenAPI 3.1, and every reference in it leads somewhere."""
    validate(described())


def test_every_route_is_described(app: InMemoryApp) -> None:
    """Every route that somebody else calls is described with its methods, and no other is."""
    routes = {
        (f"/api/{function.route}", method.lower())
        for function in app.functions
        if function.kind == "httpTrigger" and not NOT_DESCRIBED.fullmatch(function.route)
        for method in function.methods or ()
    }
    paths = described()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == routes


@pytest.mark.parametrize(("operation", "example"), EXAMPLES)
async def test_examples_are_accepted(operation: Operation, example: Any, app: InMemoryApp) -> None:  # noqa: ANN401
    """Every example is accepted as it stands, with the status that the document names."""
    app.services.settings = replace(
        app.services.settings,
        twilio_api_key_sid="SK" + "0" * 32,
        twilio_api_key_secret="s" * 32,
    )
    reply = await app.post(f"/api/{operation.route}", example)
    assert reply.status in operation.answers


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.accepted])
async def test_examples_are_answered_as_shown(operation: Operation, app: InMemoryApp) -> None:
    """The answer that is shown is that to the first example, apart from the id."""
    assert operation.examples
    reply = await app.post(f"/api/{operation.route}", next(iter(operation.examples.values())))
    shown = described()["paths"][f"/api/{operation.route}"]["post"]["responses"]["202"]
    example = json.dumps(shown["content"]["application/json"]["example"])
    own_id = json.loads(reply.body)["id"]
    assert json.loads(reply.body) == json.loads(re.sub(r"zbpc8k2v4m1x7q0r5t9w3y", own_id, example))


async def test_the_example_in_csv_is_accepted(app: InMemoryApp) -> None:
    """The CSV is accepted as it stands, with the fields beside it that the document shows."""
    operation = described()["paths"]["/api/batches"]["post"]
    [beside] = (p["example"] for p in operation["parameters"] if p["name"] == "fields")
    csv = operation["requestBody"]["content"]["text/csv"]["example"]
    target = f"/api/batches?{urlencode(beside)}"
    reply = await app.ask("POST", target, csv.encode(), {"Content-Type": "text/csv"})
    assert reply.status == 202
    assert set(operation["responses"]["202"]["headers"]) == {"Location"} <= reply.headers.keys()


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.auth == "signed"])
async def test_what_is_signed_says_so(operation: Operation, app: InMemoryApp) -> None:
    """A signed route without a signature answers as the document says: 403, a problem."""
    route = operation.route.replace("{name}", "echo").replace("{id}", "x")
    described_as = described()["paths"][f"/api/{operation.route}"][operation.method]
    reply = await app.ask(operation.method.upper(), f"/api/{route}")
    assert described_as["security"] == [{"signature": []}]
    assert reply.headers["Content-Type"] in described_as["responses"][str(reply.status)]["content"]
    assert reply.status == 403


def test_what_can_go_wrong_with_a_body_is_described() -> None:
    """Each operation that reads JSON names 400, 413 and 415, and each list names 400."""
    for operation in OPERATIONS:
        described_as = described()["paths"][f"/api/{operation.route}"][operation.method][
            "responses"
        ]
        if operation.body not in (None, ANYTHING) and operation.auth != "signed":
            assert {"400", "413", "415"} <= described_as.keys(), operation.name
        if operation.name.startswith("list_"):
            assert "400" in described_as, operation.name


def test_everything_is_described() -> None:
    """Every property, parameter and answer says what it means."""
    document_ = described()
    silent = []
    for name, schema in document_["components"]["schemas"].items():
        for option in schema.get("anyOf", [schema]):
            for field, property_ in option.get("properties", {}).items():
                parts = [property_, *property_.get("anyOf", ()), *property_.get("allOf", ())]
                if not any(part.get("description") or "$ref" in part for part in parts):
                    silent.append(f"{name}.{field}")
    for path, methods in document_["paths"].items():
        for method, operation in methods.items():
            silent += [
                f"{method} {path} {each['name']}"
                for each in operation["parameters"]
                if not each.get("description")
            ]
            silent += [
                f"{method} {path} {status}"
                for status, answer in operation["responses"].items()
                if not answer["description"]
            ]
    assert silent == []


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.auth == "basic"])
async def test_what_takes_credentials_says_so(operation: Operation, app: InMemoryApp) -> None:
    """A route of Twilio's API without credentials answers as the document says: Twilio's 401."""
    described_as = described()["paths"][f"/api/{operation.route}"][operation.method]
    reply = await app.ask(operation.method.upper(), f"/api/{operation.route}")
    assert described_as["security"] == [{"basic": []}]
    assert reply.headers["Content-Type"] in described_as["responses"][str(reply.status)]["content"]
    assert reply.status == 401


def test_twilios_api_stands_apart() -> None:
    """Its routes come last, under a tag of their own, and add one schema to the others."""
    tags = [operation.tag for operation in OPERATIONS]
    first = tags.index("2010-04-01")
    assert set(tags[first:]) == {"2010-04-01"}
    assert "2010-04-01" not in tags[:first]
    schemas = described()["components"]["schemas"]
    assert [name for name in schemas if name.startswith("Twilio") and "Error" in name] == [
        "TwilioErrorResponse"
    ]
    assert not any("Resource" in name for name in schemas)
