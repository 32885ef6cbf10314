"""A real PostgreSQL for the tests: one server per run, one fresh, migrated database per test.

Whichever worker needs it first starts it; the run's controller stops it at the end. A test gets
a clone of a migrated template, which takes PostgreSQL a few dozen milliseconds.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil

from csms.store.cluster import Cluster
from csms.store.database import Database
from csms.store.migrate import migrate
from csms.store.partitions import make_room

TEMPLATE = "template_csms"

_FROM_TEMPLATE = f"TEMPLATE {TEMPLATE} STRATEGY file_copy"

_ROOM_BYTES = 2 * 1024**3
_numbers = itertools.count(1)


class TestServer:
    """The run's server, living in a directory of its own."""

    __test__ = False

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._cluster = Cluster(directory, disposable=True)

    @classmethod
    def in_new_directory(cls) -> TestServer:
        return cls(Path(tempfile.mkdtemp(prefix="csms-tests-", dir=_fast_directory())))

    def url(self) -> str:
        """Return the URL of the server, started and with its template if it was not yet."""
        ready = self.directory / "ready"
        with _locked(self.directory / "starting"):
            if not ready.exists():
                self._cluster.start()
                asyncio.run(_make_template(self._cluster.url))
                ready.touch()
        return self._cluster.url

    def stop(self) -> None:
        pid_file = self.directory / "postgres" / "postmaster.pid"
        if pid_file.exists():
            _quit(int(pid_file.read_text().split(maxsplit=1)[0]))
        shutil.rmtree(self.directory, ignore_errors=True)


@asynccontextmanager
async def cloned(server_url: str) -> AsyncIterator[str]:
    """Lend a fresh copy of the template."""
    async with (
        _connected(server_url) as connection,
        _made(connection, server_url, _FROM_TEMPLATE) as url,
    ):
        yield url


@asynccontextmanager
async def empty(server_url: str, encoding: str = "UTF8") -> AsyncIterator[str]:
    """Lend a database without a schema."""
    how = f"TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"
    async with (
        _connected(server_url) as connection,
        _made(connection, server_url, "" if encoding == "UTF8" else how) as url,
    ):
        yield url


class Clones:
    """Fresh copies of the template for one test after the other.

    One connection makes them all, in a loop of its own: that takes PostgreSQL half of what it
    takes over a new connection each time.
    """

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(server_url))

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend the URL of a copy, outside of any running loop."""
        copy = _made(self._connection, self._server_url, _FROM_TEMPLATE)
        url = self._loop.run_until_complete(copy.__aenter__())
        try:
            yield url
        finally:
            self._loop.run_until_complete(copy.__aexit__(None, None, None))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


@asynccontextmanager
async def _made(
    connection: asyncpg.Connection[asyncpg.Record], server_url: str, how: str = ""
) -> AsyncIterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await connection.execute(f"CREATE DATABASE {name} {how}")
    try:
        yield named(server_url, name)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def named(server_url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return server_url.replace("@/csms?", f"@/{database}?", 1)


def _fast_directory() -> Path | None:
    """Memory, where a clone's 300 small files cost a tenth, if there is enough of it."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM_BYTES
    return memory if roomy and os.access(memory, os.W_OK) else None


async def _make_template(server_url: str) -> None:
    async with _connected(server_url) as connection:
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await migrate(named(server_url, TEMPLATE))
    database = Database(named(server_url, TEMPLATE))
    await make_room(database, datetime.now(UTC))
    await database.close()


@asynccontextmanager
async def _connected(server_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(server_url)
    try:
        yield connection
    finally:
        await connection.close()


def _quit(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=10)
    except psutil.NoSuchProcess:
        pass


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
