"""Group commit: the records of many chargers share one database transaction.

A caller's awaitable ends when its records are durable. What arrives while a commit is under way
and a breath after it goes into the next one, so the batches grow with the load. While the
database is away the writer keeps everything and tries again; a record that PostgreSQL refuses is
found by splitting the batch, and fails alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Final

import asyncpg

from csms.errors import DatabaseUnavailableError, RecordRefusedError
from csms.metrics import Metrics
from csms.services.records import LoggedMessage, Record
from csms.store.bulk import Row, Statement, Write, dump, joined
from csms.store.database import Database, RawConnection, is_away, passes_by_itself
from csms.store.mending import mend_row
from csms.store.message_log import MessageLogWriter
from csms.store.statements import writes_of

log = logging.getLogger(__name__)

MAX_BATCH: Final = 2000
"""Callers' requests in one commit."""
BREATH_S: Final = 0.001
"""Between two commits: who was just answered may be in the next one. Without it a busy server
spends its time on many small commits; one that has nothing to do commits at once."""
MAX_ATTEMPTS: Final = 5
"""Of a commit that another transaction got in the way of."""
RETRY_FIRST_S: Final = 0.1
RETRY_MOST_S: Final = 5.0
_CONNECTION_ERRORS: Final = (OSError, TimeoutError, asyncpg.InternalClientError)


class Request:
    """The rows of one caller, which stand or fall together."""

    __slots__ = ("done", "writes")

    def __init__(self, writes: list[Write], done: asyncio.Future[None] | None) -> None:
        self.writes = writes
        self.done = done

    def succeed(self) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_exception(error)


