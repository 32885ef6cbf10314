"""Who signs charge points' certificates: the built-in authority, or one of your own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from csms.errors import CsmsError
from csms.services.certificates.words import SigningUse


class AuthorityError(CsmsError):
    """A certificate could not be signed; says why."""


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """A request that was checked: its signature holds and its key is strong enough."""

    charge_point_id: str
    request: x509.CertificateSigningRequest
    use: SigningUse | None
    """None: one certificate for everything."""


class CertificateAuthority(Protocol):
    """Signs certificates; may be on another machine and may take its time.

    A dedicated authority is what OCPP recommends (A02.FR.04).
    """

    async def sign(self, order: SigningOrder) -> list[x509.Certificate]:
        """Return the certificate and those between it and the root, in this order.

        Raises AuthorityError.
        """
        ...
