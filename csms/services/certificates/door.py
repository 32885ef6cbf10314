"""Whether the certificate that a charge point shows is its own (security profile 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from csms.services.charge_point import ChargePoint


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate that was signed here."""

    charge_point_key: int
    revoked: bool
    security_profile: int
    """That of the charge point when it asked for it; with 0 it had proved nothing."""


class KnownCertificates(Protocol):
    async def known(self, fingerprint: bytes) -> KnownCertificate | None:
        """Return a certificate that was signed here by the SHA-256 of it, None for others."""
        ...


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A client certificate whose path to a trusted authority was verified by TLS."""

    der: bytes
    names: frozenset[str]
    """Common and alternative names, case folded."""
    organisations: Collection[str] = ()


class CertificateDoor:
    def __init__(self, certificates: KnownCertificates, operator_name: str | None = None) -> None:
        self._certificates = certificates
        self._operator_name = operator_name

    async def objection(
        self, charge_point: ChargePoint, shown: ShownCertificate, *, alone: bool
    ) -> str | None:
        """Return why a verified certificate does not prove that this is the charge point.

        One that was signed here belongs to whom it was signed for, whatever it says, until it is
        revoked; another one has to name the identity or the serial number (A00.FR.405) and, if
        the operator has a name, that (A00.FR.404). `alone` is for one that stands in for a
        password: who asked for it must have known the password, or anybody could have.
        """
        known = await self._certificates.known(hashlib.sha256(shown.der).digest())
        if known is not None:
            if known.charge_point_key != charge_point.key:
                return "it was signed for another charge point"
            if known.revoked:
                return "it was revoked"
            if alone and known.security_profile < 1:
                return "it was signed for somebody who had shown no password"
            return None
        own = {charge_point.id.casefold()}
        if charge_point.serial_number:
            own.add(charge_point.serial_number.casefold())
        if not own & shown.names:
            return f"it names {', '.join(sorted(shown.names)) or 'nobody'}"
        if self._operator_name and self._operator_name not in shown.organisations:
            return f"its organisation is not {self._operator_name!r}"
        return None
