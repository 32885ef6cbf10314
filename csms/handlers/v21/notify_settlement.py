"""NotifySettlement: a payment at the station's terminal came to an end (C19 to C22)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_decimal
from csms.handlers.v201.fields import group, moment, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import Settlement

URL_LENGTH = 2000


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    settlement = Settlement(
        charge_point_key=charge_point.key,
        psp_ref=text(payload, "pspRef") or "",
        status=text(payload, "status") or "",
        amount=read_decimal(payload.get("settlementAmount")),
        settled_at=moment(charge_point, payload, "settlementTime", received_at),
        received_at=received_at,
        told=payload,
        ocpp_transaction_id=text(payload, "transactionId"),
        status_info=text(payload, "statusInfo", 500),
        receipt_id=text(payload, "receiptId"),
        receipt_url=text(payload, "receiptUrl", URL_LENGTH),
        vat_number=text(payload, "vatNumber"),
        vat_company=dict(group(payload, "vatCompany")) or None,
    )
    receipt = await services.stations.settlements.settled(charge_point, settlement)
    if receipt is None:
        return {}
    return {"receiptUrl": receipt.url, "receiptId": receipt.id}  # C21.FR.03
