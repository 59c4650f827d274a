"""Which addresses belong to the public internet."""

import socket

import pytest

from shared.public_addresses import is_public, public_socket


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("168.63.129.16", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse, not to bind to
        ("255.255.255.255", False),
        ("224.0.1.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("2002:5db8:d822::", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
        ("192.0.0.192", False),
    ],
)
def test_an_address_is_public_or_not(address: str, public: bool) -> None:  # noqa: FBT001 - a table
    """Private, local, shared, special and multicast addresses are not, in whatever wrapping."""
    assert is_public(address) == public


def test_a_name_is_no_address() -> None:
    """A text that is not an address is an error, and never counts as public."""
    with pytest.raises(ValueError, match="example"):
        is_public("example.com")


def test_a_socket_is_for_a_public_address_only() -> None:
    """There is a socket for an address of the internet, and none for one of our own network."""
    resolved = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    with public_socket((*resolved, ("93.184.216.34", 443))) as made:
        assert (made.family, made.type) == resolved[:2]
    with pytest.raises(OSError, match="not a public address"):
        public_socket((*resolved, ("127.0.0.1", 443)))
