"""Which IP addresses belong to the public internet, and to nobody's own network.

A request that is made on somebody's word goes to these only. Special addresses:
https://www.iana.org/assignments/iana-ipv4-special-registry and the one for IPv6.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public by its number, and yet the platform's own agent on every Azure host:
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_AZURE_HOST: Final = ipaddress.ip_address("168.63.129.16")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an IP address, and every IPv4 address inside it, is a public one.

    Raises:
        ValueError: `text` is no IP address.
    """
    address = ipaddress.ip_address(text)
    return all(
        each.is_global and not each.is_multicast and each != _AZURE_HOST
        for each in _ends_at(address)
    )


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket to connect to an address of `socket.getaddrinfo()`.

    Raises:
        OSError: the address is not a public one.
    """
    family, kind, protocol, _, (host, *_) = address
    if not is_public(host):
        raise OSError("not a public address")
    return socket.socket(family, kind, protocol)


def _ends_at(address: _Address) -> Iterator[_Address]:
    """The addresses at which a packet may come out: translators unwrap IPv4 from IPv6."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address in _NAT64:
        yield ipaddress.IPv4Address(address.packed[-4:])
    else:
        yield address
