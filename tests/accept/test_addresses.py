"""Recipients and senders, and the channels that they share."""

import pytest

from shared.accept.addresses import (
    channel_of,
    require_recipient,
    require_same_channel,
    require_sender,
)
from shared.kinds import Kind
from shared.phone_numbers import NumberError
from shared.provider.access_token import validate_identity
from tests.environment import settings

NUMBER = "+14155552671"
WHATSAPP = f"whatsapp:{NUMBER}"
RCS = f"rcs:{NUMBER}"


@pytest.mark.parametrize(
    ("kind", "address", "channel"),
    [
        ("message", NUMBER, ""),
        ("message", WHATSAPP, "whatsapp:"),
        ("message", RCS, "rcs:"),
        ("message", "client:bob", ""),
        ("call", "client:bob", "client:"),
        ("call", "sip:bob@example.com", "sip:"),
        ("call", WHATSAPP, ""),
    ],
)
def test_an_address_has_a_channel(kind: Kind, address: str, channel: str) -> None:
    """Each kind has channels of its own."""
    assert channel_of(kind, address) == channel


@pytest.mark.parametrize(
    ("kind", "sender", "to", "fits"),
    [
        ("message", NUMBER, NUMBER, True),
        ("message", "12345", RCS, True),
        ("message", "rcs:brand", NUMBER, True),
        ("message", "rcs:brand", RCS, True),
        ("message", WHATSAPP, WHATSAPP, True),
        ("message", NUMBER, WHATSAPP, False),
        ("message", "ACME", WHATSAPP, False),
        ("message", "rcs:brand", WHATSAPP, False),
        ("message", WHATSAPP, NUMBER, False),
        ("message", WHATSAPP, RCS, False),
        ("message", "messenger:1", NUMBER, False),
        ("call", NUMBER, NUMBER, True),
        ("call", NUMBER, "client:bob", True),
        ("call", "client:bob", "sip:bob@example.com", True),
        ("call", "client:bob", NUMBER, False),
        ("call", "sip:bob@example.com", NUMBER, False),
    ],
)
def test_sender_and_recipient_share_a_channel(
    kind: Kind,
    sender: str,
    to: str,
    fits: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The telephone network, with RCS, is one; a client calls no number."""
    if fits:
        require_same_channel(kind, sender, to)
        return
    with pytest.raises(NumberError, match="use") as error:
        require_same_channel(kind, sender, to)
    assert error.value.code == "channel_mismatch"


@pytest.mark.parametrize(
    "identity", ["alice", "alice%20smith", "a b", "", "<alice>", "a" * 257, "alice@example.com"]
)
def test_a_client_is_called_by_the_names_that_tokens_have(identity: str) -> None:
    """One rule for both: a name that no token can have cannot be called, nor call."""
    refused = bool(validate_identity(identity))
    for require in (require_recipient, require_sender):
        try:
            require("call", f"client:{identity}", settings())
        except NumberError:
            assert refused
        else:
            assert not refused


@pytest.mark.parametrize(
    "address", ["client:?a=b", "client:alice?a=b c", "sip:", "sip:a b", WHATSAPP, RCS]
)
def test_a_call_goes_to_numbers_clients_and_sip_addresses(address: str) -> None:
    """Anything else is refused, as a recipient and as a sender."""
    for require in (require_recipient, require_sender):
        with pytest.raises(NumberError) as error:
            require("call", address, settings())
        assert error.value.code == "invalid_number"
    require_recipient("call", "client:alice?a=b%20c", settings())


def test_numbers_for_examples_are_for_the_simulator() -> None:
    """The real Twilio is not asked to reach a number that no one can have."""
    real = settings(TWILIO_API_BASE_URL="https://api.twilio.com")
    for require in (require_recipient, require_sender):
        for kind in ("message", "call"):
            require(kind, "+447700900123", settings())
            with pytest.raises(NumberError):
                require(kind, "+447700900123", real)
