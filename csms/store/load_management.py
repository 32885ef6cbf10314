"""What load management keeps: sites as they are, what chargers hold, alarms, what was learned.

The state comes from what operators set (`csms.store.admin`); here it is read whole, and what
steering itself has to remember is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Select, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.clock import Clock
from csms.model import MeterValue
from csms.services.load_management.ports import (
    CircuitReading,
    EvseMemory,
    LimitOrder,
    LoadAlarm,
    PhaseSwitch,
    SteeredSite,
    WithheldEnergy,
)
from csms.services.pricing.spells import RELEASED, WITHHELD
from csms.smart_charging.forecast import PanelGroup, Place
from csms.smart_charging.grid import EvseKey, PerPhase
from csms.smart_charging.look_ahead import Expectations
from csms.smart_charging.wishes import ChargingNeed
from csms.store.admin.sites import pv_groups_of
from csms.store.admin.window import Row
from csms.store.database import Database
from csms.store.installations import (
    key_of,
    load_installation,
    mode_settings_of,
    per_phase,
)
from csms.store.load_tables import (
    charging_needs,
    circuit_readings,
    circuits,
    evse_memories,
    evses,
    limit_orders,
    load_alarms,
    sites,
)
from csms.store.plan_prices import plan_prices
from csms.store.site_locks import SiteLocks
from csms.store.tables import charge_points, id_tokens, meter_values, transactions

_SNAPSHOT: Final = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_LATELY: Final = timedelta(seconds=60)
_DRAWN: Final = (
    "sampled_at", "context", "current_a", "current_l1_a", "current_l2_a", "current_l3_a",
)  # fmt: skip
_VERSIONS: Final = """
SELECT id, version FROM sites WHERE EXISTS (SELECT FROM circuits WHERE site_id = sites.id)
"""
_METERS: Final = "SELECT id, circuit_id, kind, settings FROM meters WHERE enabled"
_REMEMBER: Final = """
INSERT INTO evse_memories (
    charge_point_key, evse_id, standing_a, last_limit_a, last_limit_at, phases, switched_at,
    switches, strategy)
SELECT key, $2, $3, $4, $5, $6, $7, $8, $9 FROM charge_points WHERE lower(id) = lower($1)
ON CONFLICT (charge_point_key, evse_id) DO UPDATE SET
    standing_a = excluded.standing_a, last_limit_a = excluded.last_limit_a,
    last_limit_at = excluded.last_limit_at, phases = excluded.phases,
    switched_at = excluded.switched_at, switches = excluded.switches, strategy = excluded.strategy
"""
_RECALL: Final = """
SELECT strategy FROM charging_strategies WHERE vendor = $1 AND model = $2
ORDER BY (firmware_version = $3) DESC, learned_at DESC LIMIT 1
"""
_LEARN: Final = """
INSERT INTO charging_strategies (vendor, model, firmware_version, strategy, learned_at)
VALUES ($1, $2, $3, $4, clock_timestamp())
ON CONFLICT (vendor, model, firmware_version) DO UPDATE SET
    strategy = excluded.strategy, learned_at = excluded.learned_at
"""
_KEEP_READING: Final = """
INSERT INTO circuit_readings (circuit_id, measured_at, current_a, power_w, battery_w)
SELECT id, $2, $3, $4, $5 FROM circuits WHERE id = $1
ON CONFLICT (circuit_id) DO UPDATE SET
    measured_at = excluded.measured_at, current_a = excluded.current_a,
    power_w = excluded.power_w, battery_w = excluded.battery_w
WHERE circuit_readings.measured_at <= excluded.measured_at
"""
_RAISE: Final = """
INSERT INTO load_alarms (site_id, kind, subject, severity, message, raised_at, updated_at)
SELECT id, $2, $3, $4, $5, $6, $6 FROM sites WHERE id = $1
ON CONFLICT (site_id, kind, subject) WHERE cleared_at IS NULL DO UPDATE SET
    severity = excluded.severity, message = excluded.message, updated_at = excluded.updated_at
