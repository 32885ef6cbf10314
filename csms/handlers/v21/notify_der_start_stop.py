"""NotifyDERStartStop: a setting came into force or ended (R04)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import CallRefusedError, Payload, Refusal
from csms.handlers.v21.der_controls import ID_LENGTH
from csms.handlers.v201.fields import flag, moment, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import DerControlRun

MOST_SUPERSEDED = 24


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    control_id = text(payload, "controlId", ID_LENGTH)
    if control_id is None:
        raise CallRefusedError(Refusal.PROPERTY_CONSTRAINT_VIOLATION, "controlId names nothing")
    run = DerControlRun(
        charge_point_key=charge_point.key,
        control_id=control_id,
        is_running=flag(payload, "started"),
        since=moment(charge_point, payload, "timestamp", received_at),
    )
    await services.stations.der_controls.started_or_ended(
        charge_point, run, _superseded(payload), payload, received_at
    )
    return {}


def _superseded(payload: Payload) -> list[str]:
    raw = payload.get("supersededIds")
    ids = raw[:MOST_SUPERSEDED] if isinstance(raw, list) else []
    found = (text({"id": each}, "id", ID_LENGTH) for each in ids)
    return [each for each in dict.fromkeys(found) if each is not None]
