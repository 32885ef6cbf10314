"""Local authorization lists: what they should hold, and what charge points are known to hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from csms.model import Authorization, AuthorizationStatus
from csms.services.local_list.words import (
    Candidate,
    Dialect,
    KnownList,
    ListEntry,
    ListLimits,
    SentList,
    UpdateType,
    VariableKey,
)
from csms.store.database import Database
from csms.store.mending import without_nul

_KNOWN: Final = "SELECT * FROM local_lists WHERE charge_point_key = $1"
_GOOD: Final = """
t.status = 'Accepted' AND t.type <> 'NoAuthorization'
AND (t.expires_at IS NULL OR t.expires_at > $3)
AND coalesce(t.max_concurrent_transactions, 1) > 0
"""
# Three questions that have an index each: an operator's millions of tokens are not all looked at.
_CANDIDATES: Final = f"""
WITH here AS (
  SELECT id_token FROM id_tokens WHERE allowed_sites @> ARRAY[$2::text]
  UNION
  SELECT id_token FROM id_tokens
  WHERE allowed_charge_points IS NOT NULL
    AND EXISTS (SELECT FROM unnest(allowed_charge_points) AS place WHERE lower(place) = lower($1))
), chosen AS (
  (SELECT t.*, 0 AS rank FROM id_tokens t JOIN here USING (id_token) WHERE {_GOOD}
   ORDER BY t.created_at, t.id_token LIMIT $4)
  UNION ALL
  (SELECT t.*, 1 AS rank FROM id_tokens t
   WHERE t.allowed_charge_points IS NULL AND t.allowed_sites IS NULL AND {_GOOD}
   ORDER BY t.created_at, t.id_token LIMIT $4)
)
SELECT t.id_token, t.type, t.expires_at, t.group_id, coalesce(g.master_pass, false) AS master_pass
FROM chosen t LEFT JOIN id_token_groups g ON g.id = t.group_id
ORDER BY t.rank, t.created_at, t.id_token LIMIT $4
"""  # noqa: S608 - only a text of our own is put in
_LIMITS: Final = """
SELECT component, variable, attribute, value, characteristics ->> 'maxLimit' AS max_limit
FROM variables
WHERE charge_point_key = $1 AND evse_id = 0
  AND (lower(component), lower(variable)) IN (SELECT * FROM unnest($2::text[], $3::text[]))
"""
_KEEP_FULL: Final = """
INSERT INTO local_lists (charge_point_key, version, entries, sent_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (charge_point_key) DO UPDATE
SET version = EXCLUDED.version, entries = EXCLUDED.entries, sent_at = EXCLUDED.sent_at
"""
_KEEP_CHANGE: Final = """
INSERT INTO local_lists AS l (charge_point_key, version, sent_at) VALUES ($1, $2, $4)
ON CONFLICT (charge_point_key) DO UPDATE
SET version = EXCLUDED.version, entries = (l.entries - $5::text[]) || $3::jsonb,
    sent_at = EXCLUDED.sent_at
"""
_KEEP_TOLD: Final = """
INSERT INTO local_lists AS l (charge_point_key, told_version, told_at, entries)
VALUES ($1, $2::int, $3, CASE WHEN $2::int = 0 THEN '{}'::jsonb END)
ON CONFLICT (charge_point_key) DO UPDATE
SET told_version = EXCLUDED.told_version, told_at = EXCLUDED.told_at,
    entries = coalesce(EXCLUDED.entries, l.entries)
"""
_FORGET: Final = """
INSERT INTO local_lists (charge_point_key, sent_at) VALUES ($1, $2)
ON CONFLICT (charge_point_key) DO UPDATE
SET version = NULL, entries = NULL, sent_at = EXCLUDED.sent_at
"""
_SETTLE: Final = """
INSERT INTO local_lists (charge_point_key, state, reason, settled_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (charge_point_key) DO UPDATE
SET state = EXCLUDED.state, reason = EXCLUDED.reason, settled_at = EXCLUDED.settled_at
"""
_AUTOMATIC: Final = """
SELECT c.key FROM charge_points c
LEFT JOIN local_lists l ON l.charge_point_key = c.key
LEFT JOIN site_local_lists s ON s.site_id = c.site_id
WHERE c.key = ANY ($1::int[]) AND coalesce(l.automatic, s.automatic, false)
"""
_MARK: Final = """
SELECT (SELECT count(*) FROM id_tokens), (SELECT max(updated_at) FROM id_tokens),
  (SELECT count(*) FROM id_token_groups), (SELECT max(updated_at) FROM id_token_groups)
"""
_ANY_AUTOMATIC: Final = """
SELECT EXISTS (SELECT FROM local_lists WHERE automatic)
  OR EXISTS (SELECT FROM site_local_lists WHERE automatic)
"""


class LocalLists:
    """Implements LocalListStore and ListPolicies of `csms.services.local_list.ports`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, charge_point_key: int) -> KnownList:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_KNOWN, charge_point_key)
        return KnownList() if row is None else _known(row)

    async def candidates(
        self, charge_point_id: str, site_id: str | None, now: datetime, most: int
    ) -> Sequence[Candidate]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_CANDIDATES, charge_point_id, site_id, now, most)
        return [_candidate(row) for row in rows]

    async def limits(self, charge_point_key: int, dialect: Dialect) -> ListLimits:
        keys = [dialect.most_items, dialect.most_entries, dialect.most_bytes]
        names = [key for key in keys if key is not None]
        async with self._database.raw() as connection:
            rows = await connection.fetch(
                _LIMITS,
                charge_point_key,
                [name.component.lower() for name in names],
                [name.variable.lower() for name in names],
            )
        return ListLimits(
            items_per_message=_value(rows, dialect.most_items),
            bytes_per_message=_value(rows, dialect.most_bytes),
            entries=_most_entries(rows, dialect.most_entries),
        )

    async def keep_sent(self, charge_point_key: int, part: SentList, at: datetime) -> None:
        entries = {entry.id_token: _packed(entry) for entry in part.put}
        put = orjson.dumps(without_nul(entries)).decode()
        async with self._database.raw() as connection:
            if part.update_type is UpdateType.FULL:
                await connection.execute(_KEEP_FULL, charge_point_key, part.version, put, at)
            else:
                removed = [without_nul(entry.id_token) for entry in part.removed]
                await connection.execute(
                    _KEEP_CHANGE, charge_point_key, part.version, put, at, removed
                )

    async def keep_told(self, charge_point_key: int, version: int, at: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_KEEP_TOLD, charge_point_key, version, at)

    async def forget(self, charge_point_key: int, at: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_FORGET, charge_point_key, at)

    async def settle(
        self, charge_point_key: int, state: str, reason: str | None, at: datetime
    ) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_SETTLE, charge_point_key, state, reason, at)

    async def automatic(self, charge_point_keys: Collection[int]) -> set[int]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_AUTOMATIC, list(charge_point_keys))
        return {row["key"] for row in rows}

    async def tokens_mark(self) -> object:
        """Counting all tokens is only worth it where somebody's list follows them."""
        async with self._database.raw() as connection:
            if not await connection.fetchval(_ANY_AUTOMATIC):
                return ()
            return tuple(await connection.fetchrow(_MARK) or ())


