"""Calendar months of a site, and the base fee for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from csms.tariff.lines import Line, LineKind, Unit
from csms.tariff.model import Tariff, TariffVersion

_DAY: Final = timedelta(days=1)


class Month(NamedTuple):
    """A calendar month."""

    year: int
    month: int

    @staticmethod
    def of(at: datetime, zone: ZoneInfo) -> Month:
        """Return the month that a moment is in by the site's clock."""
        local = at.astimezone(zone)
        return Month(local.year, local.month)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def following(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def day_count(self) -> int:
        return (self.following.first - self.first).days

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return its first moment and that of the next month, in UTC."""
        start, end = (
            datetime.combine(each.first, time(), zone).astimezone(UTC)
            for each in (self, self.following)
        )
        return start, end


def base_fee(
    tariff: Tariff,
    month: Month,
    zone: ZoneInfo,
    *,
    from_day: date | None = None,
    until_day: date | None = None,
) -> list[Line]:
    """Return a month's base fee, by days: one line for each version that asks for one.

    `from_day` (included) and `until_day` (not included) are those of the contract, where it begins
    or ends within the month.
    """
    days = [day for day in _days(month) if _within(day, from_day, until_day)]
    by_version = groupby(days, key=lambda day: _version_of(tariff, day))
    return [
        line
        for version, on in by_version
        if version is not None and (line := _line(tariff, version, list(on), month, zone))
    ]


def _days(month: Month) -> Iterator[date]:
    return (month.first + index * _DAY for index in range(month.day_count))


def _within(day: date, from_day: date | None, until_day: date | None) -> bool:
    return (from_day is None or day >= from_day) and (until_day is None or day < until_day)


def _version_of(tariff: Tariff, day: date) -> TariffVersion | None:
    begun = [version for version in tariff.versions if version.valid_from <= day]
    return max(begun, key=lambda version: version.valid_from, default=None)


def _line(
    tariff: Tariff, version: TariffVersion, days: list[date], month: Month, zone: ZoneInfo
) -> Line | None:
    base = version.monthly_base
    if base is None:
        return None
    start, end = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (days[0], days[-1] + _DAY)
    )
    return Line(
        kind=LineKind.MONTHLY_BASE,
        name=base.name,
        section="",
        started_at=start,
        ended_at=end,
        quantity=Decimal(len(days)) / month.day_count,
        unit=Unit.PIECE,
        unit_price=base.price,
        vat_percent=base.vat_percent,
        tariff_id=tariff.id,
        version=version.number,
        reason="" if len(days) == month.day_count else f"{len(days)} of {month.day_count} days",
    )
