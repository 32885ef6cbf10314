"""Gathers what CDRs are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError
from csms.statements.cdr import CdrFacts, Party, Place
from csms.store.load_tables import evses, sites
from csms.store.signatures import Signed, signed_of
from csms.store.statement_tables import statement_issuers
from csms.store.tables import charge_points, transactions
from csms.store.tariff_tables import priced_transactions
from csms.store.tariffs import load_tariffs
from csms.tariff.lines import Line
from csms.tariff.model import Tariff

_PRICED: Final = (
    "transaction_id", "revision", "started_at", "ended_at", "energy_wh", "currency", "net",
    "gross", "id_token", "user_id", "priced_at",
)  # fmt: skip
_DIRECT_CURRENT: Final = frozenset({"CHADEMO", "IEC_62196_T1_COMBO", "IEC_62196_T2_COMBO"})


def cdr_rows() -> Select[Any]:
    """Select completely priced transactions with all that their CDRs need."""
    priced, told = priced_transactions.c, transactions.c
    return (
        select(
            *(
                priced[name]
                for name in (*_PRICED, "site_id", "charge_point_id", "tariff_id", "lines")
            ),
            told.id_token_type,
            told.evse_id,
            told.connector_id,
            told.remote_start_id,
            charge_points.c.meter_serial_number,
            evses.c.phases,
            sites.c.name.label("site_name"),
            sites.c.latitude,
            sites.c.longitude,
            statement_issuers.c.cdr,
        )
        .outerjoin(transactions, told.id == priced.transaction_id)
        .outerjoin(charge_points, charge_points.c.key == told.charge_point_key)
        .outerjoin(
            evses,
            and_(
                evses.c.charge_point_key == told.charge_point_key,
                evses.c.evse_id == told.evse_id,
            ),
        )
        .outerjoin(sites, sites.c.id == priced.site_id)
        .outerjoin(statement_issuers, statement_issuers.c.site_id == priced.site_id)
        .where(priced.complete, priced.tariff_id.is_not(None))
    )


async def facts_of(
    connection: AsyncConnection, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], CdrFacts]:
    """Return the facts of prices by (transaction id, revision).

    Raises ConflictError if a site doesn't say as whom OCPI knows it.
    """
    key = tuple_(priced_transactions.c.transaction_id, priced_transactions.c.revision)
    rows = (await connection.execute(cdr_rows().where(key.in_(list(keys))))).mappings().all()
    found = await as_facts(connection, rows)
    return {(each.transaction_id, each.revision): each for each in found}


async def as_facts(
    connection: AsyncConnection, rows: Sequence[Mapping[Any, Any]]
) -> list[CdrFacts]:
    """Return rows of `cdr_rows` as facts; raises ConflictError."""
    tariffs = await load_tariffs(connection, sorted({row["tariff_id"] for row in rows}))
    signed = await signed_of(connection, {row["transaction_id"] for row in rows})
    return [_facts(row, tariffs, signed.get(row["transaction_id"])) for row in rows]


def _facts(
    row: Mapping[Any, Any], tariffs: Mapping[str, Tariff], signed: Signed | None
) -> CdrFacts:
    tariff = tariffs.get(row["tariff_id"])
    if tariff is None:
        raise ConflictError(f"tariff {row['tariff_id']!r} priced transactions and is gone")
    cdr = _told(row)
    return CdrFacts(
        **{name: row[name] for name in _PRICED},
        party=Party(cdr["country_code"], cdr["party_id"]),
        place=_place(row, cdr),
        lines=msgspec.convert(row["lines"], list[Line]),
        tariff=tariff,
        id_token_type=row["id_token_type"],
        started_by_command=row["remote_start_id"] is not None,
        meter_id=row["meter_serial_number"],
        signed=() if signed is None else signed.samples,
        public_key=None if signed is None else signed.public_key,
    )


def _told(row: Mapping[Any, Any]) -> Mapping[str, str]:
    site_id = row["site_id"]
    if site_id is None:
        raise ConflictError(f"charge point {row['charge_point_id']!r} has no site")
    if not row["cdr"]:
        raise ConflictError(f"site {site_id!r} has no cdr in its statement-issuer")
    if row["latitude"] is None or row["longitude"] is None:
        raise ConflictError(f"site {site_id!r} has no latitude and longitude")
    told: Mapping[str, str] = row["cdr"]
    return told


def _place(row: Mapping[Any, Any], cdr: Mapping[str, str]) -> Place:
    names = ("address", "city", "postal_code", "country")
    return Place(
        **{name: cdr[name] for name in names},
        site_id=row["site_id"],
        name=row["site_name"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        charge_point_id=row["charge_point_id"],
        evse_id=row["evse_id"] or 1,
        connector_id=row["connector_id"] or 1,
        standard=cdr["connector_standard"],
        format=cdr["connector_format"],
        power_type=_power_type(cdr["connector_standard"], row["phases"]),
    )


def _power_type(standard: str, phases: str | None) -> str:
    if standard in _DIRECT_CURRENT:
        return "DC"
    count = 3 if phases is None else phases.count("L") or len(phases)
    return f"AC_{count}_PHASE"
