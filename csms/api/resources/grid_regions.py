"""/grid-regions: how much CO₂ a kWh from the grid stands for, by region and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import Moment, Name, Number, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import InvalidValueError
from csms.store.admin import grid_regions as store

TAG: Final = "Emissions"
MAX_POINTS: Final = 10_000


class GridRegionView(Struct):
    id: str
    name: str | None
    created_at: datetime
    updated_at: datetime


class GridRegionSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name | None = None


class IntensityPoint(Struct, forbid_unknown_fields=True, kw_only=True):
    """Counts until the next one, for an hour at most."""

    starts_at: Moment
    g_per_kwh: Annotated[float, Meta(ge=0, le=100_000)]


class IntensitySeries(Struct, forbid_unknown_fields=True, kw_only=True):
    """Moments that are not named keep their intensities."""

    points: Annotated[list[IntensityPoint], Meta(min_length=1, max_length=MAX_POINTS)]


class IntensityView(Struct):
    starts_at: datetime
    g_per_kwh: Number


class IntensitiesKept(Struct):
    """How many moments have a new intensity."""

    count: int


class IntensityQuery(PageQuery, kw_only=True):
    since: Annotated[Moment, Meta(description="Beginning at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Beginning before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class GridRegions:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[GridRegionView] = Pager(tuple[Text], "id")
        self._points: Pager[IntensityView] = Pager(tuple[Moment], "starts_at")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/grid-regions"
        one = path + "/{region_id}"
        series = one + "/intensities"
        return [
            get(path, self.list_all, "List regions", tag=TAG, query=PageQuery,
                answer=Page[GridRegionView]),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=GridRegionView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or rename a region of the grid",
                tag=TAG,
                query=Nothing,
                body=GridRegionSettings,
                answers={200: GridRegionView, 201: GridRegionView},
            ),
            delete(one, self.remove, "Delete a region with its series", tag=TAG,
                   problems=(404, 409)),
            get(series, self.list_points, "List intensities in the order of time", tag=TAG,
                query=IntensityQuery, answer=Page[IntensityView]),
            Route(
                method="PUT",
                path=series,
                handler=self.put_points,
                summary="Set the intensity of the grid from some moments on",
                tag=TAG,
                query=Nothing,
                body=IntensitySeries,
                answers={200: IntensitiesKept},
                problems=(404, 409),
            ),
            delete(series, self.remove_points, "Delete all intensities of a region", tag=TAG),
        ]  # fmt: skip

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[GridRegionView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, lambda row: view(GridRegionView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> GridRegionView:
        async with self._context.database.begin() as connection:
            return view(GridRegionView, await store.find(connection, asked.path["region_id"]))

    async def replace(self, asked: Asked[Nothing, GridRegionSettings]) -> Reply:
        region_id, values = asked.path["region_id"], {"name": asked.body.name}
        async with self._context.change(
            asked.actor.name, "replace", f"grid-regions/{region_id}", values
        ) as connection:
            row, is_new = await store.replace(connection, region_id, values)
        return Reply(view(GridRegionView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        region_id = asked.path["region_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"grid-regions/{region_id}", {}
        ) as connection:
            await store.remove(connection, region_id)

    async def list_points(self, asked: Asked[IntensityQuery, Nothing]) -> Page[IntensityView]:
        query = asked.query
        window = self._points.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_points(
                connection,
                asked.path["region_id"],
                window,
                since=query.since or None,
                until=query.until or None,
            )
        return self._points.page(rows, query, lambda row: view(IntensityView, row))

    async def put_points(self, asked: Asked[Nothing, IntensitySeries]) -> IntensitiesKept:
        region_id, rows = asked.path["region_id"], _rows(asked.body)
        shown = {
            "from": min(rows).isoformat(),
            "to": max(rows).isoformat(),
            "count": len(rows),
        }
        async with self._context.change(
            asked.actor.name, "replace", f"grid-regions/{region_id}/intensities", shown
        ) as connection:
            await store.put_points(connection, region_id, list(rows.values()))
        return IntensitiesKept(len(rows))

    async def remove_points(self, asked: Asked[Nothing, Nothing]) -> None:
        region_id = asked.path["region_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"grid-regions/{region_id}/intensities", {}
        ) as connection:
            await store.remove_points(connection, region_id)


def _rows(series: IntensitySeries) -> dict[datetime, dict[str, Any]]:
    rows: dict[datetime, dict[str, Any]] = {}
    for number, point in enumerate(series.points):
        name = f"points.{number}.starts_at"
        try:
            starts_at = point.starts_at.astimezone(UTC)
        except OverflowError as error:
            raise InvalidValueError(name, str(point.starts_at), "a time there is") from error
        if starts_at in rows:
            allowed = "a moment that no other point names"
            raise InvalidValueError(name, starts_at.isoformat(), allowed)
        rows[starts_at] = {"starts_at": starts_at, "g_per_kwh": Decimal(str(point.g_per_kwh))}
    return rows
