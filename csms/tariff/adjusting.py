"""What a transaction costs beyond what it used: whole steps, a minimum, a maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from csms.tariff.billing import Bill, rounded
from csms.tariff.drafting import Draft, Drafts
from csms.tariff.lines import Line, LineKind, Unit
from csms.tariff.model import Tariff, TariffVersion

ZERO: Final = Decimal(0)


def steps(drafts: Drafts) -> list[Line]:
    """Return what is missing to whole steps, at the price that was the last to count.

    As OCPI has it, a step is counted once: for energy on its sum, and for time on the sum of
    whichever came last, charging or parking.
    """
    energy = drafts.of(LineKind.ENERGY)
    timed = [*drafts.of(LineKind.TIME), *drafts.of(LineKind.PARKING_TIME)]
    found = [_step(drafts, energy)] if energy else []
    if timed:
        last = max(timed, key=lambda draft: draft.end)
        found.append(_step(drafts, drafts.of(last.kind)))
    return [line for line in found if line is not None]


def _step(drafts: Drafts, of_kind: Sequence[Draft]) -> Line | None:
    last = of_kind[-1]
    if last.component is None or last.unit_price is None or last.component.step_size == 1:
        return None
    step = Decimal(last.component.step_size)
    if last.kind is not LineKind.ENERGY:
        step = step.scaleb(6)
    used = sum((draft.amount for draft in of_kind), ZERO)
    missing = -used % step if used else ZERO
    missing = step + missing if missing < ZERO else missing
    if not missing:
        return None
    line = drafts.line(replace(last, start=last.end, amount=missing))
    return replace(line, kind=LineKind.STEP, reason=f"billed in steps of {_size(last)}")


def _size(draft: Draft) -> str:
    size = 1 if draft.component is None else draft.component.step_size
    return f"{size} Wh" if draft.kind is LineKind.ENERGY else f"{size} s"


def bounds(tariff: Tariff, version: TariffVersion, bill: Bill, ended_at: datetime) -> list[Line]:
    """Return what leads to the version's minimum or maximum, as the bill was rounded."""
    if not bill.complete:  # what isn't known can't be said to be too little or too much
        return []
    total = sum((line.amount for line in bill.lines if line.amount is not None), ZERO)
    if version.min_price is not None and total < version.min_price:
        missing = version.min_price - total
        vat_percent = version.min_price_vat_percent
        return [_line(LineKind.MINIMUM, missing, vat_percent, tariff, version, ended_at)]
    if version.max_price is not None and total > version.max_price:
        return _discounts(total - version.max_price, tariff, version, bill, ended_at)
    return []


def _discounts(
    excess: Decimal, tariff: Tariff, version: TariffVersion, bill: Bill, ended_at: datetime
) -> list[Line]:
    """Take off what is too much, from each rate of VAT by its share."""
    by_rate: dict[Decimal | None, Decimal] = {}
    for line in bill.lines:
        by_rate[line.vat_percent] = by_rate.get(line.vat_percent, ZERO) + (line.amount or ZERO)
    total = sum(by_rate.values(), ZERO)
    rest = excess
    shares: dict[Decimal | None, Decimal] = {}
    for rate, amount in by_rate.items():
        shares[rate] = rounded(excess * amount / total, tariff.rounding)
        rest -= shares[rate]
    largest = max(by_rate, key=lambda rate: by_rate[rate])
    shares[largest] += rest
    return [
        _line(LineKind.MAXIMUM, -share, rate, tariff, version, ended_at)
        for rate, share in shares.items()
        if share
    ]


def _line(
    kind: LineKind,
    amount: Decimal,
    vat_percent: Decimal | None,
    tariff: Tariff,
    version: TariffVersion,
    at: datetime,
) -> Line:
    return Line(
        kind=kind,
        name="Minimum" if kind is LineKind.MINIMUM else "Maximum",
        section="",
        started_at=at,
        ended_at=at,
        quantity=Decimal(1),
        unit=Unit.PIECE,
        unit_price=amount,
        vat_percent=vat_percent,
        tariff_id=tariff.id,
        version=version.number,
    )
