"""/transactions: what was charged, and by what readings that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.cost_views import CostView, cost_so_far, ended_cost
from csms.api.fields import EvseId, Int64, Moment, Number, Text, plain
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, get
from csms.model import Flag, normalise_id_token
from csms.services.transactions.model import Transaction
from csms.store.admin import transactions as store
from csms.store.admin.transactions import TransactionFilter
from csms.store.admin.window import AdminConnection, Row
from csms.store.priced_transactions import costs_of

TAG: Final = "Transactions"


class TransactionView(Struct):
    """`power_w` is the latest reading while the transaction is open, null afterwards.

    `signed_readings` is what came of checking what the meter signed: valid, invalid, differs or
    unverifiable; null if nothing was signed.
    """

    id: int
    charge_point_id: str
    evse_id: int
    connector_id: int
    ocpp_version: str
    ocpp_transaction_id: str
    id_token: str | None
    id_token_type: str | None
    id_token_group: str | None
    authorization_status: str | None
    started_at: datetime
    stopped_at: datetime | None
    stop_reason: str | None
    stop_id_token: str | None
    reservation_id: int | None
    remote_start_id: int | None
    meter_start_wh: Number | None
    meter_stop_wh: Number | None
    energy_wh: Number | None
    energy_source: str | None
    power_w: float | None
    charging_state: str | None
    last_reading_at: datetime | None
    start_received_at: datetime | None
    stop_received_at: datetime | None
    charger_started_at: str | None
    charger_stopped_at: str | None
    flags: list[str]
    cost: CostView
    signed_readings: str | None
    updated_at: datetime


class MeterValueView(Struct):
    """The readings of one moment; what has no field of its own is in `others`."""

    sampled_at: datetime
    received_at: datetime
    charger_sampled_at: str | None
    evse_id: int
    connector_id: int
    context: str
    energy_wh: Number | None
    energy_export_wh: Number | None
    power_w: float | None
    power_offered_w: float | None
    current_a: float | None
    current_l1_a: float | None
    current_l2_a: float | None
    current_l3_a: float | None
    current_offered_a: float | None
    voltage_v: float | None
    voltage_l1_v: float | None
    voltage_l2_v: float | None
    voltage_l3_v: float | None
    soc_percent: float | None
    others: list[dict[str, Any]] | None


class TransactionQuery(PageQuery, kw_only=True):
    charge_point_id: Text | UnsetType = UNSET
    evse_id: EvseId | UnsetType = UNSET
    id_token: Text | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    flag: Flag | UnsetType = UNSET
    ocpp_transaction_id: Text | UnsetType = UNSET
    since: Annotated[Moment, Meta(description="Started at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Started before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class Transactions:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[TransactionView] = Pager(tuple[Moment, Int64], "started_at", "id")
        self._readings: Pager[MeterValueView] = Pager(
            tuple[Moment, EvseId, Int64], *store.READING_ORDER
        )

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/transactions"
        one = path + "/{transaction_id}"
        return [
            get(
                path,
                self.list_all,
                "List transactions, the newest first",
                tag=TAG,
                query=TransactionQuery,
                answer=Page[TransactionView],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=TransactionView),
            get(
                one + "/meter-values",
                self.read_meter_values,
                "List its readings in the order of time",
                tag=TAG,
                query=PageQuery,
                answer=Page[MeterValueView],
            ),
        ]

    async def list_all(self, asked: Asked[TransactionQuery, Nothing]) -> Page[TransactionView]:
        query = asked.query
        wanted = TransactionFilter(
            charge_point_id=query.charge_point_id or None,
            evse_id=None if query.evse_id is UNSET else query.evse_id,
            id_token=normalise_id_token(query.id_token) if query.id_token else None,
            active=None if query.active is UNSET else query.active,
            flag=query.flag or None,
            ocpp_transaction_id=query.ocpp_transaction_id or None,
            since=query.since or None,
            until=query.until or None,
        )
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, wanted, window)
            shown = rows[: query.limit]
            power_w = await _power_w(connection, shown)
            costs = await costs_of(connection, [row["id"] for row in shown])
        return self._pager.page(rows, query, lambda row: self._view(row, power_w, costs))

    async def read(self, asked: Asked[Nothing, Nothing]) -> TransactionView:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["transaction_id"])
            costs = await costs_of(connection, [row["id"]])
            return self._view(row, await _power_w(connection, [row]), costs)

    async def read_meter_values(self, asked: Asked[PageQuery, Nothing]) -> Page[MeterValueView]:
        window = self._readings.window(asked.query)
        async with self._context.database.begin() as connection:
            transaction = await store.find(connection, asked.path["transaction_id"])
            rows = await store.readings(connection, transaction, window)
        return self._readings.page(rows, asked.query, lambda row: view(MeterValueView, row))

    def _view(
        self, row: Row, power_w: Mapping[int, float], costs: Mapping[int, Row]
    ) -> TransactionView:
        live, number = self._live(row), row["id"]
        running = {} if live is None else _running(live)
        if row["stopped_at"] is None:
            cost = cost_so_far(self._context.services.running_costs.running_cost(number))
        else:
            cost = ended_cost(costs.get(number))
        return view(
            TransactionView,
            row,
            power_w=power_w.get(number),
            cost=msgspec.to_builtins(cost),
            **running,
        )

    def _live(self, row: Row) -> Transaction | None:
        """The transaction in memory, which is saved only now and then while it is open."""
        if row["stopped_at"] is not None:
            return None
        charge_point = self._context.services.charge_points.live(row["charge_point_id"])
        return charge_point.open_transactions.get(row["id"]) if charge_point else None


async def _power_w(connection: AdminConnection, rows: Sequence[Row]) -> dict[int, float]:
    still_open = [row["id"] for row in rows if row["stopped_at"] is None]
    return await store.latest_power_w(connection, still_open) if still_open else {}


def _running(transaction: Transaction) -> dict[str, Any]:
    return {
        "energy_wh": plain(transaction.energy_wh),
        "energy_source": transaction.energy_source,
        "last_reading_at": transaction.last_reading_at,
        "charging_state": transaction.charging_state,
        "flags": sorted(transaction.flags),
    }
