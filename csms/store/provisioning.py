"""What provisioning asks the database while the server runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import orjson

from csms.services.provisioning.batches import LimitsByAction, MessageLimits
from csms.services.provisioning.jobs import Job, JobStatus
from csms.services.provisioning.reports import Report
from csms.services.provisioning.templates import Template, dump_setting, load_setting
from csms.services.records import ReportState
from csms.store.database import Database

_SEVERITIES: Final = """
SELECT monitor_id, severity FROM variable_monitors WHERE charge_point_key = $1
"""
_LIMITS: Final = """
SELECT lower(component) AS component, lower(variable) AS variable,
  lower(variable_instance) AS action, value
FROM variables
WHERE charge_point_key = $1 AND attribute = 'Actual' AND evse_id = 0 AND value ~ '^[0-9]{1,9}$'
  AND (lower(variable) IN ('itemspermessage', 'bytespermessage')
    OR component = '' AND lower(variable) = 'getconfigurationmaxkeys')
"""
_TEMPLATES: Final = "SELECT * FROM configuration_templates ORDER BY id LIMIT 1000"
_ADD_ONCE: Final = """
INSERT INTO configuration_jobs (
  charge_point_key, template_id, template_version, settings, restart_if_needed, status,
  requested_by, requested_at, updated_at
) SELECT $1, $2, $3, $4, $5, 'waiting', $6, $7, $7
WHERE NOT EXISTS (
  SELECT FROM configuration_jobs WHERE charge_point_key = $1 AND template_id = $2
)
"""
_DUE: Final = """
SELECT jobs.id, charge_points.id AS charge_point_id
FROM configuration_jobs AS jobs
JOIN charge_points ON charge_points.key = jobs.charge_point_key
WHERE jobs.status IN ('waiting', 'running', 'verifying')
ORDER BY jobs.id LIMIT $1
"""
_JOBS: Final = """
SELECT jobs.*, charge_points.id AS charge_point_id
FROM configuration_jobs AS jobs
JOIN charge_points ON charge_points.key = jobs.charge_point_key
WHERE jobs.id = ANY ($1) AND jobs.status IN ('waiting', 'running', 'verifying')
ORDER BY jobs.id
"""
_TAKE: Final = """
UPDATE configuration_jobs SET status = 'running', updated_at = $2
WHERE id = $1 AND status = $3
"""
_SAVE: Final = """
UPDATE configuration_jobs SET status = $2, results = $3, reason = $4, updated_at = $5
WHERE id = $1
"""
_REASON: Final = "UPDATE configuration_jobs SET reason = $2 WHERE id = $1"
_BOOTED: Final = """
UPDATE configuration_jobs SET status = 'verifying', updated_at = $2
WHERE status = 'reboot_required'
  AND charge_point_key = (SELECT key FROM charge_points WHERE lower(id) = lower($1))
"""
# The driver asks the server at length what an int[] is, but knows text[].
_REPORTS: Final = """
SELECT reports.charge_point_key, reports.request_id, reports.kind, reports.status, reports.scope,
  reports.requested_by, reports.requested_at, reports.updated_at, reports.completed_at,
  reports.parts, reports.items, reports.missing_parts::text[], reports.reason,
  charge_points.id AS charge_point_id
FROM device_reports AS reports
JOIN charge_points ON charge_points.key = reports.charge_point_key
"""
_REPORT: Final = _REPORTS + "WHERE reports.charge_point_key = $1 AND reports.request_id = $2"
_ABANDONED: Final = (
    _REPORTS
    + """
WHERE reports.requested_at > $1::timestamptz - interval '7 days' AND reports.updated_at < $1
  AND (reports.status IN ('requested', 'receiving')
    OR reports.status = 'incomplete' AND reports.reason IS NULL)
