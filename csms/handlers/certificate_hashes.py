"""How OCPP names certificates: the same in every version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers import phrasebook
from csms.services.certificates.words import CertificateHash, HashAlgorithm

CERTIFICATE_LENGTH: Final = 5500
CHAIN_LENGTH: Final = 10_000

_HEX: Final = re.compile(r"(?:0x)?([0-9A-Fa-f]+)", re.ASCII)


def written(certificate: CertificateHash) -> dict[str, Any]:
    """Write a CertificateHashData."""
    return {
        "hashAlgorithm": certificate.hash_algorithm.value,
        "issuerNameHash": certificate.issuer_name_hash,
        "issuerKeyHash": certificate.issuer_key_hash,
        "serialNumber": certificate.serial_number,
    }


def read(fields: object) -> CertificateHash | None:
    """Read a CertificateHashData; None if it names no certificate."""
    if not isinstance(fields, Mapping):
        return None
    try:
        algorithm = HashAlgorithm(str(fields.get("hashAlgorithm")).strip().upper())
    except ValueError:
        return None
    digits = [
        _HEX.fullmatch(str(fields.get(key, "")).strip())
        for key in ("issuerNameHash", "issuerKeyHash", "serialNumber")
    ]
    found = [each.group(1) for each in digits if each is not None]
    return CertificateHash(algorithm, *found) if len(found) == len(digits) else None


def shown(fields: object) -> dict[str, Any]:
    """Return a CertificateHashData in the words of the commands, as the charge point wrote it.

    Charge points are picky about what they know a certificate by, so nothing is put right.
    """
    told: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
    return {
        "hash_algorithm": told.get("hashAlgorithm"),
        "issuer_name_hash": told.get("issuerNameHash"),
        "issuer_key_hash": told.get("issuerKeyHash"),
        "serial_number": told.get("serialNumber"),
    }


def pem(text: str, version: str, limit: int = CERTIFICATE_LENGTH) -> str:
    """Return a certificate that a message can carry; raises InvalidValueError."""
    text = text.strip()
    if not text.startswith("-----BEGIN CERTIFICATE-----"):
        raise InvalidValueError("certificate", text[:40], "a certificate in PEM (A00.FR.507)")
    return phrasebook.within("certificate", text + "\n", limit, version)
