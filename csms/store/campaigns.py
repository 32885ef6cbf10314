"""Firmware campaigns as the runner sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from csms.services.operations.campaigns import TARGET_AFTER, Campaign, Target
from csms.services.operations.desk import FirmwareFile, Transfer
from csms.store.database import Database

ABANDONED: Final = timedelta(minutes=5)
"""A target that was claimed and has no operation after this was left by a server that died."""
STILL_WATCHED: Final = timedelta(days=2)
"""So long after a campaign its targets still follow what charge points tell."""

_CASES: Final = " ".join(
    f"WHEN '{state.value}' THEN '{target.value}'" for state, target in TARGET_AFTER.items()
)
# Only our own words are put into the text.
_SETTLE_TARGETS: Final = f"""
UPDATE firmware_campaign_targets t
SET state = CASE o.state {_CASES} END, reason = o.reason, updated_at = $1
FROM operations o, firmware_campaigns c
WHERE o.id = t.operation_id AND t.state IN ('running', 'succeeded', 'failed')
  AND c.id = t.campaign_id AND (c.finished_at IS NULL OR c.finished_at > $2)
  AND o.state NOT IN ('requested', 'accepted', 'running')
  AND (t.state, t.reason) IS DISTINCT FROM (CASE o.state {_CASES} END, o.reason)
"""  # noqa: S608
_GO_ON: Final = """
UPDATE firmware_campaign_targets t SET state = 'running', reason = NULL, updated_at = $1
FROM operations o
WHERE o.id = t.operation_id AND t.state = 'failed'
  AND o.state IN ('requested', 'accepted', 'running')
"""
_ABANDONED: Final = """
UPDATE firmware_campaign_targets SET state = 'waiting', updated_at = $1
WHERE state = 'running' AND operation_id IS NULL AND updated_at < $2
"""
_STOP: Final = """
UPDATE firmware_campaigns c SET state = 'stopped', updated_at = $1, reason = format(
  '%s updates failed, more than the %s that may', t.failures, c.max_failures)
FROM (
  SELECT campaign_id, count(*) AS failures FROM firmware_campaign_targets
  WHERE state = 'failed' GROUP BY campaign_id
) t
WHERE t.campaign_id = c.id AND c.state = 'running' AND t.failures > c.max_failures
"""
_TOO_LATE: Final = """
UPDATE firmware_campaign_targets t SET state = 'skipped', reason = 'the campaign ended before',
  updated_at = $1
FROM firmware_campaigns c
WHERE c.id = t.campaign_id AND c.state = 'running' AND c.ends_at <= $1 AND t.state = 'waiting'
"""
_FINISH: Final = """
UPDATE firmware_campaigns c SET state = 'finished', updated_at = $1, finished_at = $1
WHERE c.state = 'running' AND NOT EXISTS (
  SELECT FROM firmware_campaign_targets t
  WHERE t.campaign_id = c.id AND t.state IN ('waiting', 'running')
)
"""
_RUNNING: Final = """
SELECT c.id, c.only_idle, c.signed, c.retries, c.retry_interval_s, c.created_by,
  f.id AS firmware_id, f.name, f.version, f.md5, f.signing_certificate, f.signature
FROM firmware_campaigns c JOIN firmware_files f ON f.id = c.firmware_id
WHERE c.state = 'running' AND f.size_bytes IS NOT NULL
  AND (c.starts_at IS NULL OR c.starts_at <= $1)
ORDER BY c.id
"""
_WAITING: Final = """
SELECT t.campaign_id, t.charge_point_key, p.id
FROM firmware_campaign_targets t JOIN charge_points p ON p.key = t.charge_point_key
WHERE t.campaign_id = $1 AND t.state = 'waiting' ORDER BY p.id
"""
_LOCK: Final = """
SELECT concurrency FROM firmware_campaigns WHERE id = $1 AND state = 'running' FOR UPDATE
"""
_COUNT: Final = """
SELECT count(*) FROM firmware_campaign_targets WHERE campaign_id = $1 AND state = 'running'
"""
_CLAIM: Final = """
UPDATE firmware_campaign_targets SET state = 'running', reason = NULL, operation_id = NULL,
  updated_at = $3
WHERE campaign_id = $1 AND charge_point_key = $2 AND state = 'waiting'
RETURNING state
"""
_BEGUN: Final = """
UPDATE firmware_campaign_targets SET operation_id = $3, updated_at = $4
WHERE campaign_id = $1 AND charge_point_key = $2
"""
_SET: Final = """
UPDATE firmware_campaign_targets SET state = $3, reason = $4, updated_at = $5
WHERE campaign_id = $1 AND charge_point_key = $2
"""


class Campaigns:
    """Implements CampaignStore of csms.services.operations.campaigns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, now: datetime) -> None:
        async with self._database.raw() as connection, connection.transaction():
            await connection.execute(_SETTLE_TARGETS, now, now - STILL_WATCHED)
            await connection.execute(_GO_ON, now)
            await connection.execute(_ABANDONED, now, now - ABANDONED)
            await connection.execute(_STOP, now)
            await connection.execute(_TOO_LATE, now)
            await connection.execute(_FINISH, now)

    async def running(self, now: datetime) -> Sequence[Campaign]:
        async with self._database.raw() as connection:
            return [_campaign(row) for row in await connection.fetch(_RUNNING, now)]

    async def waiting(self, campaign_id: int) -> Sequence[Target]:
        async with self._database.raw() as connection:
            return [Target(*row) for row in await connection.fetch(_WAITING, campaign_id)]

    async def claim(self, campaign_id: int, charge_point_key: int, now: datetime) -> bool:
        async with self._database.raw() as connection, connection.transaction():
            concurrency = await connection.fetchval(_LOCK, campaign_id)
            if concurrency is None:
                return False
            if await connection.fetchval(_COUNT, campaign_id) >= concurrency:
                return False
            claimed = await connection.fetchval(_CLAIM, campaign_id, charge_point_key, now)
        return claimed is not None

    async def begun(self, target: Target, operation_id: int, now: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(
                _BEGUN, target.campaign_id, target.charge_point_key, operation_id, now
            )

    async def failed(self, target: Target, reason: str, now: datetime) -> None:
        await self._set(target, "failed", reason, now)

    async def wait_again(self, target: Target, now: datetime) -> None:
        await self._set(target, "waiting", None, now)

    async def _set(self, target: Target, state: str, reason: str | None, now: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(
                _SET, target.campaign_id, target.charge_point_key, state, reason, now
            )


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(
        id=row["id"],
        firmware=FirmwareFile(
            id=row["firmware_id"],
            name=row["name"],
            version=row["version"],
            md5=row["md5"],
            signing_certificate=row["signing_certificate"],
            signature=row["signature"],
        ),
        only_idle=row["only_idle"],
        signed=row["signed"],
        transfer=Transfer(retries=row["retries"], retry_interval_s=row["retry_interval_s"]),
        created_by=row["created_by"],
    )