"""
_CLEAR: Final = """
UPDATE load_alarms SET cleared_at = greatest($4, raised_at), updated_at = greatest($4, updated_at)
WHERE site_id = $1 AND kind = $2 AND subject = $3 AND cleared_at IS NULL
"""
_LOG_SWITCH: Final = """
INSERT INTO phase_switches (
    charge_point_key, evse_id, at, from_phases, to_phases, reason, transaction_id)
SELECT key, $2, $3, $4, $5, $6, $7 FROM charge_points WHERE lower(id) = lower($1)
"""
_LOG_WITHHELD: Final = """
INSERT INTO withheld_energy (charge_point_key, evse_id, at, state)
SELECT key, $2, $3, $4 FROM charge_points WHERE lower(id) = lower($1)
"""
_KEEP_NEED: Final = """
INSERT INTO charging_needs AS known (transaction_id, departure_at, energy_wh, max_current_a)
SELECT id, $2, $3, $4 FROM transactions WHERE id = $1
ON CONFLICT (transaction_id) DO UPDATE SET
    departure_at = coalesce(excluded.departure_at, known.departure_at),
    energy_wh = coalesce(excluded.energy_wh, known.energy_wh),
    max_current_a = coalesce(excluded.max_current_a, known.max_current_a),
    updated_at = now()
"""


class LoadStore:
    """Implements LoadManagementStore of csms.services.load_management.ports."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._locks = SiteLocks(database)

    async def close(self) -> None:
        """Give up all sites."""
        await self._locks.close()

    def hold_site(self, site_id: str) -> AbstractAsyncContextManager[bool]:
        return self._locks.hold(site_id)

    async def still_held(self, site_id: str) -> bool:
        return await self._locks.still_held(site_id)

    async def site_versions(self) -> Mapping[str, int]:
        async with self._database.raw() as connection:
            return {row["id"]: row["version"] for row in await connection.fetch(_VERSIONS)}

    async def enabled_meters(self) -> Sequence[Row]:
        """Return id, circuit_id, kind and settings of all meters that are to be read."""
        async with self._database.raw() as connection:
            rows = await connection.fetch(_METERS)
            return [dict(row) | {"settings": orjson.loads(row["settings"])} for row in rows]

    async def load(self, site_id: str) -> SteeredSite | None:
        async with self._database.begin() as connection:
            await connection.execute(_SNAPSHOT)
            installation = await load_installation(connection, site_id)
            if installation is None:
                return None
            return SteeredSite(
                site=installation.site,
                version=installation.site_row["version"],
                modes={key: mode_settings_of(row) for key, row in installation.evses.items()},
                orders=await _orders(connection, site_id, self._clock.now()),
                readings=await _readings(connection, site_id),
                memories=await _memories(connection, site_id),
                needs=await _needs(connection, site_id),
                signal_at={
                    row["id"]: row["signal_at"]
                    for row in installation.circuits.values()
                    if row["signal_at"] is not None
                },
                keeping_phases=await _keeping_phases(connection),
                drawn=await _drawn(connection, site_id, self._clock.now()),
                alarms=await _alarms(connection, site_id),
            )

    async def expectations(self, site_id: str, now: datetime) -> Expectations:
        async with self._database.begin() as connection:
            goal, points = await plan_prices(connection, site_id, now)
            row = (
                await connection.execute(
                    select(sites.c.latitude, sites.c.longitude).where(sites.c.id == site_id)
                )
            ).one_or_none()
            groups = (await pv_groups_of(connection, [site_id]))[site_id]
        place = None
        if row is not None and row.latitude is not None and row.longitude is not None:
            place = Place(latitude=row.latitude, longitude=row.longitude)
        return Expectations(
            prices=points,
            goal=goal,
            place=place,
            panels=[
                PanelGroup(
                    count=group["panels"],
                    panel_wp=group["panel_peak_w"],
                    azimuth_deg=group["azimuth_deg"],
                    tilt_deg=group["tilt_deg"],
                )
                for group in groups
            ],
        )

    async def remember(self, memories: Sequence[EvseMemory]) -> None:
        await self._write(_REMEMBER, (_memory_values(m) for m in sorted(memories, key=_memory_key)))

    async def recall_strategy(
        self, vendor: str, model: str, firmware: str | None
    ) -> Mapping[str, Any] | None:
        async with self._database.raw() as connection:
            found = await connection.fetchval(_RECALL, vendor, model, firmware or "")
        if found is None:
            return None
        strategy: dict[str, Any] = orjson.loads(found)
        return strategy

    async def learn_strategy(
        self, vendor: str, model: str, firmware: str | None, strategy: Mapping[str, Any]
    ) -> None:
        await self._write(_LEARN, [(vendor, model, firmware or "", _json(strategy))])

    async def keep_readings(self, readings: Sequence[CircuitReading]) -> None:
        in_order = sorted(readings, key=lambda r: (r.circuit_id, r.measured_at))
        await self._write(_KEEP_READING, map(reading_values, in_order))

    async def raise_alarm(self, alarm: LoadAlarm) -> None:
        values = (alarm.site_id, alarm.kind, alarm.subject, alarm.severity, alarm.message, alarm.at)
        await self._write(_RAISE, [values])

    async def clear_alarm(self, site_id: str, kind: str, subject: str, at: datetime) -> None:
        await self._write(_CLEAR, [(site_id, kind, subject, at)])

    async def log_switch(self, switch: PhaseSwitch) -> None:
        values = (
            *switch.key,
            switch.at,
            switch.from_phases,
            switch.to_phases,
            switch.reason,
            switch.transaction_id,
        )
        await self._write(_LOG_SWITCH, [values])

    async def log_withheld(self, news: WithheldEnergy) -> None:
        state = WITHHELD if news.withheld else RELEASED
        await self._write(_LOG_WITHHELD, [(*news.key, news.at, state)])

    async def keep_need(self, transaction_id: int, need: ChargingNeed) -> None:
        values = (transaction_id, need.departure_at, need.energy_wh, need.max_current_a)
        await self._write(_KEEP_NEED, [values])

    async def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """All of it or nothing; durable on return."""
        async with self._database.raw() as connection:
            await connection.executemany(statement, list(rows))


