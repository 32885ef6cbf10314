"""/cost-calculations: what a transaction would cost under a tariff; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.cost_views import CostLine, bill_lines
from csms.api.fields import Moment, Name, RecordId, SiteId, TariffId
from csms.api.problems import FieldError, field_error, invalid
from csms.api.resources.pricing import TAG, PricedLine, priced_lines
from csms.api.route import Asked, Nothing, Route
from csms.api.tariff_checks import check_year, refuse_bad
from csms.api.tariff_shapes import TariffShape, tariff_of
from csms.errors import InvalidValueError, NotFoundError
from csms.services.pricing.choosing import zone_of
from csms.services.pricing.price_files import MAX_POINTS, MOST
from csms.services.pricing.pricers import Book, Pricers, Terms, price, usage_of
from csms.setting_kinds import TimeZone
from csms.store.admin import sites
from csms.store.admin import tariffs as tariff_store
from csms.store.admin.window import AdminConnection
from csms.store.pricing import Look
from csms.tariff.assignment import Choice
from csms.tariff.dynamic import NO_MARKET, MarketPoint, MarketPrices
from csms.tariff.model import Tariff
from csms.tariff.pricing import PricedTransaction, Pricer
from csms.tariff.usage import Activity, Reading, Spell, Usage

MAX_READINGS: Final = 10_000
MAX_SPELLS: Final = 1_000
MOST_WH: Final = Decimal(10**11)


class GivenReading(Struct, forbid_unknown_fields=True, kw_only=True):
    """The energy register at a moment."""

    at: Moment
    register_wh: Decimal


class GivenSpell(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the vehicle did over a time, where readings alone don't tell."""

    start: Moment
    end: Moment
    activity: Activity


