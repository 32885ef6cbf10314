"""What is known of chargers' displays: by the operator, and by their device models."""

from __future__ import annotations

from typing import Final

from csms.services.cost_display.displays import Display, OperatorsWord
from csms.store.database import Database

_OF_VENDOR: Final = "SELECT * FROM cost_displays WHERE vendor = lower($1)"
_SAID: Final = """
SELECT lower(variable) AS variable, lower(value) AS value FROM variables
WHERE charge_point_key = $1 AND lower(component) = 'tariffcostctrlr'
    AND lower(variable) IN ('available', 'enabled') AND lower(variable_instance) = 'cost'
    AND attribute = 'Actual'
"""


class CostDisplays:
    """Implements DisplayStore of csms.services.cost_display.displays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_vendor(self, vendor: str) -> OperatorsWord | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_OF_VENDOR, vendor)
        if row is None:
            return None
        display = Display(
            row["interval_s"],
            vendor_id=row["vendor_id"],
            message_id=row["message_id"],
            template=row["template"],
        )
        return OperatorsWord(row["enabled"], display)

    async def says_it_can(self, charge_point_key: int) -> bool | None:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_SAID, charge_point_key)
        if not rows:
            return None
        said: dict[str, bool] = {row["variable"]: row["value"] == "true" for row in rows}
        return said.get("enabled", said.get("available", False)) and said.get("available", True)
