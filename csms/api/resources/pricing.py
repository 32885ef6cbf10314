"""How transactions were priced, pricing them again, and what they would cost under any tariff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.cost_views import CostView, ended_cost
from csms.api.fields import ChargePointId, IdTokenText, Moment, SiteId, TariffId, UserId
from csms.api.problems import Problem
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import ConflictError, InvalidValueError
from csms.model import normalise_id_token
from csms.store.admin import transactions
from csms.store.priced_transactions import costs_of, record_of, revisions_of
from csms.store.pricing_queue import Again, price_again, statements_to_correct
from csms.tariff.lines import Line, LineKind, Unit
from csms.tariff.model import Direction

TAG: Final = "Pricing"


class PricedLine(Struct):
    """So much of something, at one price, over a time in one period; amounts are exact."""

    kind: LineKind
    name: str
    section: str
    started_at: datetime
    ended_at: datetime
    quantity: Decimal
    unit: Unit
    unit_price: Decimal | None
    amount: Decimal | None
    vat_percent: Decimal | None
    tariff_id: str | None
    version: int | None
    market: bool
    reason: str


class UsedReading(Struct):
    at: datetime
    register_wh: Decimal


class UsedSpell(Struct):
    started_at: datetime
    ended_at: datetime
    activity: str


class UsedMarketPrice(Struct):
    starts_at: datetime
    price: Decimal


class Revision(Struct):
    """A price and all that it was worked out from."""

    cost: CostView
    site_id: str | None
    time_zone: str
    user_id: str | None
    id_token: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal | None
    lines: list[PricedLine]
    readings: list[UsedReading]
    spells: list[UsedSpell]
    market_prices: list[UsedMarketPrice]


class Revisions(Struct):
    """The newest first; that one counts."""

    items: list[Revision]


class PricingRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """Ended transactions that match all that is given."""

    since: Annotated[Moment, Meta(description="Ended at or after.")] | None = None
    until: Annotated[Moment, Meta(description="Ended before.")] | None = None
    charge_point_id: ChargePointId | None = None
    site_id: SiteId | None = None
    id_token: IdTokenText | None = None
    user_id: UserId | None = None
    tariff_id: TariffId | None = None
    only_unpriced: bool = False
    owner_anew: Annotated[
        bool,
        Meta(
            description="Whoever owns the id token now pays, not who did when it was priced first. "
            "Leaves out what is on an issued statement, and what a prepaid account paid."
        ),
    ] = False
    also_settled: Annotated[
        bool,
        Meta(
            description="With owner_anew: nothing is left out. Prepaid accounts are corrected; "
            "issued statements are named, to be corrected by you."
        ),
    ] = False


class Queued(Struct):
    """How many transactions are priced again, behind the answer.

    `statements` are the issued ones that say who paid before: correct them when that is done.
    """

    count: int
    statements: list[int] = []


class Pricing:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/transactions/{transaction_id}"
        return [
            get(
                one + "/prices",
                self.revisions,
                "Show how it was priced, each time, and from what",
                tag=TAG,
                query=Nothing,
                answer=Revisions,
            ),
            Route(
                method="POST",
                path=one + "/price",
                handler=self.price,
                summary="Price an ended transaction again; a price that differs is a new revision",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: CostView},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path="/api/v1/pricing-requests",
                handler=self.price_many,
                summary="Price many ended transactions again",
                tag=TAG,
                query=Nothing,
                body=PricingRequest,
                answers={202: Queued},
            ),
        ]

    async def revisions(self, asked: Asked[Nothing, Nothing]) -> Revisions:
        number = int(asked.path["transaction_id"])
        async with self._context.database.begin() as connection:
            await transactions.find(connection, number)
            rows = await revisions_of(connection, number)
        return Revisions([_revision(row) for row in rows])

    async def price(self, asked: Asked[Nothing, Nothing]) -> CostView:
        number = int(asked.path["transaction_id"])
        if self._context.pricing is None:
            raise Problem(503, "nothing is priced on this server")
        async with self._context.change(
            asked.actor.name, "price", f"transactions/{number}", {}
        ) as connection:
            row = await transactions.find(connection, number)
        if row["stopped_at"] is None:
            raise ConflictError(f"transaction {number} runs; it is priced when it ends")
        await self._context.pricing.price_now(number)
        async with self._context.database.begin() as connection:
            return ended_cost((await costs_of(connection, [number])).get(number))

    async def price_many(self, asked: Asked[Nothing, PricingRequest]) -> Queued:
        body = asked.body
        if body.since is not None and body.until is not None and body.until <= body.since:
            raise InvalidValueError("until", body.until.isoformat(), "a time after since")
        if body.also_settled and not body.owner_anew:
            raise InvalidValueError("also_settled", body.also_settled, "false without owner_anew")
        wanted = Again(
            since=body.since,
            until=body.until,
            charge_point_id=body.charge_point_id,
            site_id=body.site_id,
            id_token=None if body.id_token is None else normalise_id_token(body.id_token),
            user_id=body.user_id,
            tariff_id=body.tariff_id,
            incomplete=body.only_unpriced,
            owner_anew=body.owner_anew,
            also_settled=body.also_settled,
        )
        stated: list[int] = []
        async with self._context.change(
            asked.actor.name, "price", "transactions", msgspec.to_builtins(body)
        ) as connection:
            if wanted.also_settled:
                stated = await statements_to_correct(connection, wanted)
            count = await price_again(connection, wanted)
        await self._context.prices_changed()
        return Queued(count, stated)


def _revision(row: Any) -> Revision:
    record = record_of(row)
    priced, usage = record.priced, record.priced.usage
    return Revision(
        cost=ended_cost(row),
        site_id=record.site_id,
        time_zone=record.time_zone,
        user_id=record.user_id,
        id_token=record.id_token,
        started_at=usage.started_at,
        ended_at=usage.ended_at,
        energy_wh=usage.energy_wh,
        lines=priced_lines(priced.lines),
        readings=[UsedReading(each.at, each.register_wh) for each in usage.readings],
        spells=[UsedSpell(each.start, each.end, each.activity.value) for each in usage.spells],
        market_prices=[
            UsedMarketPrice(each.starts_at, each.price(Direction.IMPORT))
            for each in priced.market_points
        ],
    )


def priced_lines(lines: Sequence[Line]) -> list[PricedLine]:
    """Return lines as the API shows them."""
    return [msgspec.convert(line, PricedLine, from_attributes=True) for line in lines]
