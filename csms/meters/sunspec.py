"""SunSpec: finding a meter in a device's map of registers, and what its registers mean.

A map begins with the mark "SunS"; models follow each other, each with its number and length,
until 0xFFFF. Meters are the models 201 to 204 (whole numbers with scale factors) and 211 to 214
(floats).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

from csms.meters.errors import MeterError
from csms.meters.measurement import CURRENTS, POWER, POWERS, VOLTAGES, known
from csms.meters.registers import decode

ReadRegisters = Callable[[int, int], Awaitable[Sequence[int] | None]]
"""Reads (address, count); None where the device refuses the address."""

BASES: Final = (40000, 50000, 0)
MARK: Final = (0x5375, 0x6E53)
END: Final = 0xFFFF
MAX_MODELS: Final = 100

INTEGER_MODELS: Final = frozenset({201, 202, 203, 204})
FLOAT_MODELS: Final = frozenset({211, 212, 213, 214})
SINGLE_PHASE_MODELS: Final = frozenset({201, 211})

_INTEGER_LENGTH: Final = 23
"""Registers of a model up to the last that is wanted, its number and length included."""
_FLOAT_LENGTH: Final = 36
_MAX_SCALE: Final = 10


class Model(NamedTuple):
    """A meter's model and where it begins."""

    number: int
    address: int

    @property
    def length(self) -> int:
        """How many registers to read."""
        return _INTEGER_LENGTH if self.number in INTEGER_MODELS else _FLOAT_LENGTH


async def find_meter(read: ReadRegisters, base: int | None = None) -> Model:
    """Search a device for its meter. Raises MeterError if it has none."""
    bases = BASES if base is None else (base,)
    for address in bases:
        mark = await read(address, 2)
        if mark is not None and tuple(mark) == MARK:
            return await _walk(read, address + 2)
    places = ", ".join(map(str, bases))
    raise MeterError(f"no SunSpec map at {places}; the unit id may be wrong, or set `registers`")


async def _walk(read: ReadRegisters, address: int) -> Model:
    seen: list[int] = []
    for _ in range(MAX_MODELS):
        header = await read(address, 2)
        if header is None or header[0] == END:
            break
        number, length = header
        if number in INTEGER_MODELS | FLOAT_MODELS:
            return Model(number, address)
        seen.append(number)
        address += 2 + length
        if address > END - 1:
            break
    raise MeterError(f"the device has no SunSpec meter model (201-204, 211-214), only {seen}")


class _Place(NamedTuple):
    """Where in a model a value is."""

    offset: int
    scale_offset: int | None = None
    """Of its scale factor; None: it is a float."""


def _places(*offsets: int, scale_offset: int | None = None) -> list[_Place]:
    return [_Place(offset, scale_offset) for offset in offsets]


_INTEGERS: Final = {
    **dict(zip(CURRENTS, _places(3, 4, 5, scale_offset=6), strict=True)),
    **dict(zip(VOLTAGES, _places(8, 9, 10, scale_offset=15), strict=True)),
    **dict(zip(POWERS, _places(19, 20, 21, scale_offset=22), strict=True)),
    POWER: _Place(18, 22),
}
_INTEGER_TOTALS: Final = {
    CURRENTS[0]: _Place(2, 6),
    VOLTAGES[0]: _Place(7, 15),
    POWERS[0]: _Place(18, 22),
}
_FLOATS: Final = {
    **dict(zip(CURRENTS, _places(4, 6, 8), strict=True)),
    **dict(zip(VOLTAGES, _places(12, 14, 16), strict=True)),
    **dict(zip(POWERS, _places(30, 32, 34), strict=True)),
    POWER: _Place(28),
}
_FLOAT_TOTALS: Final = {CURRENTS[0]: _Place(2), VOLTAGES[0]: _Place(10), POWERS[0]: _Place(28)}


def read_model(model: Model, words: Sequence[int]) -> dict[str, float]:
    """Return what a meter measures. Raises MeterError if another model sits there by now."""
    if words[0] != model.number:
        raise MeterError(f"model {model.number} has moved; the device must be searched again")
    integers = model.number in INTEGER_MODELS
    found = _values(words, _INTEGERS if integers else _FLOATS)
    if model.number in SINGLE_PHASE_MODELS:  # these often give the total alone, which is the phase
        found = _values(words, _INTEGER_TOTALS if integers else _FLOAT_TOTALS) | found
    return found


def _values(words: Sequence[int], places: Mapping[str, _Place]) -> dict[str, float]:
    return known((name, _value(words, place)) for name, place in places.items())


def _value(words: Sequence[int], place: _Place) -> float | None:
    offset, scale_offset = place
    if scale_offset is None:
        return decode(words[offset : offset + 2], "float32", "big")
    raw = decode(words[offset : offset + 1], "int16", "big")
    exponent = decode(words[scale_offset : scale_offset + 1], "int16", "big")
    if raw is None or exponent is None or abs(exponent) > _MAX_SCALE:
        return None
    return float(round(raw * 10.0**exponent, 10))
