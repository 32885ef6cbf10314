"""The verbs of the running server: what it asks when a charger connects or a card is shown.

Written by hand for asyncpg, because thousands of chargers may connect at once after an outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import orjson

from csms.model import (
    AuthorizationStatus,
    ConnectorStatus,
    Flag,
    OcppVersion,
    Place,
    RegistrationStatus,
)
from csms.services.accounts.model import Payer
from csms.services.charge_point import ChargePoint, Connector
from csms.services.clocks import ChargerClock
from csms.services.id_token import IdTokenRecord
from csms.services.passwords import PasswordHashes
from csms.services.transactions.energy import note_register
from csms.services.transactions.model import Transaction
from csms.store.database import Database, LentConnection
from csms.store.statements import load_evidence

RECENT_ENDED: Final = 4
KEPT_SENT: Final = 2
"""Passwords that were sent and are let in beside the present one: a change, and the one before it
that was not answered either. Each makes a wrong login dearer."""
REPLAY_MARGIN: Final = timedelta(minutes=10)
"""Readings this much older than a transaction's last save are looked at again after a restart."""

_CHARGE_POINT = "SELECT * FROM charge_points WHERE lower(id) = lower($1)"
_HASHES = """
SELECT password_hash, sent_password_hashes FROM charge_points WHERE lower(id) = lower($1)
"""
_SENT_HASH = """
UPDATE charge_points
SET sent_password_hashes = (ARRAY[$2::text] || sent_password_hashes)[:$3], updated_at = now()
WHERE lower(id) = lower($1)
"""
_REFUSED_HASH = """
UPDATE charge_points
SET sent_password_hashes = array_remove(sent_password_hashes, $2), updated_at = now()
WHERE lower(id) = lower($1)
"""
_TAKEN_HASH = """
UPDATE charge_points
SET password_hash = $2, updated_at = now(),
    sent_password_hashes = sent_password_hashes[:array_position(sent_password_hashes, $2) - 1]
WHERE lower(id) = lower($1) AND $2 = ANY (sent_password_hashes)
RETURNING key
"""
_RAISE_PROFILE = """
UPDATE charge_points SET security_profile = $2, updated_at = now()
WHERE lower(id) = lower($1) AND security_profile < $2
"""
_CREATE = """
INSERT INTO charge_points (id, registration_status, created_at, updated_at)
VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING
"""
_CONNECTORS = "SELECT * FROM connectors WHERE charge_point_key = $1"
_TRANSACTIONS = """
(SELECT * FROM transactions WHERE charge_point_key = $1 AND stopped_at IS NULL)
UNION ALL
(SELECT * FROM transactions WHERE charge_point_key = $1 AND stopped_at IS NOT NULL
 ORDER BY started_at DESC LIMIT $2)
"""
_REGISTERS = """
SELECT sampled_at, energy_wh FROM meter_values
WHERE charge_point_key = $1 AND transaction_id = $2 AND sampled_at >= $3
  AND received_at >= $4 AND energy_wh IS NOT NULL
ORDER BY sampled_at
"""
_TRANSACTION = """
SELECT * FROM transactions
WHERE charge_point_key = $1
  AND (ocpp_transaction_id = $2 OR evidence ->> 'claimed_id' = $2)
ORDER BY started_at DESC, id DESC LIMIT 1
"""
_OPEN_IDS = """
SELECT id FROM transactions
WHERE id_token = $1 AND stopped_at IS NULL
  AND (authorization_status IS NULL OR authorization_status = 'Accepted')
"""
_NEXT_IDS = "SELECT nextval('transaction_id_seq') FROM generate_series(1, $1)"
_COUNT_PENDING = "SELECT count(*) FROM charge_points WHERE registration_status = 'pending'"
_KNOWN_CARD = """
SELECT t.*, coalesce(g.master_pass, false) AS master_pass,
    coalesce(k.account_id, a.id) AS account_id,
    EXISTS (
        SELECT FROM spending_limits l
        WHERE (l.scope = 'id_token' AND l.subject_id = t.id_token)
            OR (l.scope = 'user' AND l.subject_id = t.user_id)) AS is_limited
FROM id_tokens t
LEFT JOIN id_token_groups g ON g.id = t.group_id
LEFT JOIN account_id_tokens k ON k.id_token = t.id_token
LEFT JOIN accounts a ON a.user_id = t.user_id
WHERE t.id_token = $1
"""


