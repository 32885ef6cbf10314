"""DataTransfer from chargers: who speaks for which vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService


@dataclass(frozen=True, slots=True)
class DataTransfer:
    vendor_id: str
    message_id: str | None = None
    data: Any = None


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    """`status` is Accepted, Rejected, UnknownMessageId or UnknownVendorId."""

    status: str
    data: Any = None


VendorHandler: TypeAlias = Callable[
    [ChargePoint, DataTransfer, datetime], Awaitable[DataTransferAnswer]
]


@dataclass(slots=True)
class DataTransferService:
    """Vendors' own messages: recorded always, answered by whoever registered for them."""

    notifications: NotificationService
    _vendors: dict[str, VendorHandler] = field(default_factory=dict)

    def register(self, vendor_id: str, handler: VendorHandler) -> None:
        self._vendors[vendor_id.casefold()] = handler

    async def receive(
        self, charge_point: ChargePoint, transfer: DataTransfer, received_at: datetime
    ) -> DataTransferAnswer:
        await self.notifications.record(
            charge_point,
            "data_transfer",
            f"data transfer from {transfer.vendor_id}",
            {
                "vendor_id": transfer.vendor_id,
                "message_id": transfer.message_id,
                "data": transfer.data,
            },
            received_at,
        )
        handler = self._vendors.get(transfer.vendor_id.casefold())
        if handler is None:
            return DataTransferAnswer("UnknownVendorId")
        return await handler(charge_point, transfer, received_at)
