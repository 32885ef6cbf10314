"""/limit-orders: what the grid operator or the owner ordered, and the grid operator's signal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.amps import Amps, AmpsView, amps_view, per_phase
from csms.api.context import Context
from csms.api.fields import IN_FUTURE, Int64, Moment, Note, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.circuits import Power
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import ConflictError, InvalidValueError
from csms.store.admin import circuits, sites
from csms.store.admin import limit_orders as store
from csms.store.admin.limit_orders import LimitOrderFilter
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Limit orders"


class NewLimitOrder(Struct, forbid_unknown_fields=True, kw_only=True):
    """At least one limit. Without `starts_at` from now on, without `ends_at` until cancelled."""

    limit_a: Amps | None = None
    power_w: Annotated[Power, Meta(description="Over all phases.")] | None = None
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | None = None
    reason: Note = ""


class LimitOrderView(Struct, kw_only=True):
    """`source`: an operator, or the grid operator's signal."""

    id: int
    site_id: str
    circuit_id: str
    starts_at: datetime
    ends_at: datetime | None
    limit_a: AmpsView | None
    power_w: float | None
    reason: str
    source: Literal["operator", "signal"]
    created_by: str
    created_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None


class SignalBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A sign of life; with a limit that limit, with null none any more, else as before."""

    limit_power_w: Power | UnsetType | None = UNSET


class SignalView(Struct):
    circuit_id: str
    signal_at: datetime
    limit_power_w: float | None


class LimitOrderQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET
    circuit_id: Text | UnsetType = UNSET
    active: Annotated[bool, Meta(description="In force at this moment.")] | UnsetType = UNSET
    since: Annotated[Moment, Meta(description="In force at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="In force before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class LimitOrders:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[LimitOrderView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/limit-orders"
        one = path + "/{order_id}"
        circuit = "/api/v1/circuits/{circuit_id}"
        return [
            get(
                path,
                self.list_all,
                "List limit orders, the newest first; none is ever deleted",
                tag=TAG,
                query=LimitOrderQuery,
                answer=Page[LimitOrderView],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=LimitOrderView),
            Route(
                method="POST",
                path=circuit + "/limit-orders",
                handler=self.create,
                summary="Limit a circuit for a while",
                tag=TAG,
                query=Nothing,
                body=NewLimitOrder,
                answers={201: LimitOrderView},
            ),
            Route(
                method="DELETE",
                path=one,
                handler=self.cancel,
                summary="Cancel a limit order; it stays in the history",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: LimitOrderView},
            ),
            Route(
                method="POST",
                path=circuit + "/signal",
                handler=self.hear,
                summary="Pass the grid operator's signal on; silence brings the failsafe limit",
                tag=TAG,
                query=Nothing,
                body=SignalBody,
                answers={200: SignalView},
                problems=(409,),
            ),
        ]

    async def list_all(self, asked: Asked[LimitOrderQuery, Nothing]) -> Page[LimitOrderView]:
        query = asked.query
        wanted = LimitOrderFilter(
            site_id=query.site_id or None,
            circuit_id=query.circuit_id or None,
            active=None if query.active is UNSET else query.active,
            since=query.since or None,
            until=query.until or None,
        )
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, wanted, self._context.clock.now(), window)
        return self._pager.page(rows, query, _view)

    async def read(self, asked: Asked[Nothing, Nothing]) -> LimitOrderView:
        async with self._context.database.begin() as connection:
            return _view(await store.find(connection, asked.path["order_id"]))

    async def create(self, asked: Asked[Nothing, NewLimitOrder]) -> LimitOrderView:
        circuit_id, body = asked.path["circuit_id"], asked.body
        starts_at = self._starts_at(body)
        limit_a = None if body.limit_a is None else list(per_phase(body.limit_a))
        shown = {
            "limit_a": limit_a,
            "power_w": body.power_w,
            "starts_at": starts_at.isoformat(),
            "ends_at": body.ends_at and body.ends_at.isoformat(),
            "reason": body.reason,
        }
        async with self._context.change(
            asked.actor.name, "limit", f"circuits/{circuit_id}", shown
        ) as connection:
            return _view(
                await self._order(
                    connection,
                    await circuits.find(connection, circuit_id),
                    asked.actor.name,
                    limit_a=limit_a,
                    power_w=body.power_w,
                    starts_at=starts_at,
                    ends_at=body.ends_at,
                    reason=body.reason,
                    source=store.OPERATOR,
                )
            )

    async def cancel(self, asked: Asked[Nothing, Nothing]) -> LimitOrderView:
        order_id, actor = asked.path["order_id"], asked.actor.name
        async with self._context.change(
            actor, "cancel", f"limit-orders/{order_id}", {}
        ) as connection:
            order = await store.find(connection, order_id)
            if await sites.exists(connection, order["site_id"]):
                await sites.touch(connection, order["site_id"])
            now = self._context.clock.now()
            return _view(await store.cancel(connection, order_id, actor, now))

    async def hear(self, asked: Asked[Nothing, SignalBody]) -> SignalView:
        """A sign of life alone leaves no line in the audit log; a limit that changes does."""
        circuit_id, wanted = str(asked.path["circuit_id"]), asked.body.limit_power_w
        async with self._context.database.begin() as connection:
            circuit = await circuits.find(connection, circuit_id)
            if circuit["signal_failsafe_power_w"] is None:
                raise ConflictError(f"circuit {circuit_id!r} listens to no signal; set one first")
            await sites.touch(connection, circuit["site_id"])
            await circuits.hear_signal(connection, circuit_id, self._context.clock.now())
            standing = await store.standing_signal(connection, circuit_id)
        limit_w: float | None = None if standing is None else standing["power_w"]
        if wanted is not UNSET and wanted != limit_w:
            await self._set_signal_limit(asked.actor.name, circuit_id, wanted)
            limit_w = wanted
        return SignalView(circuit_id, self._context.clock.now(), limit_w)

    async def _set_signal_limit(self, actor: str, circuit_id: str, limit_w: float | None) -> None:
        now = self._context.clock.now()
        async with self._context.change(
            actor, "signal", f"circuits/{circuit_id}", {"limit_power_w": limit_w}
        ) as connection:
            circuit = await circuits.find(connection, circuit_id)
            await sites.touch(connection, circuit["site_id"])
            standing = await store.standing_signal(connection, circuit_id)
            if standing is not None:
                await store.cancel(connection, standing["id"], actor, now)
            if limit_w is not None:
                await self._order(
                    connection,
                    circuit,
                    actor,
                    power_w=limit_w,
                    starts_at=now,
                    reason="the grid operator's signal",
                    source=store.SIGNAL,
                )

    async def _order(
        self, connection: AdminConnection, circuit: Row, actor: str, **values: Any
    ) -> Row:
        await sites.touch(connection, circuit["site_id"])
        return await store.create(
            connection,
            {
                "site_id": circuit["site_id"],
                "circuit_id": circuit["id"],
                "created_by": actor,
                **values,
            },
        )

    def _starts_at(self, body: NewLimitOrder) -> datetime:
        """Return when the order begins; raises InvalidValueError for one that limits nothing."""
        now = self._context.clock.now()
        starts_at = now if body.starts_at is UNSET else body.starts_at
        if body.limit_a is None and body.power_w is None:
            raise InvalidValueError("power_w", None, "a limit: power_w, limit_a or both")
        if body.ends_at is not None and body.ends_at <= now:
            raise InvalidValueError("ends_at", body.ends_at.isoformat(), f"{IN_FUTURE}, or null")
        if body.ends_at is not None and body.ends_at <= starts_at:
            raise InvalidValueError("ends_at", body.ends_at.isoformat(), "a time after starts_at")
        return starts_at


def _view(row: Row) -> LimitOrderView:
    return view(LimitOrderView, row, limit_a=amps_view(row["limit_a"]))
