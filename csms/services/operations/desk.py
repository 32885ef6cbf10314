"""The desk where operations are ordered: what is asked, how it is said, and what came back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from csms.clock import Clock
from csms.errors import InvalidValueError
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    CommandAnswer,
    CustomerInformation,
    GetDisplayMessages,
    GetLog,
    PublishFirmware,
    UpdateFirmware,
)
from csms.services.confidential import address_shown
from csms.services.operations.book import OperationBook
from csms.services.operations.links import FileLinks
from csms.services.operations.model import Kind, Operation

_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_NAME_LENGTH: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareFile:
    """A firmware of the built-in store, whole."""

    id: int
    name: str
    version: str | None
    md5: str
    signing_certificate: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How often, and how far apart, a charge point shall try again."""

    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareOrder:
    """Either a firmware of the store or a location elsewhere."""

    firmware: FirmwareFile | None = None
    location: str | None = None
    version: str | None = None
    """What shall run afterwards; None: that of the firmware of the store, or not compared."""
    retrieve_at: datetime | None = None
    """None: now."""
    install_at: datetime | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    transfer: Transfer = Transfer()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOrder:
    is_security_log: bool = False
    location: str | None = None
    """None: the built-in place."""
    since: datetime | None = None
    until: datetime | None = None
    transfer: Transfer = Transfer()


@dataclass(frozen=True, slots=True)
class Placed:
    """An operation that the charge point has answered."""

    operation: Operation
    answer: CommandAnswer


