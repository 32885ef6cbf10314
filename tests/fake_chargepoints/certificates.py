"""The certificates of a charge point: its own, the installed roots, and signing requests."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from .frames import Payload


def signing_request(common_name: str, organisation: str) -> str:
    """A certificate signing request (PEM) with a fresh P-256 key, as 1.6 and 2.0.1 ask (A02)."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]))
    request = x509.CertificateSigningRequestBuilder(x509.Name(attributes)).sign(
        ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def is_certificate(pem: str) -> bool:
    """Whether the text holds at least one readable certificate."""
    return bool(_certificates(pem))


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return []


def hash_data(certificate: x509.Certificate) -> Payload:
    """certificateHashData of a certificate that is its own issuer, SHA-256."""
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(_key_bits(certificate)).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The bit string of the public key, without its algorithm (RFC 6960 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    encoding, shape = serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(encoding, shape)
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


class CertificateStore:
    """The certificates on board."""

    def __init__(self) -> None:
        self.own_chain: str | None = None
        self._roots: list[tuple[str, x509.Certificate]] = []

    def install(self, use: str, pem: str) -> bool:
        """Keep a root for this use; False if it cannot be read."""
        found = _certificates(pem)
        self._roots += [(use, certificate) for certificate in found[:1]]
        return bool(found)

    def hashes(self, uses: Collection[str] | None) -> list[tuple[str, Payload]]:
        """Use and hash data of what is installed; None for every use."""
        return [(use, hash_data(cert)) for use, cert in self._roots if uses is None or use in uses]

    def delete(self, wanted: Payload) -> bool:
        """Remove the certificate with this hash data; False if there is none."""
        kept = [(use, cert) for use, cert in self._roots if not _same(hash_data(cert), wanted)]
        found = len(kept) < len(self._roots)
        self._roots = kept
        return found

    def take_own(self, chain: str) -> bool:
        """Take a signed certificate into use; False if it cannot be read."""
        if not is_certificate(chain):
            return False
        self.own_chain = chain
        return True


def _same(one: Payload, other: Payload) -> bool:
    return all(str(one[key]).lower() == str(other.get(key, "")).lower() for key in one)
