"""The lines of a priced transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

SECONDS_PER_HOUR: Final = 3600


class LineKind(StrEnum):
    """What a line is for; the first four are OCPI's dimensions."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"
    STEP = "STEP"
    """What is missing to a whole step of energy or time."""
    MINIMUM = "MINIMUM"
    """What is missing to the least that a transaction costs."""
    MAXIMUM = "MAXIMUM"
    """What is above the most that a transaction costs; negative."""
    MONTHLY_BASE = "MONTHLY_BASE"


class Unit(StrEnum):
    KWH = "kWh"
    SECOND = "s"
    """Its unit price is per hour."""
    PIECE = "piece"


@dataclass(frozen=True, slots=True)
class Line:
    """So much of something, at one unit price, over a time in one period. Amounts are exact.

    A line without a unit price is unpriced, and `reason` says why: it is never worth 0. Whether
    amounts include VAT is the tariff's `tax_included`.
    """

    kind: LineKind
    name: str
    section: str
    started_at: datetime
    ended_at: datetime
    quantity: Decimal
    unit: Unit
    unit_price: Decimal | None
    vat_percent: Decimal | None
    tariff_id: str | None
    version: int | None
    position: int = 0
    """Of its element in the tariff."""
    market: bool = False
    """Whether the unit price follows the market."""
    reason: str = ""

    @property
    def amount(self) -> Decimal | None:
        """Return quantity times unit price; None if unpriced."""
        return None if self.unit_price is None else amount_of(self)


def amount_of(line: Line, quantity: Decimal | None = None) -> Decimal:
    """Return what a quantity costs (the line's own if not given) at the line's unit price."""
    counted = line.quantity if quantity is None else quantity
    cost = counted * (line.unit_price or Decimal(0))
    return cost / SECONDS_PER_HOUR if line.unit is Unit.SECOND else cost
