"""/meters, and readings by POST: what the circuits carry besides the chargers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.amps import AmpsView, SignedAmps, per_phase
from csms.api.context import Context
from csms.api.fields import CircuitId, MeterId, Moment, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.meter_health import MeterHealthView, health_view, running_meters
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.meters.settings import MeterKind, read_settings
from csms.services.load_management.ports import CircuitReading
from csms.store.admin import circuits, sites
from csms.store.admin import meters as store
from csms.store.admin.circuits import Kept
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Meters"

MAX_AGE: Final = timedelta(hours=1)
RESERVED_ID: Final = "health"
MAX_AHEAD: Final = timedelta(seconds=60)


class _Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    circuit_id: CircuitId
    kind: Annotated[MeterKind, Meta(description="How it is read; api: readings are posted.")]
    settings: Annotated[
        dict[str, Any],
        Meta(
            description="What its kind needs. Passwords and keys are named and lie as files in "
            "the server's directory of secrets."
        ),
    ] = {}
    enabled: bool = True


class NewMeter(_Settings, kw_only=True):
    id: MeterId


class MeterBody(_Settings, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id: MeterId | UnsetType = UNSET


class MeterView(Struct, kw_only=True):
    id: str
    site_id: str
    circuit_id: str
    kind: MeterKind
    settings: dict[str, Any]
    enabled: bool
    created_at: datetime
    updated_at: datetime


class MeterDetails(MeterView, kw_only=True):
    health: MeterHealthView


class MeterQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET
    circuit_id: Text | UnsetType = UNSET
    kind: MeterKind | UnsetType = UNSET


class ReadingBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a meter shows; positive is drawn from the grid, negative goes there."""

    current_a: SignedAmps
    power_w: Annotated[float, Meta(ge=-1e9, le=1e9, description="Over all phases.")] | None = None
    battery_w: (
        Annotated[
            float,
            Meta(ge=-1e9, le=1e9, description="What a home battery takes; negative: gives."),
        ]
        | None
    ) = None
    measured_at: Annotated[Moment, Meta(description="Now, unless it is given.")] | UnsetType = UNSET


class ReadingView(Struct):
    """`latest` is false if a newer reading had come before: then this one changes nothing."""

    circuit_id: str
    measured_at: datetime
    current_a: AmpsView
    power_w: float | None
    battery_w: float | None
    latest: bool


