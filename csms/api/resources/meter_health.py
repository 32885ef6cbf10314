"""/meters/health: which meters give readings, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Text
from csms.api.paging import Page, PageQuery, Pager
from csms.api.route import Asked, Nothing, Route, get
from csms.meters.registry import MeterHealth
from csms.meters.settings import MeterKind
from csms.store.admin import meters as store
from csms.store.admin.window import Row

TAG: Final = "Meters"


class MeterHealthView(Struct, kw_only=True):
    """`last_error` is what the server that reads the meter saw last, however long ago."""

    meter_id: str
    site_id: str
    circuit_id: str
    kind: MeterKind
    failing: Annotated[
        bool,
        Meta(
            description="Something went wrong since its last reading, or that is too old to count:"
            " then the worst other load is assumed."
        ),
    ]
    last_reading_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None


class MeterHealthQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET
    circuit_id: Text | UnsetType = UNSET
    failing: bool | UnsetType = UNSET


class MeterHealths:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[MeterHealthView] = Pager(tuple[Text], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/meters/health",
                self.list_all,
                "How the meters that are switched on are doing",
                tag=TAG,
                query=MeterHealthQuery,
                answer=Page[MeterHealthView],
            )
        ]

    async def list_all(self, asked: Asked[MeterHealthQuery, Nothing]) -> Page[MeterHealthView]:
        """`failing` filters what is on the page, since only the running server knows it."""
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                site_id=query.site_id or None,
                circuit_id=query.circuit_id or None,
                enabled=True,
            )
        running = running_meters(self._context)
        now = self._context.clock.now()
        page = self._pager.page(
            rows, query, lambda row: health_view(row, running.get(row["id"]), now)
        )
        if query.failing is not UNSET:
            page.items = [one for one in page.items if one.failing is query.failing]
        return page


def running_meters(context: Context) -> dict[str, MeterHealth]:
    """Return the meters that this server reads, by id."""
    known = context.running_meters
    return {} if known is None else {one.meter_id: one for one in known.health()}


def health_view(row: Row, running: MeterHealth | None, now: datetime) -> MeterHealthView:
    """Return how a meter is doing, by its row and by what reads it; None: another server."""
    last_reading_at = row["last_reading_at"] if row["enabled"] else None
    is_old = last_reading_at is None or now - last_reading_at > timedelta(
        seconds=row["max_meter_age_s"]
    )
    return MeterHealthView(
        meter_id=row["id"],
        site_id=row["site_id"],
        circuit_id=row["circuit_id"],
        kind=MeterKind(row["kind"]),
        failing=bool(row["enabled"]) and (is_old or (running is not None and running.failing)),
        last_reading_at=last_reading_at,
        last_error=None if running is None else running.last_error,
        last_error_at=None if running is None else running.last_error_at,
    )
