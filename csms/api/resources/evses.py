"""/evses: where each outlet hangs, what it can, and how its owner wants it to charge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from csms.api.context import Context
from csms.api.fields import CircuitId, Int64, OutletId, Text
from csms.api.installation_change import FindingView, changing, judge
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.charge_points import operator_settings
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.smart_charging.grid import EvseKey, Mode, Unit, parse_wiring
from csms.smart_charging.wishes import (
    ModeSettings,
    PhaseChoice,
    SolarPlusSettings,
    StartSetting,
)
from csms.store.admin import charge_points, circuits, sites
from csms.store.admin import evses as store
from csms.store.admin.window import AdminConnection, Row
from csms.store.installations import Installation, mode_columns, mode_settings_of

TAG: Final = "EVSEs"

S = TypeVar("S", bound=Struct)
Current: TypeAlias = Annotated[float, Meta(ge=0, le=10_000)]
HourMode: TypeAlias = Literal["lock", "power", "solar_pure", "solar_plus"]
Day: TypeAlias = Annotated[list[HourMode], Meta(min_length=24, max_length=24)]
Week: TypeAlias = Annotated[
    list[Day],
    Meta(max_length=7, description="Seven days from Monday, 24 hours each, in the site's time."),
]


class SolarPlus(Struct, forbid_unknown_fields=True, kw_only=True):
    """A floor that is always given, plus the surplus."""

    floor: StartSetting = "min"
    solar_share: Annotated[
        float, Meta(ge=0, le=1, description="The part of its power that must be surplus.")
    ] = 0.0


class ModeBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is."""

    mode: Mode | UnsetType = UNSET
    solar_plus: SolarPlus | UnsetType = UNSET
    time_plan: Week | UnsetType = UNSET
    phase_choice: (
        Annotated[PhaseChoice, Meta(description="Where it can switch: on so many phases.")]
        | UnsetType
    ) = UNSET


class EvseBody(ModeBody, kw_only=True):
    """What is left out gets its default; of the mode it stays as it is."""

    circuit_id: CircuitId
    phases: Annotated[
        Text,
        Meta(
            description="The grid's phases at terminals L1, L2, L3 of the outlet: L1L2L3, L2L3L1, "
            "RST, STR, ..., L1, L2, L3, or L1-L2 between two lines of an IT net."
        ),
    ]
    rated_a: Annotated[
        Current, Meta(description="The most per phase: hardware, cable and its own fuse.")
    ]
    min_a: Current = 6.0
    step_a: Current = 1.0
    unit: Unit = "A"
    controllable: Annotated[
        bool, Meta(description="Whether it follows charging profiles at all.")
    ] = True
    can_switch_phases: bool = False
    priority: Annotated[int, Meta(ge=-1000, le=1000, description="Higher goes first.")] = 0
    weight: Annotated[
        float, Meta(gt=0, le=1000, description="Share among those of one priority.")
    ] = 1.0


class EvseView(Struct, kw_only=True):
    charge_point_id: str
    evse_id: int
    site_id: str
    circuit_id: str
    phases: str
    rated_a: float
    min_a: float
    step_a: float
    unit: Unit
    controllable: bool
    can_switch_phases: bool
    priority: int
    weight: float
    mode: Mode
    solar_plus: SolarPlus
    time_plan: list[list[HourMode]]
    phase_choice: PhaseChoice
    created_at: datetime
    updated_at: datetime


class SavedEvse(EvseView, kw_only=True):
    warnings: list[FindingView]


class PhaseSwitchView(Struct):
    at: datetime
    from_phases: int
    to_phases: int
    reason: str
    transaction_id: int | None


class EvseQuery(PageQuery, kw_only=True):
    site_id: Text | UnsetType = UNSET
    circuit_id: Text | UnsetType = UNSET


