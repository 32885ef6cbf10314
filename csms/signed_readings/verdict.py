"""What the signed readings of a transaction are worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.keys import read_public_key, write_public_key
from csms.signed_readings.ocmf import (
    ENDS,
    Record,
    SignedReading,
    curve_of,
    is_signed_by,
    read_record,
)
from csms.signed_readings.samples import SignedSample

ROUNDING_WH: Final = Decimal(20)
"""Two registers that are shown in hundredths of a kilowatt-hour."""


class Verdict(StrEnum):
    VALID = "valid"
    """Every record is signed by the meter's key."""
    INVALID = "invalid"
    """A record was changed, or signed by somebody else."""
    DIFFERS = "differs"
    """The records are right, and the transaction's energy is another."""
    UNVERIFIABLE = "unverifiable"
    """There is no key, or no known format."""


@dataclass(frozen=True, slots=True)
class CheckedSample:
    sample: SignedSample
    verdict: Verdict
    reason: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of all records; energies are the meter's register, in Wh."""

    verdict: Verdict
    reason: str
    samples: tuple[CheckedSample, ...]
    public_key: str | None = None
    """DER, hexadecimal."""
    begin_wh: Decimal | None = None
    end_wh: Decimal | None = None


def judge(
    samples: Sequence[SignedSample], known_key: str | None, energy_wh: Decimal | None
) -> Judgement:
    """Check the signed data of a transaction, oldest first.

    `known_key` is the meter's key as far as it is known; without one the charger's own word is
    taken. A charger that sends another one than is known is not believed.
    """
    key = _key(samples, known_key)
    checked = tuple(_check(sample, key) for sample in samples)
    begin, end = _span(each.record for each in checked if each.record is not None)
    worst = next((each for each in checked if each.verdict is Verdict.INVALID), None)
    worst = worst or next((each for each in checked if each.verdict is not Verdict.VALID), None)
    verdict = worst.verdict if worst is not None else Verdict.VALID
    reason = worst.reason if worst is not None else f"{len(checked)} records are right"
    if verdict is Verdict.VALID and _differs(begin, end, energy_wh):
        verdict = Verdict.DIFFERS
        reason = f"the meter signed {begin} to {end} Wh, the transaction has {energy_wh} Wh"
    return Judgement(verdict, reason, checked, key, begin, end)


def _differs(begin: Decimal | None, end: Decimal | None, energy_wh: Decimal | None) -> bool:
    if begin is None or end is None or energy_wh is None:
        return False
    return abs(end - begin - energy_wh) > ROUNDING_WH


def _key(samples: Sequence[SignedSample], known_key: str | None) -> str | None:
    if known_key is not None:
        return known_key
    for sample in samples:
        if sample.public_key:
            try:
                curve = curve_of(read_record(sample.text))
                return write_public_key(read_public_key(sample.public_key, curve))
            except UnreadableError:
                continue
    return None


def _check(sample: SignedSample, key: str | None) -> CheckedSample:
    if sample.encoding.casefold() != "ocmf":
        reason = f"the format {sample.encoding[:40]} can't be checked"
        return CheckedSample(sample, Verdict.UNVERIFIABLE, reason)
    try:
        record = read_record(sample.text)
    except UnreadableError as error:
        return CheckedSample(sample, Verdict.INVALID, f"no record of OCMF: {error}")
    if key is None:
        reason = "the meter's public key is not known"
        return CheckedSample(sample, Verdict.UNVERIFIABLE, reason, record)
    try:
        if not is_signed_by(record, key):
            return CheckedSample(sample, Verdict.INVALID, "the signature is wrong", record)
        told = sample.public_key
        if told and write_public_key(read_public_key(told, curve_of(record))) != key:
            reason = "the charge point sent another public key than is known of the meter"
            return CheckedSample(sample, Verdict.INVALID, reason, record)
    except UnreadableError as error:
        return CheckedSample(sample, Verdict.UNVERIFIABLE, str(error), record)
    return CheckedSample(sample, Verdict.VALID, "the signature is right", record)


def _span(records: Iterable[Record]) -> tuple[Decimal | None, Decimal | None]:
    """Return the register at the begin and at the end of the transaction."""
    readings = [reading for record in records for reading in record.readings]
    begin = next((each for each in readings if each.transaction == "B"), None)
    if begin is None:
        return None, None
    ends = [each for each in readings if each.transaction in ENDS and _same(each, begin)]
    return begin.value_wh, ends[-1].value_wh if ends else None


def _same(one: SignedReading, other: SignedReading) -> bool:
    return one.identification == other.identification
