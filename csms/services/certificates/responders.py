"""Which OCSP responders are asked: a charge point may not send the server just anywhere.

The address comes out of a certificate, by way of a charge point, so it is not to be trusted. Public
addresses are asked, those of private networks only for charge points that come out of one
themselves (and this machine only for those on it), link-local, multicast and reserved ones never.
`csms.services.destinations` judges each address at the moment of connecting to it.
"""

from __future__ import annotations

import asyncio
import ipaddress
from functools import partial
from typing import Final, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from csms.services.certificates.ocsp import OcspError
from csms.services.destinations import Address, guarded, is_nobodys, plain, was_refused

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
        host = _host_of(url)
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                return await self._send(url, request, charge_point_address)
        except TimeoutError:
            raise OcspError(f"the responder does not answer within {self._timeout_s:g} s") from None
        except (OSError, aiohttp.ClientError) as error:
            if was_refused(error):
                raise OcspError(f"the responder's address is not allowed ({host})") from None
            raise OcspError(f"the responder can't be reached: {error}") from None

    def _may_ask(self, charge_point_address: str | None, address: Address) -> bool:
        address = plain(address)
        if address.is_link_local or is_nobodys(address):
            return False
        if address.is_global:
            return True
        if self._private != "same-network":
            return self._private == "always"
        try:
            charger = plain(ipaddress.ip_address(charge_point_address or ""))
        except ValueError:
            return False
        if address.is_loopback:
            return charger.is_loopback
        return address.is_private and (charger.is_private or charger.is_loopback)

    async def _send(
        self, url: str, request: bytes | None, charge_point_address: str | None
    ) -> bytes:
        limit = MAX_LIST_BYTES if request is None else MAX_ANSWER_BYTES
        connector = guarded(partial(self._may_ask, charge_point_address))
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


def _host_of(url: str) -> str:
    """Return the host of an address that may be asked; raises OcspError."""
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
    return parts.hostname
