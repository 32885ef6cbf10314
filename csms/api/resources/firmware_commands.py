"""Verbs about firmware: update, publish through a local controller, take back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Moment, Name, RecordId
from csms.api.operation_orders import Location, OperationOrders, Retries, RetryIntervalS, utc
from csms.api.orders import AnswerView, CommandQuery, Orders, order, view_of
from csms.api.resources.certificates import Pem
from csms.api.resources.firmware_files import Signature
from csms.api.route import Asked, Route
from csms.errors import ConflictError, InvalidValueError
from csms.services.charge_point import ChargePoint
from csms.services.commands import UnpublishFirmware
from csms.services.operations.desk import FirmwareOrder, OperationDesk, Placed, Transfer

Md5: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-fA-F]{32}$")]
_EXPLAIN: Final = "Without it the charge point begins at once."


class UpdateBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Either `firmware_id` of the built-in store or a `location`.

    `version` is what shall run afterwards; without, that of the firmware file. A signed update
    takes certificate and signature of the firmware file, unless others are given; `signed` false
    sends none, and true refuses firmware without (422). OCPP 1.6 has `install_at` for signed
    updates alone.
    """

    firmware_id: RecordId | None = None
    location: Location | None = None
    version: Name | None = None
    retrieve_at: Annotated[Moment, Meta(description=_EXPLAIN)] | None = None
    install_at: Moment | None = None
    retries: Retries | None = None
    retry_interval_s: RetryIntervalS | None = None
    signed: bool | UnsetType = UNSET
    signing_certificate: Pem | None = None
    signature: Signature | None = None


class PublishBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Either `firmware_id` of the built-in store, or a `location` with the file's `md5`."""

    firmware_id: RecordId | None = None
    location: Location | None = None
    md5: Md5 | None = None
    retries: Retries | None = None
    retry_interval_s: RetryIntervalS | None = None


class UnpublishBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What was published is known by its checksum: of `firmware_id`, or `md5`."""

    firmware_id: RecordId | None = None
    md5: Md5 | None = None


class FirmwareCommands:
    def __init__(self, context: Context, desk: OperationDesk) -> None:
        self._desk = desk
        self._orders = Orders(context)
        self._operations = OperationOrders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        verb = self._operations.verb
        return [
            verb("update-firmware", UpdateBody, self._update, "Update the firmware"),
            verb(
                "publish-firmware",
                PublishBody,
                self._publish,
                "Let a local controller offer a firmware to its charge points",
            ),
            order(
                "unpublish-firmware",
                UnpublishBody,
                self.unpublish,
                "Let a local controller no longer offer a firmware",
            ),
        ]

    async def _update(
        self,
        charge_point: ChargePoint,
        asked: Asked[CommandQuery, UpdateBody],
        timeout_s: float | None,
    ) -> Placed:
        body = asked.body
        firmware = await self._operations.firmware(body.firmware_id)
        certificate, signature = body.signing_certificate, body.signature
        if firmware is not None and certificate is None and signature is None:
            certificate, signature = firmware.signing_certificate, firmware.signature
        if body.signed is True and (certificate is None or signature is None):
            allowed = "false, as there is no certificate and signature"
            raise InvalidValueError("signed", value=True, allowed=allowed)
        order = FirmwareOrder(
            firmware=firmware,
            location=body.location,
            version=body.version,
            retrieve_at=utc(body.retrieve_at),
            install_at=utc(body.install_at),
            signing_certificate=None if body.signed is False else certificate,
            signature=None if body.signed is False else signature,
            transfer=Transfer(retries=body.retries, retry_interval_s=body.retry_interval_s),
        )
        return await self._desk.update_firmware(
            charge_point, order, asked.actor.name, timeout_s=timeout_s
        )

    async def _publish(
        self,
        charge_point: ChargePoint,
        asked: Asked[CommandQuery, PublishBody],
        timeout_s: float | None,
    ) -> Placed:
        body = asked.body
        return await self._desk.publish_firmware(
            charge_point,
            await self._operations.firmware(body.firmware_id),
            body.location,
            body.md5.lower() if body.md5 is not None else None,
            Transfer(retries=body.retries, retry_interval_s=body.retry_interval_s),
            asked.actor.name,
            timeout_s,
        )

    async def unpublish(self, asked: Asked[CommandQuery, UnpublishBody]) -> AnswerView:
        body = asked.body
        await self._orders.note(asked, "unpublish-firmware", msgspec.to_builtins(body))
        firmware = await self._operations.firmware(body.firmware_id)
        checksum = firmware.md5 if firmware is not None else body.md5
        if checksum is None:
            raise ConflictError("say which firmware: a firmware_id or an md5")
        return view_of(await self._orders.send(asked, UnpublishFirmware(checksum.lower())))
