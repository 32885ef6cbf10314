"""Payments at a station's own terminal: kept before the station gets its answer (C19 to C22)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService, Severity
from csms.services.records import Recorder
from csms.services.station_records import Settlement

SETTLED: Final = "Settled"
_SEVERITIES: Final[dict[str, Severity]] = {"Rejected": "warning", "Failed": "warning"}
_PLACE: Final = "{receipt_id}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a driver finds what was paid."""

    id: str
    url: str


class SettlementService:
    """`receipt_url` is where receipts are shown, with {receipt_id} in it; None: nowhere."""

    def __init__(
        self, recorder: Recorder, notifications: NotificationService, receipt_url: str | None
    ) -> None:
        self._recorder = recorder
        self._notifications = notifications
        self._receipt_url = receipt_url

    async def settled(self, charge_point: ChargePoint, settlement: Settlement) -> Receipt | None:
        """Keep how a payment ended (durable on return).

        Returns the receipt for the driver if the station gives none itself (C21.FR.03).
        """
        receipt = self._receipt(settlement)
        if receipt is not None:
            settlement = replace(settlement, receipt_id=receipt.id, receipt_url=receipt.url)
        await self._recorder.commit(settlement)
        reason = f": {settlement.status_info}" if settlement.status_info else ""
        await self._notifications.record(
            charge_point,
            "settlement",
            f"the payment {settlement.psp_ref or 'without a reference'} is "
            f"{settlement.status.lower() or 'over'}{reason}",
            settlement.told,
            settlement.received_at,
            at=settlement.settled_at,
            severity=_SEVERITIES.get(settlement.status, "info"),
        )
        return receipt

    def _receipt(self, settlement: Settlement) -> Receipt | None:
        if self._receipt_url is None or settlement.receipt_url or settlement.status != SETTLED:
            return None
        about = (settlement.charge_point_key, settlement.psp_ref, settlement.ocpp_transaction_id)
        number = blake2b(repr(about).encode(), digest_size=12).hexdigest()
        return Receipt(number, self._receipt_url.replace(_PLACE, number))
