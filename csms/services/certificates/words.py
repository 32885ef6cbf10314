"""The words of certificates, the same for every OCPP version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class SigningUse(StrEnum):
    """What a charge point wants a certificate for; without a use it is for both."""

    CHARGE_POINT = "ChargingStationCertificate"
    V2G = "V2GCertificate"
    V2G_20 = "V2G20Certificate"
    """For ISO 15118-20 (OCPP 2.1)."""


class CertificateUse(StrEnum):
    """What an installed certificate is for, in the words of OCPP 2.0.1."""

    V2G_ROOT = "V2GRootCertificate"
    MO_ROOT = "MORootCertificate"
    CSMS_ROOT = "CSMSRootCertificate"
    MANUFACTURER_ROOT = "ManufacturerRootCertificate"
    OEM_ROOT = "OEMRootCertificate"
    """Of who makes cars (OCPP 2.1)."""
    V2G_CHAIN = "V2GCertificateChain"


class HashAlgorithm(StrEnum):
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """How OCPP names a certificate: by its issuer and serial number, all in hexadecimal digits."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class OcspQuestion:
    """A certificate, and the responder that knows whether it was revoked."""

    certificate: CertificateHash
    responder_url: str


def name_digest(algorithm: HashAlgorithm, content: bytes) -> str:
    """Return the digest of an issuer's name or key as OCPP and OCSP write it."""
    return hashlib.new(algorithm.value, content).hexdigest()
