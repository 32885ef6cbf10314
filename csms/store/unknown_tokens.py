"""Id tokens that were shown but that nobody has entered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from csms.services.unknown_tokens import Sighting
from csms.store.database import Database

_ADD: Final = """
INSERT INTO unknown_id_tokens AS u
  (id_token, type, charge_point_key, times, first_seen_at, last_seen_at)
SELECT s.* FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::timestamptz[],
  $6::timestamptz[]) AS s (id_token, type, charge_point_key, times, first_seen_at, last_seen_at)
JOIN charge_points c ON c.key = s.charge_point_key
ON CONFLICT (id_token) DO UPDATE
SET type = EXCLUDED.type, charge_point_key = EXCLUDED.charge_point_key,
    times = least(u.times::bigint + EXCLUDED.times, 2147483647),
    last_seen_at = greatest(u.last_seen_at, EXCLUDED.last_seen_at)
"""
_TRIM: Final = """
DELETE FROM unknown_id_tokens WHERE last_seen_at < $2 OR id_token IN (
  SELECT id_token FROM unknown_id_tokens ORDER BY last_seen_at DESC, id_token OFFSET $1
)
"""


class UnknownTokenTable:
    """Implements `csms.services.unknown_tokens.UnknownTokenStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_sightings(
        self, sightings: Sequence[Sighting], *, most: int, since: datetime
    ) -> None:
        async with self._database.raw() as connection, connection.transaction():
            await connection.execute(
                _ADD,
                [each.id_token for each in sightings],
                [each.type for each in sightings],
                [each.charge_point_key for each in sightings],
                [each.times for each in sightings],
                [each.first_seen_at for each in sightings],
                [each.last_seen_at for each in sightings],
            )
            await connection.execute(_TRIM, most, since)
