"""/circuits: the breakers of a site, from the grid connection down to the last string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from csms.api.amps import Amps, AmpsView, amps_view, per_phase
from csms.api.context import Context
from csms.api.fields import CircuitId, Name, SiteId, Text
from csms.api.installation_change import FindingView, changing, judge
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.smart_charging.grid import Network, PerPhase
from csms.store.admin import circuits as store
from csms.store.admin import sites
from csms.store.admin.window import Row

TAG: Final = "Circuits"

S = TypeVar("S", bound=Struct)
Power: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]


class Signal(Struct, forbid_unknown_fields=True, kw_only=True):
    """How the circuit listens to the grid operator (such as § 14a EnWG, EEBUS LPC)."""

    failsafe_power_w: Annotated[Power, Meta(description="The limit when the signal is lost.")]
    heartbeat_timeout_s: Annotated[float, Meta(gt=0, le=86_400)] = 120.0
    failsafe_duration_s: Annotated[float, Meta(ge=0, le=604_800)] = 7200.0


class _Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    breaker_a: Annotated[Amps, Meta(description="A phase that the circuit lacks has 0 A.")]
    name: Name | None = None
    parent_id: (
        Annotated[
            CircuitId, Meta(description="The circuit that feeds it; null: the grid connection.")
        ]
        | None
    ) = None
    operating_limit_a: (
        Annotated[Amps, Meta(description="Below the breaker, by the owner's choice.")] | None
    ) = None
    max_power_w: Annotated[Power, Meta(description="Contracted power over all phases.")] | None = (
        None
    )
    max_imbalance_a: (
        Annotated[
            float,
            Meta(ge=0, le=10_000, description="How much more one phase may carry than another."),
        ]
        | None
    ) = None
    margin: Annotated[
        float, Meta(ge=0, lt=1, description="Share of every limit that is kept free.")
    ] = 0.0
    assumed_load_a: Annotated[
        Amps,
        Meta(description="Other load than chargers, without a meter or while it is silent."),
    ] = 0.0
    signal: Signal | None = None
    feeds: Annotated[
        list[CircuitId],
        Meta(
            max_length=1000,
            description="Circuits of the site that hang on this one from now on, in the same "
            "change: so a new grid connection is put above the old one. Others stay as they are.",
        ),
    ] = []


class NewCircuit(_Settings, kw_only=True):
    id: CircuitId
    site_id: SiteId


class CircuitSettings(_Settings, kw_only=True):
    """All there is to set; what is left out gets its default. A new one needs its `site_id`."""

    id: CircuitId | UnsetType = UNSET
    site_id: SiteId | UnsetType = UNSET


class LastReading(Struct):
    measured_at: datetime
    current_a: AmpsView
    power_w: float | None
    battery_w: float | None


class CircuitView(Struct, kw_only=True):
    """`signal_at`: when the grid operator's signal was last heard."""

    id: str
    site_id: str
    parent_id: str | None
    name: str
    breaker_a: AmpsView
    operating_limit_a: AmpsView | None
    max_power_w: float | None
    max_imbalance_a: float | None
    margin: float
    assumed_load_a: AmpsView
    has_meter: bool
    last_reading: LastReading | None
    signal: Signal | None
    signal_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SavedCircuit(CircuitView, kw_only=True):
    warnings: list[FindingView]


class CircuitQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET


