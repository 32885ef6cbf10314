"""Where the server connects to by itself: judged by the address a socket is made for.

What somebody entered, or a charge point named, must not lead the server to places that only it can
reach. Names are looked up as ever; each address is judged at the moment of connecting to it, so
neither an odd spelling nor a name that answers differently the next time helps anybody.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from csms.errors import InvalidValueError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """An address that must not be connected to."""


class Destinations:
    """Public addresses, and those of private networks that the settings name."""

    def __init__(self, networks: Sequence[Network] | None = None) -> None:
        self._networks = tuple(networks or ())

    def allows(self, address: Address) -> bool:
        """Whether to connect to this address."""
        address = plain(address)
        if is_nobodys(address):
            return False
        return address.is_global or any(address in each for each in self._networks)

    def check(self, field: str, url: str) -> None:
        """Refuse a URL whose host is an address that is never connected to: InvalidValueError.

        Of a name nobody knows yet where it leads.
        """
        host = urlsplit(url).hostname or ""
        try:
            address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            return
        if not self.allows(address):
            allowed = "a public address, or one of CSMS_PRIVATE_NETWORKS"
            raise InvalidValueError(field, url, allowed)

    def connector(self) -> aiohttp.TCPConnector:
        """What connects there and nowhere else; otherwise it raises AddressRefusedError."""
        return guarded(self.allows)


def guarded(allows: Callable[[Address], bool]) -> aiohttp.TCPConnector:
    """Return a connector to addresses that are allowed; others raise AddressRefusedError."""

    def open_socket(found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = found
        if not allows(ipaddress.ip_address(str(place[0]).partition("%")[0])):
            raise AddressRefusedError(errno.EACCES, "its address is not allowed")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(socket_factory=open_socket, use_dns_cache=False)


def was_refused(error: Exception) -> bool:
    """Whether a request failed because no address was allowed."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return isinstance(cause, AddressRefusedError)


def plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_nobodys(address: Address) -> bool:
    """Whether nobody can be meant by it, or everybody."""
    return address.is_multicast or address.is_unspecified
