"""What cars were seen to draw at the EVSEs of a site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from csms.smart_charging.grid import EvseKey
from csms.store.admin.window import AdminConnection

_USAGE: Final = text("""
SELECT charge_points.id AS charge_point_id, found.evse_id, found.current_a, found.phases
FROM evses
JOIN circuits ON circuits.id = evses.circuit_id AND circuits.site_id = :site_id
JOIN charge_points ON charge_points.key = evses.charge_point_key
JOIN LATERAL (
    SELECT evses.evse_id,
        max(greatest(current_l1_a, current_l2_a, current_l3_a)) AS current_a,
        mode() WITHIN GROUP (ORDER BY
            (coalesce(current_l1_a, 0) >= 2)::int + (coalesce(current_l2_a, 0) >= 2)::int
            + (coalesce(current_l3_a, 0) >= 2)::int) AS phases
    FROM meter_values
    WHERE meter_values.charge_point_key = evses.charge_point_key
        AND meter_values.evse_id = evses.evse_id
        AND sampled_at >= :since
        AND greatest(current_l1_a, current_l2_a, current_l3_a) >= 2
) AS found ON found.current_a IS NOT NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The most a car took on one phase, and on how many phases cars mostly charged."""

    current_a: float
    phases: int


async def usage_since(
    connection: AdminConnection, site_id: str, since: datetime
) -> dict[EvseKey, Seen]:
    """Return what was seen at each EVSE of a site; those without readings per phase are absent."""
    rows = await connection.execute(_USAGE, {"site_id": site_id, "since": since})
    return {
        EvseKey(row.charge_point_id, row.evse_id): Seen(current_a=row.current_a, phases=row.phases)
        for row in rows
    }
