"""What prices depend on, read for many transactions at once.

Written by hand for asyncpg: it is read whenever anything ends, on a server that answers thousands
of chargers meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Final

import asyncpg

from csms.services.pricing.records import Evidence, KnownCircumstances, StoredUsage, Told
from csms.store.database import RawConnection
from csms.tariff.assignment import Circumstances
from csms.tariff.usage import Reading

# Who paid stays, also if the token is somebody else's by now, unless it was asked for.
_TRANSACTIONS: Final = """
SELECT t.id, t.id_token, t.started_at, t.stopped_at, t.energy_wh, t.meter_start_wh,
  t.meter_stop_wh, c.id AS charge_point_id, c.site_id, s.time_zone, u.user_id,
  ARRAY(SELECT g.user_group_id FROM user_group_members g WHERE g.user_id = u.user_id) AS groups,
  coalesce(p.revision, 0) AS revision
FROM transactions t
JOIN charge_points c ON c.key = t.charge_point_key
LEFT JOIN sites s ON s.id = c.site_id
LEFT JOIN id_tokens i ON i.id_token = t.id_token
LEFT JOIN priced_transactions p ON p.transaction_id = t.id AND p.current
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN EXISTS (SELECT FROM pricing_queue q WHERE q.transaction_id = t.id AND q.owner_anew)
    THEN i.user_id ELSE coalesce(p.user_id, i.user_id) END AS user_id
) u
WHERE t.id = ANY($1)
ORDER BY t.id
"""

_READING: Final = 1
_STATUS: Final = 2
_CHARGING_STATE: Final = 3
_LIMIT: Final = 4

# A status up to 10 minutes older than a transaction may tell how it began; a charge point that
# was offline may tell its statuses up to a week late.
_TOLD: Final = f"""
SELECT {_READING} AS kind, t.id AS transaction_id, m.sampled_at AS at, m.energy_wh AS wh,
  NULL::text AS state, NULL::bigint AS number
FROM transactions t JOIN meter_values m
  ON m.charge_point_key = t.charge_point_key AND m.transaction_id = t.id
 AND m.sampled_at BETWEEN t.started_at AND coalesce(t.stopped_at, 'infinity')
WHERE t.id = ANY($1) AND m.energy_wh IS NOT NULL
UNION ALL
SELECT {_STATUS}, t.id, h.status_at, NULL, h.status, h.id
FROM transactions t JOIN connector_status_history h
  ON h.charge_point_key = t.charge_point_key AND h.evse_id = t.evse_id
 AND h.received_at >= t.started_at - interval '10 minutes'
 AND h.received_at <= coalesce(t.stopped_at, now()) + interval '7 days'
 AND h.status_at >= t.started_at - interval '10 minutes'
WHERE t.id = ANY($1)
UNION ALL
SELECT {_CHARGING_STATE}, c.transaction_id, c.at, NULL, c.state, c.id
FROM charging_states c
WHERE c.transaction_id = ANY($1)
UNION ALL
SELECT {_LIMIT}, t.id, l.at, NULL, l.state, l.id
FROM transactions t JOIN LATERAL (
  (SELECT w.at, w.id, w.state FROM withheld_energy w
   WHERE w.charge_point_key = t.charge_point_key AND w.evse_id = t.evse_id
     AND w.at <= t.started_at
   ORDER BY w.at DESC, w.id DESC LIMIT 1)
  UNION ALL
  (SELECT w.at, w.id, w.state FROM withheld_energy w
   WHERE w.charge_point_key = t.charge_point_key AND w.evse_id = t.evse_id
     AND w.at > t.started_at AND w.at < coalesce(t.stopped_at, 'infinity'))
) l ON true
WHERE t.id = ANY($1)
ORDER BY at, wh, number
"""  # noqa: S608 - put together from constants


async def evidence_of(
    connection: RawConnection, transaction_ids: Collection[int]
) -> list[Evidence]:
    """Return what is known of those of the transactions that there are, by their id."""
    return await completed(connection, await outlines_of(connection, transaction_ids))


async def outlines_of(
    connection: RawConnection, transaction_ids: Collection[int]
) -> list[Evidence]:
    """Return the transactions alone, without what was told while they lasted."""
    rows = await connection.fetch(_TRANSACTIONS, list(transaction_ids))
    return [_outline(row) for row in rows]


async def completed(connection: RawConnection, outlines: Collection[Evidence]) -> list[Evidence]:
    """Return the same with readings and states."""
    if not outlines:
        return []
    readings: dict[int, list[Reading]] = {}
    told: dict[tuple[int, int], list[Told]] = {}
    ids = [each.transaction_id for each in outlines]
    for kind, number, at, wh, state, _ in await connection.fetch(_TOLD, ids):
        if kind == _READING:
            readings.setdefault(number, []).append(Reading(at, Decimal(wh)))
        else:
            told.setdefault((kind, number), []).append(Told(at, state))
    return [
        replace(
            each,
            usage=replace(each.usage, readings=readings.get(each.transaction_id, ())),
            statuses=told.get((_STATUS, each.transaction_id), ()),
            charging_states=told.get((_CHARGING_STATE, each.transaction_id), ()),
            limits=told.get((_LIMIT, each.transaction_id), ()),
        )
        for each in outlines
    ]


def _outline(row: asyncpg.Record) -> Evidence:
    return Evidence(
        transaction_id=row["id"],
        known=KnownCircumstances(
            Circumstances(
                started_at=row["started_at"],
                site_id=row["site_id"],
                charge_point_id=row["charge_point_id"],
                id_token=row["id_token"],
                user_id=row["user_id"],
                user_group_ids=frozenset(row["groups"]),
            ),
            row["time_zone"],
        ),
        usage=StoredUsage(
            started_at=row["started_at"],
            stopped_at=row["stopped_at"],
            energy_wh=row["energy_wh"],
            meter_start_wh=row["meter_start_wh"],
            meter_stop_wh=row["meter_stop_wh"],
        ),
        revision=row["revision"],
    )
