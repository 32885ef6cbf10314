"""Numbers as chargers write them: text or JSON numbers, with a decimal comma, spaces, a unit, NaN.

Nothing here raises: what is no number reads as None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Final, NamedTuple, TypeVar

from csms.units import normalise_unit

MAX_ENERGY_WH: Final = Decimal(10) ** 12
"""What the energy columns hold; a larger register is garbage, whatever the charger."""
MAX_QUANTITY: Final = 1e15
"""In SI units, of anything else; NaN and infinity fall to the same comparison."""
INT32_MAX: Final = 2**31 - 1
"""OCPP's integers; what is larger is no number of an EVSE or a reservation."""
WATT_HOURS: Final = Decimal(1)
"""The factor of an energy that needs no scaling."""

_Number = TypeVar("_Number", Decimal, float)


def read_decimal(value: object) -> Decimal | None:
    """Read a number exactly; None if it is none, or not finite."""
    try:
        if isinstance(value, str):
            number = Decimal(value)
        elif isinstance(value, float):
            number = Decimal(repr(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        else:
            return None
    except DecimalException:
        return _respelled(value, read_decimal)
    return number if number.is_finite() else None


def read_int32(value: object) -> int | None:
    """Read a 32-bit integer, also from text or with a fraction of zero."""
    if value is None:
        return None
    if type(value) is not int:
        number = read_decimal(value)
        if number is None or abs(number) > INT32_MAX or number != int(number):
            return None
        value = int(number)
    return value if -INT32_MAX <= value <= INT32_MAX else None


def read_energy_wh(value: object, factor: Decimal = WATT_HOURS) -> Decimal | None:
    """Read an energy that is written in `factor` Wh; None if it is no energy a meter can show."""
    number = read_decimal(value)
    if number is None or not -MAX_ENERGY_WH < number < MAX_ENERGY_WH:
        return None
    if factor is not WATT_HOURS:
        number *= factor
        if not -MAX_ENERGY_WH < number < MAX_ENERGY_WH:
            return None
    return number


def read_register_wh(value: object) -> Decimal | None:
    """Read a register that a message names by itself, in Wh unless it says otherwise."""
    parts = split_unit(value)
    if parts is None:
        return read_energy_wh(value)
    unit = normalise_unit(parts.unit)
    if unit is None or unit.name != "Wh":
        return None
    return read_energy_wh(parts.number, Decimal(int(unit.factor)))


def read_float(value: object) -> float | None:
    """Read a number; None if it is none, or no quantity a meter can show."""
    if not isinstance(value, (str, float, int)) or value is True or value is False:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    except ValueError:
        return _respelled(value, read_float)
    return number if -MAX_QUANTITY < number < MAX_QUANTITY else None


class NumberWithUnit(NamedTuple):
    number: str
    unit: str


_WITH_UNIT: Final = re.compile(r"([+-]?\d[\d.,' \u00a0\u202f]*?)\s*([^\W\d_]{1,16}|[%°]\w?)")
_GROUPED: Final = re.compile(r"(?<=\d)[' \u00a0\u202f](?=\d{3}(?!\d))")
_LONGEST: Final = 64


def split_unit(value: object) -> NumberWithUnit | None:
    """Split a text such as `6.0 kWh`; None if it is no number with a word behind it."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    found = _WITH_UNIT.fullmatch(value.strip())
    return None if found is None else NumberWithUnit(found[1], found[2])


def _respelled(value: object, read: Callable[[object], _Number | None]) -> _Number | None:
    """Read a number with a decimal comma, or with its thousands set apart."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = _GROUPED.sub("", value.strip())
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        text = text.replace("," if comma < point else ".", "")
    if text.count(",") == 1:
        text = text.replace(",", ".")
    return None if text == value else read(text)
