"""Firmware for the cases: entered, uploaded, signed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from running import Running


@cache
def _manufacturer() -> tuple[ec.EllipticCurvePrivateKey, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Firmware signing")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return key, certificate.public_bytes(serialization.Encoding.PEM).decode()


def signed_firmware(content: bytes) -> dict[str, str]:
    """The fields of a firmware file that say who signed it."""
    key, certificate = _manufacturer()
    signature = key.sign(content, ec.ECDSA(hashes.SHA256()))
    return {
        "signing_certificate": certificate,
        "signature": base64.b64encode(signature).decode(),
    }


async def enter_firmware(server: Running, content: bytes, **fields: Any) -> dict[str, Any]:
    """Enter a firmware file and upload its content, as an operator does."""
    body = {"name": "firmware.bin", **fields}
    made = await server.post("/firmware-files", body, status=201)
    url = f"{server.api_url}/api/v1/firmware-files/{made['id']}/content"
    async with server.http.put(url, data=content) as response:
        assert response.status == 200, await response.text()
        shown: dict[str, Any] = await response.json()
    return shown
