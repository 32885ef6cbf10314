"""The embedded PostgreSQL: let in nobody else, survive every crash, share no directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from csms.store.cluster import Cluster
from csms.store.database import Database
from csms.store.embedded import EmbeddedPostgres, running_url
from csms.store.errors import DataDirectoryInUseError, EmbeddedPostgresError

SERVE_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from csms.store.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
        print(postgres.url, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """A running server that the tests only look at."""
    directory = Path(tempfile.mkdtemp(prefix="csms-data-"))
    cluster = Cluster(directory)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(directory)


async def test_it_is_a_durable_postgresql_without_a_tcp_port(running: Cluster) -> None:
    async with connected(running.url) as connection:
        settings = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
        }
        version = await connection.fetchval("SHOW server_version_num")
    assert version.startswith("18")
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
    }


async def test_both_ways_to_the_database_understand_its_url(running: Cluster) -> None:
    database = Database(running.url)
    await database.ping()
    raw = await database.open_connection()
    answer = await raw.fetchval("SELECT 42")
    await raw.close()
    await database.close()
    assert answer == 42


async def test_nobody_gets_in_without_the_password(running: Cluster) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(running.url, password="guessed")


async def test_the_superuser_can_not_log_in(running: Cluster) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(running.url, user="postgres", database="postgres")


async def test_the_role_is_no_superuser_and_makes_no_databases(running: Cluster) -> None:
    async with connected(running.url) as connection:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = user"
        )
    assert row == (False, False, False)


def test_secrets_are_readable_by_their_owner_alone(running: Cluster) -> None:
    password_file = running.directory.with_name("database-password")
    assert running.directory.stat().st_mode & 0o777 == 0o700
    assert password_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["with space", 'it\'s, "odd"; 100%', "long" * 40])
async def test_any_path_will_do(data_dir: Path, name: str) -> None:
    odd = data_dir / name / "data"
    async with EmbeddedPostgres(odd) as postgres, connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT 42") == 42


async def test_what_was_stored_is_there_after_a_restart(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT value FROM kept") == 42


async def test_a_second_csms_on_the_same_directory_is_told_who_holds_it(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir):
        with pytest.raises(DataDirectoryInUseError, match=rf"process {os.getpid()}\b"):
            await EmbeddedPostgres(data_dir, lock_wait_s=0).__aenter__()


async def test_after_kill_9_the_next_start_takes_over_with_everything(data_dir: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE_AND_WAIT, data_dir, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        process.kill()
        await process.communicate()
        async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as next_one:
            assert await next_one.fetchval("SELECT value FROM kept") == 42


async def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir):
        pid_file = (data_dir / "postgres" / "postmaster.pid").read_text()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        lines = [str(stranger.pid), *pid_file.splitlines()[1:]]
        (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        async with EmbeddedPostgres(data_dir):
            assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_postgresql_comes_back_at_the_same_url_when_it_dies(data_dir: Path) -> None:
    long_path = data_dir / ("x" * 100)
    async with EmbeddedPostgres(long_path) as postgres:
        psutil.Process(postmaster_pid(long_path)).send_signal(signal.SIGKILL)
        async with asyncio.timeout(30):
            assert await answer_of(postgres.url) == 42


async def test_a_lost_password_is_replaced(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as postgres:
        old_url = postgres.url
    (data_dir / "database-password").unlink()
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT 42") == 42
        assert postgres.url != old_url


async def test_a_setup_that_was_interrupted_starts_anew(data_dir: Path) -> None:
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT 42") == 42


async def test_data_of_another_major_version_is_refused_by_name(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="version 17; this csms brings version 18"):
        await EmbeddedPostgres(data_dir).__aenter__()


async def test_a_data_directory_that_can_not_be_made_is_named(data_dir: Path) -> None:
    (data_dir / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match="file/data can't be made"):
        await EmbeddedPostgres(data_dir / "file" / "data").__aenter__()


async def test_a_setting_that_postgresql_refuses_is_shown(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir):
        pass
    (data_dir / "postgres" / "custom.conf").write_text("work_mem = 'plenty'\n")
    with pytest.raises(EmbeddedPostgresError, match="work_mem"):
        await EmbeddedPostgres(data_dir).__aenter__()


async def test_cancelled_while_it_starts_it_leaves_no_process_behind(data_dir: Path) -> None:
    start = asyncio.create_task(EmbeddedPostgres(data_dir).__aenter__())
    async with asyncio.timeout(30):
        while not (data_dir / "postgres" / "postmaster.pid").exists():
            await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_it_leaves_no_process_behind(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir):
        pid = postmaster_pid(data_dir)
    assert not psutil.pid_exists(pid)


async def test_another_process_learns_the_url_of_the_running_server(data_dir: Path) -> None:
    assert running_url(data_dir) is None
    async with EmbeddedPostgres(data_dir) as postgres:
        assert running_url(data_dir) == postgres.url


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def answer_of(url: str) -> object:
    """Ask until the server answers."""
    while True:
        try:
            async with connected(url) as connection:
                return await connection.fetchval("SELECT 42")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.05)


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split(maxsplit=1)[0])