def reading_values(reading: CircuitReading) -> tuple[Any, ...]:
    return (
        reading.circuit_id,
        reading.measured_at,
        list(reading.current_a),
        reading.power_w,
        reading.battery_w,
    )


async def _orders(connection: AsyncConnection, site_id: str, now: datetime) -> list[LimitOrder]:
    rows = await _rows(
        connection,
        select(limit_orders)
        .where(
            limit_orders.c.site_id == site_id,
            limit_orders.c.cancelled_at.is_(None),
            or_(limit_orders.c.ends_at.is_(None), limit_orders.c.ends_at > now),
        )
        .order_by(limit_orders.c.starts_at, limit_orders.c.id),
    )
    names = ("id", "circuit_id", "starts_at", "ends_at", "power_w", "reason")
    return [
        LimitOrder(limit_a=per_phase(row["limit_a"]), **{name: row[name] for name in names})
        for row in rows
    ]


async def _drawn(
    connection: AsyncConnection, site_id: str, now: datetime
) -> dict[EvseKey, MeterValue]:
    """What cars drew lately: of each open transaction the newest reading with a current."""
    columns = [meter_values.c[name] for name in _DRAWN]
    known = [meter_values.c[name].is_not(None) for name in _DRAWN if name.startswith("current")]
    rows = await _rows(
        connection,
        select(charge_points.c.id, transactions.c.evse_id, *columns)
        .join(charge_points, charge_points.c.key == transactions.c.charge_point_key)
        .join(
            evses,
            (evses.c.charge_point_key == transactions.c.charge_point_key)
            & (evses.c.evse_id == transactions.c.evse_id),
        )
        .join(circuits, circuits.c.id == evses.c.circuit_id)
        .join(
            meter_values,
            (meter_values.c.charge_point_key == transactions.c.charge_point_key)
            & (meter_values.c.transaction_id == transactions.c.id),
        )
        .where(
            circuits.c.site_id == site_id,
            transactions.c.stopped_at.is_(None),
            meter_values.c.sampled_at > now - _LATELY,
            meter_values.c.sampled_at <= now,
            or_(*known),
        )
        .order_by(meter_values.c.sampled_at),
    )
    return {
        EvseKey(row["id"], row["evse_id"]): MeterValue(**{name: row[name] for name in _DRAWN})
        for row in rows
    }


