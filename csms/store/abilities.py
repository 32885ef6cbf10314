"""What stations of OCPP 2.1 announce in their device models, and what limits they told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import orjson

from csms.services.stations.abilities import Abilities
from csms.store.database import Database

_ANNOUNCED: Final = """
SELECT lower(variable) AS variable, lower(value) AS value FROM variables
WHERE charge_point_key = $1 AND attribute = 'Actual' AND value IS NOT NULL AND (
    (lower(component) = 'txctrlr' AND lower(variable) = 'supportedlimits')
    OR (lower(component) = 'tariffcostctrlr' AND lower(variable_instance) = 'tariff'))
"""
_TOLD_LIMITS: Final = """
SELECT transaction_limit::text FROM transaction_details
WHERE charge_point_key = $1 AND ocpp_transaction_id = $2
"""


class StationAbilities:
    """Implements AbilityStore and ToldLimitStore of `csms.services.stations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def abilities(self, charge_point_key: int) -> Abilities:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_ANNOUNCED, charge_point_key)
        said: dict[str, str] = {row["variable"]: row["value"].strip() for row in rows}
        names = said.get("supportedlimits", "").split(",")
        most = said.get("maxelements", "")
        return Abilities(
            limits=frozenset(name.strip() for name in names if name.strip()),
            takes_tariffs=_takes_tariffs(said),
            takes_conditions=said.get("conditionssupported") != "false",
            max_prices=int(most) if most.isdecimal() else None,
        )

    async def told_limits(
        self, charge_point_key: int, ocpp_transaction_id: str
    ) -> Mapping[str, Decimal]:
        async with self._database.raw() as connection:
            text = await connection.fetchval(_TOLD_LIMITS, charge_point_key, ocpp_transaction_id)
        limits = {} if text is None else orjson.loads(text)
        return {
            name: Decimal(str(limit))
            for name, limit in limits.items()
            if isinstance(limit, int | float) and not isinstance(limit, bool)
        }


def _takes_tariffs(said: Mapping[str, str]) -> bool:
    """Local cost calculation is there and not switched off (I07.FR.01)."""
    enabled, available = said.get("enabled"), said.get("available")
    return "true" in (enabled, available) and "false" not in (enabled, available)
