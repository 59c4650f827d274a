"""Tell the IP addresses of the public internet from those of private networks.

A request to a URL that a caller named goes to public addresses only. Special addresses:
https://www.iana.org/assignments/iana-ipv4-special-registry and the one for IPv6.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# The rest of IPv6 is for special uses, of which Python knows more with each version:
# https://www.iana.org/assignments/ipv6-address-space
_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")
# A public number, but the platform's own agent on every Azure host:
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_AZURE_HOST: Final = ipaddress.ip_network("168.63.129.16/32")
# For protocols, such as another cloud's metadata; Python 3.11 calls most of it public.
_PROTOCOLS: Final = ipaddress.ip_network("192.0.0.0/24")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Tell whether an IP address, and every IPv4 address inside it, is public.

    Raises:
        ValueError: `text` is not an IP address.
    """
    address = ipaddress.ip_address(text)
    return all(
        each.is_global
        and not each.is_multicast
        and (each in _PUBLIC_IPV6 or each.version == 4)  # noqa: PLR2004 - the older one
        and each not in _AZURE_HOST
        and each not in _PROTOCOLS
        for each in _reached_addresses(address)
    )


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket to connect to an address of `socket.getaddrinfo()`.

    Raises:
        OSError: the address is not a public one.
    """
    family, kind, protocol, _, (host, *_) = address
    if not is_public(host):
        raise OSError("not a public address")
    return socket.socket(family, kind, protocol)


def _reached_addresses(address: _Address) -> Iterator[_Address]:
    """Yield the addresses that a packet may reach: translators unwrap IPv4 from IPv6."""
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
