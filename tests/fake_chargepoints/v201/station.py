"""A whole OCPP 2.0.1 charging station: what it says. What it does on command is beside it."""

from __future__ import annotations

import uuid
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
from ..readings import read_meter, sampled_v201, timestamp
from ..tokens import IdToken, TokenInfo
from ..uplink import LinkFactory
from .commands import commands
from .device_model import DeviceModel, standard_variables
from .idtokens import info_from, on_wire

stops: dict[StopReason, tuple[str, str]] = {
    "Local": ("StopAuthorized", "Local"),
    "Remote": ("RemoteStop", "Remote"),
    "EVDisconnected": ("EVDeparted", "EVDisconnected"),
    "DeAuthorized": ("Deauthorized", "DeAuthorized"),
    "PowerLoss": ("AbnormalCondition", "PowerLoss"),
    "Reboot": ("AbnormalCondition", "Reboot"),
    "Reset": ("ResetCommand", "ImmediateReset"),
    "Unlock": ("UnlockCommand", "Other"),
}
"""triggerReason and stoppedReason of the last event."""

boot_reasons = (
    "FirmwareUpdate",
    "LocalReset",
    "PowerUp",
    "RemoteReset",
    "ScheduledReset",
    "Triggered",
    "Watchdog",
)

charging_states = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
}

sample_triggers = {"Trigger": "Trigger", "Sample.Clock": "MeterValueClock"}

flags = {
    "LocalPreAuthorize": ("AuthCtrlr", "LocalPreAuthorize"),
    "LocalAuthorizeOffline": ("AuthCtrlr", "LocalAuthorizeOffline"),
    "AllowOfflineTxForUnknownId": ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"),
    "AuthorizeRemoteTxRequests": ("AuthCtrlr", "AuthorizeRemoteStart"),
    "StopTransactionOnInvalidId": ("TxCtrlr", "StopTxOnInvalidId"),
    "LocalAuthListEnabled": ("LocalAuthListCtrlr", "Enabled"),
    "AuthorizationCacheEnabled": ("AuthCacheCtrlr", "Enabled"),
}


