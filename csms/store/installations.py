"""A site read whole: its circuits and EVSEs as load management reckons with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.smart_charging.grid import (
    Circuit,
    Evse,
    EvseKey,
    GridSignal,
    Network,
    PerPhase,
    Site,
    parse_wiring,
)
from csms.smart_charging.wishes import ModeSettings
from csms.store.load_tables import circuit_readings, circuits, evses, meters, sites
from csms.store.tables import charge_points

_SAME_IN_SITE: Final = (
    "id", "name", "voltage_v", "time_zone", "country", "max_meter_age_s", "slot_s",
    "strict_priority", "battery_counts_as_surplus", "demand_cap_w", "unattended_factor",
)  # fmt: skip
_SAME_IN_CIRCUIT: Final = (
    "id", "name", "parent_id", "max_power_w", "max_imbalance_a", "margin", "has_meter",
)  # fmt: skip
_SAME_IN_EVSE: Final = (
    "circuit_id", "rated_a", "min_a", "step_a", "unit", "controllable", "can_switch_phases",
    "priority", "weight",
)  # fmt: skip


def has_meter() -> ColumnElement[bool]:
    """Whether a circuit is metered: by a meter that is switched on, or by readings that came."""
    metered = exists().where(meters.c.circuit_id == circuits.c.id, meters.c.enabled)
    read = exists().where(circuit_readings.c.circuit_id == circuits.c.id)
    return or_(metered.correlate(circuits), read.correlate(circuits)).label("has_meter")


@dataclass(frozen=True, slots=True)
class Installation:
    """The rows of a site; `with_...` is what they would be, to be looked at before it is done."""

    site_row: Mapping[str, Any]
    circuits: Mapping[str, Mapping[str, Any]]
    """By id."""
    evses: Mapping[EvseKey, Mapping[str, Any]]

    @property
    def site(self) -> Site:
        return Site(
            network=Network(self.site_row["network"]),
            circuits=tuple(map(_circuit, self.circuits.values())),
            evses=tuple(map(_evse, self.evses.values())),
            **{name: self.site_row[name] for name in _SAME_IN_SITE},
        )

    def with_circuit(self, circuit_id: str, values: Mapping[str, Any]) -> Installation:
        row = {"id": circuit_id, "has_meter": False, **self.circuits.get(circuit_id, {}), **values}
        return replace(self, circuits={**self.circuits, circuit_id: row})

    def with_evse(self, key: EvseKey, values: Mapping[str, Any]) -> Installation:
        row = {**key._asdict(), **self.evses.get(key, {}), **values}
        return replace(self, evses={**self.evses, key: row})


async def load_installation(connection: AsyncConnection, site_id: str) -> Installation | None:
    """Return a site with all its circuits and EVSEs, in the order of their ids."""
    rows = await connection.execute(select(sites).where(sites.c.id == site_id))
    row = rows.mappings().one_or_none()
    if row is None:
        return None
    return Installation(
        dict(row),
        {row["id"]: row for row in await _circuit_rows(connection, site_id)},
        {key_of(row): row for row in await _evse_rows(connection, site_id)},
    )


async def _circuit_rows(connection: AsyncConnection, site_id: str) -> list[Mapping[str, Any]]:
    rows = await connection.execute(
        select(circuits, has_meter())
        .where(circuits.c.site_id == site_id)
        .order_by(circuits.c.id.collate("C"))
    )
    return [dict(row) for row in rows.mappings()]


async def _evse_rows(connection: AsyncConnection, site_id: str) -> list[Mapping[str, Any]]:
    rows = await connection.execute(
        select(evses, charge_points.c.id.label("charge_point_id"))
        .join(charge_points, charge_points.c.key == evses.c.charge_point_key)
        .join(circuits, circuits.c.id == evses.c.circuit_id)
        .where(circuits.c.site_id == site_id)
        .order_by(charge_points.c.id.collate("C"), evses.c.evse_id)
    )
    return [dict(row) for row in rows.mappings()]


def key_of(row: Mapping[str, Any]) -> EvseKey:
    return EvseKey(row["charge_point_id"], row["evse_id"])


def mode_settings_of(row: Mapping[str, Any]) -> ModeSettings:
    """Return what the owner wants of an EVSE, of its row."""
    return msgspec.convert({**row["mode_settings"], "mode": row["mode"]}, ModeSettings)


def mode_columns(settings: ModeSettings) -> dict[str, Any]:
    """Return the columns of an EVSE's row that `mode_settings_of` reads."""
    others: dict[str, Any] = msgspec.to_builtins(settings)
    return {"mode": others.pop("mode"), "mode_settings": others}


def per_phase(values: Sequence[float] | None) -> PerPhase | None:
    return None if values is None else PerPhase(*values)


def _circuit(row: Mapping[str, Any]) -> Circuit:
    return Circuit(
        breaker_a=PerPhase(*row["breaker_a"]),
        operating_limit_a=per_phase(row["operating_limit_a"]),
        assumed_load_a=PerPhase(*row["assumed_load_a"]),
        signal=_signal(row),
        **{name: row[name] for name in _SAME_IN_CIRCUIT},
    )


def _signal(row: Mapping[str, Any]) -> GridSignal | None:
    if row["signal_failsafe_power_w"] is None:
        return None
    return GridSignal(
        failsafe_power_w=row["signal_failsafe_power_w"],
        heartbeat_timeout_s=row["signal_heartbeat_timeout_s"],
        failsafe_duration_s=row["signal_failsafe_duration_s"],
    )


def _evse(row: Mapping[str, Any]) -> Evse:
    return Evse(
        key=key_of(row),
        wiring=parse_wiring(row["phases"]),
        **{name: row[name] for name in _SAME_IN_EVSE},
    )
