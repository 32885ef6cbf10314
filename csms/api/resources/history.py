"""What a charge point told: connectors, status history, message log, notifications, variables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import ConnectorId, EvseId, Int32, Int64, Moment, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.charge_points import ConnectorView
from csms.api.route import Asked, Nothing, Route, get
from csms.store.admin import charge_points, history, variables
from csms.store.admin.history import Span

TAG: Final = "What charge points told"


class SpanQuery(PageQuery, kw_only=True):
    since: Annotated[Moment, Meta(description="Received at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Received before.")] | UnsetType = field(
        default=UNSET, name="to"
    )

    def span(self) -> Span:
        return Span(since=self.since or None, until=self.until or None)


class StatusQuery(SpanQuery, kw_only=True):
    evse_id: EvseId | UnsetType = UNSET
    connector_id: ConnectorId | UnsetType = UNSET


class MessageQuery(SpanQuery, kw_only=True):
    action: Text | UnsetType = UNSET
    direction: (
        Annotated[Literal["in", "out"], Meta(description="in: from the charge point; out: to it.")]
        | UnsetType
    ) = UNSET
    outcome: Text | UnsetType = UNSET


class NotificationQuery(SpanQuery, kw_only=True):
    kind: Text | UnsetType = UNSET
    severity: Literal["info", "warning", "critical"] | UnsetType = UNSET


class VariableQuery(PageQuery, kw_only=True):
    component: Text | UnsetType = UNSET
    variable: Text | UnsetType = UNSET


class Connectors(Struct):
    items: list[ConnectorView]


class StatusView(Struct):
    evse_id: int
    connector_id: int
    status: str
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    status_at: datetime
    received_at: datetime


class MessageView(Struct):
    """One exchange; `request` and `response` are the JSON texts, cut if they were very long."""

    received_at: datetime
    direction: str
    ocpp_version: str
    message_id: str | None
    action: str | None
    request: str | None
    response: str | None
    outcome: str
    repairs: list[str] | None
    duration_s: float | None


class NotificationView(Struct):
    kind: str
    severity: str
    summary: str
    evse_id: int | None
    connector_id: int | None
    data: dict[str, Any]
    at: datetime
    received_at: datetime


class VariableView(Struct):
    component: str
    component_instance: str
    evse_id: int
    connector_id: int
    variable: str
    variable_instance: str
    attribute: str
    value: str | None
    mutability: str | None
    characteristics: dict[str, Any] | None
    reported_at: datetime


class History:
    def __init__(self, context: Context) -> None:
        self._database = context.database
        by_arrival = (tuple[Moment, Int64], "received_at", "id")
        self._statuses: Pager[StatusView] = Pager(*by_arrival)
        self._messages: Pager[MessageView] = Pager(*by_arrival)
        self._notifications: Pager[NotificationView] = Pager(*by_arrival)
        self._variables: Pager[VariableView] = Pager(
            tuple[Text, Text, Int32, Int32, Text, Text, Text], *variables.ORDER
        )

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/charge-points/{charge_point_id}"
        return [
            get(
                one + "/connectors",
                self.connectors,
                "List connectors as they are now",
                tag=TAG,
                query=Nothing,
                answer=Connectors,
            ),
            get(
                one + "/connector-statuses",
                self.statuses,
                "List what connectors said of themselves, the newest first",
                tag=TAG,
                query=StatusQuery,
                answer=Page[StatusView],
            ),
            get(
                one + "/messages",
                self.messages,
                "List exchanges of the message log, the newest first",
                tag=TAG,
                query=MessageQuery,
                answer=Page[MessageView],
            ),
            get(
                one + "/notifications",
                self.notifications,
                "List what else was told, the newest first",
                tag=TAG,
                query=NotificationQuery,
                answer=Page[NotificationView],
            ),
            get(
                one + "/variables",
                self.variables,
                "List configuration keys or variables as last reported",
                tag=TAG,
                query=VariableQuery,
                answer=Page[VariableView],
            ),
        ]

    async def connectors(self, asked: Asked[Nothing, Nothing]) -> Connectors:
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await charge_points.connectors_of(connection, [key])
        return Connectors([view(ConnectorView, row) for row in rows])

    async def statuses(self, asked: Asked[StatusQuery, Nothing]) -> Page[StatusView]:
        query = asked.query
        window = self._statuses.window(query)
        async with self._database.begin() as connection:
            rows = await history.statuses(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                query.span(),
                window,
                evse_id=None if query.evse_id is UNSET else query.evse_id,
                connector_id=None if query.connector_id is UNSET else query.connector_id,
            )
        return self._statuses.page(rows, query, lambda row: view(StatusView, row))

    async def messages(self, asked: Asked[MessageQuery, Nothing]) -> Page[MessageView]:
        query = asked.query
        window = self._messages.window(query)
        async with self._database.begin() as connection:
            rows = await history.messages(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                query.span(),
                window,
                action=query.action or None,
                from_charge_point=None if query.direction is UNSET else query.direction == "in",
                outcome=query.outcome or None,
            )
        return self._messages.page(
            rows,
            query,
            lambda row: view(
                MessageView, row, direction="in" if row["from_charge_point"] else "out"
            ),
        )

    async def notifications(
        self, asked: Asked[NotificationQuery, Nothing]
    ) -> Page[NotificationView]:
        query = asked.query
        window = self._notifications.window(query)
        async with self._database.begin() as connection:
            rows = await history.told(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                query.span(),
                window,
                kind=query.kind or None,
                severity=query.severity or None,
            )
        return self._notifications.page(rows, query, lambda row: view(NotificationView, row))

    async def variables(self, asked: Asked[VariableQuery, Nothing]) -> Page[VariableView]:
        query = asked.query
        window = self._variables.window(query)
        async with self._database.begin() as connection:
            rows = await variables.list_page(
                connection,
                await charge_points.key_of(connection, asked.charge_point_id),
                window,
                component=query.component or None,
                variable=query.variable or None,
            )
        return self._variables.page(rows, query, lambda row: view(VariableView, row))