class LiveStore:
    """Implements ChargePointStore, TransactionStore and IdTokenStore of csms.services.ports."""

    def __init__(self, database: Database, *, max_plausible_power_w: int) -> None:
        self._database = database
        self._max_power_w = max_plausible_power_w

    async def load(self, charge_point_id: str) -> ChargePoint | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_CHARGE_POINT, charge_point_id)
            if row is None:
                return None
            charge_point = _charge_point(row)
            for connector in await connection.fetch(_CONNECTORS, charge_point.key):
                place = Place(connector["evse_id"], connector["connector_id"])
                charge_point.connectors[place] = _connector(connector)
            rows = await connection.fetch(_TRANSACTIONS, charge_point.key, RECENT_ENDED)
            for found in sorted(rows, key=lambda r: (r["started_at"], r["id"])):
                transaction = _transaction(found)
                if transaction.open:
                    await self._replay(connection, transaction, found["updated_at"])
                    charge_point.open_transactions[transaction.id] = transaction
                else:
                    charge_point.recent_transactions[transaction.id] = transaction
        return charge_point

    async def _replay(
        self, connection: LentConnection, transaction: Transaction, saved_at: datetime
    ) -> None:
        """Look again at readings that were stored after the transaction itself was."""
        rows = await connection.fetch(
            _REGISTERS,
            transaction.charge_point_key,
            transaction.id,
            transaction.started_at - REPLAY_MARGIN,
            saved_at - REPLAY_MARGIN,
        )
        for row in rows:
            at = row["sampled_at"]
            note_register(transaction.runs, at, row["energy_wh"], self._max_power_w)
            if transaction.last_reading_at is None or at > transaction.last_reading_at:
                transaction.last_reading_at = at

    async def create(
        self, charge_point_id: str, status: RegistrationStatus, now: datetime
    ) -> ChargePoint:
        async with self._database.raw() as connection:
            await connection.execute(_CREATE, charge_point_id, status.value, now)
            row = await connection.fetchrow(_CHARGE_POINT, charge_point_id)
        if row is None:
            raise RuntimeError(f"{charge_point_id} vanished while it was created")
        return _charge_point(row)

    async def raise_security_profile(self, charge_point_id: str, profile: int) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_RAISE_PROFILE, charge_point_id, profile)

    async def count_pending(self) -> int:
        async with self._database.raw() as connection:
            return int(await connection.fetchval(_COUNT_PENDING))

    async def next_ids(self, count: int) -> Sequence[int]:
        async with self._database.raw() as connection:
            return [row[0] for row in await connection.fetch(_NEXT_IDS, count)]

    async def find(self, charge_point_key: int, ocpp_transaction_id: str) -> Transaction | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_TRANSACTION, charge_point_key, ocpp_transaction_id)
        return None if row is None else _transaction(row)

    async def open_ids(self, id_token: str) -> Sequence[int]:
        async with self._database.raw() as connection:
            return [row[0] for row in await connection.fetch(_OPEN_IDS, id_token)]


