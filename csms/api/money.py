"""Amounts of money in bodies: JSON numbers, read as the decimals that were written."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from csms.errors import InvalidValueError

MAX_AMOUNT: Final = 1_000_000_000
DECIMALS: Final = 4

Amount: TypeAlias = Annotated[float, Meta(gt=0, le=MAX_AMOUNT)]
SignedAmount: TypeAlias = Annotated[float, Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]


def exact(field: str, amount: float) -> Decimal:
    """Return what was written; raises InvalidValueError if it is finer than money is kept."""
    value = Decimal(str(amount))
    if value != round(value, DECIMALS):
        raise InvalidValueError(field, amount, f"an amount with at most {DECIMALS} decimals")
    return value
