"""The message log: every exchange with every charger, written behind, bounded, never in the way."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.records import LoggedMessage
from csms.store.database import DRIVER_ERRORS, Database, RawConnection
from csms.store.log_allowance import LogAllowance

log = logging.getLogger(__name__)

MAX_WAITING: Final = 20_000
BATCH: Final = 100
"""Few lines at a time: while they are written down, nobody is answered."""
PAUSE_S: Final = 0.1
_COLUMNS: Final = (
    "charge_point_key", "received_at", "ocpp_version", "from_charge_point", "message_id",
    "action", "request", "response", "outcome", "repairs", "duration_s",
)  # fmt: skip


class MessageLogWriter:
    def __init__(self, database: Database, metrics: Metrics, allowance: LogAllowance) -> None:
        self._database = database
        self._allowance = allowance
        self._waiting: deque[LoggedMessage] = deque()
        self._dropped = metrics.log_dropped
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, message: LoggedMessage) -> None:
        chars = len(message.request or "") + len(message.response or "")
        now = asyncio.get_running_loop().time()
        if len(self._waiting) >= MAX_WAITING or not self._allowance.take(
            message.charge_point_key, chars, now
        ):
            self._dropped.inc()
            return
        self._waiting.append(message)
        self._news.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="message log")

    async def stop(self) -> None:
        """Write what is waiting, once, and end."""
        self._stopping.set()
        self._news.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        connection: RawConnection | None = None
        is_failing = False  # an outage is worth one line, not two a second
        while not self._stopping.is_set():
            await self._news.wait()
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSE_S)
            while self._waiting:
                try:
                    if connection is None or connection.is_closed():
                        connection = await self._connect()
                    await self._write(connection)
                    is_failing = False
                except (DatabaseUnavailableError, *DRIVER_ERRORS) as error:
                    if not is_failing:
                        log.warning("the message log can't be written for now: %s", error)
                    is_failing = True
                    self._news.set()
                    break
        if connection is not None:
            await connection.close()

    async def _connect(self) -> RawConnection:
        connection = await self._database.open_connection()
        # A crash of the database may cost the last lines of the log, never a record.
        await connection.execute("SET synchronous_commit = off")
        return connection

    async def _write(self, connection: RawConnection) -> None:
        count = min(len(self._waiting), BATCH)
        batch = [self._waiting.popleft() for _ in range(count)]
        try:
            await connection.copy_records_to_table(
                "message_log", records=[_row(message) for message in batch], columns=_COLUMNS
            )
        except DRIVER_ERRORS:
            self._dropped.inc(count)
            raise


def _row(m: LoggedMessage) -> tuple[object, ...]:
    return (
        m.charge_point_key, m.received_at, m.ocpp_version, m.from_charge_point,
        _text(m.message_id), _text(m.action), _text(m.request), _text(m.response), m.outcome,
        m.repairs or None, m.duration_s,
    )  # fmt: skip


def _text(value: str | None) -> str | None:
    """PostgreSQL text can't hold NUL; everything else is kept as it came."""
    return value.replace("\x00", "\\u0000") if value else value