async def _alarms(connection: AsyncConnection, site_id: str) -> list[LoadAlarm]:
    active = load_alarms.c.site_id == site_id, load_alarms.c.cleared_at.is_(None)
    names = ("site_id", "kind", "subject", "severity", "message")
    return [
        LoadAlarm(at=row["raised_at"], **{name: row[name] for name in names})
        for row in await _rows(connection, select(load_alarms).where(*active))
    ]


async def _readings(connection: AsyncConnection, site_id: str) -> list[CircuitReading]:
    rows = await _rows(
        connection,
        select(circuit_readings)
        .join(circuits, circuits.c.id == circuit_readings.c.circuit_id)
        .where(circuits.c.site_id == site_id)
        .order_by(circuit_readings.c.circuit_id),
    )
    names = ("circuit_id", "measured_at", "power_w", "battery_w")
    return [
        CircuitReading(current_a=PerPhase(*row["current_a"]), **{name: row[name] for name in names})
        for row in rows
    ]


async def _memories(connection: AsyncConnection, site_id: str) -> dict[EvseKey, EvseMemory]:
    rows = await _rows(
        connection,
        select(evse_memories, charge_points.c.id.label("charge_point_id"))
        .join(charge_points, charge_points.c.key == evse_memories.c.charge_point_key)
        .join(
            evses,
            (evses.c.charge_point_key == evse_memories.c.charge_point_key)
            & (evses.c.evse_id == evse_memories.c.evse_id),
        )
        .join(circuits, circuits.c.id == evses.c.circuit_id)
        .where(circuits.c.site_id == site_id),
    )
    return {key_of(row): EvseMemory(key=key_of(row), **_remembered(row)) for row in rows}


def _remembered(row: Row) -> dict[str, Any]:
    columns = [c.name for c in evse_memories.c if not c.primary_key]
    return {name: row[name] for name in columns}


async def _keeping_phases(connection: AsyncConnection) -> frozenset[str]:
    rows = await connection.scalars(select(id_tokens.c.id_token).where(id_tokens.c.keeps_phases))
    return frozenset(rows)


async def _needs(connection: AsyncConnection, site_id: str) -> dict[int, ChargingNeed]:
    rows = await _rows(
        connection,
        select(charging_needs)
        .join(transactions, transactions.c.id == charging_needs.c.transaction_id)
        .join(
            evses,
            (evses.c.charge_point_key == transactions.c.charge_point_key)
            & (evses.c.evse_id == transactions.c.evse_id),
        )
        .join(circuits, circuits.c.id == evses.c.circuit_id)
        .where(circuits.c.site_id == site_id, transactions.c.stopped_at.is_(None)),
    )
    return {
        row["transaction_id"]: ChargingNeed(
            departure_at=row["departure_at"],
            energy_wh=row["energy_wh"],
            max_current_a=row["max_current_a"],
        )
        for row in rows
    }


async def _rows(connection: AsyncConnection, statement: Select[Any]) -> list[Row]:
    rows = await connection.execute(statement)
    return [dict(row) for row in rows.mappings()]


def _memory_key(memory: EvseMemory) -> EvseKey:
    return memory.key


def _memory_values(memory: EvseMemory) -> tuple[Any, ...]:
    return (
        *memory.key,
        memory.standing_a,
        memory.last_limit_a,
        memory.last_limit_at,
        memory.phases,
        memory.switched_at,
        memory.switches,
        _json(memory.strategy),
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()