class BatchWriter:
    """Implements csms.services.records.Recorder on one connection of its own."""

    def __init__(self, database: Database, metrics: Metrics, message_log: MessageLogWriter) -> None:
        self._database = database
        self._message_log = message_log
        self._requests: list[Request] = []
        self._in_hand = 0
        self._latest: dict[object, Request] = {}
        self._asking = asyncio.Lock()
        self._back_at = float("-inf")
        self._pause_s = RETRY_FIRST_S
        self.trouble: str | None = None
        """Why nothing can be written just now."""
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: RawConnection | None = None
        self._metrics = metrics
        self._database_up = metrics.database_up
        metrics.write_queue.set_function(lambda: len(self._requests) + self._in_hand)
        self._commit_seconds = metrics.commit_seconds
        self._commit_rows = metrics.commit_rows

    async def start(self) -> None:
        """Connect; raises DatabaseUnavailableError if that fails at once."""
        self._connection = await self._database.open_connection()
        self._database_up.set(1)
        self._task = asyncio.create_task(self._run(), name="batch writer")

    async def stop(self) -> None:
        """Write what is waiting and end; while the database is away, end without that.

        What is not written was not answered either: chargers send it again.
        """
        self._stopping.set()
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()

    # --- csms.services.records.Recorder

    def commit(self, *records: Record) -> Awaitable[None]:
        done = asyncio.get_running_loop().create_future()
        writes: list[Write] = []
        for record in records:
            writes += writes_of(record)
        self._add(Request(writes, done))
        return done

    def later(self, *records: Record) -> None:
        """Only the newest state of a thing waits, so waiting can't grow without end."""
        for record in records:
            for statement, row in writes_of(record):
                key = statement.key(row) if statement.key else object()
                self._latest[(statement, key)] = Request([(statement, row)], None)
        if self._latest:
            self._wake.set()

    def log(self, message: LoggedMessage) -> None:
        self._message_log.add(message)

    async def database_back(self) -> None:
        """One asks for all who wait.

        Who comes back soon found it away although it answered, and waits longer.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with self._asking:
            if self._back_at > began:
                return
            if began - self._back_at > RETRY_MOST_S:
                self._pause_s = RETRY_FIRST_S
            while True:
                await asyncio.sleep(self._pause_s)
                self._pause_s = min(self._pause_s * 2, RETRY_MOST_S)
                with suppress(DatabaseUnavailableError):
                    await self._database.ping()
                    self._back_at = loop.time()
                    return

    # --- the writer's own task

    def _add(self, request: Request) -> None:
        self._requests.append(request)
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._requests or self._latest:
                await self._write_durably(self._take())
                self._in_hand = 0
                await asyncio.sleep(BREATH_S)
            if self._stopping.is_set():
                return

    def _take(self) -> list[Request]:
        """Take the next batch; states that nobody waits for come first, they are older."""
        batch = list(self._latest.values())
        self._latest.clear()
        batch += self._requests[:MAX_BATCH]
        del self._requests[:MAX_BATCH]
        self._in_hand = len(batch)
        return batch

    async def _write_durably(self, batch: list[Request]) -> None:
        """Write a batch, however long the database is away."""
        delay_s = RETRY_FIRST_S
        while True:
            try:
                await self._write(batch)
            except DatabaseUnavailableError as error:
                self._metrics.commit_failures.labels("unavailable").inc()
                self.trouble = str(error)
                self._database_up.set(0)
                log.warning("the database is away, %d requests wait: %s", len(batch), error)
                if await self._stops_within(delay_s):
                    left = len(batch) + len(self._requests)
                    log.warning("stopping without the database, %d requests unanswered", left)
                    self._requests.clear()
                    self._latest.clear()
                    return
                delay_s = min(delay_s * 2, RETRY_MOST_S)
            else:
                self.trouble = None
                self._database_up.set(1)
                return

    async def _stops_within(self, time_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), time_s)
        return self._stopping.is_set()

    async def _write(self, batch: Sequence[Request], attempt: int = 1) -> None:
        """Write a batch, or split it to find the request that PostgreSQL refuses."""
        try:
            await self._commit(batch)
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            if isinstance(error, _CONNECTION_ERRORS) or is_away(error):
                await self._disconnect()
                raise DatabaseUnavailableError(str(error)) from error
            if passes_by_itself(error) and attempt < MAX_ATTEMPTS:
                await self._write(batch, attempt + 1)
            else:
                await self._isolate(batch, error)
        else:
            for request in batch:
                request.succeed()

    async def _isolate(self, batch: Sequence[Request], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._write(batch[:middle])
            await self._write(batch[middle:])
            return
        request = batch[0]
        mended = [(statement, mend_row(statement, row)) for statement, row in request.writes]
        if mended != request.writes:
            log.warning("a record was mended to be stored: %s", error)
            request.writes = mended
            await self._write(batch)
            return
        names = ", ".join(statement.name for statement, _ in request.writes)
        self._metrics.commit_failures.labels("refused").inc()
        log.error("PostgreSQL refused a record (%s): %s", names, error)
        request.fail(RecordRefusedError(f"{names}: {error}"))

    async def _commit(self, batch: Sequence[Request]) -> None:
        groups = _grouped(batch)
        if not groups:  # messages without anything to keep
            return
        connection = await self._connected()
        with self._commit_seconds.time():
            # One statement is a transaction by itself and takes one exchange with the server.
            await connection.execute(
                joined(tuple(statement for statement, _ in groups)),
                *(dump(rows) for _, rows in groups),
            )
        self._commit_rows.observe(sum(len(rows) for _, rows in groups))

    async def _connected(self) -> RawConnection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._database.open_connection()
            except (
                asyncpg.PostgresError
            ) as error:  # whatever the reason, it is not a record's fault
                raise DatabaseUnavailableError(str(error)) from error
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _grouped(batch: Sequence[Request]) -> list[tuple[Statement, list[Row]]]:
    groups: dict[Statement, list[Row]] = {}
    for request in batch:
        for statement, row in request.writes:
            rows = groups.get(statement)
            if rows is None:
                groups[statement] = [row]
            else:
                rows.append(row)
    ordered = sorted(groups.items(), key=lambda group: group[0].order)
    return [(statement, _last_of_each(statement, rows)) for statement, rows in ordered]


def _last_of_each(statement: Statement, rows: list[Row]) -> list[Row]:
    """The newest state of a thing is the one that counts."""
    if statement.key is None or len(rows) == 1:
        return rows
    return list({statement.key(row): row for row in rows}.values())
