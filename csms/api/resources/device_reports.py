"""Reports of variables and monitors: asked for here, filled part by part by the charge point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Int32, Moment, Text
from csms.api.orders import ERRORS, CommandQuery, Orders
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.problems import field_error, invalid
from csms.api.route import Asked, Nothing, Reply, Route, get
from csms.api.variable_names import NameBody, name_of
from csms.model import OcppVersion
from csms.services.commands import Command, GetConfiguration
from csms.services.provisioning.reports import Report, ReportKind, new_request_id
from csms.services.provisioning.words import (
    ComponentCriterion,
    GetBaseReport,
    GetMonitoringReport,
    GetReport,
    MonitoringCriterion,
    ReportBase,
)
from csms.store.admin import charge_points
from csms.store.admin import reports as store

TAG: Final = "Device model"
MAX_NAMES: Final = 100

_Names = Annotated[list[NameBody], Meta(max_length=MAX_NAMES)]


class ReportBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without anything, all variables; else a `base`, or a choice by `criteria` and `variables`.

    OCPP 1.6 has one report: all of its keys.
    """

    base: Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"] | None = None
    criteria: Annotated[
        list[Literal["Active", "Available", "Enabled", "Problem"]], Meta(max_length=4)
    ] = []
    variables: _Names = []


class MonitoringReportBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without anything, all monitors."""

    criteria: Annotated[
        list[Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]],
        Meta(max_length=3),
    ] = []
    variables: _Names = []


class ReportView(Struct):
    """`status`: requested, receiving, complete, incomplete (parts are missing), empty, refused,
    failed or timed_out."""

    request_id: int
    kind: str
    status: str
    reason: str | None
    scope: dict[str, Any]
    parts: int
    items: int
    missing_parts: list[int]
    requested_by: str | None
    requested_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class ReportQuery(PageQuery, kw_only=True):
    kind: Text | UnsetType = UNSET
    status: Text | UnsetType = UNSET


class DeviceReports:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)
        self._pager: Pager[ReportView] = Pager(tuple[Moment, Int32], *store.ORDER)

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/charge-points/{charge_point_id}"
        return [
            Route(
                method="POST",
                path=one + "/reports",
                handler=self.ask,
                summary="Ask for a report of variables or configuration keys",
                tag=TAG,
                query=CommandQuery,
                body=ReportBody,
                answers={201: ReportView},
                problems=ERRORS,
            ),
            Route(
                method="POST",
                path=one + "/monitoring-reports",
                handler=self.ask_monitors,
                summary="Ask for a report of monitors",
                tag=TAG,
                query=CommandQuery,
                body=MonitoringReportBody,
                answers={201: ReportView},
                problems=ERRORS,
            ),
            get(
                one + "/reports",
                self.list_all,
                "List reports that were asked for, the newest first",
                tag=TAG,
                query=ReportQuery,
                answer=Page[ReportView],
                problems=(404,),
            ),
            get(
                one + "/reports/{request_id}",
                self.read,
                "Show how far a report has come",
                tag=TAG,
                query=Nothing,
                answer=ReportView,
                problems=(404,),
            ),
        ]

    async def ask(self, asked: Asked[CommandQuery, ReportBody]) -> Reply:
        body = asked.body
        if body.base and (body.criteria or body.variables):
            allowed = "none with `criteria` or `variables`: it stands for a choice of its own"
            raise invalid([field_error("base", body.base, allowed)])
        await self._orders.note(asked, "reports", msgspec.to_builtins(body))
        request_id = new_request_id()
        if self._is_v16(asked):
            return await self._ask(
                asked, ReportKind.CONFIGURATION, request_id, GetConfiguration(), body
            )
        if body.criteria or body.variables:
            command: Command = GetReport(
                request_id,
                tuple(ComponentCriterion(each) for each in body.criteria),
                tuple(name_of(each) for each in body.variables),
            )
            return await self._ask(asked, ReportKind.CUSTOM, request_id, command, body)
        base = ReportBase(body.base or ReportBase.FULL)
        command = GetBaseReport(request_id, base)
        return await self._ask(asked, ReportKind.BASE, request_id, command, body)

    async def ask_monitors(self, asked: Asked[CommandQuery, MonitoringReportBody]) -> Reply:
        body = asked.body
        await self._orders.note(asked, "monitoring-reports", msgspec.to_builtins(body))
        request_id = new_request_id()
        command = GetMonitoringReport(
            request_id,
            tuple(MonitoringCriterion(each) for each in body.criteria),
            tuple(name_of(each) for each in body.variables),
        )
        return await self._ask(asked, ReportKind.MONITORING, request_id, command, body)

    async def list_all(self, asked: Asked[ReportQuery, Nothing]) -> Page[ReportView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                window,
                kind=query.kind or None,
                status=query.status or None,
            )
        return self._pager.page(rows, query, lambda row: view(ReportView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> ReportView:
        return await self._read(asked, int(asked.path["request_id"]))

    def _is_v16(self, asked: Asked[Any, Any]) -> bool:
        link = self._context.links.get(asked.charge_point_id)
        return link is not None and link.version is OcppVersion.V16

    async def _ask(
        self,
        asked: Asked[CommandQuery, Any],
        kind: ReportKind,
        request_id: int,
        command: Command,
        body: ReportBody | MonitoringReportBody,
    ) -> Reply:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
        report = Report(
            key,
            asked.charge_point_id,
            request_id,
            kind,
            self._context.clock.now(),
            scope=_scope(body, command),
            requested_by=asked.actor.name,
        )
        await self._context.services.reports.ask(
            self._context.commands, report, command, asked.query.timeout or None
        )
        return Reply(await self._read(asked, request_id), 201)

    async def _read(self, asked: Asked[Any, Any], request_id: int) -> ReportView:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            return view(ReportView, await store.find(connection, key, request_id))


def _scope(body: ReportBody | MonitoringReportBody, command: Command) -> dict[str, Any]:
    """Say what was asked for, without what was left out."""
    scope = {name: held for name, held in msgspec.to_builtins(body).items() if held}
    return scope | {"base": command.base.value} if isinstance(command, GetBaseReport) else scope
