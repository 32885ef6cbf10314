"""DataTransfer from chargers: who speaks for which vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

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


UNKNOWN_VENDOR: Final = DataTransferAnswer("UnknownVendorId")
UNKNOWN_MESSAGE: Final = DataTransferAnswer("UnknownMessageId")

VendorHandler: TypeAlias = Callable[
    [ChargePoint, DataTransfer, datetime], Awaitable[DataTransferAnswer]
]


@dataclass(frozen=True, slots=True)
class DataTransferRule:
    """How an operator has a vendor's messages answered."""

    status: str
    data: Any = None
    message_ids: frozenset[str] = frozenset()
    """Without case; empty: any, also none."""


class DataTransferRules(Protocol):
    async def find(self, vendor_id: str) -> DataTransferRule | None:
        """Return the rule for a vendor, compared without case."""
        ...


@dataclass(frozen=True, slots=True)
class _Vendor:
    handler: VendorHandler
    message_ids: frozenset[str]


@dataclass(slots=True)
class DataTransferService:
    """Vendors' own messages: recorded always, answered by whoever registered for them.

    Where nobody did, an operator's rule answers; where there is none, the vendor is unknown
    (P02.FR.06). A message that the one who answers doesn't know is that (P02.FR.07).
    """

    notifications: NotificationService
    rules: DataTransferRules | None = None
    _vendors: dict[str, _Vendor] = field(default_factory=dict)

    def register(
        self, vendor_id: str, handler: VendorHandler, message_ids: Collection[str] = ()
    ) -> None:
        """Let a handler answer a vendor's messages: these, or without any, all of them."""
        known = frozenset(each.casefold() for each in message_ids)
        self._vendors[vendor_id.casefold()] = _Vendor(handler, known)

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
        vendor = self._vendors.get(transfer.vendor_id.casefold())
        if vendor is not None:
            if not _knows(vendor.message_ids, transfer):
                return UNKNOWN_MESSAGE
            return await vendor.handler(charge_point, transfer, received_at)
        rule = None if self.rules is None else await self.rules.find(transfer.vendor_id)
        if rule is None:
            return UNKNOWN_VENDOR
        if not _knows(rule.message_ids, transfer):
            return UNKNOWN_MESSAGE
        return DataTransferAnswer(rule.status, rule.data)


def _knows(message_ids: frozenset[str], transfer: DataTransfer) -> bool:
    return not message_ids or (transfer.message_id or "").casefold() in message_ids
