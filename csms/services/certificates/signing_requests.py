"""What a charge point asks to have signed: read, and checked before anybody signs it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from csms.errors import CsmsError

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MIN_EC_BITS: Final = 224
_PEM_START: Final = "-----BEGIN"


class BadRequestError(CsmsError):
    """A signing request that nobody should sign; says why."""


def read_signing_request(text: str) -> x509.CertificateSigningRequest:
    """Read a PKCS #10 request in PEM (A02.FR.03), also one that lost its frame or its line ends.

    Raises BadRequestError: unreadable, not signed by its own key, a weak key (A00.FR.502,
    A00.FR.503), or a subject without a name (A00.FR.511).
    """
    try:
        request = _load(text)
        key = request.public_key()
        genuine = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadRequestError(f"it can't be read: {error}") from None
    if not genuine:
        raise BadRequestError("its signature is not that of its key")
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise BadRequestError(f"an RSA key of {key.key_size} bits is not allowed")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.key_size < MIN_EC_BITS:
            raise BadRequestError(f"an elliptic key of {key.key_size} bits is too short")
    else:
        raise BadRequestError("its key is neither RSA nor of an elliptic curve")
    if common_name(request.subject) is None:
        raise BadRequestError("its subject has no common name")
    return request


def common_name(name: x509.Name) -> str | None:
    """Return the common name, None if there is none or more than one."""
    return _only(name, NameOID.COMMON_NAME)


def organisations(name: x509.Name) -> list[str]:
    """Return the names of organisations in a subject."""
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [str(each.value) for each in found]


def digest_of(request: x509.CertificateSigningRequest) -> bytes:
    """Return what the same request has whenever it is made and sent again (A02.FR.17)."""
    key = request.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(key + request.subject.public_bytes()).digest()


def _only(name: x509.Name, kind: x509.ObjectIdentifier) -> str | None:
    values = [str(each.value).strip() for each in name.get_attributes_for_oid(kind)]
    return values[0] if len(values) == 1 and values[0] else None


def _load(text: str) -> x509.CertificateSigningRequest:
    text = text.replace("\\r", "").replace("\\n", "\n").strip()
    if text.startswith(_PEM_START):
        return x509.load_pem_x509_csr(text.encode())
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("neither PEM nor base64") from None
    return x509.load_der_x509_csr(der)
