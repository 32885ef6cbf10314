"""NotifyPriorityCharging: a transaction charges with priority, or no longer (K21, K22)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import flag, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import TransactionDetails


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    transaction_id = text(payload, "transactionId")
    activated = flag(payload, "activated")
    if transaction_id is not None:
        await services.stations.recorder.commit(
            TransactionDetails(
                charge_point_key=charge_point.key,
                ocpp_transaction_id=transaction_id,
                updated_at=received_at,
                priority_charging=activated,
            )
        )
    await services.notifications.record(
        charge_point,
        "priority_charging",
        f"transaction {transaction_id or 'without an id'} charges "
        f"{'with' if activated else 'without'} priority",
        payload,
        received_at,
        # its priority profile takes the place of the limits that load management gave it
        severity="warning" if activated else "info",
        evse_id=_evse_of(charge_point, transaction_id),
    )
    return {}


def _evse_of(charge_point: ChargePoint, ocpp_transaction_id: str | None) -> int | None:
    for transaction in charge_point.open_transactions.values():
        if transaction.ocpp_transaction_id == ocpp_transaction_id:
            return transaction.evse_id or None
    return None
