"""A garage whose transactions are priced, for tests that state what is owed for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import FOUR_PERIODS

from csms.services.pricing.records import PricedRecord
from csms.store.database import Database, driver_of
from csms.store.load_tables import sites
from csms.store.priced_transactions import keep_records
from csms.store.statement_tables import statement_issuers
from csms.store.tables import charge_points, id_tokens, transactions
from csms.store.tariff_tables import tariff_versions, tariffs, users
from csms.store.tariffs import tariff_row, version_row
from csms.tariff.model import Tariff
from csms.tariff.pricing import PricedTransaction, Pricer
from csms.tariff.usage import Usage

LISBON: Final = ZoneInfo("Europe/Lisbon")
AFTER_JUNE: Final = datetime(2025, 7, 1, 8, 30, tzinfo=UTC)


class StatementWorld:
    """Writes what the pricing would have written."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def garage(self, *, site_id: str = "garage", series: str | None = "GARAGE") -> None:
        """A site in Lisbon with one charge point, CP-1."""
        site = {
            "id": site_id,
            "name": "Garagem Central",
            "network": "three_phase",
            "voltage_v": 230,
            "time_zone": "Europe/Lisbon",
            "country": "PT",
            "latitude": 38.7223,
            "longitude": -9.1393,
            "max_meter_age_s": 60,
            "slot_s": 900,
            "strict_priority": False,
            "battery_counts_as_surplus": False,
        }
        async with self.database.begin() as connection:
            await connection.execute(insert(sites).values(site))
            if series is not None:
                issuer = {
                    "site_id": site_id, "name": "Garagem Central, Lda.", "address": "Rua 1",
                    "tax_number": "PT501234567", "bank": "", "text": "", "series": series,
                    "language": "en", "cdr": CDR_PARTY,
                }  # fmt: skip
                await connection.execute(insert(statement_issuers).values(issuer))

    async def charge_point(self, charge_point_id: str = "CP-1", site_id: str = "garage") -> None:
        async with self.database.begin() as connection:
            await connection.execute(
                insert(charge_points).values(
                    id=charge_point_id, site_id=site_id, registration_status="accepted"
                )
            )

    async def user(self, user_id: str, name: str, *tokens: str) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(users).values(id=user_id, name=name))
            for token in tokens:
                await connection.execute(
                    insert(id_tokens).values(
                        id_token=token, type="ISO14443", status="Accepted", user_id=user_id
                    )
                )

    async def tariff(self, tariff: Tariff = FOUR_PERIODS) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(tariffs).values(id=tariff.id, **tariff_row(tariff)))
            await connection.execute(
                insert(tariff_versions), [version_row(tariff.id, each) for each in tariff.versions]
            )

    async def price(self, priced: Iterable[PricedTransaction], **who: Any) -> None:
        """Keep prices; a transaction's second price is its second revision."""
        records = [record(each, **who) for each in priced]
        async with self.database.begin() as connection:
            await keep_records(await driver_of(connection), records)

    async def transaction(
        self, number: int, started_at: datetime, *, id_token: str = "04A1", **values: Any
    ) -> None:
        """A transaction as chargers told it; without `stopped_at` it runs."""
        async with self.database.begin() as connection:
            key = await connection.scalar(
                charge_points.select().with_only_columns(charge_points.c.key)
            )
            row = {
                "id": number,
                "charge_point_key": key,
                "evse_id": 1,
                "connector_id": 1,
                "ocpp_version": "ocpp1.6",
                "ocpp_transaction_id": str(number),
                "id_token": id_token,
                "started_at": started_at,
                "updated_at": started_at,
            }
            await connection.execute(insert(transactions).values(**row, **values))

    async def june(self, **who: Any) -> None:
        """The garage with June's transactions of flat 7 at CP-1."""
        await self.garage()
        await self.charge_point()
        await self.user("flat-7", "Flat 7", "04A1")
        await self.tariff()
        await self.price(june_prices(), **who)


def june_prices() -> list[PricedTransaction]:
    pricer = Pricer(FOUR_PERIODS, LISBON)
    return [pricer.price(usage) for usage in june_transactions()]


def again(priced: PricedTransaction, *, energy_wh: int) -> PricedTransaction:
    """The same transaction with another energy, priced anew."""
    usage: Usage = replace(
        priced.usage, energy_wh=priced.usage.energy_wh and type(priced.usage.energy_wh)(energy_wh)
    )
    return Pricer(FOUR_PERIODS, LISBON).price(usage)


def record(
    priced: PricedTransaction,
    *,
    user_id: str | None = "flat-7",
    charge_point_id: str = "CP-1",
    site_id: str | None = "garage",
    revision: int = 1,
) -> PricedRecord:
    return PricedRecord(
        charge_point_id=charge_point_id,
        site_id=site_id,
        user_id=user_id,
        id_token="04A1",
        time_zone="Europe/Lisbon",
        priced=priced,
        tariff_reason="tariff 'tetra' is assigned to site 'garage'",
        priced_at=priced.usage.ended_at + timedelta(minutes=1),
        revision=revision,
    )


CDR_PARTY: Final = {
    "country_code": "PT",
    "party_id": "GCL",
    "address": "Rua da Fonte 12",
    "city": "Lisboa",
    "postal_code": "1200-101",
    "country": "PRT",
    "connector_standard": "IEC_62196_T2",
    "connector_format": "SOCKET",
}
