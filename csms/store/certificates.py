"""Certificates: those that were signed, and those that charge points told they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from csms.services.certificates.door import KnownCertificate
from csms.services.certificates.installed import InstalledCertificate
from csms.services.certificates.signing import IssuedCertificate
from csms.services.certificates.words import CertificateUse, SigningUse
from csms.store.database import Database

_ADD: Final = """
INSERT INTO issued_certificates (
  charge_point_key, use, request_digest, fingerprint, serial_number, subject, issuer, chain,
  not_before, not_after, security_profile, issued_at, status, status_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'issued', $12)
RETURNING id
"""
_ANSWERING: Final = """
SELECT * FROM issued_certificates
WHERE charge_point_key = $1 AND request_digest = $2 AND revoked_at IS NULL
ORDER BY id DESC LIMIT 1
"""
_SETTLE: Final = "UPDATE issued_certificates SET status = $2, status_at = $3 WHERE id = $1"
_KNOWN: Final = """
SELECT charge_point_key, revoked_at, security_profile FROM issued_certificates
WHERE fingerprint = $1
"""
_NAMES_ANOTHER: Final = """
SELECT EXISTS (
  SELECT FROM charge_points
  WHERE key <> $1 AND (lower(id) = lower($2) OR lower(serial_number) = lower($2))
)
"""
_FORGET_INSTALLED: Final = """
DELETE FROM installed_certificates
WHERE charge_point_key = $1 AND ($2::text[] IS NULL OR use = ANY ($2))
"""
_KEEP_INSTALLED: Final = """
INSERT INTO installed_certificates (
  charge_point_key, use, hash_algorithm, issuer_name_hash, issuer_key_hash, serial_number,
  parent_serial_number, reported_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
"""


class Certificates:
    """Implements the stores of `csms.services.certificates`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, certificate: IssuedCertificate) -> int:
        async with self._database.raw() as connection:
            number = await connection.fetchval(
                _ADD,
                certificate.charge_point_key,
                certificate.use,
                certificate.request_digest,
                certificate.fingerprint,
                certificate.serial_number,
                certificate.subject,
                certificate.issuer,
                certificate.chain,
                certificate.not_before,
                certificate.not_after,
                certificate.security_profile,
                certificate.issued_at,
            )
        return int(number)

    async def answering(
        self, charge_point_key: int, request_digest: bytes
    ) -> IssuedCertificate | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_ANSWERING, charge_point_key, request_digest)
        return None if row is None else _issued(row)

    async def settle(self, certificate_id: int, status: str, at: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_SETTLE, certificate_id, status, at)

    async def names_another(self, charge_point_key: int, name: str) -> bool:
        async with self._database.raw() as connection:
            return bool(await connection.fetchval(_NAMES_ANOTHER, charge_point_key, name))

    async def known(self, fingerprint: bytes) -> KnownCertificate | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_KNOWN, fingerprint)
        if row is None:
            return None
        revoked = row["revoked_at"] is not None
        return KnownCertificate(row["charge_point_key"], revoked, row["security_profile"])

    async def keep_installed(
        self,
        charge_point_key: int,
        uses: Sequence[CertificateUse],
        certificates: Sequence[InstalledCertificate],
        at: datetime,
    ) -> None:
        rows = [
            (
                charge_point_key,
                each.use,
                each.certificate.hash_algorithm,
                each.certificate.issuer_name_hash,
                each.certificate.issuer_key_hash,
                each.certificate.serial_number,
                each.parent_serial_number,
                at,
            )
            for each in certificates
        ]
        async with self._database.raw() as connection, connection.transaction():
            await connection.execute(_FORGET_INSTALLED, charge_point_key, list(uses) or None)
            await connection.executemany(_KEEP_INSTALLED, rows)


def _issued(row: asyncpg.Record) -> IssuedCertificate:
    use = row["use"]
    return IssuedCertificate(
        id=row["id"],
        charge_point_key=row["charge_point_key"],
        use=SigningUse(use) if use is not None else None,
        request_digest=row["request_digest"],
        fingerprint=row["fingerprint"],
        serial_number=row["serial_number"],
        subject=row["subject"],
        issuer=row["issuer"],
        chain=row["chain"],
        not_before=row["not_before"],
        not_after=row["not_after"],
        security_profile=row["security_profile"],
        issued_at=row["issued_at"],
    )
