"""What provisioning asks the database while the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from csms.services.provisioning.batches import LimitsByAction, MessageLimits
from csms.store.database import Database

_SEVERITIES: Final = """
SELECT monitor_id, severity FROM variable_monitors WHERE charge_point_key = $1
"""
_LIMITS: Final = """
SELECT lower(component) AS component, lower(variable) AS variable,
  lower(variable_instance) AS action, value
FROM variables
WHERE charge_point_key = $1 AND attribute = 'Actual' AND evse_id = 0 AND value ~ '^[0-9]{1,9}$'
  AND (lower(variable) IN ('itemspermessage', 'bytespermessage')
    OR component = '' AND lower(variable) = 'getconfigurationmaxkeys')
"""


class ProvisioningStore:
    """Implements the stores of `csms.services.provisioning`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def monitor_severities(self, charge_point_key: int) -> Mapping[int, int]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_SEVERITIES, charge_point_key)
        return {row["monitor_id"]: row["severity"] for row in rows}

    async def message_limits(self, charge_point_key: int) -> LimitsByAction:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_LIMITS, charge_point_key)
        told: dict[str, MessageLimits] = {}
        for row in rows:
            action, value = row["action"] or "getconfiguration", int(row["value"])
            limits = told.get(action, MessageLimits())
            if value < 1:
                continue
            if row["variable"] == "bytespermessage":
                told[action] = replace(limits, size_bytes=value)
            else:
                told[action] = replace(limits, items=value)
        return told
