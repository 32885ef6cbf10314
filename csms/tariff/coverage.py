"""Whether a tariff version has a price for every moment, and never two.

Every kind of day from the version's first on is looked at, over the 28 years after which days of
the week and dates repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from csms.tariff.findings import Finding
from csms.tariff.model import DAYS_OF_WEEK, Day, Dimension, TariffVersion
from csms.tariff.offers import Needs, Offer, Offers
from csms.tariff.timetable import DayKind, Timetable

_DAY_S: Final = 86_400
_CYCLE_DAYS: Final = 7 * 1461
MAX_FINDINGS: Final = 10


class Trouble(NamedTuple):
    """What is wrong at some time of some days."""

    what: str
    allowed: str
    start_s: int
    end_s: int
    seasons: tuple[str, ...]


def check_coverage(
    version: TariffVersion, until: date | None, zone: ZoneInfo, field: str
) -> list[Finding]:
    """Return all gaps and overlaps of a version that counts until before a day (None: for good)."""
    days: dict[Trouble, list[DayKind]] = {}
    first_on: dict[Trouble, date] = {}
    timetable = Timetable(version, zone)
    inspection = _Inspection(timetable)
    last = version.valid_from + timedelta(days=_CYCLE_DAYS)
    for day, kind in timetable.all_kinds(version.valid_from, min(until or last, last)):
        for trouble in inspection.troubles(kind):
            days.setdefault(trouble, []).append(kind)
            first_on.setdefault(trouble, day)
    found = [
        Finding(field, _sentence(trouble, kinds, first_on[trouble]), trouble.allowed, told=True)
        for trouble, kinds in days.items()
    ]
    return found[:MAX_FINDINGS]


class _Inspection:
    """Looks at one version's kinds of days."""

    def __init__(self, timetable: Timetable) -> None:
        self._version = timetable.version
        self._timetable = timetable
        self._offers = Offers(timetable.version)
        needs = Needs.of((timetable.version,))
        self._cells = [
            (energy_wh, elapsed)
            for energy_wh in (Decimal(0), *needs.energies_wh)
            for elapsed in (timedelta(), *needs.elapsed)
        ]

    def troubles(self, kind: DayKind) -> list[Trouble]:
        """Return what is wrong with a kind of day; equal neighbours in time as one."""
        plan = self._timetable.plan(kind)
        open_: dict[tuple[str, str], Trouble] = {}
        found: list[Trouble] = []
        seasons = tuple(sorted(kind.seasons))
        for (start_s, elements), (end_s, _) in pairwise([*plan, (_DAY_S, ())]):
            now = dict.fromkeys(self._wrong(elements))
            found += [open_.pop(key) for key in list(open_) if key not in now]
            for what, allowed in now:
                before = open_.get((what, allowed))
                since = start_s if before is None else before.start_s
                open_[what, allowed] = Trouble(what, allowed, since, end_s, seasons)
        return [*found, *open_.values()]

    def _wrong(self, elements: tuple[int, ...]) -> Iterator[tuple[str, str]]:
        for dimension in Dimension:
            offers = self._offers.of(dimension, elements)
            one_price = f"one {dimension} price for every moment"
            for energy_wh, elapsed in self._cells:
                active = [offer for offer in offers if offer.counts(energy_wh, elapsed)]
                if not active and dimension is self._version.governing_dimension:
                    what = f"no {dimension} price{_tier(energy_wh, elapsed)}"
                    yield what, one_price
                    break
                if (pair := self._clash(active)) is not None:
                    names = " and ".join(self._name(offer.element) for offer in pair)
                    yield (
                        f"two {dimension} prices, of {names},",
                        f"one {dimension} price for every moment",
                    )
                    break

    def _clash(self, active: list[Offer]) -> tuple[Offer, Offer] | None:
        """Return the first two that count together, unless the later is for all other moments."""
        if len(active) < 2:
            return None
        first, second = active[:2]
        last = len(active) == 2
        if last and self._for_the_rest(second) and not self._for_the_rest(first):
            return None
        return first, second

    def _for_the_rest(self, offer: Offer) -> bool:
        return self._version.elements[offer.element].restrictions.empty

    def _name(self, element: int) -> str:
        name = self._version.elements[element].name
        return f"element {element}" + (f" ({name})" if name else "")


def _sentence(trouble: Trouble, kinds: list[DayKind], first_on: date) -> str:
    among = {kind.day for kind in kinds}
    days = [day for day in Day if day in among]
    every = len(days) >= len(DAYS_OF_WEEK)
    when = "every day" if every else "on " + ", ".join(days)
    seasons = f" in {', '.join(trouble.seasons)}" if trouble.seasons else ""
    clock = f"{_clock(trouble.start_s)}–{_clock(trouble.end_s)}"
    return f"{trouble.what} {when} {clock}{seasons}, first on {first_on}"


def _tier(energy_wh: Decimal, elapsed: timedelta) -> str:
    energy = f" from {energy_wh.scaleb(-3).normalize():f} kWh on" if energy_wh else ""
    seconds = elapsed // timedelta(seconds=1)
    return energy + (f" from {seconds} s on" if seconds else "")


def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{clock}:{seconds:02}" if seconds else clock
