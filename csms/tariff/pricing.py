"""What a transaction costs, line by line.

    pricer = Pricer(tariff, ZoneInfo("Europe/Lisbon"))
    priced = pricer.price(usage)
    priced.lines, priced.bill.gross, priced.flags

The transaction's time is cut wherever anything that a price depends on may change: period, day,
season, version, tier, the vehicle's activity, the market. In each piece the first element that
counts and has a dimension prices it. The result keeps what it was made from: `priced.usage` holds
only the readings that mattered, and pricing that again under the same version gives the same lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from csms.tariff.activity import ActivityLog
from csms.tariff.adjusting import bounds, steps
from csms.tariff.billing import Bill, bill, unpriced_bill
from csms.tariff.drafting import Draft, Drafts, microseconds
from csms.tariff.dynamic import NO_MARKET, MarketPoint, MarketPrices
from csms.tariff.lines import Line, LineKind, Unit
from csms.tariff.model import Dimension, Tariff, TariffVersion
from csms.tariff.offers import Needs, Offer, Offers
from csms.tariff.splitting import FAR_APART, Curve, SplitFlag, curve_of
from csms.tariff.timetable import Span, Timetable
from csms.tariff.usage import Activity, Reading, Usage

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
LONGEST: Final = timedelta(days=400)
"""A longer transaction has a wrong start or end; its energy can't be told apart by time."""

_PAID_BY_TIME: Final = {
    Activity.CHARGING: (Dimension.TIME, LineKind.TIME),
    Activity.PARKED: (Dimension.PARKING_TIME, LineKind.PARKING_TIME),
}


@dataclass(frozen=True, slots=True)
class PricedTransaction:
    """What a transaction costs and all that it was worked out from."""

    usage: Usage
    """With the readings that mattered."""
    tariff_id: str | None
    versions: tuple[int, ...]
    """Those that counted, in time order."""
    lines: tuple[Line, ...]
    bill: Bill
    flags: frozenset[SplitFlag] = frozenset()
    market_points: tuple[MarketPoint, ...] = ()


def unpriced(usage: Usage, reason: str) -> PricedTransaction:
    """Return a transaction that no tariff covers: shown, and never as 0."""
    line = _unpriced_energy(usage, reason, None)
    return PricedTransaction(usage, None, (), (line,), unpriced_bill([line]))


