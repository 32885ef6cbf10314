"""Values that PostgreSQL can't hold, brought to the nearest that it can.

Only tried on a row that was refused: a transaction with an absurd number or a NUL in a text is
still a transaction that somebody must pay for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.bulk import Row, Statement

INT4_MAX: Final = 2**31 - 1
INT8_MAX: Final = 2**63 - 1
ENERGY_MAX: Final = Decimal(10) ** 12


def mend_row(statement: Statement, row: Row) -> Row:
    """Return the row with every value that can't be stored replaced by the nearest that can."""
    pairs = zip(statement.columns, row, strict=True)
    return tuple(_mend_value(column, value) for column, value in pairs)


def _mend_value(column: Column[Any], value: Any) -> Any:
    if isinstance(value, str) and isinstance(column.type, Text | JSONB):
        clean = value.replace("\x00", "").replace("\\u0000", "")
        return clean.encode("utf-8", "replace").decode()
    if isinstance(value, int) and isinstance(column.type, Integer):
        most = INT8_MAX if isinstance(column.type, BigInteger) else INT4_MAX
        return max(-most, min(value, most))
    if isinstance(value, Decimal) and isinstance(column.type, Numeric):
        return value if abs(value) < ENERGY_MAX else None
    return value


def without_nul(value: Any) -> Any:
    """Return a JSON value without the one character that no JSONB column holds."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(item) for item in value]
    return value
