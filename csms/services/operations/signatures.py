"""Whether a firmware's signature is that of its certificate (L01.FR.04, L01.FR.12)."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.hashes import SHA256


def is_signed_by(certificate: str, signature: str, digest: bytes) -> bool:
    """Check a Base64 signature over a SHA-256 digest; what can't be read signs nothing.

    RSA-PSS and ECDSA, as OCPP has it; PKCS #1 v1.5 too, which some manufacturers use.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except (binascii.Error, ValueError):
        return False
    algorithm = utils.Prehashed(SHA256())
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _ecdsa_holds(key, raw, digest, algorithm)
    if isinstance(key, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
        return any(
            _rsa_holds(key, raw, digest, scheme, algorithm) for scheme in (pss, padding.PKCS1v15())
        )
    return False


def _ecdsa_holds(
    key: ec.EllipticCurvePublicKey, raw: bytes, digest: bytes, algorithm: utils.Prehashed
) -> bool:
    try:
        key.verify(raw, digest, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _rsa_holds(
    key: rsa.RSAPublicKey,
    raw: bytes,
    digest: bytes,
    scheme: AsymmetricPadding,
    algorithm: utils.Prehashed,
) -> bool:
    try:
        key.verify(raw, digest, scheme, algorithm)
    except InvalidSignature:
        return False
    return True
