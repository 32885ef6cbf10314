"""Where chargers put signed data into their samples."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.keys import decode
from csms.signed_readings.ocmf import PREFIX

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class SignedSample:
    """Signed data as text; `public_key` is what the charger sent with it, if it did."""

    encoding: str
    """The format's name, such as OCMF."""
    text: str
    public_key: str | None = None


def signed_samples(others: object) -> Iterator[SignedSample]:
    """Find the signed data among the samples that were kept as they came."""
    for sample in others if isinstance(others, list) else []:
        if not isinstance(sample, dict):
            continue
        signed = sample.get("signedMeterValue")
        if isinstance(signed, dict):  # 2.0.1, 2.1
            yield _read(signed)
        elif str(sample.get("format", "")).strip().casefold() == "signeddata":  # 1.6
            yield _read_text(str(sample.get("value", "")))


def _read(signed: Mapping[str, Any]) -> SignedSample:
    sample = _read_text(str(signed.get("signedMeterData", "")))
    encoding = str(signed.get("encodingMethod") or sample.encoding)
    key = signed.get("publicKey")
    return SignedSample(
        sample.encoding if sample.encoding != UNKNOWN else encoding,
        sample.text,
        str(key) if key else sample.public_key,
    )


def _read_text(text: str) -> SignedSample:
    """Read data that is text, base64 or hexadecimal of a text, or an object around it."""
    text = text.strip()
    if text.startswith(PREFIX):
        return SignedSample("OCMF", text)
    if text.startswith("{"):
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return SignedSample(UNKNOWN, text)
        if isinstance(inner, dict) and isinstance(inner.get("signedMeterData"), str):
            found = _read_text(inner["signedMeterData"])
            key = inner.get("publicKey")
            return SignedSample(found.encoding, found.text, str(key) if key else None)
        return SignedSample(UNKNOWN, text)
    for plain in (_base64(text), _decoded(text)):
        if plain is not None and plain.startswith(PREFIX):
            return SignedSample("OCMF", plain)
    return SignedSample(UNKNOWN, text)


def _base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _decoded(text: str) -> str | None:
    try:
        return decode(text).decode()
    except (UnreadableError, ValueError):
        return None
