"""TransactionEvent: in 2.1 with tariff, cost, limits and what the car is at (E16, I12, Q02)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.handlers.contract import Payload
from csms.handlers.v201 import transaction_event
from csms.handlers.v201.fields import Fields, group, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import TransactionDetails

_WORD_LENGTH = 60


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    details = read_details(charge_point, payload, received_at)
    if details is not None:
        await services.stations.recorder.commit(details)
    return await transaction_event.handle(services, charge_point, payload, received_at)


def read_details(
    charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> TransactionDetails | None:
    """Read what 2.1 added; None if the event has nothing of it."""
    info = group(payload, "transactionInfo")
    transaction_id = text(info, "transactionId")
    if transaction_id is None:
        return None
    asleep = payload.get("evseSleep")
    details = TransactionDetails(
        charge_point_key=charge_point.key,
        ocpp_transaction_id=transaction_id,
        updated_at=received_at,
        tariff_id=text(info, "tariffId", _WORD_LENGTH),
        operation_mode=text(info, "operationMode", _WORD_LENGTH),
        preconditioning_status=text(payload, "preconditioningStatus", _WORD_LENGTH),
        evse_sleep=asleep if isinstance(asleep, bool) else None,
        transaction_limit=_object(info, "transactionLimit"),
        cost_details=_object(payload, "costDetails"),
    )
    return None if details.is_empty else details


def _object(fields: Fields, key: str) -> dict[str, Any] | None:
    return dict(group(fields, key)) or None
