"""OCMF: `OCMF|{readings}|{signature}`, the signature over the readings' text as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.keys import decode, read_public_key

PREFIX: Final = "OCMF|"
MAX_CHARS: Final = 200_000
DEFAULT_ALGORITHM: Final = "ECDSA-secp256r1-SHA256"
_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "secp192r1": ec.SECP192R1(),
    "secp256k1": ec.SECP256K1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpoolp256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
    "brainpoolp384r1": ec.BrainpoolP384R1(),
}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_WH: Final = {"wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000)}
ENDS: Final = frozenset("ELRAP")
"""What a reading says when a transaction ends with it."""
_INHERITED: Final = ("TM", "TX", "RI", "RU", "RT")
"""What a reading takes over from the one before it where it doesn't say."""


@dataclass(frozen=True, slots=True)
class SignedReading:
    """One reading; `value_wh` is None for what is no energy."""

    time: str
    transaction: str
    """B begin, C charging, E end, L end ordered here, R ordered remotely, A aborted, P power lost,
    X exception, S suspended, T tariff changed; empty without a transaction."""
    identification: str
    value_wh: Decimal | None
    status: str
    """G is good."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a meter signed."""

    payload: str
    """The text that was signed."""
    signature: bytes
    algorithm: str
    meter_serial: str
    pagination: str
    readings: tuple[SignedReading, ...]


def read_record(text: str) -> Record:
    """Read a record; raises UnreadableError."""
    text = text.strip()
    if not text.startswith(PREFIX):
        raise UnreadableError("it does not begin with OCMF|")
    if len(text) > MAX_CHARS:
        raise UnreadableError(f"it has more than {MAX_CHARS} characters")
    payload, bar, signed = text[len(PREFIX) :].rpartition("|{")
    if not bar:
        raise UnreadableError("the signature is missing")
    said, how = _object(payload, "readings"), _object("{" + signed, "signature")
    return Record(
        payload=payload,
        signature=decode(str(how.get("SD", ""))),
        algorithm=str(how.get("SA") or DEFAULT_ALGORITHM),
        meter_serial=str(said.get("MS") or said.get("GS") or ""),
        pagination=str(said.get("PG", "")),
        readings=tuple(_readings(said.get("RD"))),
    )


def is_signed_by(record: Record, public_key: str) -> bool:
    """Whether the record's signature is right; raises UnreadableError for what can't be checked."""
    curve, digest = _scheme(record.algorithm)
    key = read_public_key(public_key, curve)
    if key.curve.name != curve.name:
        raise UnreadableError(f"the key lies on {key.curve.name}, the signature on {curve.name}")
    try:
        key.verify(record.signature, record.payload.encode(), ec.ECDSA(digest))
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm as error:
        raise UnreadableError(f"{record.algorithm} is not supported") from error
    return True


def curve_of(record: Record) -> ec.EllipticCurve:
    """Return the curve a record was signed with; raises UnreadableError."""
    return _scheme(record.algorithm)[0]


def _scheme(algorithm: str) -> tuple[ec.EllipticCurve, hashes.HashAlgorithm]:
    words = algorithm.casefold().split("-")
    if len(words) != 3 or words[0] != "ecdsa":
        raise UnreadableError(f"{algorithm[:50]} is no signature of OCMF")
    curve, digest = _CURVES.get(words[1]), _HASHES.get(words[2])
    if curve is None or digest is None:
        raise UnreadableError(f"{algorithm[:50]} is not supported")
    return curve, digest


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"its {what} are no JSON") from error
    if not isinstance(value, dict):
        raise UnreadableError(f"its {what} are no object")
    return value


def _readings(raw: object) -> list[SignedReading]:
    found = []
    before: dict[str, Any] = {}
    for each in raw if isinstance(raw, list) else []:
        if not isinstance(each, dict):
            continue
        before = {name: each.get(name, before.get(name)) for name in _INHERITED}
        found.append(
            SignedReading(
                time=str(before["TM"] or ""),
                transaction=str(before["TX"] or ""),
                identification=str(before["RI"] or ""),
                value_wh=_energy(each.get("RV"), before["RU"]),
                status=str(each.get("ST", "")),
            )
        )
    return found


def _energy(value: object, unit: object) -> Decimal | None:
    factor = _WH.get(str(unit).casefold())
    if factor is None or isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        energy = Decimal(value) * factor
    except InvalidOperation:
        return None
    return energy if energy.is_finite() else None