class GivenPrice(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the market asks, and pays, in the quarter of an hour that begins then."""

    starts_at: Moment
    price: Decimal
    export_price: Decimal | None = None


class GivenUsage(Struct, forbid_unknown_fields=True, kw_only=True):
    """A transaction that may never have been; without `energy_wh` it took what was read."""

    started_at: Moment
    ended_at: Moment
    energy_wh: Decimal | None = None
    readings: Annotated[list[GivenReading], Meta(max_length=MAX_READINGS)] = []
    spells: Annotated[list[GivenSpell], Meta(max_length=MAX_SPELLS)] = []


class CalculationRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """One of `transaction_id` and `usage`; one of `tariff_id` and `tariff`.

    For a transaction there is, what is left out is what counts for it.
    """

    transaction_id: RecordId | None = None
    usage: GivenUsage | None = None
    tariff_id: TariffId | None = None
    tariff: TariffShape | None = None
    site_id: Annotated[SiteId, Meta(description="Whose clock and market prices count.")] | None = (
        None
    )
    time_zone: Name | None = None
    market_prices: Annotated[list[GivenPrice], Meta(max_length=MAX_POINTS)] | None = None


class VatView(Struct):
    vat_percent: Decimal | None
    net: Decimal
    vat: Decimal
    gross: Decimal


class CalculationView(Struct, kw_only=True):
    """`net` and `gross` are null unless everything has a price; `reason` says why then."""

    tariff_id: str | None
    versions: list[int]
    tariff_reason: str
    time_zone: str
    energy_wh: Decimal | None
    currency: str | None
    net: Decimal | None
    gross: Decimal | None
    vat: list[VatView]
    lines: list[CostLine]
    details: list[PricedLine]
    """Each with its time, and exact."""
    flags: list[str]
    reason: str
    started_at: datetime
    ended_at: datetime


class CostCalculations:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pricers = Pricers()

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            Route(
                method="POST",
                path="/api/v1/cost-calculations",
                handler=self.calculate,
                summary="Work out what a transaction would cost under a tariff",
                tag=TAG,
                query=Nothing,
                body=CalculationRequest,
                answers={200: CalculationView},
                problems=(404,),
            )
        ]

    async def calculate(self, asked: Asked[Nothing, CalculationRequest]) -> CalculationView:
        body = asked.body
        _check(body)
        async with self._context.database.begin() as connection:
            usage, terms, site_id = await self._question(connection, body)
            market = await _market(connection, body, terms, site_id, usage)
        return _view(price(terms, usage, market), terms)

    async def _question(
        self, connection: AdminConnection, body: CalculationRequest
    ) -> tuple[Usage, Terms, str | None]:
        zone = await self._zone(connection, body)
        tariff = await self._tariff(connection, body, zone)
        if body.usage is not None:
            own = Choice(None, "no tariff was given")
            terms = Terms(own, zone, None) if tariff is None else _given(tariff, zone)
            return _usage(body.usage), terms, body.site_id
        look, number = Look(connection), body.transaction_id or 0
        many = await look.evidence([number])
        if not many:
            raise NotFoundError("transaction", number)
        (evidence,) = many
        site_id = body.site_id or evidence.known.circumstances.site_id
        ended_at = evidence.usage.stopped_at or self._context.clock.now()
        usage = usage_of(evidence, max(ended_at, evidence.usage.started_at))
        if body.site_id is None and body.time_zone is None:
            zone = zone_of(evidence.known.time_zone, self._context.settings.time_zone)
        if tariff is not None:
            return usage, _given(tariff, zone), site_id
        book = await Book.read(look, many, self._pricers, self._context.settings.time_zone)
        return usage, book.terms(evidence), site_id

    async def _zone(self, connection: AdminConnection, body: CalculationRequest) -> ZoneInfo:
        if body.time_zone is not None:
            try:
                return ZoneInfo(TimeZone().parse(body.time_zone))
            except ValueError as error:
                allowed = TimeZone().allowed
                raise InvalidValueError("time_zone", body.time_zone, allowed) from error
        if body.site_id is not None:
            return ZoneInfo((await sites.find(connection, body.site_id))["time_zone"])
        return ZoneInfo(self._context.settings.time_zone)

    async def _tariff(
        self, connection: AdminConnection, body: CalculationRequest, zone: ZoneInfo
    ) -> Tariff | None:
        if body.tariff_id is not None:
            return await tariff_store.find(connection, body.tariff_id)
        if body.tariff is None:
            return None
        numbers = range(1, len(body.tariff.versions) + 1)
        tariff = tariff_of(body.tariff, body.tariff.id or "given", numbers)
        await refuse_bad(connection, tariff, zone, inside="tariff.")
        return tariff


def _check(body: CalculationRequest) -> None:
    """Refuse what can't be worked out, or not within a moment."""
    errors = [] if body.usage is None else list(_wrong(body.usage))
    for number, given in enumerate(body.market_prices or ()):
        for name in ("price", "export_price"):
            asked = getattr(given, name)
            if asked is not None and not -MOST <= asked <= MOST:
                field = f"market_prices.{number}.{name}"
                errors.append(field_error(field, asked, f"-{MOST} to {MOST}"))
    if (body.transaction_id is None) is (body.usage is None):
        errors.append(field_error("usage", None, "either usage or transaction_id"))
    if body.tariff_id is not None and body.tariff is not None:
        errors.append(field_error("tariff", None, "either tariff or tariff_id"))
    if body.usage is not None and body.tariff_id is None and body.tariff is None:
        errors.append(field_error("tariff_id", None, "tariff_id or tariff for a given usage"))
    if errors:
        raise invalid(errors)


def _wrong(usage: GivenUsage) -> Iterator[FieldError]:
    for name in ("started_at", "ended_at"):
        check_year(f"usage.{name}", getattr(usage, name))
    if usage.ended_at < usage.started_at:
        yield field_error("usage.ended_at", usage.ended_at.isoformat(), "started_at or later")
    energies = [("usage.energy_wh", usage.energy_wh)] if usage.energy_wh is not None else []
    for number, reading in enumerate(usage.readings):
        energies.append((f"usage.readings.{number}.register_wh", reading.register_wh))
    for name, energy_wh in energies:
        if not 0 <= energy_wh <= MOST_WH:
            yield field_error(name, energy_wh, f"0 to {MOST_WH}")


def _given(tariff: Tariff, zone: ZoneInfo) -> Terms:
    return Terms(Choice(None, "the tariff was given"), zone, Pricer(tariff, zone))


def _usage(given: GivenUsage) -> Usage:
    readings = sorted(Reading(each.at, each.register_wh) for each in given.readings)
    energy_wh = given.energy_wh
    if energy_wh is None and len(readings) > 1:
        energy_wh = max(readings[-1].register_wh - readings[0].register_wh, Decimal(0))
    return Usage(
        transaction_id=0,
        started_at=given.started_at,
        ended_at=given.ended_at,
        energy_wh=energy_wh,
        readings=tuple(readings),
        spells=tuple(Spell(each.start, each.end, each.activity) for each in given.spells),
    )


async def _market(
    connection: AdminConnection,
    body: CalculationRequest,
    terms: Terms,
    site_id: str | None,
    usage: Usage,
) -> MarketPrices:
    if terms.pricer is None or not terms.pricer.needs.market:
        return NO_MARKET
    if body.market_prices is not None:
        return MarketPrices(
            MarketPoint(each.starts_at, each.price, each.export_price)
            for each in body.market_prices
        )
    if site_id is None:
        return NO_MARKET
    return await Look(connection).market(site_id, usage.started_at, usage.ended_at)


def _view(priced: PricedTransaction, terms: Terms) -> CalculationView:
    bill, usage = priced.bill, priced.usage
    reasons = dict.fromkeys(line.reason for line in priced.lines if line.amount is None)
    return CalculationView(
        tariff_id=priced.tariff_id,
        versions=list(priced.versions),
        tariff_reason=terms.choice.reason,
        time_zone=terms.zone.key,
        energy_wh=usage.energy_wh,
        currency=bill.currency,
        net=bill.net,
        gross=bill.gross,
        vat=[VatView(each.vat_percent, each.net, each.vat, each.gross) for each in bill.vat],
        lines=bill_lines(bill),
        details=priced_lines(priced.lines),
        flags=sorted(priced.flags),
        reason="; ".join(reasons),
        started_at=usage.started_at,
        ended_at=usage.ended_at,
    )
