"""Things that operators name: ids are compared without case and kept as they were first written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, func, insert, select, update

from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.store.admin.window import AdminConnection, Row


class Named:
    """The things of one table, whose column `id` is unique without case."""

    def __init__(self, table: Table, noun: str, making: int) -> None:
        """`making` is an advisory lock: two spellings of a new thing must not both be made."""
        self._table = table
        self._noun = noun
        self._making = making
        self.identity: ColumnElement[str] = func.lower(table.c.id)
        """What is compared."""

    async def find(self, connection: AdminConnection, name: str) -> Row:
        """Raises NotFoundError."""
        row = await self.look_up(connection, name)
        if row is None:
            raise NotFoundError(self._noun, name)
        return row

    async def look_up(self, connection: AdminConnection, name: str) -> Row | None:
        """Return a thing's row, if there is one."""
        rows = await connection.execute(select(self._table).where(self._is(name)))
        row = rows.mappings().one_or_none()
        return None if row is None else dict(row)

    async def spelled(self, connection: AdminConnection, field: str, name: str) -> str:
        """Return the kept spelling of an id; raises InvalidValueError if there is no such thing."""
        row = await self.look_up(connection, name)
        if row is None:
            raise InvalidValueError(field, name, f"the id of {self._a_noun} there is")
        return str(row["id"])

    async def create(
        self, connection: AdminConnection, name: str, values: Mapping[str, Any]
    ) -> Row:
        """Raises ConflictError if it exists."""
        await self._lock(connection)
        taken = await self.look_up(connection, name)
        if taken is not None:
            raise ConflictError(f"there is {self._a_noun} {taken['id']!r} already")
        return await self._insert(connection, name, values)

    async def replace(
        self, connection: AdminConnection, name: str, values: Mapping[str, Any]
    ) -> tuple[Row, bool]:
        """Create or replace; also returns whether it is new."""
        await self._lock(connection)
        rows = await connection.execute(
            update(self._table)
            .where(self._is(name))
            .values(updated_at=func.now(), **values)
            .returning(*self._table.c)
        )
        row = rows.mappings().one_or_none()
        if row is not None:
            return dict(row), False
        return await self._insert(connection, name, values), True

    async def ensure(self, connection: AdminConnection, name: str) -> str:
        """Return the kept spelling of an id; the thing is made if it is new."""
        row = await self.look_up(connection, name)
        if row is None:
            await self._lock(connection)
            row = await self.look_up(connection, name) or await self._insert(connection, name, {})
        return str(row["id"])

    @property
    def _a_noun(self) -> str:
        return f"{'an' if self._noun[0] in 'aeio' else 'a'} {self._noun}"

    def _is(self, name: str) -> ColumnElement[bool]:
        return func.lower(name) == self.identity

    async def _lock(self, connection: AdminConnection) -> None:
        await connection.execute(select(func.pg_advisory_xact_lock(self._making)))

    async def _insert(
        self, connection: AdminConnection, name: str, values: Mapping[str, Any]
    ) -> Row:
        rows = await connection.execute(
            insert(self._table).values(id=name, **values).returning(*self._table.c)
        )
        return dict(rows.mappings().one())
