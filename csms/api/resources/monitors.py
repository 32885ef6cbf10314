"""Monitors of variables: set, cleared, and as charge points told them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ConnectorId, EvseId, Int32, Text
from csms.api.orders import AnswerView, CommandQuery, Orders, order, view_of
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.device_reports import TAG
from csms.api.route import Asked, Nothing, Route, get
from csms.api.variable_names import Word
from csms.services.provisioning.device_models import DeviceModels
from csms.services.provisioning.words import (
    MonitoringBase,
    MonitorKind,
    NewMonitor,
    SetMonitoringBase,
    SetMonitoringLevel,
    VariableName,
)
from csms.store.admin import charge_points
from csms.store.admin import monitors as store
from csms.store.provisioning import ProvisioningStore

Severity = Annotated[
    int, Meta(ge=0, le=9, description="0 danger, 3 critical, 5 alert, 6 warning, 8 info, 9 debug.")
]
MonitorId = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class MonitorBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`value` is a threshold, a change, or an interval in seconds, as `kind` says."""

    component: Word
    variable: Word
    component_instance: Word | None = None
    variable_instance: Word | None = None
    evse_id: EvseId | None = None
    connector_id: ConnectorId | None = None
    kind: Literal["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]
    value: Annotated[float, Meta(ge=-1e12, le=1e12)] = 1.0
    severity: Severity
    transaction: bool = False
    monitor_id: MonitorId | None = None


class MonitorsBody(Struct, forbid_unknown_fields=True):
    """A monitor with a `monitor_id` replaces the one that has it."""

    monitors: Annotated[list[MonitorBody], Meta(min_length=1, max_length=100)]


class ClearBody(Struct, forbid_unknown_fields=True):
    monitor_ids: Annotated[list[MonitorId], Meta(min_length=1, max_length=1000)]


class BaseBody(Struct, forbid_unknown_fields=True):
    """All: the factory's, beside own ones. The other two remove what was set here."""

    base: Literal["All", "FactoryDefault", "HardWiredOnly"]


class LevelBody(Struct, forbid_unknown_fields=True):
    """Events up to this severity are told."""

    severity: Severity


class MonitorView(Struct):
    """`is_ours` is null where the charge point told of it: it doesn't say who set it."""

    monitor_id: int
    component: str
    component_instance: str
    evse_id: int
    connector_id: int
    variable: str
    variable_instance: str
    kind: str
    value: float | None
    severity: int
    transaction: bool
    is_ours: bool | None
    reported_at: datetime


class MonitorQuery(PageQuery, kw_only=True):
    component: Text | UnsetType = UNSET
    variable: Text | UnsetType = UNSET


class MonitorsOfVariables:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)
        self._models = DeviceModels(
            context.commands, context.links, ProvisioningStore(context.database)
        )
        self._pager: Pager[MonitorView] = Pager(tuple[Int32], *store.ORDER)

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            order("monitors", MonitorsBody, self.set, "Set monitors of variables"),
            order("clear-monitors", ClearBody, self.clear, "Remove monitors of variables"),
            order("monitoring-base", BaseBody, self.set_base, "Go back to a set of monitors"),
            order("monitoring-level", LevelBody, self.set_level, "Choose what events are told"),
            get(
                "/api/v1/charge-points/{charge_point_id}/monitors",
                self.list_all,
                "List monitors as last told or set",
                tag=TAG,
                query=MonitorQuery,
                answer=Page[MonitorView],
                problems=(404,),
            ),
        ]

    async def set(self, asked: Asked[CommandQuery, MonitorsBody]) -> AnswerView:
        await self._orders.note(asked, "monitors", msgspec.to_builtins(asked.body))
        monitors = [_monitor(body) for body in asked.body.monitors]
        return view_of(
            await self._models.set_monitors(
                asked.charge_point_id, monitors, asked.query.timeout or None
            )
        )

    async def clear(self, asked: Asked[CommandQuery, ClearBody]) -> AnswerView:
        await self._orders.note(asked, "clear-monitors", msgspec.to_builtins(asked.body))
        return view_of(
            await self._models.clear_monitors(
                asked.charge_point_id, asked.body.monitor_ids, asked.query.timeout or None
            )
        )

    async def set_base(self, asked: Asked[CommandQuery, BaseBody]) -> AnswerView:
        await self._orders.note(asked, "monitoring-base", msgspec.to_builtins(asked.body))
        command = SetMonitoringBase(MonitoringBase(asked.body.base))
        return view_of(await self._orders.send(asked, command))

    async def set_level(self, asked: Asked[CommandQuery, LevelBody]) -> AnswerView:
        await self._orders.note(asked, "monitoring-level", msgspec.to_builtins(asked.body))
        return view_of(await self._orders.send(asked, SetMonitoringLevel(asked.body.severity)))

    async def list_all(self, asked: Asked[MonitorQuery, Nothing]) -> Page[MonitorView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                window,
                component=query.component or None,
                variable=query.variable or None,
            )
        return self._pager.page(rows, query, lambda row: view(MonitorView, row))


def _monitor(body: MonitorBody) -> NewMonitor:
    return NewMonitor(
        name=VariableName(
            body.variable,
            body.component,
            body.component_instance,
            body.variable_instance,
            body.evse_id,
            body.connector_id,
        ),
        kind=MonitorKind(body.kind),
        value=body.value,
        severity=body.severity,
        transaction=body.transaction,
        monitor_id=body.monitor_id,
    )
