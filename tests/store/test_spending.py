"""No euro is spent twice, and the ledger is only ever added to: in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from csms.errors import ConflictError
from csms.services.accounts.admission import Admission
from csms.services.accounts.judging import to_reserve
from csms.services.accounts.model import Payer, Reservation
from csms.store.account_charges import AccountCharges
from csms.store.admin import accounts, spending_limits
from csms.store.admin.window import Window
from csms.store.database import Database
from csms.store.spending import Spending
from csms.tariff.limits import Used

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PAYER = Payer("CARD", None, "ACME")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, pool_size=12)
    async with database.begin() as connection:
        await connection.execute(
            text("INSERT INTO id_tokens (id_token, type, status) VALUES ('CARD', 'x', 'Accepted')")
        )
        await connection.execute(text("UPDATE id_tokens SET created_at = '2026-01-01'"))
        values = {"name": None, "currency": "EUR", "user_id": None, "start_credit": Decimal(1)}
        await accounts.create(connection, "ACME", {**values, "closed_at": None})
        await accounts.attach(connection, "ACME", "CARD")
        await connection.execute(text("UPDATE account_id_tokens SET since = '2026-01-01'"))
    yield database
    await database.close()


class Silent:
    """Nobody is told of anything."""

    async def uncovered(self, *about: Any) -> None:
        raise AssertionError(about)


def entry(amount: str, key: str, kind: str = "top_up") -> dict[str, Any]:
    return {
        "kind": kind,
        "amount": Decimal(amount),
        "idempotency_key": key,
        "note": "",
        "actor": "tests",
    }


async def top_up(database: Database, amount: str, key: str = "first") -> bool:
    async with database.begin() as connection:
        _, is_new = await accounts.add_entry(connection, "ACME", entry(amount, key))
    return is_new


async def account(database: Database) -> dict[str, Any]:
    async with database.begin() as connection:
        return dict(await accounts.find(connection, "ACME"))


async def ledger(database: Database) -> list[tuple[str, Decimal, Decimal]]:
    async with database.begin() as connection:
        rows = await accounts.entries(connection, "ACME", Window(100))
    return [(row["kind"], row["amount"], row["balance"]) for row in reversed(rows)]


async def do(database: Database, statement: str, **values: Any) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement), values)


async def price(
    database: Database,
    number: int,
    gross: str | None,
    *,
    revision: int = 1,
    currency: str = "EUR",
    energy_wh: int = 1000,
    ended_at: datetime = NOW,
) -> None:
    await do(
        database,
        "UPDATE priced_transactions SET current = false WHERE transaction_id = :number",
        number=number,
    )
    await do(
        database,
        """
        INSERT INTO priced_transactions (transaction_id, revision, current, charge_point_id,
            id_token, time_zone, started_at, ended_at, energy_wh, tariff_reason, versions,
            currency, net, gross, complete, reason, flags, lines, bill, usage, market, priced_at)
        VALUES (:number, :revision, true, 'CP-1', 'CARD', 'UTC', :started_at, :ended_at,
            :energy_wh, '', '{}', :currency, :gross, :gross, :complete, '', '{}', '[]', '{}',
            '{}', '[]', :ended_at)
        """,
        number=number,
        revision=revision,
        started_at=ended_at - timedelta(hours=1),
        ended_at=ended_at,
        energy_wh=Decimal(energy_wh),
        currency=currency,
        gross=None if gross is None else Decimal(gross),
        complete=gross is not None,
    )


async def use(database: Database, number: int, used: Used, ahead: Used) -> Used:
    """Let a transaction's reading be reserved for; returns what it got."""
    store = Spending(database)
    async with store.opened(PAYER, f"CP-{number}", number, NOW) as opened:
        held = to_reserve(opened.standing, used, ahead)
        await asyncio.sleep(0)
        await opened.reserve(
            Reservation(
                charge_point_id=f"CP-{number}",
                transaction_id=number,
                currency="EUR",
                amount=held.money,
                energy_wh=held.energy_wh,
                at=NOW,
            )
        )
    return held


def money(amount: str) -> Used:
    return Used(Decimal(amount))


async def test_a_top_up_that_is_sent_again_counts_once(database: Database) -> None:
    new = await asyncio.gather(*(top_up(database, "20", "order 7") for _ in range(8)))
    assert sorted(new) == [False] * 7 + [True]
    assert (await account(database))["balance"] == 20


async def test_a_key_that_was_used_for_another_amount_is_refused(database: Database) -> None:
    await top_up(database, "20", "order 7")
    with pytest.raises(ConflictError, match="order 7"):
        await top_up(database, "25", "order 7")
    assert (await account(database))["balance"] == 20


