"""/sites/{id}/climate, and what charging emitted and avoided."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from csms.api.context import Context
from csms.api.fields import Moment, Number, SiteId, plain
from csms.api.paging import view
from csms.api.problems import field_error, invalid
from csms.api.resources.grid_regions import TAG
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import ConflictError, NotFoundError
from csms.store.admin import emissions as store
from csms.store.admin import grid_regions, sites
from csms.store.admin.window import Row
from csms.tariff.co2 import CombustionCar, Emissions, GridIntensity, emissions

MAX_TRANSACTIONS: Final = 5_000
LONGEST: Final = timedelta(days=400)
ZERO: Final = Decimal(0)


class ClimateView(Struct):
    site_id: str
    region_id: str
    car_g_per_km: Number
    car_wh_per_km: Number
    plan_by: str
    updated_at: datetime


class ClimateSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """Of the fuel that is not burnt: a car's emissions, and what an electric one needs instead."""

    region_id: SiteId
    car_g_per_km: Annotated[float, Meta(ge=0, le=100_000)] = 170.0
    car_wh_per_km: Annotated[float, Meta(ge=1, le=100_000)] = 190.0
    plan_by: Annotated[
        Literal["price", "emissions"],
        Meta(description="What load management keeps low where it can wait."),
    ] = "price"


class TransactionEmissions(Struct):
    """In grams of CO₂; `unknown_wh` is energy at times for which the grid's intensity is unknown.

    `avoided_g` is negative where the grid is worse than fuel.
    """

    transaction_id: int
    region_id: str
    energy_wh: Number | None
    emitted_g: float
    avoided_g: float
    unknown_wh: Number


class SiteEmissions(Struct):
    """Of all transactions that ended in the time."""

    site_id: str
    region_id: str
    transactions: int
    energy_wh: Number
    emitted_g: float
    avoided_g: float
    unknown_wh: Number


class EmissionsQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    since: Annotated[Moment, Meta(description="Ended at or after.")] = field(name="from")
    until: Annotated[Moment, Meta(description="Ended before.")] = field(name="to")


class EmissionReports:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        site = "/api/v1/sites/{site_id}"
        climate = site + "/climate"
        return [
            get(climate, self.read, "Show a site's region and what its plans keep low", tag=TAG,
                query=Nothing, answer=ClimateView),
            Route(
                method="PUT",
                path=climate,
                handler=self.replace,
                summary="Set a site's region and what its plans keep low",
                tag=TAG,
                query=Nothing,
                body=ClimateSettings,
                answers={200: ClimateView},
                problems=(404,),
            ),
            delete(climate, self.remove, "Forget a site's region", tag=TAG),
            get(site + "/emissions", self.of_site, "Show what charging emitted and avoided",
                tag=TAG, query=EmissionsQuery, answer=SiteEmissions, problems=(404, 409)),
            get("/api/v1/transactions/{transaction_id}/emissions", self.of_transaction,
                "Show what a transaction emitted and avoided", tag=TAG, query=Nothing,
                answer=TransactionEmissions, problems=(404, 409)),
        ]  # fmt: skip

    async def read(self, asked: Asked[Nothing, Nothing]) -> ClimateView:
        async with self._context.database.begin() as connection:
            row = await grid_regions.climate_of(connection, asked.path["site_id"])
        if row is None:
            raise NotFoundError("climate settings of site", asked.path["site_id"])
        return view(ClimateView, row)

    async def replace(self, asked: Asked[Nothing, ClimateSettings]) -> ClimateView:
        site_id, body = asked.path["site_id"], asked.body
        shown = {
            "region_id": body.region_id,
            "car_g_per_km": body.car_g_per_km,
            "car_wh_per_km": body.car_wh_per_km,
            "plan_by": body.plan_by,
        }
        values = {
            **shown,
            "car_g_per_km": Decimal(str(body.car_g_per_km)),
            "car_wh_per_km": Decimal(str(body.car_wh_per_km)),
        }
        async with self._context.change(
            asked.actor.name, "replace", f"sites/{site_id}/climate", shown
        ) as connection:
            await sites.touch(connection, site_id)
            row = await grid_regions.set_climate(connection, site_id, values)
        return view(ClimateView, row)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        site_id = asked.path["site_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"sites/{site_id}/climate", {}
        ) as connection:
            await sites.touch(connection, site_id)
            await grid_regions.remove_climate(connection, site_id)

    async def of_transaction(self, asked: Asked[Nothing, Nothing]) -> TransactionEmissions:
        number = asked.path["transaction_id"]
        async with self._context.database.begin() as connection:
            ended = await store.of_transaction(connection, number)
            if ended is None:
                raise NotFoundError("ended transaction", number)
            if ended.climate is None:
                raise ConflictError(f"transaction {number} was at no site with a grid region")
            region_id, usage = ended.climate["region_id"], ended.usage
            grid = await store.intensities(connection, region_id, usage.started_at, usage.ended_at)
        found = _of(ended, grid)
        return TransactionEmissions(
            number,
            region_id,
            plain(usage.energy_wh),
            float(found.grid_g),
            float(found.avoided_g),
            plain(found.unknown_wh),
        )

    async def of_site(self, asked: Asked[EmissionsQuery, Nothing]) -> SiteEmissions:
        site_id, (since, until) = asked.path["site_id"], _span(asked.query)
        async with self._context.database.begin() as connection:
            await sites.find(connection, site_id)
            climate = await grid_regions.climate_of(connection, site_id)
            if climate is None:
                raise ConflictError(f"site {site_id} has no grid region")
            found = await store.of_site(connection, site_id, since, until, MAX_TRANSACTIONS + 1)
            if len(found) > MAX_TRANSACTIONS:
                allowed = f"a time in which at most {MAX_TRANSACTIONS} transactions ended"
                raise invalid([field_error("to", until.isoformat(), allowed)], 400)
            first = min((each.usage.started_at for each in found), default=since)
            grid = await store.intensities(connection, climate["region_id"], first, until)
        return await asyncio.to_thread(_report, climate, found, grid)


def _span(query: EmissionsQuery) -> tuple[datetime, datetime]:
    """Raises Problem 400."""
    try:
        since, until = query.since.astimezone(UTC), query.until.astimezone(UTC)
    except OverflowError as error:
        wrong = field_error("from", str(query.since), "a time there is")
        raise invalid([wrong], 400) from error
    if not since < until <= since + LONGEST:
        allowed = f"a time after `from`, by at most {LONGEST.days} days"
        raise invalid([field_error("to", until.isoformat(), allowed)], 400)
    return since, until


def _report(climate: Row, found: Iterable[store.Ended], grid: GridIntensity) -> SiteEmissions:
    energy_wh, sums, count = ZERO, Emissions(ZERO, ZERO, ZERO), 0
    for ended in found:
        each = _of(ended, grid)
        sums = Emissions(
            sums.grid_g + each.grid_g,
            sums.unknown_wh + each.unknown_wh,
            sums.avoided_g + each.avoided_g,
        )
        energy_wh += ended.usage.energy_wh or ZERO
        count += 1
    return SiteEmissions(
        climate["site_id"],
        climate["region_id"],
        count,
        plain(energy_wh),
        float(sums.grid_g),
        float(sums.avoided_g),
        plain(sums.unknown_wh),
    )


def _of(ended: store.Ended, grid: GridIntensity) -> Emissions:
    climate = ended.climate
    if climate is None:
        return Emissions(ZERO, ended.usage.energy_wh or ZERO, ZERO)
    car = CombustionCar(climate["car_g_per_km"], climate["car_wh_per_km"])
    return emissions(ended.usage, grid, car)