class Pricer:
    """Prices transactions of one site under one tariff. Remembers the calendar it worked out."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo) -> None:
        self.tariff = tariff
        self.zone = zone
        self._versions = sorted(tariff.versions, key=lambda version: version.valid_from)
        self._timetables = [Timetable(version, zone) for version in self._versions]
        self._starts = [
            timetable.calendar.day_start(timetable.version.valid_from)
            for timetable in self._timetables
        ]
        self._offers = [Offers(version) for version in self._versions]
        self._needs = Needs.of(tariff.versions)

    def price(self, usage: Usage, market: MarketPrices = NO_MARKET) -> PricedTransaction:
        """Price a transaction, or what is known of one that still runs.

        Raises ValueError for a transaction that ends before it starts or with negative energy.
        """
        whole_wh = ZERO if usage.energy_wh is None else usage.energy_wh
        if usage.ended_at < usage.started_at or whole_wh < ZERO:
            raise ValueError(f"transaction {usage.transaction_id} runs backwards")
        if usage.ended_at - usage.started_at > LONGEST:
            line = _unpriced_energy(usage, "it lasts for years: a clock was wrong", self.tariff.id)
            return PricedTransaction(usage, self.tariff.id, (), (line,), bill(self.tariff, [line]))
        curve = curve_of(usage, whole_wh)
        return _Pricing(self, usage, curve, market).result()

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[int, Span]]:
        """Return which version (-1: none yet) and which of its elements count over a time."""
        index = bisect_right(self._starts, start) - 1
        while True:
            last = index + 1 == len(self._starts)
            until = end if last else min(end, self._starts[index + 1])
            if index < 0:
                yield index, Span(start, until, ())
            elif start == until:
                yield index, Span(start, start, self._timetables[index].at(start).elements)
            else:
                for span in self._timetables[index].spans(start, until):
                    yield index, span
            if until >= end:
                return
            start, index = until, index + 1

    def version(self, index: int) -> TariffVersion | None:
        """Return a version by its place in time; None before the first."""
        return None if index < 0 else self._versions[index]

    def offers(self, index: int) -> Offers:
        """Return the offers of the version at a place in time."""
        return self._offers[index]

    @property
    def needs(self) -> Needs:
        """Return what the tariff looks at."""
        return self._needs

    @property
    def first_start(self) -> datetime:
        """Return when the tariff begins to count."""
        return self._starts[0]


class _Piece(NamedTuple):
    """A time in which nothing changes that a price depends on."""

    start: datetime
    end: datetime
    version_index: int
    elements: tuple[int, ...]
    from_wh: Decimal
    to_wh: Decimal


class _Pricing:
    """The pricing of one transaction."""

    def __init__(self, pricer: Pricer, usage: Usage, curve: Curve, market: MarketPrices) -> None:
        self._pricer = pricer
        self._usage = usage
        self._curve = curve
        self._market = market
        self._activities = ActivityLog(usage, curve) if pricer.needs.activity else None
        self._tiers_at = self._reached_tiers()
        self._drafts = Drafts(pricer.tariff)
        self._flat_seen = False

    def result(self) -> PricedTransaction:
        pieces = list(self._pieces())
        for piece in pieces:
            self._draft_flat(piece)
            self._draft_energy(piece)
            self._draft_time(piece)
        usage, tariff = self._usage, self._pricer.tariff
        lines = [*self._drafts.lines(), *steps(self._drafts), *self._missing(pieces)]
        billed = bill(tariff, lines)
        version = self._pricer.version(pieces[0].version_index)
        if version is not None:
            adjustments = bounds(tariff, version, billed, usage.ended_at)
            if adjustments:
                lines += adjustments
                billed = bill(tariff, lines)
        borders = [self._curve.around(piece.start) for piece in pieces[1:]]
        return PricedTransaction(
            usage=replace(usage, readings=self._used_readings(borders)),
            tariff_id=tariff.id,
            versions=self._versions_of(pieces),
            lines=tuple(lines),
            bill=billed,
            flags=self._flags(borders),
            market_points=self._market.between(usage.started_at, usage.ended_at)
            if self._pricer.needs.market
            else (),
        )

    def _pieces(self) -> Iterator[_Piece]:
        usage = self._usage
        cuts = self._cuts()
        from_wh = ZERO
        for index, span in self._pricer.spans(usage.started_at, usage.ended_at):
            inner = [cut for cut in cuts if span.start < cut < span.end]
            for start, end in pairwise([span.start, *inner, span.end]):
                to_wh = self._energy_at(end)
                for tier_wh in (*self._tiers_between(from_wh, to_wh), to_wh):
                    yield _Piece(start, end, index, span.elements, from_wh, tier_wh)
                    start, from_wh = end, tier_wh

    def _tiers_between(self, from_wh: Decimal, to_wh: Decimal) -> list[Decimal]:
        """Return the tiers that energy passed at one instant, so that no cut parts them."""
        return [tier for tier in self._pricer.needs.energies_wh if from_wh < tier < to_wh]

    def _cuts(self) -> list[datetime]:
        """Return all moments but the clock's at which a price may change."""
        usage, needs = self._usage, self._pricer.needs
        cuts = {usage.started_at + elapsed for elapsed in needs.elapsed}
        cuts.update(self._tiers_at)
        if self._activities is not None:
            cuts.update(self._activities.borders(needs.graces))
        if needs.market:
            cuts.update(self._market.borders(usage.started_at, usage.ended_at))
        return sorted(cuts)

    def _reached_tiers(self) -> dict[datetime, Decimal]:
        reached = {}
        for energy_wh in self._pricer.needs.energies_wh:
            moment = self._curve.reached_at(energy_wh)
            if moment is not None:
                reached[moment] = energy_wh
        return reached

    def _energy_at(self, moment: datetime) -> Decimal:
        if moment == self._usage.ended_at:
            return self._curve.wh[-1]
        tier_wh = self._tiers_at.get(moment)
        return self._curve.wh_at(moment) if tier_wh is None else tier_wh

    def _offer(self, piece: _Piece, dimension: Dimension) -> Offer | None:
        if piece.version_index < 0:
            return None
        elapsed = piece.start - self._usage.started_at
        offers = self._pricer.offers(piece.version_index)
        return offers.first(dimension, piece.elements, piece.from_wh, elapsed)

    def _draft_flat(self, piece: _Piece) -> None:
        offer = None if self._flat_seen else self._offer(piece, Dimension.FLAT)
        if offer is not None:
            self._flat_seen = True
            at = piece._replace(end=piece.start)
            self._priced(LineKind.FLAT, at, ONE, offer, offer.component.price)

    def _draft_energy(self, piece: _Piece) -> None:
        used_wh = piece.to_wh - piece.from_wh
        offer = self._offer(piece, Dimension.ENERGY)
        if offer is None:
            self._unpriced(LineKind.ENERGY, Dimension.ENERGY, piece, used_wh)
            return
        unit_price: Decimal | None = offer.component.price
        if offer.component.market is not None:
            spot = self._market.price_at(piece.start, self._pricer.tariff.direction)
            if spot is None:
                reason = "there is no market price for this time"
                self._add(LineKind.ENERGY, piece, used_wh, reason=reason)
                return
            unit_price = offer.component.market.unit_price(spot, offer.component.price)
        self._priced(LineKind.ENERGY, piece, used_wh, offer, unit_price)

    def _draft_time(self, piece: _Piece) -> None:
        if self._activities is None:
            return
        doing = self._activities.at(piece.start)
        paid = _PAID_BY_TIME.get(doing.activity)
        if paid is None:
            return
        dimension, kind = paid
        lasted = microseconds(piece.start, piece.end)
        offer = self._offer(piece, dimension)
        if offer is None:
            self._unpriced(kind, dimension, piece, lasted)
        elif piece.start - doing.since >= timedelta(seconds=offer.component.grace_s):
            self._priced(kind, piece, lasted, offer, offer.component.price)

    def _priced(
        self,
        kind: LineKind,
        piece: _Piece,
        amount: Decimal,
        offer: Offer,
        unit_price: Decimal | None,
    ) -> None:
        version = self._pricer.version(piece.version_index)
        self._drafts.add(
            Draft(
                kind, piece.start, piece.end, amount, version, offer.element, offer.component,
                unit_price,
            )
        )  # fmt: skip

    def _unpriced(
        self, kind: LineKind, dimension: Dimension, piece: _Piece, amount: Decimal
    ) -> None:
        """Note what should have a price and has none; a dimension the tariff leaves free is not."""
        version = self._pricer.version(piece.version_index)
        if version is None:
            if kind is LineKind.ENERGY:
                start = self._pricer.first_start.astimezone(self._pricer.zone)
                self._add(kind, piece, amount, reason=f"the tariff begins on {start:%Y-%m-%d}")
        elif version.governing_dimension is dimension:
            reason = f"version {version.number} has no {dimension} price for this time"
            self._add(kind, piece, amount, reason=reason)

    def _add(self, kind: LineKind, piece: _Piece, amount: Decimal, reason: str) -> None:
        version = self._pricer.version(piece.version_index)
        self._drafts.add(Draft(kind, piece.start, piece.end, amount, version, reason=reason))

    def _missing(self, pieces: list[_Piece]) -> list[Line]:
        """Return what can't be priced because it isn't known, or was never offered."""
        if self._usage.energy_wh is None:
            reason = "there is no evidence of its energy"
            return [_unpriced_energy(self._usage, reason, self._pricer.tariff.id)]
        version = self._pricer.version(pieces[-1].version_index)
        if (
            version is not None
            and version.governing_dimension is Dimension.FLAT
            and not self._flat_seen
        ):
            reason = f"version {version.number} has no FLAT price for it"
            draft = Draft(
                LineKind.FLAT, pieces[0].start, pieces[-1].end, ONE, version, reason=reason
            )
            return [self._drafts.line(draft)]
        return []

    def _versions_of(self, pieces: list[_Piece]) -> tuple[int, ...]:
        indexes = sorted({piece.version_index for piece in pieces} - {-1})
        versions = [self._pricer.version(index) for index in indexes]
        return tuple(version.number for version in versions if version is not None)

    def _flags(self, borders: list[tuple[int, int]]) -> frozenset[SplitFlag]:
        curve = self._curve
        for before, after in borders:
            if (
                curve.at[after] - curve.at[before] > FAR_APART
                and curve.wh[before] != curve.wh[after]
            ):
                return curve.flags | {SplitFlag.FAR_APART}
        return curve.flags

    def _used_readings(self, borders: list[tuple[int, int]]) -> tuple[Reading, ...]:
        """Return the readings without which the lines would be other ones.

        `borders` are the indexes of the points around each border of a piece.
        """
        curve, usage = self._curve, self._usage
        if curve.readings is None:
            return usage.readings
        used = {0, len(curve.at) - 1}
        spells = self._activities.starts if self._activities else ()
        for before, after in (*borders, *map(curve.around, spells)):
            used.update(range(before, after + 1))
        if len(curve.at) > 2 and SplitFlag.NO_READINGS not in curve.flags:
            used.add(bisect_right(curve.at, curve.at[0]))
        if usage.meter_start_wh is not None:
            used.discard(0)
        if usage.meter_stop_wh is not None and not usage.running:
            used.discard(len(curve.at) - 1)
        return tuple(curve.readings[index] for index in sorted(used))


def _unpriced_energy(usage: Usage, reason: str, tariff_id: str | None) -> Line:
    return Line(
        kind=LineKind.ENERGY,
        name="",
        section="",
        started_at=usage.started_at,
        ended_at=usage.ended_at,
        quantity=(usage.energy_wh or ZERO).scaleb(-3),
        unit=Unit.KWH,
        unit_price=None,
        vat_percent=None,
        tariff_id=tariff_id,
        version=None,
        reason=reason,
    )