class OperationDesk:
    """Every method raises what `OperationBook.send` raises."""

    def __init__(self, book: OperationBook, links: FileLinks, clock: Clock) -> None:
        self.book = book
        self._links = links
        self._clock = clock

    async def update_firmware(
        self,
        charge_point: ChargePoint,
        order: FirmwareOrder,
        created_by: str,
        *,
        campaign_id: int | None = None,
        begun: Callable[[int], Awaitable[None]] | None = None,
        timeout_s: float | None = None,
    ) -> Placed:
        """Also raises InvalidValueError, and ConflictError if no link can be made.

        `begun` is told the operation's id before anything is sent.
        """
        firmware = order.firmware
        if (firmware is None) == (order.location is None):
            raise InvalidValueError("location", order.location, "a firmware_id or a location")
        if (order.signing_certificate is None) != (order.signature is None):
            raise InvalidValueError("signature", None, "signing_certificate and signature together")
        if firmware is not None:
            self._links.check(charge_point)
        retrieve_at = order.retrieve_at or self._clock.now()
        not_before = max(retrieve_at, order.install_at or retrieve_at)
        version = order.version or (firmware.version if firmware is not None else None)
        operation = await self.book.begin(
            charge_point,
            Kind.FIRMWARE_UPDATE,
            {
                "location": shown(order.location),
                "version": version,
                "retrieve_at": retrieve_at,
                "install_at": order.install_at,
                "signed": order.signature is not None,
                **asdict(order.transfer),
            },
            created_by,
            not_before=not_before,
            result={"version_before": charge_point.firmware_version},
            firmware_id=firmware.id if firmware is not None else None,
            campaign_id=campaign_id,
        )
        if begun is not None:
            await begun(operation.id)
        command = UpdateFirmware(
            request_id=operation.request_id,
            location=order.location
            or await self._link(charge_point, firmware, operation.id, not_before),
            retrieve_at=retrieve_at,
            install_at=order.install_at,
            signing_certificate=order.signing_certificate,
            signature=order.signature,
            **asdict(order.transfer),
        )
        return Placed(*await self.book.send(operation, command, timeout_s))

    async def publish_firmware(
        self,
        charge_point: ChargePoint,
        firmware: FirmwareFile | None,
        location: str | None,
        md5: str | None,
        transfer: Transfer,
        created_by: str,
        timeout_s: float | None = None,
    ) -> Placed:
        """Also raises InvalidValueError, and ConflictError if no link can be made."""
        if (firmware is None) == (location is None):
            raise InvalidValueError("location", location, "a firmware_id or a location")
        checksum = firmware.md5 if firmware is not None else md5
        if checksum is None:
            raise InvalidValueError("md5", None, "the MD5 checksum of the firmware (L03.FR.02)")
        if firmware is not None:
            self._links.check(charge_point)
        operation = await self.book.begin(
            charge_point,
            Kind.FIRMWARE_PUBLICATION,
            {"location": shown(location), "md5": checksum, **asdict(transfer)},
            created_by,
            firmware_id=firmware.id if firmware is not None else None,
        )
        command = PublishFirmware(
            request_id=operation.request_id,
            location=location or await self._link(charge_point, firmware, operation.id),
            md5=checksum,
            **asdict(transfer),
        )
        return Placed(*await self.book.send(operation, command, timeout_s))

    async def get_log(
        self,
        charge_point: ChargePoint,
        order: LogOrder,
        created_by: str,
        timeout_s: float | None = None,
    ) -> Placed:
        """Also raises ConflictError if no link can be made."""
        if order.location is None:
            self._links.check(charge_point)
        operation = await self.book.begin(
            charge_point,
            Kind.LOG,
            {
                "log_type": "security" if order.is_security_log else "diagnostics",
                "location": shown(order.location),
                "since": order.since,
                "until": order.until,
                **asdict(order.transfer),
            },
            created_by,
        )
        command = GetLog(
            request_id=operation.request_id,
            location=order.location or await self._links.for_upload(charge_point, operation.id),
            is_security_log=order.is_security_log,
            since=order.since,
            until=order.until,
            **asdict(order.transfer),
        )
        return Placed(*await self.book.send(operation, command, timeout_s))

    async def customer_information(
        self,
        charge_point: ChargePoint,
        asked: CustomerInformation,
        created_by: str,
        timeout_s: float | None = None,
    ) -> Placed:
        """`asked` may have any request id: it gets its own."""
        token = asked.id_token
        operation = await self.book.begin(
            charge_point,
            Kind.CUSTOMER_INFORMATION,
            {
                "report": asked.report,
                "clear": asked.clear,
                "id_token": None if token is None else token.value,
                "customer_id": asked.customer_id,
                "certificate": None if asked.certificate is None else asdict(asked.certificate),
            },
            created_by,
        )
        command = _numbered(asked, operation)
        return Placed(*await self.book.send(operation, command, timeout_s))

    async def display_messages(
        self,
        charge_point: ChargePoint,
        asked: GetDisplayMessages,
        created_by: str,
        timeout_s: float | None = None,
    ) -> Placed:
        """`asked` may have any request id: it gets its own."""
        criteria: dict[str, Any] = {
            "message_ids": list(asked.message_ids),
            "priority": asked.priority,
            "state": asked.state,
        }
        operation = await self.book.begin(
            charge_point,
            Kind.DISPLAY_MESSAGES,
            {**criteria, "all": not any(criteria.values())},
            created_by,
        )
        command = GetDisplayMessages(
            request_id=operation.request_id,
            message_ids=asked.message_ids,
            priority=asked.priority,
            state=asked.state,
        )
        return Placed(*await self.book.send(operation, command, timeout_s))

    async def _link(
        self,
        charge_point: ChargePoint,
        firmware: FirmwareFile | None,
        operation_id: int,
        not_before: datetime | None = None,
    ) -> str:
        assert firmware is not None, "there is a firmware wherever there is no location"
        name = _ODD.sub("_", firmware.name).strip("._")[-_NAME_LENGTH:] or "firmware"
        return await self._links.for_firmware(
            charge_point, firmware.id, operation_id, name, not_before
        )


def shown(location: str | None) -> str | None:
    """Return a location without login and query; None (the built-in place) stays None."""
    return None if location is None else address_shown(location)


def _numbered(asked: CustomerInformation, operation: Operation) -> CustomerInformation:
    return CustomerInformation(
        request_id=operation.request_id,
        report=asked.report,
        clear=asked.clear,
        id_token=asked.id_token,
        customer_id=asked.customer_id,
        certificate=asked.certificate,
    )