class ChargePoint201(ChargePoint):
    """OCPP 2.0.1 with every functional block a charger with one connector per EVSE needs."""

    subprotocols: ClassVar[tuple[str, ...]] = ("ocpp2.0.1",)

    def __init__(
        self,
        options: StationOptions,
        clock: Clock | None = None,
        link_factory: LinkFactory = Link,
    ) -> None:
        super().__init__(options, clock, link_factory)
        self.device_model = DeviceModel(
            standard_variables(
                options.evses,
                Model=options.model,
                VendorName=options.vendor,
                SerialNumber=options.serial_number,
                FirmwareVersion=options.firmware_version,
            )
        )
        self.certificates = certificates.CertificateStore()
        self.displayed: dict[int, Payload] = {}
        self.monitors: dict[int, Payload] = {}
        self.firmware_status: Payload = {"status": "Idle"}
        self.log_status: Payload = {"status": "Idle"}
        self.resets_when_idle = False

    @property
    def commands(self) -> Mapping[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]]:
        return commands

    # -- settings ------------------------------------------------------------------------------

    def sample_interval_s(self) -> int:
        return self.device_model.integer("SampledDataCtrlr", "TxUpdatedInterval")

    def aligned_interval_s(self) -> int:
        return self.device_model.integer("AlignedDataCtrlr", "Interval")

    def heartbeat_interval_s(self) -> float:
        return float(self.device_model.integer("OCPPCommCtrlr", "HeartbeatInterval"))

    def flag(self, name: str) -> bool:
        return self.device_model.boolean(*flags[name])

    # -- booting -------------------------------------------------------------------------------

    def boot_payload(self, reason: str) -> Payload:
        options = self.options
        return {
            "chargingStation": {
                "serialNumber": options.serial_number[:25],
                "model": options.model[:20],
                "vendorName": options.vendor[:50],
                "firmwareVersion": options.firmware_version[:50],
            },
            "reason": reason if reason in boot_reasons else "Unknown",
        }

    def accept_boot(self, answer: Payload) -> None:
        interval_s = int(answer["interval"])
        if interval_s > 0:
            self.device_model.put("OCPPCommCtrlr", "HeartbeatInterval", str(interval_s))
        self.schedule_heartbeat(self.heartbeat_interval_s())

    async def reboot(self, reason: str = "RemoteReset") -> None:
        self.resets_when_idle = False
        await super().reboot(reason)

    # -- status --------------------------------------------------------------------------------

    def say_station_status(self, at: datetime) -> None:
        """2.0.1 has none for the station as a whole."""

    def say_status(self, evse: Evse, at: datetime, *, always: bool = False) -> None:
        self._say_charging_state(evse, at)
        status = connector_status(evse)
        if status == evse.told and not always:
            return
        evse.told = status
        self.say(
            "StatusNotification",
            {
                "timestamp": timestamp(at),
                "connectorStatus": status,
                "evseId": evse.id,
                "connectorId": 1,
            },
        )

    def _say_charging_state(self, evse: Evse, at: datetime) -> None:
        transaction = evse.transaction
        if transaction is None or transaction.seq_no < 0 or transaction.told_state == evse.state:
            return
        self._say_event(evse, transaction, at, "Updated", "ChargingStateChanged")

    def say_reservation_over(self, reservation: Reservation, at: datetime) -> None:
        self.say(
            "ReservationStatusUpdate",
            {"reservationId": reservation.id, "reservationUpdateStatus": "Expired"},
        )

    # -- tokens --------------------------------------------------------------------------------

    async def ask_token(self, token: IdToken) -> TokenInfo:
        answer = await self._call("Authorize", {"idToken": on_wire(token)})
        return info_from(answer["idTokenInfo"])

    # -- transactions --------------------------------------------------------------------------

    def say_started(self, evse: Evse, transaction: Transaction, at: datetime) -> None:
        transaction.id = str(uuid.uuid4())
        remote = transaction.remote_start_id is not None
        extra: Payload = {"idToken": on_wire(transaction.token)}
        if transaction.reservation_id is not None:
            extra["reservationId"] = transaction.reservation_id
        trigger = "RemoteStart" if remote else "Authorized"
        self._say_event(
            evse, transaction, at, "Started", trigger, "Transaction.Begin", "TxStarted", extra
        )

    def say_sample(self, evse: Evse, at: datetime, context: str) -> None:
        transaction = evse.transaction
        if transaction is None:
            self.say_meter_values(evse, at, context)
            return
        trigger = sample_triggers.get(context, "MeterValuePeriodic")
        self._say_event(evse, transaction, at, "Updated", trigger, context, "TxUpdated")

    def say_stopped(
        self, evse: Evse, transaction: Transaction, at: datetime, reason: StopReason
    ) -> None:
        trigger, stopped = stops[reason]
        extra: Payload = {}
        if reason == "Local":
            extra["idToken"] = on_wire(transaction.token)
        self._say_event(
            evse,
            transaction,
            at,
            "Ended",
            trigger,
            "Transaction.End",
            "TxEnded",
            extra,
            stopped_reason=stopped,
        )
        if self.resets_when_idle and all(other.transaction is None for other in self.evses):
            self.resets_when_idle = False
            self.spawn(self.reboot("ScheduledReset"))

    def _say_event(
        self,
        evse: Evse,
        transaction: Transaction,
        at: datetime,
        kind: str,
        trigger: str,
        context: str | None = None,
        measurands: str | None = None,
        extra: Payload | None = None,
        stopped_reason: str | None = None,
    ) -> None:
        payload: Payload = {
            "eventType": kind,
            "timestamp": timestamp(at),
            "triggerReason": trigger,
            "seqNo": transaction.next_seq_no(),
            "transactionInfo": self._info(evse, transaction, kind, stopped_reason),
            "evse": {"id": evse.id, "connectorId": 1},
            **(extra or {}),
        }
        if not self.is_online or self.is_replaying:
            payload["offline"] = True
        if context is not None:
            sampled = self._sampled(evse, f"{measurands}Measurands", context)
            if sampled:
                payload["meterValue"] = [{"timestamp": timestamp(at), "sampledValue": sampled}]

        def learn(answer: Payload) -> None:
            if "idTokenInfo" in answer:
                info = info_from(answer["idTokenInfo"])
                self.tokens.remember(transaction.token, info)
                transaction.group = info.group or transaction.group
                self.judge(evse, transaction, info.status)

        self.outbox.put(Message("TransactionEvent", lambda: payload, durable=True, on_answer=learn))

    def _info(
        self, evse: Evse, transaction: Transaction, kind: str, stopped_reason: str | None
    ) -> Payload:
        info: Payload = {"transactionId": transaction.id}
        if kind == "Ended":
            plugged = "EVConnected" if evse.vehicle is not None else "Idle"
            return {**info, "chargingState": plugged, "stoppedReason": stopped_reason or "Local"}
        transaction.told_state = evse.state
        info["chargingState"] = charging_states.get(evse.state, "EVConnected")
        if kind == "Started" and transaction.remote_start_id is not None:
            info["remoteStartId"] = transaction.remote_start_id
        return info

    def _sampled(self, evse: Evse, variable: str, context: str) -> list[Payload]:
        if context == "Sample.Clock":
            wanted = self.device_model.items("AlignedDataCtrlr", "Measurands")
        else:
            wanted = self.device_model.items("SampledDataCtrlr", variable)
        return sampled_v201(read_meter(evse.box, evse.vehicle, wanted), context)

    def say_meter_values(self, evse: Evse, at: datetime, context: str) -> None:
        """Queue a MeterValues message, which belongs to no transaction."""
        sampled = self._sampled(evse, "TxUpdatedMeasurands", context)
        values = {"timestamp": timestamp(at), "sampledValue": sampled}
        self.say("MeterValues", {"evseId": evse.id, "meterValue": [values]})

    def say_transaction(self, evse: Evse, at: datetime) -> None:
        """A TriggerMessage asks for the state of the running transaction, if there is one."""
        if evse.transaction is not None:
            self.say_sample(evse, at, "Trigger")


def connector_status(evse: Evse) -> str:
    """The five words of 2.0.1 for a connector."""
    state = evse.state
    if state in ("Available", "Reserved", "Unavailable", "Faulted"):
        return state
    return "Occupied" if evse.vehicle is not None or evse.transaction else "Available"
