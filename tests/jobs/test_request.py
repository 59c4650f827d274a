"""The requests' fields are those of the `twilio` library."""

import inspect
from typing import Any

import msgspec
import pytest
from twilio.rest.api.v2010.account.call import CallList
from twilio.rest.api.v2010.account.message import MessageList

from shared.jobs.request import PASSED_ON, REQUEST_OF_KIND
from shared.kinds import Kind


def parameters_of(create: Any) -> set[str]:  # noqa: ANN401 - a function of the library
    return set(inspect.signature(create).parameters) - {"self"}


@pytest.mark.parametrize(
    ("kind", "create"), [("message", MessageList.create), ("call", CallList.create)]
)
def test_every_parameter_of_the_library_is_taken(kind: Kind, create: Any) -> None:  # noqa: ANN401 - a function
    """A new version that brings a parameter fails here until it is taken too."""
    taken = set(REQUEST_OF_KIND[kind].__struct_fields__)
    assert parameters_of(create) - taken == set()
    assert set(PASSED_ON[kind]) <= parameters_of(create)


@pytest.mark.parametrize("kind", ["message", "call"])
def test_every_field_says_what_it_is(kind: str) -> None:
    """The schema has a description of each field, by itself or in each of its alternatives."""
    schema = msgspec.json.schema(REQUEST_OF_KIND[kind])
    properties = schema["$defs"][REQUEST_OF_KIND[kind].__name__]["properties"]
    assert len(properties) > 25
    for name, shape in properties.items():
        options = [o for o in shape.get("anyOf", [shape]) if o.get("type") != "null"]
        assert all("description" in shape or "description" in o for o in options), name
