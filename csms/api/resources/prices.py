"""/sites/{id}/prices: what energy costs and what it does to the climate, by quarter hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import Moment, Number
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import InvalidValueError
from csms.store.admin import prices as store
from csms.store.admin import sites
from csms.store.pricing_queue import price_incomplete_at_site

TAG: Final = "Prices"

QUARTER: Final = timedelta(minutes=15)
MAX_POINTS: Final = 10_000
Price: TypeAlias = Annotated[
    float, Meta(ge=-100_000, le=100_000, description="Per kWh, in the site's currency.")
]


class PricePoint(Struct, forbid_unknown_fields=True, kw_only=True):
    """Of the quarter of an hour that begins then; `minutes` more if it counts for longer."""

    starts_at: Moment
    price: Price
    export_price: Price | None = None
    emissions_g_per_kwh: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    minutes: Annotated[int, Meta(ge=15, le=1440, multiple_of=15)] = 15


class PriceSeries(Struct, forbid_unknown_fields=True, kw_only=True):
    """Quarter hours that are not named keep their prices."""

    points: Annotated[list[PricePoint], Meta(min_length=1, max_length=MAX_POINTS)]


class PricePointView(Struct):
    """One quarter of an hour."""

    starts_at: datetime
    price: Number
    export_price: Number | None
    emissions_g_per_kwh: float | None


class Kept(Struct):
    """How many quarter hours have a new price."""

    count: int


class PriceQuery(PageQuery, kw_only=True):
    since: Annotated[Moment, Meta(description="Beginning at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Beginning before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class Prices:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[PricePointView] = Pager(tuple[Moment], "starts_at")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/sites/{site_id}/prices"
        return [
            get(
                path,
                self.list_all,
                "List prices in the order of time",
                tag=TAG,
                query=PriceQuery,
                answer=Page[PricePointView],
            ),
            Route(
                method="PUT",
                path=path,
                handler=self.replace,
                summary="Set the prices of quarter hours",
                tag=TAG,
                query=Nothing,
                body=PriceSeries,
                answers={200: Kept},
                problems=(404,),
            ),
            delete(path, self.remove, "Delete all prices of a site", tag=TAG),
        ]

    async def list_all(self, asked: Asked[PriceQuery, Nothing]) -> Page[PricePointView]:
        query, site_id = asked.query, asked.path["site_id"]
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            await sites.find(connection, site_id)
            rows = await store.list_page(
                connection,
                site_id,
                window,
                since=query.since or None,
                until=query.until or None,
            )
        return self._pager.page(rows, query, lambda row: view(PricePointView, row))

    async def replace(self, asked: Asked[Nothing, PriceSeries]) -> Kept:
        site_id = asked.path["site_id"]
        rows = _rows(asked.body)
        shown = {
            "from": min(rows).isoformat(),
            "to": (max(rows) + QUARTER).isoformat(),
            "count": len(rows),
        }
        async with self._context.change(
            asked.actor.name, "replace", f"sites/{site_id}/prices", shown
        ) as connection:
            await sites.touch(connection, site_id)
            await store.replace(connection, site_id, list(rows.values()))
            await price_incomplete_at_site(connection, site_id)
        await self._context.prices_changed()
        return Kept(len(rows))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        site_id = asked.path["site_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"sites/{site_id}/prices", {}
        ) as connection:
            await sites.touch(connection, site_id)
            await store.remove(connection, site_id)


def _rows(series: PriceSeries) -> dict[datetime, dict[str, Any]]:
    """One row for each quarter of an hour; raises InvalidValueError."""
    rows: dict[datetime, dict[str, Any]] = {}
    for number, point in enumerate(series.points):
        for starts_at in _quarters(f"points.{number}.starts_at", point):
            if starts_at in rows:
                allowed = "a quarter of an hour that no other point names"
                raise InvalidValueError(
                    f"points.{number}.starts_at", starts_at.isoformat(), allowed
                )
            rows[starts_at] = {
                "starts_at": starts_at,
                "price": _decimal(point.price),
                "export_price": None
                if point.export_price is None
                else _decimal(point.export_price),
                "emissions_g_per_kwh": point.emissions_g_per_kwh,
            }
    if len(rows) > MAX_POINTS:
        raise InvalidValueError("points", f"{len(rows)} quarter hours", f"at most {MAX_POINTS}")
    return rows


def _quarters(name: str, point: PricePoint) -> Iterator[datetime]:
    try:
        starts_at = point.starts_at.astimezone(UTC)
        moments = [starts_at + QUARTER * n for n in range(point.minutes // 15)]
        last = moments[-1] + QUARTER
    except OverflowError as error:
        raise InvalidValueError(name, str(point.starts_at), "a time there is") from error
    if starts_at.minute % 15 or starts_at.second or starts_at.microsecond or last <= starts_at:
        allowed = "the beginning of a quarter of an hour, such as 12:15:00"
        raise InvalidValueError(name, starts_at.isoformat(), allowed)
    yield from moments


def _decimal(price: float) -> Decimal:
    """What was written: a float's shortest text is the decimal that it was read from."""
    return Decimal(str(price))
