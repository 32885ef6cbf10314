"""TransactionEvent: in 2.1 with tariff, cost, limits and what the car is at (E16, I12, Q02)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_decimal
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
    said, event, answer = await transaction_event.take(services, charge_point, payload, received_at)
    number, limits = answer.transaction_id, services.stations.limits
    judged = answer.authorization
    if judged is not None and judged.allowance is not None and judged.accepted:  # C17.FR.03
        limits.allow(number, judged.allowance)
    if event.remote_start_id is not None:  # F07.FR.02
        limits.begun(charge_point, event.remote_start_id, number)
    if event.kind == "Ended":
        limits.over(number)
    elif number in limits:
        told = _limits(details)
        due = await limits.to_tell(
            charge_point, number, event.ocpp_transaction_id, told, event.seq_no
        )
        if due:  # E16.FR.02
            said["transactionLimit"] = {name: _number(limit) for name, limit in due.items()}
    return said


def _number(limit: Decimal) -> int | float:
    return int(limit) if limit == limit.to_integral_value() else float(limit)


def _limits(details: TransactionDetails | None) -> dict[str, Decimal]:
    """Read the limits that the station tells, its own and ours confirmed (E16.FR.03)."""
    told = (details and details.transaction_limit) or {}
    read = {name: read_decimal(limit) for name, limit in told.items()}
    return {name: limit for name, limit in read.items() if limit is not None}


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