async def test_top_ups_from_everywhere_at_once_add_up(database: Database) -> None:
    await asyncio.gather(*(top_up(database, "2.50", f"order {n}") for n in range(30)))
    assert (await account(database))["balance"] == Decimal("75.00")
    balances = [balance for _, _, balance in await ledger(database)]
    assert balances == [Decimal("2.50") * (n + 1) for n in range(30)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account_entries SET amount = 1000",
        "DELETE FROM account_entries",
        "TRUNCATE account_entries",
        "UPDATE accounts SET balance = 1000",
        "DELETE FROM accounts",
    ],
)
async def test_the_database_refuses_to_change_what_is_in_the_ledger(
    database: Database, statement: str
) -> None:
    await top_up(database, "20")
    with pytest.raises((ConflictError, DBAPIError)):
        await do(database, statement)
    assert [amount for _, amount, _ in await ledger(database)] == [20]
    assert (await account(database))["balance"] == 20


async def test_an_entry_by_hand_that_repeats_a_key_leaves_the_balance_alone(
    database: Database,
) -> None:
    await top_up(database, "20")
    await do(
        database,
        "INSERT INTO account_entries (account_id, kind, amount, balance, idempotency_key, note, "
        "actor) VALUES ('ACME', 'top_up', 20, 0, 'first', '', 'me') ON CONFLICT DO NOTHING",
    )
    assert (await account(database))["balance"] == 20


async def test_transactions_at_the_same_time_share_the_credit_and_never_hold_it_twice(
    database: Database,
) -> None:
    await top_up(database, "10")
    held = await asyncio.gather(
        *(use(database, number, money("1"), money("2")) for number in range(1, 9))
    )
    # Three got what they asked for, then there was 1 left; what is used is gone in any case.
    assert sorted(each.money for each in held) == [1, 1, 1, 1, 1, 3, 3, 3]
    assert (await account(database))["available"] == -4


async def test_what_is_only_expected_never_overdraws_an_account(database: Database) -> None:
    await top_up(database, "10")
    for cost in ("0.5", "1", "1.5"):
        await asyncio.gather(
            *(use(database, number, money(cost), money("1")) for number in range(1, 6))
        )
        assert (await account(database))["available"] >= 0


async def test_of_many_who_start_at_once_only_as_many_may_as_there_is_credit_for(
    database: Database,
) -> None:
    await top_up(database, "3")
    admission = Admission(Spending(database), Silent())
    verdicts = await asyncio.gather(
        *(
            admission.judge(PAYER, f"CP-{number}", NOW, starting=True, transaction_id=None)
            for number in range(9)
        )
    )
    assert sum(each.refusal is None for each in verdicts) == 3


async def test_credit_held_for_one_who_never_begins_is_free_again(database: Database) -> None:
    await top_up(database, "1")
    admission = Admission(Spending(database), Silent())

    async def may_start(charge_point_id: str, at: datetime) -> bool:
        verdict = await admission.judge(
            PAYER, charge_point_id, at, starting=True, transaction_id=None
        )
        return verdict.refusal is None

    assert await may_start("CP-1", NOW)
    assert not await may_start("CP-2", NOW)
    assert await may_start("CP-2", NOW + timedelta(minutes=6))


async def test_a_price_is_charged_once_however_often_it_is_settled(database: Database) -> None:
    await top_up(database, "10")
    await use(database, 7, money("3"), money("1"))
    await price(database, 7, "3.21")
    charges = AccountCharges(database)
    await asyncio.gather(*(charges.settle(7, NOW) for _ in range(8)))
    assert await ledger(database) == [
        ("top_up", 10, 10),
        ("charge", Decimal("-3.21"), Decimal("6.79")),
    ]
    assert (await account(database))["reserved"] == 0


async def test_a_new_price_leads_to_a_correction(database: Database) -> None:
    await top_up(database, "10")
    charges = AccountCharges(database)
    for revision, gross in enumerate(("3.21", "3.21", "2.00"), 1):
        await price(database, 7, gross, revision=revision)
        await charges.settle(7, NOW)
        await charges.settle(7, NOW)
    kinds = [(kind, amount) for kind, amount, _ in await ledger(database)]
    assert kinds == [("top_up", 10), ("charge", Decimal("-3.21")), ("correction", Decimal("1.21"))]


