"""SQL that the servers of a worker's tests compile once, as one server does in a long life.

SQLAlchemy keeps what it compiled with the engine, so a thousand servers would compile the same
few hundred statements a thousand times.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

_compiled: LRUCache[Any, Any] = LRUCache(2000)


class CompilingOnce(PGDialect_asyncpg):
    """The same as all others of its kind; `Database` makes no different ones."""

    supports_statement_cache = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


def compile_once() -> None:
    """Have engines made from now on share what they compile."""
    registry.register("postgresql.asyncpg", __name__, CompilingOnce.__name__)
