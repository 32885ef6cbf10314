"""What a meter signed of a transaction, as OCPI's SignedData (2.2.1, section 10.4)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Final

from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.ocmf import ENDS, read_record
from csms.signed_readings.samples import SignedSample

MAX_VALUES: Final = 200
_MAX_ENCODING: Final = 36
_MAX_KEY: Final = 512
_MAX_PLAIN: Final = 512
_MAX_SIGNED: Final = 5000
"""Characters that OCPI allows."""


def signed_data(
    samples: Sequence[SignedSample], public_key: str | None = None
) -> dict[str, Any] | None:
    """Return the signed data of a transaction, oldest first; None if there is none.

    OCPI has room for one encoding, so what is in another one than the first is left out, and so is
    a value that is longer than OCPI allows: half a signature proves nothing.
    """
    alike = [each for each in samples if each.encoding == samples[0].encoding]
    values = list(_values(alike))
    if not values:
        return None
    if len(values) > MAX_VALUES:
        values = [*values[: MAX_VALUES - 1], values[-1]]
    told: dict[str, Any] = {"encoding_method": _printable(alike[0].encoding)[:_MAX_ENCODING]}
    key = public_key or next((each.public_key for each in alike if each.public_key), None)
    if key is not None and len(key) <= _MAX_KEY:
        told["public_key"] = key
    return {**told, "signed_values": values}


def _values(samples: Sequence[SignedSample]) -> Iterator[dict[str, str]]:
    for place, sample in enumerate(samples):
        nature, plain = _read(sample, place, len(samples))
        signed = base64.b64encode(sample.text.encode()).decode()
        if len(signed) <= _MAX_SIGNED:
            yield {
                "nature": nature,
                "plain_data": _printable(plain)[:_MAX_PLAIN],
                "signed_data": signed,
            }


def _read(sample: SignedSample, place: int, count: int) -> tuple[str, str]:
    """Return what a sample says of the transaction, and what was signed."""
    try:
        record = read_record(sample.text)
    except UnreadableError:
        if place == count - 1:
            return "End", sample.text
        return "Intermediate" if place else "Start", sample.text
    words = {reading.transaction for reading in record.readings}
    if words & ENDS:
        return "End", record.payload
    return "Start" if "B" in words else "Intermediate", record.payload


def _printable(said: str) -> str:
    """Return what an OCPI CiString may hold."""
    return "".join(char for char in said if " " <= char <= "~")
