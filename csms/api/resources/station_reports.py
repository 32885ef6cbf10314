"""What stations of OCPP 2.1 told: payments, batteries, the grid's settings, streams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import Int32, Int64, Moment, Number, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, get
from csms.model import normalise_id_token
from csms.store.admin import charge_points
from csms.store.admin import stations as store

TAG: Final = "Stations of OCPP 2.1"


class SettlementQuery(PageQuery, kw_only=True):
    charge_point_id: Text | UnsetType = UNSET
    status: Literal["Settled", "Canceled", "Rejected", "Failed"] | UnsetType = UNSET
    psp_ref: Text | UnsetType = UNSET
    since: Annotated[Moment, Meta(description="Settled at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Settled before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class SettlementView(Struct):
    """A payment at a station's terminal; `transaction_id` is the `id` of /transactions."""

    id: int
    charge_point_id: str
    transaction_id: int | None
    ocpp_transaction_id: str | None
    psp_ref: str
    status: str
    status_info: str | None
    amount: Number | None
    settled_at: datetime
    receipt_id: str | None
    receipt_url: str | None
    vat_number: str | None
    vat_company: dict[str, Any] | None
    received_at: datetime


class BatterySwapQuery(PageQuery, kw_only=True):
    charge_point_id: Text | UnsetType = UNSET
    request_id: Int32 | UnsetType = UNSET
    id_token: Text | UnsetType = UNSET


class BatterySwapView(Struct):
    """`event` is BatteryIn, BatteryOut or BatteryOutTimeout; one request has one of each kind."""

    id: int
    charge_point_id: str
    request_id: int | None
    event: str
    id_token: str | None
    id_token_type: str | None
    batteries: list[dict[str, Any]]
    received_at: datetime


class DerControlView(Struct):
    """`settings` are as OCPP writes them; `is_running` is null where the station told nothing."""

    control_id: str
    control_type: str
    is_default: bool | None
    is_superseded: bool | None
    settings: dict[str, Any]
    told_at: datetime
    is_running: bool | None
    since: datetime | None


class EventStreamView(Struct):
    """The values are in the notifications of kind event_stream."""

    stream_id: int
    variable_monitoring_id: int | None
    interval_s: int | None
    values_per_message: int | None
    is_open: bool | None
    changed_at: datetime | None
    pending: int | None
    last_value_at: datetime | None
    last_value: str | None


class DynamicScheduleView(Struct):
    """What a dynamic charging profile says now; `limits` by OCPP's names."""

    profile_id: int
    evse_id: int | None
    limits: dict[str, Any]
    updated_at: datetime


class StationDetailsView(Struct):
    """What the station itself told of a transaction; null: it never did.

    `transaction_limit` and `cost_details` are as OCPP writes them.
    """

    tariff_id: str | None
    operation_mode: str | None
    preconditioning_status: str | None
    evse_sleep: bool | None
    priority_charging: bool | None
    transaction_limit: dict[str, Any] | None
    cost_details: dict[str, Any] | None
    updated_at: datetime


class StationReports:
    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._settlements: Pager[SettlementView] = Pager(tuple[Int64], "id")
        self._swaps: Pager[BatterySwapView] = Pager(tuple[Int64], "id")
        self._controls: Pager[DerControlView] = Pager(tuple[Text], "control_id")
        self._streams: Pager[EventStreamView] = Pager(tuple[Int32], "stream_id")
        self._schedules: Pager[DynamicScheduleView] = Pager(tuple[Int32], "profile_id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/charge-points/{charge_point_id}"
        return [
            get(
                "/api/v1/settlements",
                self.settlements,
                "List payments at stations' terminals, the newest first",
                tag=TAG,
                query=SettlementQuery,
                answer=Page[SettlementView],
            ),
            get(
                "/api/v1/battery-swaps",
                self.battery_swaps,
                "List batteries that were swapped, the newest first",
                tag=TAG,
                query=BatterySwapQuery,
                answer=Page[BatterySwapView],
            ),
            get(
                one + "/der-controls",
                self.der_controls,
                "List settings for distributed energy resources, as last told",
                tag=TAG,
                query=PageQuery,
                answer=Page[DerControlView],
            ),
            get(
                one + "/event-streams",
                self.event_streams,
                "List periodic event streams",
                tag=TAG,
                query=PageQuery,
                answer=Page[EventStreamView],
            ),
            get(
                one + "/dynamic-schedules",
                self.dynamic_schedules,
                "List what dynamic charging profiles say now",
                tag=TAG,
                query=PageQuery,
                answer=Page[DynamicScheduleView],
            ),
            get(
                "/api/v1/transactions/{transaction_id}/station-details",
                self.station_details,
                "Show tariff, cost and limits as the station told them",
                tag=TAG,
                query=Nothing,
                answer=StationDetailsView,
            ),
        ]

    async def settlements(self, asked: Asked[SettlementQuery, Nothing]) -> Page[SettlementView]:
        query = asked.query
        window = self._settlements.window(query)
        async with self._database.begin() as connection:
            rows = await store.settlements_page(
                connection,
                window,
                charge_point_id=query.charge_point_id or None,
                status=query.status or None,
                psp_ref=None if query.psp_ref is UNSET else query.psp_ref,
                since=query.since or None,
                until=query.until or None,
            )
        return self._settlements.page(rows, query, lambda row: view(SettlementView, row))

    async def battery_swaps(self, asked: Asked[BatterySwapQuery, Nothing]) -> Page[BatterySwapView]:
        query = asked.query
        window = self._swaps.window(query)
        async with self._database.begin() as connection:
            rows = await store.battery_swaps_page(
                connection,
                window,
                charge_point_id=query.charge_point_id or None,
                request_id=None if query.request_id is UNSET else query.request_id,
                id_token=normalise_id_token(query.id_token) if query.id_token else None,
            )
        return self._swaps.page(rows, query, lambda row: view(BatterySwapView, row))

    async def der_controls(self, asked: Asked[PageQuery, Nothing]) -> Page[DerControlView]:
        window = self._controls.window(asked.query)
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await store.der_controls_page(connection, key, window)
        return self._controls.page(rows, asked.query, lambda row: view(DerControlView, row))

    async def event_streams(self, asked: Asked[PageQuery, Nothing]) -> Page[EventStreamView]:
        window = self._streams.window(asked.query)
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await store.event_streams_page(connection, key, window)
        return self._streams.page(rows, asked.query, lambda row: view(EventStreamView, row))

    async def dynamic_schedules(
        self, asked: Asked[PageQuery, Nothing]
    ) -> Page[DynamicScheduleView]:
        window = self._schedules.window(asked.query)
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await store.dynamic_schedules_page(connection, key, window)
        return self._schedules.page(rows, asked.query, lambda row: view(DynamicScheduleView, row))

    async def station_details(self, asked: Asked[Nothing, Nothing]) -> StationDetailsView:
        async with self._database.begin() as connection:
            row = await store.details_of(connection, asked.path["transaction_id"])
        return view(StationDetailsView, row)
