"""Prices transactions from their evidence, and remembers the calendars of tariffs for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from csms.services.pricing.choosing import for_direction, subjects_of, zone_of
from csms.services.pricing.ports import PricingReads
from csms.services.pricing.records import Evidence, PricedRecord
from csms.services.pricing.spells import spells_of
from csms.tariff.assignment import Assignment, Choice, choose
from csms.tariff.dynamic import NO_MARKET, MarketPrices
from csms.tariff.model import Direction, Tariff
from csms.tariff.pricing import PricedTransaction, Pricer, unpriced
from csms.tariff.usage import Usage

MAX_PRICERS: Final = 2000


class Pricers:
    """Pricers by tariff and time zone, made anew when a tariff has changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Pricer] = {}

    def of(self, tariff: Tariff, zone: ZoneInfo) -> Pricer:
        """Return the pricer of a tariff as it is now."""
        key = (tariff.id, zone.key)
        pricer = self._known.get(key)
        if pricer is None or pricer.tariff != tariff:
            if len(self._known) >= MAX_PRICERS:
                self._known.clear()
            pricer = self._known[key] = Pricer(tariff, zone)
        return pricer


@dataclass(frozen=True, slots=True)
class Terms:
    """By which tariff something is priced, if any, and why."""

    choice: Choice
    zone: ZoneInfo
    pricer: Pricer | None


class Book:
    """All assignments and tariffs that may count for some transactions."""

    def __init__(
        self,
        assignments: Sequence[Assignment],
        tariffs: Mapping[str, Tariff],
        pricers: Pricers,
        default_zone: str,
    ) -> None:
        self._assignments: dict[tuple[str, str], list[Assignment]] = {}
        for each in assignments:
            self._assignments.setdefault((each.scope, each.subject_id), []).append(each)
        self._tariffs = tariffs
        self._pricers = pricers
        self._default_zone = default_zone

    @classmethod
    async def read(
        cls,
        reads: PricingReads,
        many: Collection[Evidence],
        pricers: Pricers,
        default_zone: str,
    ) -> Book:
        """Read what may count for some transactions."""
        subjects = subjects_of(each.known.circumstances for each in many)
        assignments = await reads.assignments(subjects)
        tariffs = await reads.tariffs({each.tariff_id for each in assignments})
        return cls(assignments, tariffs, pricers, default_zone)

    def terms(self, evidence: Evidence) -> Terms:
        """Choose the tariff of a transaction."""
        circumstances = evidence.known.circumstances
        subjects = subjects_of([circumstances])
        named = [
            assignment
            for scope, ids in subjects.items()
            for subject_id in ids
            for assignment in self._assignments.get((scope, subject_id), ())
        ]
        choice = choose(for_direction(named, self._tariffs, Direction.IMPORT), circumstances)
        zone = zone_of(evidence.known.time_zone, self._default_zone)
        tariff = None if choice.tariff_id is None else self._tariffs[choice.tariff_id]
        return Terms(choice, zone, None if tariff is None else self._pricers.of(tariff, zone))


def usage_of(evidence: Evidence, ended_at: datetime) -> Usage:
    """Return what the core needs to know of an ended transaction."""
    stored = evidence.usage
    return Usage(
        transaction_id=evidence.transaction_id,
        started_at=stored.started_at,
        ended_at=ended_at,
        energy_wh=stored.energy_wh,
        readings=tuple(stored.readings),
        meter_start_wh=stored.meter_start_wh,
        meter_stop_wh=stored.meter_stop_wh,
        spells=spells_of(evidence, ended_at),
    )


def price(terms: Terms, usage: Usage, market: MarketPrices = NO_MARKET) -> PricedTransaction:
    """Price what a transaction used; without a price, and with the reason, where there is none."""
    if terms.pricer is None:
        return unpriced(usage, terms.choice.reason)
    try:
        return terms.pricer.price(usage, market)
    except ValueError as error:  # its times or its energy can't be
        return unpriced(usage, str(error))


def record(
    evidence: Evidence, terms: Terms, priced: PricedTransaction, now: datetime
) -> PricedRecord:
    """Return a priced transaction as it is kept."""
    who = evidence.known.circumstances
    return PricedRecord(
        charge_point_id=who.charge_point_id,
        site_id=who.site_id,
        user_id=who.user_id,
        id_token=who.id_token,
        time_zone=terms.zone.key,
        priced=priced,
        tariff_reason=terms.choice.reason,
        priced_at=now,
        revision=evidence.revision + 1,
    )