class Passwords:
    """Implements PasswordStore and PasswordKeeper of csms.services.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def password_hashes(self, charge_point_id: str) -> PasswordHashes:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_HASHES, charge_point_id)
        if row is None:
            return PasswordHashes(None)
        return PasswordHashes(row["password_hash"], tuple(row["sent_password_hashes"]))

    async def password_sent(self, charge_point_id: str, password_hash: str) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_SENT_HASH, charge_point_id, password_hash, KEPT_SENT)

    async def password_refused(self, charge_point_id: str, password_hash: str) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_REFUSED_HASH, charge_point_id, password_hash)

    async def password_taken(self, charge_point_id: str, password_hash: str) -> bool:
        async with self._database.raw() as connection:
            taken = await connection.fetchval(_TAKEN_HASH, charge_point_id, password_hash)
        return taken is not None


class IdTokens:
    """Implements IdTokenStore of csms.services.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id_token: str) -> IdTokenRecord | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_KNOWN_CARD, id_token)
        if row is None:
            return None
        return IdTokenRecord(
            id_token=row["id_token"],
            type=row["type"],
            status=AuthorizationStatus(row["status"]),
            expires_at=row["expires_at"],
            group_id=row["group_id"],
            master_pass=row["master_pass"],
            max_concurrent_transactions=row["max_concurrent_transactions"],
            allowed_charge_points=_texts(row["allowed_charge_points"]),
            allowed_sites=_texts(row["allowed_sites"]),
            payer=_payer(row),
        )


def _payer(row: asyncpg.Record) -> Payer | None:
    if row["account_id"] is None and not row["is_limited"]:
        return None
    return Payer(row["id_token"], row["user_id"], row["account_id"])


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _charge_point(row: asyncpg.Record) -> ChargePoint:
    offset_s = row["clock_offset_s"]
    pinned = row["pinned_version"]
    return ChargePoint(
        key=row["key"],
        id=row["id"],
        registration_status=RegistrationStatus(row["registration_status"]),
        security_profile=row["security_profile"],
        ocpp_version=OcppVersion(row["ocpp_version"] or OcppVersion.V16),
        pinned_version=OcppVersion(pinned) if pinned else None,
        user_name=row["user_name"],
        ping=row["ping"],
        site_id=row["site_id"],
        rated_power_w=row["rated_power_w"],
        vendor=row["vendor"] or "",
        model=row["model"] or "",
        serial_number=row["serial_number"],
        firmware_version=row["firmware_version"],
        iccid=row["iccid"],
        imsi=row["imsi"],
        meter_type=row["meter_type"],
        meter_serial_number=row["meter_serial_number"],
        boot_reason=row["boot_reason"],
        boot_count=row["boot_count"],
        connection_count=row["connection_count"],
        last_boot_at=row["last_boot_at"],
        connected_at=row["connected_at"],
        disconnected_at=row["disconnected_at"],
        last_seen_at=row["last_seen_at"],
        clock=ChargerClock(None if offset_s is None else timedelta(seconds=offset_s)),
    )


def _connector(row: asyncpg.Record) -> Connector:
    return Connector(
        ConnectorStatus(row["status"]),
        row["status_at"],
        row["error_code"],
        row["info"],
        row["vendor_id"],
        row["vendor_error_code"],
    )


_PLAIN: Final = (
    "id", "charge_point_key", "evse_id", "connector_id", "ocpp_transaction_id", "started_at",
    "id_token", "id_token_type", "id_token_group", "stop_id_token", "reservation_id",
    "remote_start_id", "stopped_at", "charger_started_at", "charger_stopped_at",
    "start_received_at", "stop_received_at", "meter_start_wh", "meter_stop_wh", "energy_wh",
    "energy_source", "last_reading_at", "charging_state", "stop_reason",
)  # fmt: skip


def _transaction(row: asyncpg.Record) -> Transaction:
    status = row["authorization_status"]
    transaction = Transaction(
        ocpp_version=OcppVersion(row["ocpp_version"]),
        authorization_status=AuthorizationStatus(status) if status else None,
        flags={Flag(flag) for flag in row["flags"]},
        **{name: row[name] for name in _PLAIN},
    )
    load_evidence(transaction, orjson.loads(row["evidence"]))
    return transaction
