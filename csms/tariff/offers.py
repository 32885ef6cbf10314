"""Which element prices a dimension, once the clock's candidates are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from csms.tariff.model import Dimension, PriceComponent, Restrictions, TariffVersion

WH_PER_KWH: Final = 1000


class Offer(NamedTuple):
    """A price component and the part of a transaction that it counts in."""

    element: int
    """Of its element in the version."""
    component: PriceComponent
    tiers: Restrictions | None
    """None: the whole transaction."""

    def counts(self, energy_wh: Decimal, elapsed: timedelta) -> bool:
        """Whether it counts after so much energy and time of the transaction."""
        return self.tiers is None or tier_includes(self.tiers, energy_wh, elapsed)


def tier_includes(tiers: Restrictions, energy_wh: Decimal, elapsed: timedelta) -> bool:
    """Whether a transaction is between an element's bounds of energy and duration."""
    if tiers.min_kwh is not None and energy_wh < tiers.min_kwh * WH_PER_KWH:
        return False
    if tiers.max_kwh is not None and energy_wh >= tiers.max_kwh * WH_PER_KWH:
        return False
    if tiers.min_duration_s is not None and elapsed < timedelta(seconds=tiers.min_duration_s):
        return False
    return tiers.max_duration_s is None or elapsed < timedelta(seconds=tiers.max_duration_s)


class Offers:
    """The offers of one version, by dimension and by the elements that the clock admits."""

    def __init__(self, version: TariffVersion) -> None:
        self._version = version
        self._known: dict[tuple[Dimension, tuple[int, ...]], tuple[Offer, ...]] = {}

    def of(self, dimension: Dimension, elements: tuple[int, ...]) -> tuple[Offer, ...]:
        """Return all for a dimension, in the elements' order."""
        key = dimension, elements
        offers = self._known.get(key)
        if offers is None:
            offers = self._known[key] = tuple(
                Offer(index, component, _tiers(self._version.elements[index].restrictions))
                for index in elements
                if (component := self._version.elements[index].component(dimension)) is not None
            )
        return offers

    def first(
        self,
        dimension: Dimension,
        elements: tuple[int, ...],
        energy_wh: Decimal,
        elapsed: timedelta,
    ) -> Offer | None:
        """Return the one that prices a dimension; None if none does."""
        for offer in self.of(dimension, elements):
            if offer.counts(energy_wh, elapsed):
                return offer
        return None


def _tiers(restrictions: Restrictions) -> Restrictions | None:
    bounds = (
        restrictions.min_kwh,
        restrictions.max_kwh,
        restrictions.min_duration_s,
        restrictions.max_duration_s,
    )
    return None if bounds == (None, None, None, None) else restrictions


@dataclass(frozen=True, slots=True)
class Needs:
    """What of a transaction a tariff looks at, apart from the clock: where its time must be cut."""

    energies_wh: tuple[Decimal, ...]
    elapsed: tuple[timedelta, ...]
    graces: tuple[timedelta, ...]
    activity: bool
    market: bool

    @staticmethod
    def of(versions: tuple[TariffVersion, ...]) -> Needs:
        """Return what any of some versions looks at."""
        elements = [element for version in versions for element in version.elements]
        bounds = [element.restrictions for element in elements]
        components = [component for element in elements for component in element.components]
        timed = [c for c in components if c.type in (Dimension.TIME, Dimension.PARKING_TIME)]
        kwh = {limit for each in bounds for limit in (each.min_kwh, each.max_kwh) if limit}
        seconds = {
            limit
            for each in bounds
            for limit in (each.min_duration_s, each.max_duration_s)
            if limit
        }
        return Needs(
            energies_wh=tuple(sorted(limit * WH_PER_KWH for limit in kwh)),
            elapsed=tuple(timedelta(seconds=limit) for limit in sorted(seconds)),
            graces=tuple(timedelta(seconds=s) for s in sorted({c.grace_s for c in timed} - {0})),
            activity=bool(timed),
            market=any(component.market is not None for component in components),
        )
