"""Public keys of meters, in the many ways they are written."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from csms.signed_readings.errors import UnreadableError

MAX_KEY_CHARS: Final = 5000
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_POINT: Final = b"\x04"
"""How an uncompressed point begins."""


def read_public_key(text: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePublicKey:
    """Read a key from PEM, DER or a point, in hexadecimal, base64 or OCA's `oca:` notation.

    `curve` is what a point without a curve lies on. Raises UnreadableError.
    """
    text = text.strip()
    if not text or len(text) > MAX_KEY_CHARS:
        raise UnreadableError("there is no public key")
    if text.startswith("-----BEGIN"):
        try:
            return _elliptic(load_pem_public_key(text.encode()))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UnreadableError(f"the public key is not readable: {error}") from error
    raw = decode(text)
    if raw.startswith((b"oca:", b"-----BEGIN")):  # base64 of a text
        return read_public_key(raw.decode("ascii", "replace"), curve)
    try:
        if raw.startswith(_POINT) and curve is not None:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, raw)
        return _elliptic(load_der_public_key(raw))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableError(f"the public key is not readable: {error}") from error


def write_public_key(key: ec.EllipticCurvePublicKey) -> str:
    """Write a key as hexadecimal DER: how keys are kept and compared."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def decode(text: str) -> bytes:
    """Decode hexadecimal, base64 or `oca:<base16|base64>:asn1:<key>`; raises UnreadableError."""
    if text.startswith("oca:"):
        text = text.rsplit(":", 1)[-1]
    text = "".join(text.split())
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise UnreadableError("neither hexadecimal nor base64") from error


def _elliptic(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise UnreadableError("the public key is of no elliptic curve")
    return key
