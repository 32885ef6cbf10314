"""A whole OCPP 1.6 charge point: what it says. What it does on command is in the neighbours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from .. import certificates
from ..chargepoint import ChargePoint, StationOptions, StopReason
from ..clock import Clock
from ..evse import Evse, Reservation, Transaction
from ..frames import Payload
from ..link import Link, Reply
from ..outbox import Message
from ..readings import read_meter, sampled_v16, timestamp
from ..tokens import IdToken, TokenInfo
from ..uplink import LinkFactory
from .commands import commands
from .configuration import Configuration, standard_keys
from .idtags import info_from

reasons: dict[StopReason, str] = {
    "Local": "Local",
    "Remote": "Remote",
    "EVDisconnected": "EVDisconnected",
    "DeAuthorized": "DeAuthorized",
    "PowerLoss": "PowerLoss",
    "Reboot": "Reboot",
    "Reset": "SoftReset",
    "Unlock": "UnlockCommand",
}


class ChargePoint16(ChargePoint):
    """OCPP 1.6J with all feature profiles and the security extension."""

    subprotocols: ClassVar[tuple[str, ...]] = ("ocpp1.6",)

    def __init__(
        self,
        options: StationOptions,
        clock: Clock | None = None,
        link_factory: LinkFactory = Link,
    ) -> None:
        super().__init__(options, clock, link_factory)
        self.configuration = Configuration(standard_keys(len(options.evses)))
        self.certificates = certificates.CertificateStore()
        self.station_is_operative = True
        self.firmware_status = "Idle"
        self.diagnostics_status = "Idle"
        self.log_status = "Idle"
        self.reset_is_hard = False

    @property
    def commands(self) -> Mapping[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]]:
        return commands

    # -- settings ------------------------------------------------------------------------------

    def sample_interval_s(self) -> int:
        return self.configuration.integer("MeterValueSampleInterval")

    def aligned_interval_s(self) -> int:
        return self.configuration.integer("ClockAlignedDataInterval")

    def heartbeat_interval_s(self) -> float:
        return float(self.configuration.integer("HeartbeatInterval"))

    def flag(self, name: str) -> bool:
        return self.configuration.boolean(name)

    # -- booting -------------------------------------------------------------------------------

    def boot_payload(self, reason: str) -> Payload:
        options = self.options
        return {
            "chargePointVendor": options.vendor[:20],
            "chargePointModel": options.model[:20],
            "chargePointSerialNumber": options.serial_number[:25],
            "chargeBoxSerialNumber": options.serial_number[:25],
            "firmwareVersion": options.firmware_version[:50],
            "meterType": "Fake MID meter",
            "meterSerialNumber": f"M-{options.serial_number}"[:25],
        }

    def accept_boot(self, answer: Payload) -> None:
        interval_s = int(answer["interval"])
        if interval_s > 0:
            self.configuration.change("HeartbeatInterval", str(interval_s))
        self.schedule_heartbeat(self.heartbeat_interval_s())

    # -- status --------------------------------------------------------------------------------

    def say_station_status(self, at: datetime) -> None:
        status = "Available" if self.station_is_operative else "Unavailable"
        self._say_connector(0, status, "NoError", at)

    def say_status(self, evse: Evse, at: datetime, *, always: bool = False) -> None:
        now = (evse.state, evse.fault)
        if now == evse.told and not always:
            return
        evse.told = now
        self._say_connector(evse.id, evse.state, evse.fault or "NoError", at)

    def _say_connector(self, connector_id: int, status: str, error: str, at: datetime) -> None:
        self.say(
            "StatusNotification",
            {
                "connectorId": connector_id,
                "errorCode": error,
                "status": status,
                "timestamp": timestamp(at),
            },
        )

    def say_reservation_over(self, reservation: Reservation, at: datetime) -> None:
        """1.6 has no message for it: the connector's status tells."""

    # -- tokens --------------------------------------------------------------------------------

    async def ask_token(self, token: IdToken) -> TokenInfo:
        answer = await self._call("Authorize", {"idTag": token.value})
        return info_from(answer["idTagInfo"])

    # -- transactions --------------------------------------------------------------------------

    def say_started(self, evse: Evse, transaction: Transaction, at: datetime) -> None:
        payload: Payload = {
            "connectorId": evse.id,
            "idTag": transaction.token.value,
            "meterStart": int(transaction.start_register_wh),
            "timestamp": timestamp(at),
        }
        if transaction.reservation_id is not None:
            payload["reservationId"] = transaction.reservation_id

        def learn(answer: Payload) -> None:
            transaction.id = str(answer["transactionId"])
            info = info_from(answer["idTagInfo"])
            self.tokens.remember(transaction.token, info)
            transaction.group = info.group or transaction.group
            self.judge(evse, transaction, info.status)

        self.outbox.put(Message("StartTransaction", lambda: payload, durable=True, on_answer=learn))

    def say_sample(self, evse: Evse, at: datetime, context: str) -> None:
        kind = "Aligned" if context == "Sample.Clock" else "Sampled"
        wanted = self.configuration.items(f"MeterValues{kind}Data")
        sampled = sampled_v16(read_meter(evse.box, evse.vehicle, wanted), context)
        if not sampled:
            return
        transaction = evse.transaction
        values: Payload = {"timestamp": timestamp(at), "sampledValue": sampled}

        def build() -> Payload:
            payload: Payload = {"connectorId": evse.id}
            if transaction is not None:
                payload["transactionId"] = _number(transaction)
            payload["meterValue"] = [values]
            return payload

        self.outbox.put(Message("MeterValues", build, durable=transaction is not None))

    def say_stopped(
        self, evse: Evse, transaction: Transaction, at: datetime, reason: StopReason
    ) -> None:
        stop_wh = int(evse.box.register_wh)
        wanted = self.configuration.items("StopTxnSampledData")
        sampled = sampled_v16(read_meter(evse.box, evse.vehicle, wanted), "Transaction.End")
        is_hard = reason == "Reset" and self.reset_is_hard

        def build() -> Payload:
            payload: Payload = {
                "idTag": transaction.token.value,
                "meterStop": stop_wh,
                "timestamp": timestamp(at),
                "transactionId": _number(transaction),
                "reason": "HardReset" if is_hard else reasons[reason],
            }
            if sampled:
                payload["transactionData"] = [{"timestamp": timestamp(at), "sampledValue": sampled}]
            return payload

        self.outbox.put(Message("StopTransaction", build, durable=True))


def _number(transaction: Transaction) -> int:
    """The transaction's number; -1 when its start never got an answer."""
    return int(transaction.id) if transaction.id else -1
