"""What stations of OCPP 2.1 hold, as their services ask for it."""

from __future__ import annotations

from typing import Any, Final

import orjson

from csms.services.stations.memory import ForgetDerControls, ForgetDynamicSchedules
from csms.store.database import Database

_COUNT_CONTROLS: Final = "SELECT count(*) FROM der_controls WHERE charge_point_key = $1"
_COUNT_STREAMS: Final = """
SELECT count(*) FROM event_streams WHERE charge_point_key = $1 AND is_open
"""
_DYNAMIC_LIMITS: Final = """
SELECT limits::text FROM dynamic_schedules WHERE charge_point_key = $1 AND profile_id = $2
"""
_FORGET_CONTROLS: Final = """
WITH gone AS (
  DELETE FROM der_controls
  WHERE charge_point_key = $1
    AND ($2::text IS NULL OR control_id = $2)
    AND ($3::text IS NULL OR control_type = $3)
    AND ($4::boolean IS NULL OR is_default IS NULL OR is_default = $4)
  RETURNING control_id
)
DELETE FROM der_control_runs
WHERE charge_point_key = $1 AND control_id IN (SELECT control_id FROM gone)
"""
_FORGET_SCHEDULES: Final = """
DELETE FROM dynamic_schedules
WHERE charge_point_key = $1
  AND ($2::integer IS NULL OR profile_id = $2)
  AND ($3::integer IS NULL OR evse_id = $3)
"""


class Stations:
    """Implements the stores of `csms.services.stations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_der_controls(self, charge_point_key: int) -> int:
        return await self._number(_COUNT_CONTROLS, charge_point_key)

    async def count_open_streams(self, charge_point_key: int) -> int:
        return await self._number(_COUNT_STREAMS, charge_point_key)

    async def dynamic_limits(
        self, charge_point_key: int, profile_id: int
    ) -> dict[str, float] | None:
        async with self._database.raw() as connection:
            text = await connection.fetchval(_DYNAMIC_LIMITS, charge_point_key, profile_id)
        return None if text is None else orjson.loads(text)

    async def forget_der_controls(self, charge_point_key: int, what: ForgetDerControls) -> None:
        await self._do(
            _FORGET_CONTROLS, charge_point_key, what.control_id, what.control_type, what.is_default
        )

    async def forget_dynamic_schedules(
        self, charge_point_key: int, what: ForgetDynamicSchedules
    ) -> None:
        await self._do(_FORGET_SCHEDULES, charge_point_key, what.profile_id, what.evse_id)

    async def _number(self, query: str, *arguments: Any) -> int:
        async with self._database.raw() as connection:
            return int(await connection.fetchval(query, *arguments))

    async def _do(self, query: str, *arguments: Any) -> None:
        async with self._database.raw() as connection:
            await connection.execute(query, *arguments)
