"""A message or a call, where no route says so."""

import pytest

from shared.accept.kind import infer_kind


@pytest.mark.parametrize(
    ("named", "fields", "kind"),
    [
        ("message", ["say"], "message"),
        ("call", ["body"], "call"),
        (None, ["to", "body"], "message"),
        (None, ["to", "from", "content_sid"], "message"),
        (None, ["to", "say"], "call"),
        (None, ["to", "time_limit"], "call"),
        (None, ["to"], None),
        (None, ["to", "body", "say"], None),
        ("fax", ["to", "body"], None),
        (["call"], ["to", "say"], None),
        ("", ["to", "body"], None),
        (None, ["to", "boddy"], "message"),
        (None, ["to", "steps", "bodi"], "call"),
        (None, ["to", "sey"], "call"),
        (None, ["to", "form"], None),
    ],
)
def test_the_kind_is_named_or_beyond_doubt(
    named: object, fields: list[str], kind: str | None
) -> None:
    """A name decides; without one, the fields that only one of the two has."""
    assert infer_kind(named, fields) == kind
