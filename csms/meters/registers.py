"""Numbers in Modbus registers. Pure.

What a device hasn't is marked: 0x8000 for signed, 0xFFFF for unsigned numbers, NaN for floats
(twice as wide for 32 bits). Such a value is absent, never a number.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

RegisterType: TypeAlias = Literal["int16", "uint16", "int32", "uint32", "float32"]
WordOrder: TypeAlias = Literal["big", "little"]

MAX_REGISTERS: Final = 125
"""In one answer, by the Modbus specification."""

_FORMATS: Final = {
    "int16": struct.Struct(">h"),
    "uint16": struct.Struct(">H"),
    "int32": struct.Struct(">i"),
    "uint32": struct.Struct(">I"),
    "float32": struct.Struct(">f"),
}
_ABSENT: Final = {"int16": -0x8000, "uint16": 0xFFFF, "int32": -0x80000000, "uint32": 0xFFFFFFFF}


def width(type_: RegisterType) -> int:
    """How many registers a number takes."""
    return _FORMATS[type_].size // 2


def decode(words: Sequence[int], type_: RegisterType, word_order: WordOrder) -> float | None:
    """Return the number in these registers, None if the device has none."""
    if word_order == "little":
        words = words[::-1]
    raw: float = _FORMATS[type_].unpack(b"".join(word.to_bytes(2, "big") for word in words))[0]
    if raw == _ABSENT.get(type_) or not math.isfinite(raw):
        return None
    return raw


class Span(NamedTuple):
    """Neighbouring registers that are read with one question."""

    function: int
    address: int
    length: int


def spans(wanted: Iterable[Span]) -> Iterator[Span]:
    """Join what touches or overlaps; a gap may be forbidden ground, so it is never read."""
    current: Span | None = None
    for span in sorted(set(wanted)):
        if current is not None and _joins(current, span):
            end = max(current.address + current.length, span.address + span.length)
            current = current._replace(length=end - current.address)
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _joins(current: Span, span: Span) -> bool:
    return (
        span.function == current.function
        and span.address <= current.address + current.length
        and span.address + span.length - current.address <= MAX_REGISTERS
    )