async def test_what_was_charged_offline_makes_the_balance_negative(database: Database) -> None:
    await price(database, 7, "3.21")
    assert list(await AccountCharges(database).unsettled(None, 0, 10)) == [7]
    await AccountCharges(database).settle(7, NOW)
    assert (await account(database))["balance"] == Decimal("-3.21")
    assert list(await AccountCharges(database).unsettled(None, 0, 10)) == []


async def test_without_a_price_nothing_is_charged_and_the_credit_stays_held(
    database: Database,
) -> None:
    await top_up(database, "10")
    await use(database, 7, money("3"), money("1"))
    await price(database, 7, None)
    settled = await AccountCharges(database).settle(7, NOW)
    assert settled is not None
    assert "not completely priced" in settled.problem
    assert (await account(database))["reserved"] == 4


async def test_another_currency_is_not_charged_but_told(database: Database) -> None:
    await price(database, 7, "3.21", currency="CHF")
    settled = await AccountCharges(database).settle(7, NOW)
    assert settled is not None
    assert settled.problem == "it costs CHF, account ACME is in EUR"
    assert await ledger(database) == []


async def test_a_late_reading_holds_nothing_for_a_transaction_that_is_settled(
    database: Database,
) -> None:
    await top_up(database, "10")
    await price(database, 7, "3.21")
    await AccountCharges(database).settle(7, NOW)
    await use(database, 7, money("3"), money("1"))
    assert (await account(database))["reserved"] == 0


async def test_what_ended_before_the_card_belonged_to_the_account_is_not_charged(
    database: Database,
) -> None:
    await do(database, "UPDATE account_id_tokens SET since = '2026-06-15T12:30Z'")
    await price(database, 7, "3.21")
    assert list(await AccountCharges(database).unsettled(None, 0, 10)) == []
    assert await AccountCharges(database).settle(7, NOW) is None


async def test_a_refund_can_not_pay_out_what_is_reserved(database: Database) -> None:
    await top_up(database, "10")
    await use(database, 7, money("3"), money("1"))
    async with database.begin() as connection:
        with pytest.raises(ConflictError, match=r"6\.00 EUR"):
            await accounts.add_entry(connection, "ACME", entry("-7", "back", "refund"))
    assert (await account(database))["balance"] == 10


async def test_a_month_counts_what_ended_in_it_and_what_runs(database: Database) -> None:
    async with database.begin() as connection:
        await spending_limits.put(
            connection,
            {
                "scope": "id_token",
                "subject_id": "card",
                "period": "month",
                "measure": "energy",
                "at_most": Decimal(50_000),
                "currency": None,
            },
        )
    await price(database, 1, "3", energy_wh=10_000, ended_at=datetime(2026, 5, 31, tzinfo=UTC))
    await price(database, 2, "3", energy_wh=20_000, ended_at=datetime(2026, 6, 1, tzinfo=UTC))
    await use(database, 3, Used(Decimal(1), Decimal(5_000)), Used(Decimal(0), Decimal(500)))
    async with Spending(database).opened(PAYER, "CP-4", 4, NOW) as opened:
        (watched,) = opened.standing.limits
    assert watched.month_before.energy_wh == 25_500
    assert watched.limit.whose == "id token CARD"


async def test_a_month_without_a_site_is_one_of_the_default_time_zone(database: Database) -> None:
    limit = {"scope": "id_token", "subject_id": "card", "period": "month", "measure": "energy"}
    async with database.begin() as connection:
        values = {**limit, "at_most": Decimal(50_000), "currency": None}
        await spending_limits.put(connection, values)
    in_june_in_lisbon = datetime(2026, 5, 31, 23, 30, tzinfo=UTC)
    await price(database, 1, "3", energy_wh=10_000, ended_at=in_june_in_lisbon)
    for zone, counted_wh in (("UTC", 0), ("Europe/Lisbon", 10_000)):
        async with Spending(database, zone).opened(PAYER, "CP-4", 4, NOW) as opened:
            (watched,) = opened.standing.limits
        assert watched.month_before.energy_wh == counted_wh


async def test_the_account_that_paid_pays_on_when_the_card_gets_its_first_owner(
    database: Database,
) -> None:
    await top_up(database, "10")
    await price(database, 7, "3.21")
    await AccountCharges(database).settle(7, NOW)
    await do(database, "DELETE FROM account_id_tokens")
    await price(database, 7, "2.00", revision=2)
    await do(database, "UPDATE priced_transactions SET user_id = 'ann' WHERE revision = 2")
    await AccountCharges(database).settle(7, NOW)
    kinds = [(kind, amount) for kind, amount, _ in await ledger(database)]
    assert kinds == [("top_up", 10), ("charge", Decimal("-3.21")), ("correction", Decimal("1.21"))]