def _known(row: asyncpg.Record) -> KnownList:
    packed = row["entries"]
    return KnownList(
        version=row["version"],
        entries=None if packed is None else unpacked(orjson.loads(packed)),
        told_version=row["told_version"],
        told_at=row["told_at"],
        sent_at=row["sent_at"],
        state=row["state"],
        reason=row["reason"],
        settled_at=row["settled_at"],
    )


def _packed(entry: ListEntry) -> list[Any]:
    told = entry.authorization
    return [entry.type, told.status.value, told.expires_at, told.group_id]


def unpacked(entries: Mapping[str, Any]) -> dict[str, ListEntry]:
    """Read entries as `local_lists.entries` holds them."""
    return {
        id_token: ListEntry(
            id_token,
            kind,
            Authorization(
                AuthorizationStatus(status),
                None if expires_at is None else datetime.fromisoformat(expires_at),
                group_id,
            ),
        )
        for id_token, (kind, status, expires_at, group_id) in entries.items()
    }


def _candidate(row: asyncpg.Record) -> Candidate:
    told = Authorization(AuthorizationStatus.ACCEPTED, row["expires_at"], row["group_id"])
    return Candidate(ListEntry(row["id_token"], row["type"], told), row["master_pass"])


def _value(rows: Sequence[asyncpg.Record], key: VariableKey | None) -> int | None:
    """Return a limit that is the variable's value."""
    if key is None:
        return None
    return _smallest(row["value"] for row in _of(rows, key) if row["attribute"] == "Actual")


def _most_entries(rows: Sequence[asyncpg.Record], key: VariableKey) -> int | None:
    """Return how long a list may be: a 1.6 key says so itself, a 2.0.1 variable by its limit."""
    if not key.component:
        return _value(rows, key)
    limits = [row["max_limit"] for row in _of(rows, key)]
    limits += [row["value"] for row in _of(rows, key) if row["attribute"] == "MaxSet"]
    return _smallest(limits)


def _of(rows: Sequence[asyncpg.Record], key: VariableKey) -> list[asyncpg.Record]:
    name = (key.component.lower(), key.variable.lower())
    return [row for row in rows if (row["component"].lower(), row["variable"].lower()) == name]


def _smallest(told: Iterable[Any]) -> int | None:
    """Return the least of what can be read as a limit; 0 and less are none."""
    numbers = []
    for text in told:
        try:
            number = int(float(text))
        except (TypeError, ValueError, OverflowError):
            continue
        if number > 0:
            numbers.append(number)
    return min(numbers, default=None)
