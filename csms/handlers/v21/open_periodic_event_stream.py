"""OpenPeriodicEventStream: values of a monitor are going to come as a stream (N11)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import CallRefusedError, Payload, Refusal
from csms.handlers.v201.fields import group, natural
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import EventStream


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    stream = group(payload, "constantStreamData")
    stream_id = natural(stream, "id")
    if stream_id is None:
        raise CallRefusedError(Refusal.PROPERTY_CONSTRAINT_VIOLATION, "the stream has no id")
    parameters = group(stream, "params")
    taken = await services.stations.event_streams.opened(
        charge_point,
        EventStream(
            charge_point_key=charge_point.key,
            stream_id=stream_id,
            variable_monitoring_id=natural(stream, "variableMonitoringId"),
            interval_s=natural(parameters, "interval"),
            values_per_message=natural(parameters, "values"),
            is_open=True,
            changed_at=received_at,
        ),
    )
    if taken:
        return {"status": "Accepted"}  # N11.FR.06
    return {"status": "Rejected", "statusInfo": {"reasonCode": "TooManyElements"}}  # N11.FR.05