class Evses:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[EvseView] = Pager(tuple[Text, OutletId], "identity", "evse_id")
        self._switches: Pager[PhaseSwitchView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/evses"
        one = path + "/{charge_point_id}/{evse_id}"
        return [
            get(
                path,
                self.list_all,
                "List the EVSEs in circuits",
                tag=TAG,
                query=EvseQuery,
                answer=Page[EvseView],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=EvseView),
            Route(
                method="PUT",
                path=one,
                handler=self.put,
                summary="Say in which circuit an EVSE hangs, and how",
                tag=TAG,
                query=Nothing,
                body=EvseBody,
                answers={200: SavedEvse, 201: SavedEvse},
                problems=(404, 409),
            ),
            delete(one, self.remove, "Take an EVSE out of its circuit", tag=TAG),
            Route(
                method="POST",
                path=one + "/mode",
                handler=self.set_mode,
                summary="Change how an EVSE charges",
                tag=TAG,
                query=Nothing,
                body=ModeBody,
                answers={200: EvseView},
            ),
            get(
                one + "/phase-switches",
                self.list_switches,
                "Its switches between one and three phases, the newest first",
                tag=TAG,
                query=PageQuery,
                answer=Page[PhaseSwitchView],
            ),
        ]

    async def list_all(self, asked: Asked[EvseQuery, Nothing]) -> Page[EvseView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                site_id=query.site_id or None,
                circuit_id=query.circuit_id or None,
            )
        return self._pager.page(rows, query, lambda row: _view(EvseView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> EvseView:
        async with self._context.database.begin() as connection:
            return _view(EvseView, await store.find(connection, _key(asked)))

    async def put(self, asked: Asked[Nothing, EvseBody]) -> Reply:
        body = asked.body
        async with self._context.database.begin() as connection:
            known = await charge_points.find(connection, asked.charge_point_id)
            site_id = await circuits.site_of(connection, body.circuit_id)
        if site_id is None:
            raise InvalidValueError("circuit_id", body.circuit_id, "a circuit that there is")
        key = EvseKey(known["id"], asked.path["evse_id"])
        target = f"evses/{key}"
        async with changing(
            self._context, asked.actor.name, "replace", target, _shown(body), site_id
        ) as (connection, before):
            settled = await store.settle_charge_point(connection, key.charge_point_id, site_id)
            is_new = key not in before.evses
            values = _values(body, before, key)
            warnings = judge(before, before.with_evse(key, values), target, _shown(body))
            save = store.create if is_new else store.change
            await save(connection, known["key"], key.evse_id, values)
            row = await store.find(connection, key)
        if settled is not None:
            self._context.services.charge_points.configure(
                key.charge_point_id, operator_settings(settled)
            )
        return Reply(_view(SavedEvse, row, warnings=warnings), 201 if is_new else 200)

    async def set_mode(self, asked: Asked[Nothing, ModeBody]) -> EvseView:
        async with self._changing(asked, "change mode", _shown(asked.body)) as (connection, row):
            settings = _mode(asked.body, mode_settings_of(row))
            await store.change(
                connection, row["charge_point_key"], row["evse_id"], mode_columns(settings)
            )
            return _view(EvseView, await store.find(connection, _key(asked)))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        key = _key(asked)
        live = self._context.services.charge_points.live(key.charge_point_id)
        running = live.open_transactions.values() if live is not None else ()
        if any(transaction.evse_id == key.evse_id for transaction in running):
            raise ConflictError(f"a car charges at {key}; it counts until its transaction is over")
        async with self._changing(asked, "delete", {}) as (connection, row):
            await store.remove(connection, row["charge_point_key"], row["evse_id"])

    async def list_switches(self, asked: Asked[PageQuery, Nothing]) -> Page[PhaseSwitchView]:
        window = self._switches.window(asked.query)
        async with self._context.database.begin() as connection:
            await charge_points.find(connection, asked.charge_point_id)
            rows = await store.switches(connection, _key(asked), window)
        return self._switches.page(rows, asked.query, lambda row: view(PhaseSwitchView, row))

    @asynccontextmanager
    async def _changing(
        self, asked: Asked[Any, Any], action: str, data: Mapping[str, Any]
    ) -> AsyncIterator[tuple[AdminConnection, Row]]:
        """Lend a connection for a change that makes nothing wrong, and the EVSE's row."""
        key = _key(asked)
        async with self._context.change(
            asked.actor.name, action, f"evses/{key}", data
        ) as connection:
            row = await store.find(connection, key)
            await sites.touch(connection, row["site_id"])
            yield connection, await store.find(connection, key)


def _key(asked: Asked[Any, Any]) -> EvseKey:
    return EvseKey(asked.charge_point_id, asked.path["evse_id"])


_INSTALLERS: Final = tuple(
    name for name in EvseBody.__struct_fields__ if name not in ModeBody.__struct_fields__
)


def _values(body: EvseBody, before: Installation, key: EvseKey) -> dict[str, Any]:
    """The columns of an EVSE's row; raises InvalidValueError."""
    known = before.evses.get(key)
    mode = ModeSettings() if known is None else mode_settings_of(known)
    try:
        wiring = parse_wiring(body.phases)
    except ValueError as error:
        allowed = str(error).partition("allowed: ")[2]
        raise InvalidValueError("phases", body.phases, allowed) from error
    return {
        **{name: getattr(body, name) for name in _INSTALLERS},
        "phases": str(wiring),
        **mode_columns(_mode(body, mode)),
    }


def _mode(body: ModeBody, mode: ModeSettings) -> ModeSettings:
    """Return what is wanted now; raises InvalidValueError."""
    if body.mode is not UNSET:
        mode = replace(mode, mode=body.mode)
    if body.solar_plus is not UNSET:
        floor, share = body.solar_plus.floor, body.solar_plus.solar_share
        mode = replace(mode, solar_plus=SolarPlusSettings(floor=floor, solar_share=share))
    if body.time_plan is not UNSET:
        days = tuple(tuple(Mode(hour) for hour in day) for day in body.time_plan)
        mode = replace(mode, time_plan=days)
    if body.phase_choice is not UNSET:
        mode = replace(mode, phases=body.phase_choice)
    days_given = len(mode.time_plan)
    if days_given not in (0, 7) or (mode.mode is Mode.TIME_PLAN and not days_given):
        allowed = "seven days of 24 hours each, for the mode time_plan"
        raise InvalidValueError("time_plan", f"{days_given} days", allowed)
    return mode


def _view(type_: type[S], row: Row, **more: object) -> S:
    mode = mode_settings_of(row)
    shown = {
        "solar_plus": SolarPlus(**to_builtins(mode.solar_plus)),
        "time_plan": to_builtins(mode.time_plan),
        "phase_choice": mode.phases,
    }
    return view(type_, row, **shown, **more)


def _shown(body: ModeBody) -> dict[str, Any]:
    """What the audit log holds of a change, and a refusal repeats."""
    shown: dict[str, Any] = to_builtins(body)
    return shown
