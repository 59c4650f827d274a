import json
from datetime import UTC, datetime

import pytest

from dev.host.queue_message import decode_content, message_from_text

NOW = datetime(2025, 1, 15, 10, 20, 30, tzinfo=UTC)


def test_times_are_aware() -> None:
    """The function sees times in UTC."""
    assert message_from_text("x", NOW).insertion_time == NOW


@pytest.mark.parametrize(
    ("properties", "attribute", "value"),
    [
        ({"id": "mine"}, "id", "mine"),
        ({"ID": 5}, "id", "5"),
        ({"DequeueCount": "3"}, "dequeue_count", 3),
        ({"popReceipt": True}, "pop_receipt", "True"),
        ({"id": None}, "id", None),
        ({"id": [1]}, "id", None),
        ({"id": {"a": 1}}, "id", "{'a': 1}"),
        ({"other": "x"}, "id", None),
    ],
)
def test_top_level_properties_override_metadata(
    properties: dict[str, object], attribute: str, value: object
) -> None:
    """A JSON body's properties win over metadata of the same name, unless null or a list."""
    message = message_from_text(json.dumps(properties), NOW)
    assert getattr(message, attribute) == value


@pytest.mark.parametrize("body", ["", "{", "[1]", '"id"', "plain"])
def test_other_bodies_override_nothing(body: str) -> None:
    """Only a JSON object overrides, and any text passes."""
    message = message_from_text(body, NOW)
    assert (message.id, message.get_body()) == (None, body.encode())


def test_an_override_of_the_wrong_type_fails_the_message() -> None:
    """A dequeueCount that is not a number fails before the function is called."""
    with pytest.raises(ValueError, match="DequeueCount"):
        message_from_text('{"dequeueCount": "many"}', NOW)


def test_base64_may_hold_line_breaks_but_nothing_else() -> None:
    """Base64 is read as .NET does; anything else is an error."""
    assert decode_content("aGVs\r\nbG8=", is_base64=True) == b"hello"
    assert decode_content("aGVsbG8=", is_base64=False) == b"aGVsbG8="
    for wrong in ("aGVsbG8", "a*b=", "{}"):
        with pytest.raises(ValueError, match=r"."):
            decode_content(wrong, is_base64=True)
