"""Operations, their parts, and what displays show: the verbs of the running server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from csms.services.operations.display import DisplayMessage
from csms.services.operations.model import Kind, NewOperation, Operation, Part, State
from csms.store.bulk import json_text
from csms.store.database import Database, LentConnection
from csms.store.mending import without_nul

_SELECT: Final = """
SELECT o.*, c.id AS charge_point_id
FROM operations o JOIN charge_points c ON c.key = o.charge_point_key
"""
_ADD: Final = """
WITH o AS (
  INSERT INTO operations (
    charge_point_key, kind, request_id, state, request, result, statuses, firmware_id,
    campaign_id, created_by, created_at, updated_at, deadline_at
  ) VALUES ($1, $2, $3, 'requested', $4, $5, '[]', $6, $7, $8, $9, $9, $10)
  RETURNING *
)
SELECT o.*, c.id AS charge_point_id FROM o JOIN charge_points c ON c.key = o.charge_point_key
"""
_BY_ID: Final = f"{_SELECT} WHERE o.id = $1 FOR UPDATE OF o"
_BY_REQUEST: Final = f"""
{_SELECT} WHERE o.charge_point_key = $1 AND o.request_id = $3 AND o.kind = $2
ORDER BY o.id DESC LIMIT 1 FOR UPDATE OF o
"""
_NEWEST: Final = f"""
{_SELECT} WHERE o.charge_point_key = $1 AND o.kind = $2 AND o.state <> 'rejected'
ORDER BY o.id DESC LIMIT 1 FOR UPDATE OF o
"""
_OTHERS: Final = f"""
{_SELECT} WHERE o.charge_point_key = $1 AND o.kind = $2 AND o.id <> $3
  AND o.state IN ('requested', 'accepted', 'running')
ORDER BY o.id FOR UPDATE OF o
"""
_SAVE: Final = """
UPDATE operations SET state = $2, status = $3, reason = $4, result = $5, statuses = $6,
  updated_at = $7, deadline_at = $8, finished_at = $9
