"""/load-alarms: what load management wants a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Int64, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, get
from csms.services.load_management.ports import Severity
from csms.store.admin import load_alarms as store

TAG: Final = "Load alarms"


class LoadAlarmView(Struct):
    """`subject` is the circuit or EVSE; `cleared_at` is null while it goes on."""

    id: int
    site_id: str
    kind: str
    subject: str
    severity: Severity
    message: str
    raised_at: datetime
    updated_at: datetime
    cleared_at: datetime | None


class LoadAlarmQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET
    kind: Text | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class LoadAlarms:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[LoadAlarmView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/load-alarms",
                self.list_all,
                "List alarms of load management, the newest first",
                tag=TAG,
                query=LoadAlarmQuery,
                answer=Page[LoadAlarmView],
            )
        ]

    async def list_all(self, asked: Asked[LoadAlarmQuery, Nothing]) -> Page[LoadAlarmView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                site_id=query.site_id or None,
                kind=query.kind or None,
                active=None if query.active is UNSET else query.active,
            )
        return self._pager.page(rows, query, lambda row: view(LoadAlarmView, row))
