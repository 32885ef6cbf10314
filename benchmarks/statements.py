"""How long a month's statements take: 500 users, each with 20 transactions in a four-period tariff.

    python -m benchmarks --only statements

Everything is real: prices in PostgreSQL, a run that issues all statements with their numbers, the
PDF, CSV and XLSX of each, and the installation's own statement with every user's page. Beside the
seconds by the clock those of the processor, of Python alone: the machine has other work to do.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from statement_world import StatementWorld
from unit.tariff.tariffs import FOUR_PERIODS, LISBON
from unit.tariff.usages import steady

from csms.clock import SystemClock
from csms.services.statements.model import Kept, Order, Wanted
from csms.services.statements.runs import AT_ONCE
from csms.services.statements.service import StatementService
from csms.statements.document import Kind
from csms.statements.files.rendering import FileFormat, rendered
from csms.store.cluster import Cluster
from csms.store.database import Database
from csms.store.issued_statements import IssuedStatements
from csms.store.migrate import migrate
from csms.store.statement_runs import StatementRunStore
from csms.store.statement_tables import statements
from csms.tariff.months import Month
from csms.tariff.pricing import PricedTransaction, Pricer

USERS: Final = 500
TRANSACTIONS_EACH: Final = 20
GOAL_S: Final = 30.0
JUNE: Final = Month(2025, 6)


class Step(NamedTuple):
    """How long a part of the work took."""

    name: str
    clock_s: float
    processor_s: float
    statement_count: int


def show_statements(console: Console) -> None:
    directory = Path(tempfile.mkdtemp(prefix="csms-benchmark-"))
    cluster = Cluster(directory, disposable=True)
    cluster.start()
    try:
        asyncio.run(_show(console, cluster.url))
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


async def _show(console: Console, url: str) -> None:
    await migrate(url)
    async with _garage(url) as database:
        store = IssuedStatements(database)
        service = StatementService(store, SystemClock())
        watch = _Watch()
        await _issue_all(database, service)
        watch.note("issued: gathered, composed, numbered, kept", USERS)
        kept = await _all(database, store)
        watch.begin()
        for file_format in FileFormat:
            for each in kept:
                rendered(each.document, file_format)
            watch.note(f"{file_format.name} of each", USERS)
        everything = watch.sum()
        site = await service.issue(Order(Wanted(Kind.SITE, "garage", "garage", JUNE)), "benchmark")
        watch.note("the installation's statement", 1)
        pages = rendered(site.document, FileFormat.PDF)
        watch.note(f"its PDF ({len(pages) / 1e6:.1f} MB)", 1)
    console.print(_table(watch, everything))


class _Watch:
    """Notes how long each step took."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.begin()

    def begin(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def note(self, name: str, count: int) -> None:
        clock_s, processor_s = self._begun
        taken = time.perf_counter() - clock_s, time.process_time() - processor_s
        self.steps.append(Step(name, *taken, count))
        self.begin()

    def sum(self) -> Step:
        return Step(
            f"all statements as PDF, CSV and XLSX (goal {GOAL_S:.0f} s)",
            sum(step.clock_s for step in self.steps),
            sum(step.processor_s for step in self.steps),
            USERS,
        )


def _table(watch: _Watch, everything: Step) -> Table:
    table = Table(title=f"A month's statements of {USERS} users")
    for heading in ("what", "s by the clock", "processor s", "processor ms each"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for step in (*watch.steps, everything):
        each_ms = step.processor_s * 1000 / step.statement_count
        figures = (f"{step.clock_s:.1f}", f"{step.processor_s:.1f}", f"{each_ms:.1f}")
        table.add_row(step.name, *figures, end_section=step is watch.steps[-1])
    return table


async def _issue_all(database: Database, service: StatementService) -> None:
    """What a run does, without its pauses."""
    users = await StatementRunStore(database).users("garage", JUNE)
    orders = [Order(Wanted(Kind.USER, user_id, "garage", JUNE)) for user_id in users]
    for start in range(0, len(orders), AT_ONCE):
        await service.issue_many(orders[start : start + AT_ONCE], "benchmark")


async def _all(database: Database, store: IssuedStatements) -> list[Kept]:
    async with database.begin() as connection:
        ids = list(await connection.scalars(select(statements.c.id).order_by(statements.c.id)))
    return [await store.find(each) for each in ids]


@asynccontextmanager
async def _garage(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    world = StatementWorld(database)
    await world.garage()
    await world.tariff()
    for number in range(USERS):
        place, user_id = f"CP-{number}", f"user-{number:03}"
        await world.charge_point(place)
        await world.user(user_id, f"Flat {number}", f"04{number:06X}")
        await world.price(_month(number), user_id=user_id, charge_point_id=place)
    yield database
    await database.close()


def _month(user: int) -> list[PricedTransaction]:
    """Twenty transactions of three to six hours at odd times of June."""
    pricer = Pricer(FOUR_PERIODS, LISBON)
    start = datetime(2025, 6, 1, tzinfo=UTC)
    found = []
    for number in range(TRANSACTIONS_EACH):
        at = start + timedelta(days=number * 29 / TRANSACTIONS_EACH, minutes=(user * 37) % 1200)
        power_kw = str(Decimal(user % 8 + 3))
        usage = steady(at, 180 + (user * 7 + number * 13) % 180, power_kw)
        key = user * TRANSACTIONS_EACH + number + 1
        found.append(pricer.price(replace(usage, transaction_id=key)))
    return found