WHERE id = $1
"""
_OVERDUE: Final = """
WITH o AS (
  UPDATE operations SET state = 'timed_out', updated_at = $1, finished_at = $1,
    reason = 'nothing was heard of it in time'
  WHERE state IN ('requested', 'accepted', 'running') AND deadline_at < $1
  RETURNING *
)
SELECT o.*, c.id AS charge_point_id FROM o JOIN charge_points c ON c.key = o.charge_point_key
"""
_ADD_PART: Final = """
INSERT INTO operation_parts (operation_id, seq_no, is_last, data) VALUES ($1, $2, $3, $4)
ON CONFLICT (operation_id, seq_no) DO UPDATE SET is_last = EXCLUDED.is_last, data = EXCLUDED.data
"""
_PARTS: Final = "SELECT * FROM operation_parts WHERE operation_id = $1 ORDER BY seq_no"
_SHOW: Final = """
INSERT INTO display_messages (
  charge_point_key, message_id, priority, format, content, language, state, starts_at, ends_at,
  ocpp_transaction_id, component, evse_id, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (charge_point_key, message_id) DO UPDATE SET
  priority = EXCLUDED.priority, format = EXCLUDED.format, content = EXCLUDED.content,
  language = EXCLUDED.language, state = EXCLUDED.state, starts_at = EXCLUDED.starts_at,
  ends_at = EXCLUDED.ends_at, ocpp_transaction_id = EXCLUDED.ocpp_transaction_id,
  component = EXCLUDED.component, evse_id = EXCLUDED.evse_id, updated_at = EXCLUDED.updated_at
"""
_CLEAR: Final = "DELETE FROM display_messages WHERE charge_point_key = $1 AND message_id = $2"
_KEEP_ONLY: Final = """
DELETE FROM display_messages WHERE charge_point_key = $1 AND message_id <> ALL ($2::int[])
"""


class HeldRow:
    """Implements HeldOperation of csms.services.operations.ports."""

    def __init__(self, connection: LentConnection, found: Operation | None) -> None:
        self._connection = connection
        self._found = found

    @property
    def found(self) -> Operation | None:
        return self._found

    async def others_open(self) -> Sequence[Operation]:
        if self._found is None:
            return []
        found = self._found
        rows = await self._connection.fetch(
            _OTHERS, found.charge_point_key, found.kind.value, found.id
        )
        return [_operation(row) for row in rows]

    async def save(self, operation: Operation) -> None:
        await self._connection.execute(
            _SAVE,
            operation.id,
            operation.state.value,
            operation.status,
            operation.reason,
            json_text(operation.result),
            json_text(operation.statuses),
            operation.updated_at,
            operation.deadline_at,
            operation.finished_at,
        )

    async def add_part(self, part: Part) -> None:
        if self._found is not None:
            await self._connection.execute(
                _ADD_PART, self._found.id, part.seq_no, part.is_last, json_text(part.data)
            )

    async def parts(self) -> Sequence[Part]:
        if self._found is None:
            return []
        rows = await self._connection.fetch(_PARTS, self._found.id)
        return [Part(row["seq_no"], row["is_last"], orjson.loads(row["data"])) for row in rows]


class Operations:
    """Implements OperationStore of csms.services.operations.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, operation: NewOperation) -> Operation:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(
                _ADD,
                operation.charge_point_key,
                operation.kind.value,
                operation.request_id,
                json_text(without_nul(operation.request)),
                json_text(operation.result),
                operation.firmware_id,
                operation.campaign_id,
                operation.created_by,
                operation.created_at,
                operation.deadline_at,
            )
        assert row is not None, "INSERT ... RETURNING returns the row"
        return _operation(row)

    @asynccontextmanager
    async def hold(self, operation_id: int) -> AsyncIterator[HeldRow]:
        async with self._database.raw() as connection, connection.transaction():
            row = await connection.fetchrow(_BY_ID, operation_id)
            yield HeldRow(connection, None if row is None else _operation(row))

    @asynccontextmanager
    async def hold_requested(
        self, charge_point_key: int, kind: Kind, request_id: int | None
    ) -> AsyncIterator[HeldRow]:
        asked: tuple[Any, ...] = (charge_point_key, kind.value)
        async with self._database.raw() as connection, connection.transaction():
            if request_id is None:
                row = await connection.fetchrow(_NEWEST, *asked)
            else:
                row = await connection.fetchrow(_BY_REQUEST, *asked, request_id)
            yield HeldRow(connection, None if row is None else _operation(row))

    async def overdue(self, now: datetime) -> Sequence[Operation]:
        async with self._database.raw() as connection:
            return [_operation(row) for row in await connection.fetch(_OVERDUE, now)]


class Displays:
    """Implements DisplayStore of csms.services.operations.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def show(
        self, charge_point_key: int, messages: Sequence[DisplayMessage], at: datetime
    ) -> None:
        rows = [
            (
                charge_point_key,
                each.message_id,
                each.priority,
                each.format,
                each.content,
                each.language,
                each.state,
                each.starts_at,
                each.ends_at,
                each.ocpp_transaction_id,
                each.component,
                each.evse_id,
                at,
            )
            for each in messages
        ]
        async with self._database.raw() as connection:
            await connection.executemany(_SHOW, rows)

    async def clear(self, charge_point_key: int, message_id: int) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_CLEAR, charge_point_key, message_id)

    async def keep_only(self, charge_point_key: int, message_ids: Sequence[int]) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_KEEP_ONLY, charge_point_key, list(message_ids))


def _operation(row: asyncpg.Record) -> Operation:
    return Operation(
        id=row["id"],
        kind=Kind(row["kind"]),
        charge_point_key=row["charge_point_key"],
        charge_point_id=row["charge_point_id"],
        request_id=row["request_id"],
        state=State(row["state"]),
        request=orjson.loads(row["request"]),
        result=orjson.loads(row["result"]),
        statuses=orjson.loads(row["statuses"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deadline_at=row["deadline_at"],
        finished_at=row["finished_at"],
        status=row["status"],
        reason=row["reason"],
        firmware_id=row["firmware_id"],
        campaign_id=row["campaign_id"],
    )
