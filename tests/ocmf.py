"""A meter that signs: its key, and records of OCMF with real signatures."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass
class SigningMeter:
    """A meter with a key of its own on a curve."""

    curve: ec.EllipticCurve = field(default_factory=ec.SECP256R1)
    name: str = "secp256r1"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(self.curve)

    @property
    def public_key(self) -> str:
        """DER, hexadecimal."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()

    @property
    def point(self) -> str:
        """The bare point, hexadecimal."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    @property
    def pem(self) -> str:
        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def record(self, *readings: tuple[str, float], **more: Any) -> str:
        """Sign readings: a transaction's word (B, C, E) and kWh each."""
        payload = {
            "FV": "1.0",
            "PG": "T12",
            "MS": "METER-1",
            "RD": [
                {
                    "TM": "2026-06-15T12:00:00,000+0000 S",
                    "TX": word,
                    "RV": kwh,
                    "RI": "1-0:1.8.0",
                    "RU": "kWh",
                    "ST": "G",
                }
                for word, kwh in readings
            ],
            **more,
        }
        return self.signed(json.dumps(payload, separators=(",", ":")))

    def signed(self, payload: str) -> str:
        signature = self._key.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
        how = {"SA": f"ECDSA-{self.name}-SHA256", "SD": signature}
        return f"OCMF|{payload}|{json.dumps(how)}"


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def signed_value(record: str, public_key: str = "") -> dict[str, str]:
    """A `signedMeterValue` of OCPP 2.0.1."""
    return {
        "signedMeterData": in_base64(record),
        "signingMethod": "",
        "encodingMethod": "OCMF",
        "publicKey": in_base64(f"oca:base16:asn1:{public_key}") if public_key else "",
    }
