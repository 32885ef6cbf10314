"""Transactions for tests, written as minutes and kilowatt-hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from csms.tariff.usage import Reading, Spell, Usage


def local(text: str, zone: ZoneInfo, *, second_time: bool = False) -> datetime:
    """A wall time as UTC; `second_time`: after the clock was put back."""
    at = datetime.fromisoformat(text).replace(tzinfo=zone, fold=int(second_time))
    return at.astimezone(UTC)


def usage(
    started_at: datetime,
    register_kwh: Iterable[tuple[float, str]],
    *,
    spells: Iterable[Spell] = (),
) -> Usage:
    """A transaction by (minutes, register in kWh); the first is its start, the last its end."""
    readings = [
        Reading(started_at + timedelta(minutes=minutes), Decimal(kwh) * 1000)
        for minutes, kwh in register_kwh
    ]
    first, last = readings[0], readings[-1]
    return Usage(
        transaction_id=1,
        started_at=started_at,
        ended_at=last.at,
        energy_wh=last.register_wh - first.register_wh,
        readings=tuple(readings[1:-1]),
        meter_start_wh=first.register_wh,
        meter_stop_wh=last.register_wh,
        spells=tuple(spells),
    )


def steady(started_at: datetime, minutes: int, kw: str, *, every: int = 15) -> Usage:
    """Charging at one power, read every so many minutes."""
    times = [*range(0, minutes, every), minutes]
    return usage(started_at, [(m, str(Decimal(kw) * m / 60)) for m in times])
