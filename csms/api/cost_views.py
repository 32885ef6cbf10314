"""What a transaction cost, or costs so far, as the API shows it; no price is never a price of 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from csms.tariff.billing import Bill
from csms.tariff.lines import LineKind, Unit
from csms.tariff.outlook import RunningCost

CostState: TypeAlias = Literal["priced", "unpriced", "running"]
NOT_YET: Final = "it is not priced yet"
NOTHING_YET: Final = "no tariff covers it, or nothing was read yet"


class CostLine(Struct):
    """What one period of a tariff comes to; without a price, `reason` says why."""

    kind: LineKind
    name: str
    section: str
    quantity: Decimal
    unit: Unit
    unit_price: Annotated[Decimal, Meta(description="Per kWh, hour or piece.")] | None
    amount: Decimal | None
    vat_percent: Decimal | None
    market: bool
    reason: str


class CostView(Struct, kw_only=True):
    """`net` and `gross` are null unless everything has a price."""

    state: CostState
    reason: str = ""
    """Why it has no price, or not for everything."""
    currency: str | None = None
    net: Decimal | None = None
    gross: Decimal | None = None
    tariff_id: str | None = None
    versions: list[int] = []
    tariff_reason: str | None = None
    """Why this tariff counts, or why none does."""
    flags: list[str] = []
    lines: list[CostLine] = []
    unit_price: Annotated[Decimal, Meta(description="Of the next kWh while running.")] | None = None
    period: str | None = None
    revision: int | None = None
    priced_at: datetime | None = None


def ended_cost(row: Mapping[str, Any] | None) -> CostView:
    """Return what is kept of an ended transaction; None: it waits to be priced."""
    if row is None:
        return CostView(state="unpriced", reason=NOT_YET)
    return CostView(
        state="priced" if row["complete"] else "unpriced",
        reason=row["reason"],
        currency=row["currency"],
        net=row["net"],
        gross=row["gross"],
        tariff_id=row["tariff_id"],
        versions=row["versions"],
        tariff_reason=row["tariff_reason"],
        flags=row["flags"],
        lines=bill_lines(msgspec.convert(row["bill"], Bill)),
        revision=row["revision"],
        priced_at=row["priced_at"],
    )


def cost_so_far(cost: RunningCost | None) -> CostView:
    """Return what a transaction costs that still runs; None: that is not known."""
    if cost is None:
        return CostView(state="running", reason=NOTHING_YET)
    return CostView(
        state="running",
        reason="" if cost.complete else "something has no price yet",
        currency=cost.currency,
        net=cost.net if cost.complete else None,
        gross=cost.gross if cost.complete else None,
        unit_price=cost.unit_price,
        period=cost.period,
        priced_at=cost.at,
    )


def bill_lines(bill: Bill) -> list[CostLine]:
    """Return the lines of a bill."""
    return [msgspec.convert(line, CostLine, from_attributes=True) for line in bill.lines]
