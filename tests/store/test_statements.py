"""Issued statements in a real database: numbered without gaps, never changed, corrected openly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from statement_world import AFTER_JUNE, StatementWorld, again, june_prices
from unit.tariff.tariffs import FOUR_PERIODS

from csms.errors import ConflictError, NotFoundError
from csms.metrics import Metrics
from csms.services.statements.model import Order, Wanted
from csms.services.statements.runs import StatementRuns
from csms.services.statements.service import StatementService
from csms.statements.document import Kind, PendingState, Total
from csms.store import statement_runs
from csms.store.admin.window import Window
from csms.store.database import Database
from csms.store.issued_statements import IssuedStatements, list_page
from csms.store.stated import refuse_owing_user
from csms.store.statement_runs import StatementRunStore
from csms.tariff.model import MonthlyBase
from csms.tariff.months import Month
from csms.tariff.pricing import unpriced

JUNE = Month(2025, 6)


class StoppedClock:
    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


class Desk(StatementService):
    """The service on a real database, and the world behind it."""

    def __init__(self, database: Database) -> None:
        self.clock = StoppedClock(AFTER_JUNE)
        self.store = IssuedStatements(database)
        super().__init__(self.store, self.clock)
        self.database = database
        self.world = StatementWorld(database)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.database.begin() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = Database(database_url, pool_size=10)
    yield Desk(database)
    await database.close()


def order(
    subject_id: str = "flat-7", kind: Kind = Kind.USER, *, allow_unpriced: bool = False
) -> Order:
    return Order(Wanted(kind, subject_id, "garage", JUNE), allow_unpriced=allow_unpriced)


async def test_junes_statement_comes_out_of_the_database_to_the_cent(desk: Desk) -> None:
    await desk.world.june()

    kept = await desk.issue(order("FLAT-7"), "operator")

    assert kept.number == "GARAGE-2025-00001"
    assert kept.document.totals == (Total("EUR", Decimal("80.38"), Decimal("0.00")),)
    assert kept.document.energy_kwh == Decimal("360.018")
    assert (await desk.store.find(kept.id)).document == kept.document


async def test_a_charge_point_and_a_site_have_statements_of_their_own(desk: Desk) -> None:
    await desk.world.june()

    place = await desk.issue(order("cp-1", Kind.CHARGE_POINT), "operator")
    site = await desk.issue(order("garage", Kind.SITE), "operator")

    assert [place.number, site.number] == ["GARAGE-2025-00001", "GARAGE-2025-00002"]
    assert place.document.totals == site.document.totals
    assert [part.name for part in site.document.users] == ["Flat 7"]


async def test_a_month_is_stated_only_once(desk: Desk) -> None:
    await desk.world.june()
    await desk.issue(order(), "operator")

    with pytest.raises(ConflictError, match="GARAGE-2025-00001"):
        await desk.issue(order("Flat-7"), "operator")


async def test_numbers_have_no_gaps_and_no_doubles_when_many_issue_at_once(desk: Desk) -> None:
    await desk.world.garage()
    await desk.world.charge_point()
    await desk.world.tariff()
    prices = june_prices()
    for number, price in enumerate(prices):
        await desk.world.user(f"u{number}", f"User {number}")
        await desk.world.price([price], user_id=f"u{number}")
    # Everyone is asked for twice at once: half of them must be refused, and use up no number.
    orders = [order(f"u{number % len(prices)}") for number in range(2 * len(prices))]

    made = await asyncio.gather(
        *(desk.issue(each, "operator") for each in orders), return_exceptions=True
    )

    refused = [each for each in made if isinstance(each, ConflictError)]
    assert len(refused) == len(prices)
    numbers = await desk.rows("SELECT sequence FROM statements ORDER BY sequence")
    assert [number for (number,) in numbers] == list(range(1, len(prices) + 1))


async def test_each_year_and_each_series_begins_with_1(desk: Desk) -> None:
    await desk.world.june()
    await desk.world.garage(site_id="annex", series="ANNEX")
    await desk.world.charge_point("CP-2", "annex")
    later = replace(june_prices()[0].usage, transaction_id=900)
    await desk.world.price(
        [replace(june_prices()[0], usage=later)], site_id="annex", charge_point_id="CP-2"
    )

    first = await desk.issue(order(), "operator")
    annex = await desk.issue(Order(Wanted(Kind.SITE, "annex", "annex", JUNE)), "operator")
    desk.clock.time = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    next_year = await desk.issue(order("garage", Kind.SITE), "operator")

    numbers = [first.number, annex.number, next_year.number]
    assert numbers == ["GARAGE-2025-00001", "ANNEX-2025-00001", "GARAGE-2026-00001"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statements SET document = '{}'",
        "UPDATE statements SET issued_by = 'somebody else'",
        "DELETE FROM statements",
        "TRUNCATE statements CASCADE",
        "UPDATE statement_series SET last_number = 7",
        "DELETE FROM statement_series",
        "DELETE FROM statement_prices",
    ],
)
async def test_the_database_itself_lets_nobody_change_what_was_issued(
    desk: Desk, change: str
) -> None:
    await desk.world.june()
    kept = await desk.issue(order(), "operator")

    with pytest.raises(ConflictError):
        await desk.rows(change)
    assert await desk.store.find(kept.id) == kept


async def test_what_was_issued_stays_when_everything_it_came_from_changes(desk: Desk) -> None:
    await desk.world.june()
    kept = await desk.issue(order(), "operator")

    await desk.world.price([again(june_prices()[0], energy_wh=1)], revision=2)
    await desk.rows("UPDATE users SET name = 'Another' RETURNING id")
    await desk.rows("UPDATE statement_issuers SET name = 'Another' RETURNING site_id")
    await desk.rows("DELETE FROM users RETURNING id")

    assert await desk.store.find(kept.id) == kept


async def test_a_correction_refers_to_the_first_and_has_a_number_of_its_own(desk: Desk) -> None:
    await desk.world.june()
    first = await desk.issue(order(), "operator")
    await desk.world.price([again(june_prices()[0], energy_wh=10_000)], revision=2)

    second = await desk.correct(first.id, "the meter was read again", "operator")

    corrects = second.document.corrects
    assert corrects is not None
    assert (second.number, corrects.number) == ("GARAGE-2025-00002", "GARAGE-2025-00001")
    assert corrects.totals == first.document.totals
    assert second.document.totals[0].net < first.document.totals[0].net
    assert (await desk.store.find(first.id)).corrected_by == second.id


async def test_only_the_latest_of_a_chain_of_corrections_can_be_corrected(desk: Desk) -> None:
    await desk.world.june()
    first = await desk.issue(order(), "operator")
    await desk.world.price([again(june_prices()[0], energy_wh=10_000)], revision=2)
    await desk.correct(first.id, "read again", "operator")
    await desk.world.price([again(june_prices()[0], energy_wh=20_000)], revision=3)

    with pytest.raises(ConflictError, match="correct that one"):
        await desk.correct(first.id, "read again", "operator")


async def test_a_correction_that_would_say_the_same_is_refused_and_uses_no_number(
    desk: Desk,
) -> None:
    await desk.world.june()
    first = await desk.issue(order(), "operator")

    with pytest.raises(ConflictError, match="the same"):
        await desk.correct(first.id, "just so", "operator")
    assert await desk.rows("SELECT last_number FROM statement_series") == [(1,)]


async def test_a_running_transaction_needs_to_be_allowed_and_is_shown(desk: Desk) -> None:
    await desk.world.june()
    await desk.world.transaction(99, datetime(2025, 6, 30, 22, tzinfo=UTC))

    with pytest.raises(ConflictError, match=r"1 still run \(such as 99\)"):
        await desk.issue(order(), "operator")
    kept = await desk.issue(order(allow_unpriced=True), "operator")

    assert [each.state for each in kept.document.pending] == [PendingState.RUNNING]
    assert not kept.document.complete


async def test_a_transaction_that_ended_and_has_no_price_yet_is_not_forgotten(desk: Desk) -> None:
    await desk.world.june()
    ended = datetime(2025, 6, 30, 22, tzinfo=UTC)
    await desk.world.transaction(99, ended - timedelta(hours=1), stopped_at=ended)

    with pytest.raises(ConflictError, match="1 are not priced yet"):
        await desk.issue(order(), "operator")


async def test_an_unpriced_transaction_is_listed_with_its_reason_and_never_as_0(desk: Desk) -> None:
    await desk.world.june()
    usage = replace(june_prices()[0].usage, transaction_id=99)
    await desk.world.price([unpriced(usage, "no tariff is assigned")])

    with pytest.raises(ConflictError, match="1 are not completely priced"):
        await desk.issue(order(), "operator")
    document = await desk.draft(order())

    assert [entry.reason for entry in document.unpriced] == ["no tariff is assigned"]
    assert document.unpriced_kwh == Decimal("30.209")


async def test_a_transaction_belongs_to_the_month_in_which_it_began_by_the_sites_clock(
    desk: Desk,
) -> None:
    await desk.world.june()
    last = datetime(2025, 6, 30, 22, 59, tzinfo=UTC)  # 23:59 in Lisbon
    usage = replace(
        june_prices()[0].usage, started_at=last, ended_at=last + timedelta(hours=2), readings=()
    )
    for number, start in ((98, last), (99, last + timedelta(minutes=1))):
        moved = replace(usage, transaction_id=number, started_at=start)
        await desk.world.price([unpriced(moved, "no tariff")])

    document = await desk.draft(order())

    numbers = [entry.transaction_id for entry in document.unpriced]
    assert numbers == [98]


async def test_a_month_that_is_not_over_can_be_drafted_but_not_issued(desk: Desk) -> None:
    await desk.world.june()
    desk.clock.time = datetime(2025, 6, 30, 22, 59, tzinfo=UTC)

    assert (await desk.draft(order())).totals[0].net == Decimal("80.38")
    with pytest.raises(ConflictError, match="2025-06 is not over"):
        await desk.issue(order(), "operator")


async def test_without_an_issuer_and_without_anything_to_state_nothing_is_issued(
    desk: Desk,
) -> None:
    await desk.world.garage(series=None)
    await desk.world.user("flat-7", "Flat 7")
    with pytest.raises(ConflictError, match="statement-issuer"):
        await desk.issue(order(), "operator")
    with pytest.raises(NotFoundError):
        await desk.draft(order("nobody"))


async def test_an_empty_month_is_not_stated(desk: Desk) -> None:
    await desk.world.garage()
    await desk.world.user("flat-7", "Flat 7")

    with pytest.raises(ConflictError, match="nothing to state"):
        await desk.issue(order(), "operator")


async def test_a_users_own_tariff_costs_its_base_fee_also_without_charging(desk: Desk) -> None:
    based = replace(FOUR_PERIODS.versions[0], monthly_base=MonthlyBase(Decimal("5.90")))
    await desk.world.garage()
    await desk.world.tariff(replace(FOUR_PERIODS, versions=(based,)))
    await desk.world.user("flat-7", "Flat 7")
    await desk.rows(
        "INSERT INTO tariff_assignments (tariff_id, scope, subject_id, valid_from) "
        "VALUES ('tetra', 'user', 'flat-7', '2025-06-16T00:00+01:00') RETURNING id"
    )

    kept = await desk.issue(order(), "operator")

    assert kept.document.totals[0].net == Decimal("2.95")


async def test_what_a_prepaid_account_paid_is_taken_off_what_is_to_pay(desk: Desk) -> None:
    await desk.world.june()
    await desk.rows(
        "INSERT INTO accounts (id, kind, currency, start_credit) "
        "VALUES ('a', 'prepaid', 'EUR', 1) RETURNING id"
    )
    await desk.rows(
        "INSERT INTO account_settlements (transaction_id, account_id, revision, charged) "
        "VALUES (1, 'a', 1, 6.88), (2, 'a', 1, 3.99) RETURNING account_id"
    )

    (paid,) = (await desk.draft(order())).prepaid

    assert (paid.currency, paid.amount) == ("EUR", Decimal("10.87"))


async def test_a_run_issues_everybodys_statement_and_says_whose_not(desk: Desk) -> None:
    await desk.world.june()
    for number, price in enumerate(june_prices()[:3]):
        await desk.world.user(f"u{number}", f"User {number}")
        other = replace(price.usage, transaction_id=100 + number)
        kept = replace(price, usage=other) if number else unpriced(other, "no tariff")
        await desk.world.price([kept], user_id=f"u{number}")
    run_id = await _ordered(desk)

    async with _running(desk):
        row = await _ended(desk, run_id)

    assert (row["state"], row["total"], row["done"], row["issued"]) == ("done", 4, 4, 3)
    assert [each["user_id"] for each in row["refusals"]] == ["u0"]


async def test_a_run_says_whose_statement_lacks_what_came_after_it(desk: Desk) -> None:
    await desk.world.june()
    first = await desk.issue(order(), "operator")
    late = replace(june_prices()[0].usage, transaction_id=100)
    await desk.world.price([replace(june_prices()[0], usage=late)])

    before = await _run(desk)
    await desk.correct(first.id, "a charger was offline", "operator")
    after = await _run(desk)

    assert [each["user_id"] for each in before["refusals"]] == ["flat-7"]
    assert before["refusals"][0]["reason"] == (
        "GARAGE-2025-00001 lacks what was priced after it: "
        f"correct it (POST /api/v1/statements/{first.id}/corrections)"
    )
    assert (before["total"], before["done"], before["issued"]) == (1, 1, 0)
    assert (after["total"], after["refusals"]) == (0, [])


async def test_statements_that_lack_what_came_after_them_are_found(desk: Desk) -> None:
    await desk.world.june()
    await desk.world.charge_point("CP-2")
    for subject_id, kind in (("flat-7", Kind.USER), ("CP-1", Kind.CHARGE_POINT)):
        await desk.issue(order(subject_id, kind), "operator")
    site = await desk.issue(order("garage", Kind.SITE), "operator")
    assert await _outdated(desk) == set()

    late = replace(june_prices()[0].usage, transaction_id=100)
    price = replace(june_prices()[0], usage=late)
    await desk.world.price([price], charge_point_id="CP-2", user_id=None)
    assert await _outdated(desk) == {"garage"}

    await desk.correct(site.id, "a charger was offline", "operator")
    assert await _outdated(desk) == set()


async def test_a_run_passes_over_who_owes_nothing(desk: Desk) -> None:
    await desk.world.june()
    await desk.world.user("idle", "Never here")
    await desk.rows(
        "INSERT INTO tariff_assignments (tariff_id, scope, subject_id) "
        "VALUES ('tetra', 'user', 'idle') RETURNING id"
    )

    row = await _run(desk)

    assert (row["total"], row["done"], row["issued"], row["refusals"]) == (1, 1, 1, [])


async def test_who_owes_for_what_came_after_the_statement_is_not_deleted(desk: Desk) -> None:
    await desk.world.june()
    first = await desk.issue(order(), "operator")
    await desk.world.price([again(june_prices()[0], energy_wh=10_000)], revision=2)

    async with desk.database.begin() as connection:
        with pytest.raises(ConflictError, match="on no statement yet, such as 1"):
            await refuse_owing_user(connection, "flat-7")
    await desk.correct(first.id, "the meter was read again", "operator")
    async with desk.database.begin() as connection:
        await refuse_owing_user(connection, "flat-7")


async def test_who_is_looked_up_among_many_is_known_just_as_well_as_alone(desk: Desk) -> None:
    based = replace(FOUR_PERIODS.versions[0], monthly_base=MonthlyBase(Decimal("5.90")))
    await desk.world.garage()
    await desk.world.charge_point()
    await desk.world.tariff(replace(FOUR_PERIODS, versions=(based,)))
    await desk.world.user("flat-7", "Flat 7", "04A1")
    await desk.world.user("flat-8", "Flat 8", "04A2")
    await desk.world.price(june_prices()[:9])
    await desk.world.price(june_prices()[9:], user_id="flat-8")
    await desk.world.transaction(99, datetime(2025, 6, 30, 22, tzinfo=UTC))

    together = await desk.store.gather_users("garage", JUNE, ["flat-7", "flat-8", "flat-9"])

    assert sorted(together) == ["flat-7", "flat-8"]
    for user_id, known in together.items():
        alone = await desk.store.gather(Wanted(Kind.USER, user_id, "garage", JUNE))
        assert known.recipient == alone.recipient
        for name in ("priced", "fees", "pending"):
            assert getattr(known.material, name) == getattr(alone.material, name), name


async def test_a_run_goes_on_where_a_dead_node_left_it(desk: Desk) -> None:
    await desk.world.june()
    await desk.world.user("u1", "User 1")
    other = replace(june_prices()[0], usage=replace(june_prices()[0].usage, transaction_id=100))
    await desk.world.price([other], user_id="u1")
    run_id = await _ordered(desk)
    store = StatementRunStore(desk.database)
    lease = desk.clock.time + timedelta(minutes=2)
    run = await store.claim(desk.clock.time, lease)
    assert run is not None
    await desk.issue(order(), "operator")
    await store.progress(run, total=2, done=1, issued=1, refusals=[], lease_until=lease)
    assert await store.claim(desk.clock.time, lease) is None

    desk.clock.time = lease + timedelta(seconds=1)
    async with _running(desk):
        row = await _ended(desk, run_id)

    assert (row["total"], row["issued"], row["refusals"]) == (2, 2, [])


async def test_a_run_begins_as_soon_as_it_is_ordered(desk: Desk) -> None:
    await desk.world.june()
    async with _running(desk) as runs:
        await runs.looked()
        run_id = await _ordered(desk)
        runs.look()
        assert (await _ended(desk, run_id))["state"] == "done"


async def test_a_run_goes_on_when_the_lease_of_a_dead_server_ends(desk: Desk) -> None:
    await desk.world.june()
    run_id = await _ordered(desk)
    lease = desk.clock.time + timedelta(seconds=0.4)
    assert await StatementRunStore(desk.database).claim(desk.clock.time, lease) is not None
    async with _running(desk) as runs:
        await runs.looked()
        desk.clock.time = lease + timedelta(seconds=1)
        assert (await _ended(desk, run_id))["state"] == "done"


async def _ordered(desk: Desk) -> int:
    values = {
        "site_id": "garage",
        "month": JUNE.first,
        "language": None,
        "allow_unpriced": False,
        "created_by": "operator",
    }
    async with desk.database.begin() as connection:
        return int((await statement_runs.create(connection, values))["id"])


class WatchedRuns(StatementRuns):
    """Tells when it has looked, and found nothing that it may work on."""

    def __init__(self, desk: Desk) -> None:
        self._watched = WatchedStore(desk.database)
        super().__init__(self._watched, desk, desk.clock, Metrics())

    async def looked(self) -> None:
        async with asyncio.timeout(10):
            await self._watched.found_none.wait()


class WatchedStore(StatementRunStore):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.found_none = asyncio.Event()

    async def next_lease_end(self, now: datetime) -> datetime | None:
        ends_at = await super().next_lease_end(now)
        self.found_none.set()
        return ends_at


@asynccontextmanager
async def _running(desk: Desk) -> AsyncIterator[WatchedRuns]:
    runs = WatchedRuns(desk)
    runs.start()
    runs.look()
    yield runs
    await runs.stop()


async def _outdated(desk: Desk) -> set[str]:
    async with desk.database.begin() as connection:
        window = Window(100)
        found = await list_page(connection, window, outdated=True)
        others = await list_page(connection, window, outdated=False)
        everything = await list_page(connection, window)
    assert len(found) + len(others) == len(everything)
    return {row["subject_id"] for row in found}


async def _run(desk: Desk) -> Mapping[str, Any]:
    run_id = await _ordered(desk)
    async with _running(desk):
        return await _ended(desk, run_id)


async def _ended(desk: Desk, run_id: int) -> Mapping[str, Any]:
    async with asyncio.timeout(20):
        while True:
            async with desk.database.begin() as connection:
                row = await statement_runs.find(connection, run_id)
            if row["ended_at"] is not None:
                return row
            await asyncio.sleep(0.02)
