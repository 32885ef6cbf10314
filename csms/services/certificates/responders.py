"""Which OCSP responders are asked: a charge point may not send the server just anywhere.

The address comes out of a certificate, by way of a charge point, so it is not to be trusted. Public
addresses are asked, those of private networks only for charge points that come out of one
themselves (and this machine only for those on it), link-local, multicast and reserved ones never. A
name is looked up here and the address that was found good is the one that is connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from csms.services.certificates.ocsp import OcspError

PrivateResponders: TypeAlias = Literal["same-network", "never", "always"]

TIMEOUT_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 65_536
MAX_LIST_BYTES: Final = 4_194_304
MAX_URL_CHARS: Final = 2000
MAX_AT_ONCE: Final = 32
_FOR_ANSWERS: Final = {
    "Content-Type": "application/ocsp-request",
    "Accept": "application/ocsp-response",
}
_FOR_LISTS: Final = {"Accept": "application/pkix-crl, */*"}

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Responders(Protocol):
    async def ask(self, url: str, request: bytes, charge_point_address: str | None) -> bytes:
        """Send a request (DER), return the answer (DER); raises OcspError.

        `charge_point_address` is where the charge point that named the responder connects from.
        """
        ...

    async def fetch(self, url: str, charge_point_address: str | None) -> bytes:
        """Return a revocation list; raises OcspError."""
        ...


class HttpResponders:
    """OCSP over HTTP (RFC 6960, appendix A), by POST."""

    def __init__(
        self, private: PrivateResponders = "same-network", *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._private = private
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def ask(self, url: str, request: bytes, charge_point_address: str | None) -> bytes:
        return await self._get(url, request, charge_point_address)

    async def fetch(self, url: str, charge_point_address: str | None) -> bytes:
        return await self._get(url, None, charge_point_address)

    async def _get(
        self, url: str, request: bytes | None, charge_point_address: str | None
    ) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                addresses = await self._addresses(url, charge_point_address)
                return await self._send(url, request, addresses)
        except TimeoutError:
            raise OcspError(f"the responder does not answer within {self._timeout_s:g} s") from None
        except (OSError, aiohttp.ClientError) as error:
            raise OcspError(f"the responder can't be reached: {error}") from None

    async def _addresses(self, url: str, charge_point_address: str | None) -> Sequence[_Address]:
        host, port = _host_of(url)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        allowed = [each for each in addresses if self._may_ask(each, charge_point_address)]
        if not allowed:
            raise OcspError(f"the responder's address is not allowed ({host})")
        return allowed

    def _may_ask(self, address: _Address, charge_point_address: str | None) -> bool:
        address = _plain(address)
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if address.is_global:
            return True
        if self._private != "same-network":
            return self._private == "always"
        try:
            charger = _plain(ipaddress.ip_address(charge_point_address or ""))
        except ValueError:
            return False
        if address.is_loopback:
            return charger.is_loopback
        return address.is_private and (charger.is_private or charger.is_loopback)

    async def _send(self, url: str, request: bytes | None, addresses: Sequence[_Address]) -> bytes:
        limit = MAX_LIST_BYTES if request is None else MAX_ANSWER_BYTES
        connector = aiohttp.TCPConnector(resolver=_Found(addresses), use_dns_cache=False)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as http,
            http.request(
                "GET" if request is None else "POST",
                url,
                data=request,
                headers=_FOR_LISTS if request is None else _FOR_ANSWERS,
                allow_redirects=False,
            ) as response,
        ):
            if response.status != 200:
                raise OcspError(f"the responder answers with HTTP {response.status}")
            answer = bytearray()
            async for part in response.content.iter_chunked(8192):
                answer += part
                if len(answer) > limit:
                    raise OcspError(f"the responder's answer is over {limit} bytes")
            return bytes(answer)


def _host_of(url: str) -> tuple[str, int]:
    """Return host and port of an address that may be asked; raises OcspError."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        raise OcspError("the responder's address can't be read") from None
    web = parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= MAX_URL_CHARS
    if not web or port is None or parts.hostname is None:
        raise OcspError("the responder's address is none of http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise OcspError("the responder's address holds a login")
    return parts.hostname, port


def _plain(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class _Found(AbstractResolver):
    """Answers with addresses that were looked up and found good before."""

    def __init__(self, addresses: Sequence[_Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
            if family
            in (socket.AF_UNSPEC, socket.AF_INET6 if address.version == 6 else socket.AF_INET)
        ]

    async def close(self) -> None:
        """There is nothing to close."""