ORDER BY reports.requested_at LIMIT $2
"""
)


class ProvisioningStore:
    """Implements the stores of `csms.services.provisioning`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def monitor_severities(self, charge_point_key: int) -> Mapping[int, int]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_SEVERITIES, charge_point_key)
        return {row["monitor_id"]: row["severity"] for row in rows}

    async def message_limits(self, charge_point_key: int) -> LimitsByAction:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_LIMITS, charge_point_key)
        told: dict[str, MessageLimits] = {}
        for row in rows:
            action, value = row["action"] or "getconfiguration", int(row["value"])
            limits = told.get(action, MessageLimits())
            if value < 1:
                continue
            if row["variable"] == "bytespermessage":
                told[action] = replace(limits, size_bytes=value)
            else:
                told[action] = replace(limits, items=value)
        return told

    async def kept_report(self, charge_point_key: int, request_id: int) -> Report | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_REPORT, charge_point_key, request_id)
        return None if row is None else _report_of(dict(row))

    async def abandoned_reports(self, latest: datetime, limit: int) -> Sequence[Report]:
        async with self._database.raw() as connection:
            return [
                _report_of(dict(row)) for row in await connection.fetch(_ABANDONED, latest, limit)
            ]

    async def templates(self) -> Sequence[Template]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_TEMPLATES)
        return [
            template_of(dict(row) | {"settings": orjson.loads(row["settings"])}) for row in rows
        ]

    async def add_jobs_once(
        self, charge_point_key: int, templates: Sequence[Template], actor: str, at: datetime
    ) -> int:
        made = 0
        async with self._database.raw() as connection:
            for template in templates:
                settings = orjson.dumps([dump_setting(each) for each in template.settings])
                done = await connection.execute(
                    _ADD_ONCE,
                    charge_point_key,
                    template.id,
                    template.version,
                    settings.decode(),
                    template.restart_if_needed,
                    actor,
                    at,
                )
                made += done == "INSERT 0 1"
        return made

    async def due_jobs(self, limit: int) -> Sequence[tuple[int, str]]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_DUE, limit)
        return [(row["id"], row["charge_point_id"]) for row in rows]

    async def jobs(self, job_ids: Sequence[int]) -> Sequence[Job]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_JOBS, list(job_ids))
        return [
            Job(
                id=row["id"],
                charge_point_key=row["charge_point_key"],
                charge_point_id=row["charge_point_id"],
                template_id=row["template_id"],
                settings=tuple(load_setting(each) for each in orjson.loads(row["settings"])),
                restart_if_needed=row["restart_if_needed"],
                status=JobStatus(row["status"]),
                results=orjson.loads(row["results"]),
                reason=row["reason"],
            )
            for row in rows
        ]

    async def take_job(self, job: Job, at: datetime) -> bool:
        async with self._database.raw() as connection:
            done = await connection.execute(_TAKE, job.id, at, job.status.value)
        return str(done) == "UPDATE 1"

    async def save_job(self, job: Job, at: datetime) -> None:
        results = orjson.dumps(list(job.results)).decode()
        async with self._database.raw() as connection:
            await connection.execute(_SAVE, job.id, job.status.value, results, job.reason, at)

    async def note_reason(self, job_id: int, reason: str) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_REASON, job_id, reason)

    async def booted(self, charge_point_id: str, at: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_BOOTED, charge_point_id, at)


def _report_of(row: Mapping[str, Any]) -> Report:
    values = {each.name: row[each.name] for each in fields(ReportState)}
    values["scope"] = orjson.loads(values["scope"])
    values["missing_parts"] = tuple(int(part) for part in values["missing_parts"])
    return Report.of(row["charge_point_id"], ReportState(**values))


def template_of(row: Mapping[str, Any]) -> Template:
    """Read a row whose settings are parsed."""
    return Template(
        id=row["id"],
        version=row["version"],
        vendor=row["vendor"],
        model=row["model"],
        firmware_version=row["firmware_version"],
        settings=tuple(load_setting(each) for each in row["settings"]),
        apply_on_approval=row["apply_on_approval"],
        restart_if_needed=row["restart_if_needed"],
    )