class Meters:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[MeterView] = Pager(tuple[Text], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/meters"
        one = path + "/{meter_id}"
        return [
            get(
                path,
                self.list_all,
                "List meters",
                tag=TAG,
                query=MeterQuery,
                answer=Page[MeterView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a meter",
                tag=TAG,
                query=Nothing,
                body=NewMeter,
                answers={201: MeterView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=MeterDetails),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a meter",
                tag=TAG,
                query=Nothing,
                body=MeterBody,
                answers={200: MeterView, 201: MeterView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete a meter, with what it last showed", tag=TAG),
            Route(
                method="POST",
                path="/api/v1/circuits/{circuit_id}/readings",
                handler=self.take_reading,
                summary="Say what a circuit's meter shows",
                tag=TAG,
                query=Nothing,
                body=ReadingBody,
                answers={202: ReadingView},
                problems=(409,),
            ),
        ]

    async def list_all(self, asked: Asked[MeterQuery, Nothing]) -> Page[MeterView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                site_id=query.site_id or None,
                circuit_id=query.circuit_id or None,
                kind=query.kind or None,
            )
        return self._pager.page(rows, query, lambda row: view(MeterView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> MeterDetails:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["meter_id"])
        running = running_meters(self._context).get(row["id"])
        health = health_view(row, running, self._context.clock.now())
        return view(MeterDetails, row, health=health)

    async def create(self, asked: Asked[Nothing, NewMeter]) -> MeterView:
        saved, _ = await self._save(asked.actor.name, "create", asked.body.id, asked.body)
        return saved

    async def replace(self, asked: Asked[Nothing, MeterBody]) -> Reply:
        meter_id, body = str(asked.path["meter_id"]), asked.body
        if body.id and body.id != meter_id:
            raise ConflictError(f"the path is about {meter_id!r}, the body about {body.id!r}")
        saved, is_new = await self._save(asked.actor.name, "replace", meter_id, body)
        return Reply(saved, 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        meter_id = asked.path["meter_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"meters/{meter_id}", {}
        ) as connection:
            await sites.touch(connection, (await store.find(connection, meter_id))["site_id"])
            await store.remove(connection, meter_id)

    async def _save(
        self, actor: str, action: str, meter_id: str, body: _Settings
    ) -> tuple[MeterView, bool]:
        values = _values(body)
        if meter_id == RESERVED_ID:
            raise InvalidValueError("id", meter_id, "another id: it would hide that resource")
        async with self._context.change(actor, action, f"meters/{meter_id}", values) as connection:
            known = await store.get(connection, meter_id)
            if known is not None and action == "create":
                raise ConflictError(f"there is a meter {meter_id!r} already")
            await _touch_sites(connection, known, body.circuit_id)
            if body.enabled:
                await store.check_alone(connection, body.circuit_id, meter_id)
            if known is None:
                await store.create(connection, meter_id, values)
            else:
                await store.change(connection, meter_id, values)
                if not body.enabled or known["circuit_id"] != body.circuit_id:
                    await store.forget_reading(connection, known["circuit_id"])
            row = await store.find(connection, meter_id)
        return view(MeterView, row), known is None

    async def take_reading(self, asked: Asked[Nothing, ReadingBody]) -> ReadingView:
        circuit_id, body = str(asked.path["circuit_id"]), asked.body
        reading = CircuitReading(
            circuit_id=circuit_id,
            measured_at=self._measured_at(body),
            current_a=per_phase(body.current_a),
            power_w=body.power_w,
            battery_w=body.battery_w,
        )
        async with self._context.database.begin() as connection:
            circuit = await circuits.find(connection, circuit_id)
            meter = await store.enabled_kind(connection, circuit_id)
            if meter is not None and meter[1] != MeterKind.API:
                raise ConflictError(f"circuit {circuit_id!r} is read by its meter {meter[0]!r}")
            kept = await circuits.keep_reading(connection, reading)
            if kept is Kept.FIRST and not circuit["has_meter"]:
                await sites.touch(connection, circuit["site_id"])
        if self._context.meters is not None:
            self._context.meters.reading(reading)
        return ReadingView(
            circuit_id,
            reading.measured_at,
            AmpsView(*reading.current_a),
            reading.power_w,
            reading.battery_w,
            kept is not Kept.LATE,
        )

    def _measured_at(self, body: ReadingBody) -> datetime:
        """Raises InvalidValueError for a moment that is long over or still to come."""
        now = self._context.clock.now()
        if body.measured_at is UNSET:
            return now
        if not now - MAX_AGE <= body.measured_at <= now + MAX_AHEAD:
            allowed = f"a time within the last hour, by the server's clock ({now:%H:%M:%S} UTC)"
            raise InvalidValueError("measured_at", body.measured_at.isoformat(), allowed)
        return min(body.measured_at, now)


async def _touch_sites(connection: AdminConnection, known: Row | None, circuit_id: str) -> None:
    """Tell the sites of both circuits, in an order in which nobody waits for each other."""
    site_id = await circuits.site_of(connection, circuit_id)
    if site_id is None:
        raise InvalidValueError("circuit_id", circuit_id, "a circuit that there is")
    for touched in sorted({site_id} | ({known["site_id"]} if known else set())):
        await sites.touch(connection, touched)


def _values(body: _Settings) -> Mapping[str, Any]:
    """The columns of a meter's row; raises InvalidValueError."""
    try:
        read_settings(body.kind, body.settings)
    except InvalidValueError as error:
        field = f"settings.{error.field}".removesuffix(".")
        raise InvalidValueError(field, error.value, error.allowed) from error
    return {
        "circuit_id": body.circuit_id,
        "kind": body.kind.value,
        "settings": body.settings,
        "enabled": body.enabled,
    }
