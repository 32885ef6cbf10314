"""Signed readings, the keys of meters, and what came of checking them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Final

import orjson
from sqlalchemy import column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.signature_checks import MeterKey, SignatureCheck, SignedTransaction
from csms.signed_readings.samples import SignedSample, signed_samples
from csms.store.database import Database

MAX_ROWS: Final = 5000
"""Rows with signed data that are looked at for one transaction."""

_SIGNED_READINGS: Final = """
FROM transactions t JOIN meter_values v
  ON v.charge_point_key = t.charge_point_key AND v.transaction_id = t.id
  AND v.sampled_at BETWEEN least(t.started_at, t.start_received_at) - interval '1 day'
    AND greatest(coalesce(t.stopped_at, now()), t.stop_received_at) + interval '1 day'
  AND v.others::text ~* 'signed(metervalue|data)'
"""
_WHICH: Final = f"""
SELECT DISTINCT t.id {_SIGNED_READINGS} WHERE t.id = ANY($1::bigint[]) ORDER BY t.id
"""
_SIGNED: Final = f"""
SELECT t.charge_point_key, t.evse_id, t.energy_wh, v.others {_SIGNED_READINGS}
WHERE t.id = $1
ORDER BY v.sampled_at, v.context = 'Transaction.Begin' DESC, v.context = 'Transaction.End' LIMIT $2
"""
_KEY: Final = """
SELECT public_key, source FROM meter_keys
WHERE charge_point_key = $1 AND evse_id IN ($2, 0) ORDER BY evse_id DESC LIMIT 1
"""
_KEEP_KEY: Final = """
INSERT INTO meter_keys (charge_point_key, evse_id, public_key, source, since)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
_KEEP_CHECK: Final = """
INSERT INTO signature_checks (
  transaction_id, charge_point_key, verdict, reason, records, begin_wh, end_wh, public_key,
  key_source, checked_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (transaction_id) DO UPDATE SET
  verdict = EXCLUDED.verdict, reason = EXCLUDED.reason, records = EXCLUDED.records,
  begin_wh = EXCLUDED.begin_wh, end_wh = EXCLUDED.end_wh, public_key = EXCLUDED.public_key,
  key_source = EXCLUDED.key_source, checked_at = EXCLUDED.checked_at
"""


_SIGNED_OF_MANY: Final = text(
    f"""
    SELECT t.id, v.others, c.public_key
    {_SIGNED_READINGS} LEFT JOIN signature_checks c ON c.transaction_id = t.id
    WHERE t.id = ANY(:transaction_ids)
    ORDER BY t.id, v.sampled_at, v.context = 'Transaction.Begin' DESC,
      v.context = 'Transaction.End'
    """
).columns(column("id"), column("others", JSONB), column("public_key"))


@dataclass(frozen=True, slots=True)
class Signed:
    """What a meter signed of a transaction, oldest first, and its key as far as it is known."""

    samples: tuple[SignedSample, ...]
    public_key: str | None


async def signed_of(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, Signed]:
    """Return what meters signed, by transaction; most have signed nothing."""
    rows = await connection.execute(_SIGNED_OF_MANY, {"transaction_ids": list(transaction_ids)})
    return {
        transaction_id: Signed(
            tuple(sample for row in found for sample in signed_samples(row["others"])),
            found[0]["public_key"],
        )
        for transaction_id, each in groupby(rows.mappings(), key=lambda row: row["id"])
        if (found := list(islice(each, MAX_ROWS)))
    }


class Signatures:
    """Implements `csms.services.signature_checks.SignatureStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def which_are_signed(self, transaction_ids: Collection[int]) -> Sequence[int]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_WHICH, list(transaction_ids))
        return [row["id"] for row in rows]

    async def signed_transaction(self, transaction_id: int) -> SignedTransaction | None:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_SIGNED, transaction_id, MAX_ROWS)
        if not rows:
            return None
        first = rows[0]
        others = list(chain.from_iterable(orjson.loads(each["others"]) for each in rows))
        return SignedTransaction(
            transaction_id, first["charge_point_key"], first["evse_id"], first["energy_wh"], others
        )

    async def meter_key(self, charge_point_key: int, evse_id: int) -> MeterKey | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_KEY, charge_point_key, evse_id)
        return None if row is None else MeterKey(row["public_key"], row["source"])

    async def keep_meter_key(
        self, charge_point_key: int, evse_id: int, key: MeterKey, at: datetime
    ) -> None:
        async with self._database.raw() as connection:
            await connection.execute(
                _KEEP_KEY, charge_point_key, evse_id, key.public_key, key.source, at
            )

    async def keep_check(self, check: SignatureCheck, at: datetime) -> None:
        transaction, judgement = check.transaction, check.judgement
        async with self._database.raw() as connection:
            await connection.execute(
                _KEEP_CHECK,
                transaction.transaction_id,
                transaction.charge_point_key,
                judgement.verdict.value,
                judgement.reason,
                len(judgement.samples),
                judgement.begin_wh,
                judgement.end_wh,
                judgement.public_key,
                check.key_source,
                at,
            )