class Circuits:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[CircuitView] = Pager(tuple[Text], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/circuits"
        one = path + "/{circuit_id}"
        return [
            get(
                path,
                self.list_all,
                "List circuits",
                tag=TAG,
                query=CircuitQuery,
                answer=Page[CircuitView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a circuit",
                tag=TAG,
                query=Nothing,
                body=NewCircuit,
                answers={201: SavedCircuit},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=CircuitView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a circuit",
                tag=TAG,
                query=Nothing,
                body=CircuitSettings,
                answers={200: SavedCircuit, 201: SavedCircuit},
                problems=(409,),
            ),
            delete(
                one,
                self.remove,
                "Delete a circuit on which nothing hangs any more",
                tag=TAG,
                problems=(404, 409),
            ),
        ]

    async def list_all(self, asked: Asked[CircuitQuery, Nothing]) -> Page[CircuitView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window, site_id=query.site_id or None)
        return self._pager.page(rows, query, lambda row: _view(CircuitView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> CircuitView:
        async with self._context.database.begin() as connection:
            return _view(CircuitView, await store.find(connection, asked.path["circuit_id"]))

    async def create(self, asked: Asked[Nothing, NewCircuit]) -> SavedCircuit:
        body = asked.body
        saved, _ = await self._save(asked.actor.name, "create", body.id, body.site_id, body)
        return saved

    async def replace(self, asked: Asked[Nothing, CircuitSettings]) -> Reply:
        circuit_id, body = str(asked.path["circuit_id"]), asked.body
        if body.id and body.id != circuit_id:
            raise ConflictError(f"the path is about {circuit_id!r}, the body about {body.id!r}")
        async with self._context.database.begin() as connection:
            site_id = await store.site_of(connection, circuit_id)
        if site_id is None:
            if body.site_id is UNSET:
                raise InvalidValueError("site_id", None, "the site of a new circuit")
            site_id = body.site_id
        elif body.site_id not in (UNSET, site_id):
            raise ConflictError(f"circuit {circuit_id!r} is at site {site_id!r}; it can't move")
        saved, is_new = await self._save(asked.actor.name, "replace", circuit_id, site_id, body)
        return Reply(saved, 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        circuit_id = str(asked.path["circuit_id"])
        async with self._context.change(
            asked.actor.name, "delete", f"circuits/{circuit_id}", {}
        ) as connection:
            await sites.touch(connection, (await store.find(connection, circuit_id))["site_id"])
            await store.remove(connection, circuit_id, self._context.clock.now())

    async def _save(
        self, actor: str, action: str, circuit_id: str, site_id: str, body: _Settings
    ) -> tuple[SavedCircuit, bool]:
        await self._check_site(site_id)
        async with changing(
            self._context, actor, action, f"circuits/{circuit_id}", _shown(body), site_id
        ) as (connection, before):
            is_new = circuit_id not in before.circuits
            if action == "create" or is_new:
                await store.check_free(connection, circuit_id)
            values = _values(body, circuit_id, before.site.network)
            after = before.with_circuit(circuit_id, values)
            for fed_id in body.feeds:
                if fed_id not in before.circuits or fed_id == circuit_id:
                    raise InvalidValueError("feeds", fed_id, f"other circuits of site {site_id!r}")
                after = after.with_circuit(fed_id, {"parent_id": circuit_id})
            warnings = judge(before, after, f"circuits/{circuit_id}", _shown(body))
            if is_new:
                await store.create(connection, circuit_id, {"site_id": site_id, **values})
            else:
                await store.change(connection, circuit_id, values)
            for fed_id in body.feeds:
                await store.change(connection, fed_id, {"parent_id": circuit_id})
            row = await store.find(connection, circuit_id)
        return _view(SavedCircuit, row, warnings=warnings), is_new

    async def _check_site(self, site_id: str) -> None:
        async with self._context.database.begin() as connection:
            if not await sites.exists(connection, site_id):
                raise InvalidValueError("site_id", site_id, "a site that there is")


def _values(body: _Settings, circuit_id: str, network: Network) -> dict[str, Any]:
    """The columns of a circuit's row."""
    signal = body.signal
    return {
        "name": body.name or circuit_id,
        "parent_id": body.parent_id,
        "breaker_a": _amps(body.breaker_a, network),
        "operating_limit_a": (
            None if body.operating_limit_a is None else _amps(body.operating_limit_a, network)
        ),
        "max_power_w": body.max_power_w,
        "max_imbalance_a": body.max_imbalance_a,
        "margin": body.margin,
        "assumed_load_a": _amps(body.assumed_load_a, network),
        "signal_failsafe_power_w": signal and signal.failsafe_power_w,
        "signal_heartbeat_timeout_s": signal and signal.heartbeat_timeout_s,
        "signal_failsafe_duration_s": signal and signal.failsafe_duration_s,
    }


def _amps(amps: Amps, network: Network) -> list[float]:
    """One number is meant for each phase that the site has."""
    if network is Network.SINGLE_PHASE and isinstance(amps, float | int):
        return list(PerPhase(amps, 0.0, 0.0))
    return list(per_phase(amps))


def _view(type_: type[S], row: Row, **more: object) -> S:
    has_signal = row["signal_failsafe_power_w"] is not None
    signal = {name: row[f"signal_{name}"] for name in Signal.__struct_fields__}
    reading = {name: row[f"reading_{name}"] for name in LastReading.__struct_fields__}
    shown = {name: amps_view(row[name]) for name in ("breaker_a", "operating_limit_a")}
    return view(
        type_,
        row,
        assumed_load_a=amps_view(row["assumed_load_a"]),
        signal=Signal(**signal) if has_signal else None,
        last_reading=_reading(reading) if reading["measured_at"] is not None else None,
        **shown,
        **more,
    )


def _reading(values: Mapping[str, Any]) -> LastReading:
    return view(LastReading, values, current_a=amps_view(values["current_a"]))


def _shown(body: _Settings) -> dict[str, Any]:
    """What the audit log holds of a change, and a refusal repeats."""
    names = _Settings.__struct_fields__
    shown: dict[str, Any] = to_builtins({name: getattr(body, name) for name in names})
    return {name: value for name, value in shown.items() if value not in (None, [])}
