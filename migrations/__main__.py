"""Write the next migration: `python -m migrations "Give charge points a colour"`.

It compares tables.py with what the migrations so far lead to, in a PostgreSQL that lives only for
that, and writes the difference. What Alembic can't see (sequences, partitions, moving data) is
added by hand; tests/store/test_migrations.py tells whether anything is missing.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from csms.store.cluster import Cluster
from csms.store.database import Database
from csms.store.migrate import migrate
from csms.store.upgrading import alembic_config


def main(message: str) -> None:
    directory = Path(tempfile.mkdtemp(prefix="csms-migration-"))
    cluster = Cluster(directory, disposable=True)
    cluster.start()
    try:
        asyncio.run(_write(cluster.url, message))
    finally:
        cluster.stop()
        shutil.rmtree(directory)


async def _write(url: str, message: str) -> None:
    await migrate(url)
    database = Database(url)
    async with database.begin() as connection:
        await connection.run_sync(_revision, message)
    await database.close()


def _revision(connection: Connection, message: str) -> None:
    config = alembic_config(connection)
    number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
    command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
