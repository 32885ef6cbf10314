"""Both whole charge points obey every command, and all they send fits the schemas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fake_chargepoints import v16, v21, v201
from fake_chargepoints.frames import Payload
from fake_chargepoints.v16.commands import commands as commands_v16
from fake_chargepoints.v21.commands import commands as commands_v21
from fake_chargepoints.v201.commands import commands as commands_v201

from .schemas import complaints, schema_root
from .stations import car, card, desk_v16, desk_v21, desk_v201


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 17)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=9000))
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


root = certificate()
tag = {"idToken": card.value, "type": card.type}
periods = [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 600, "limit": 8.0}]
no_hash = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "1",
}
default_v16 = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": "2025-06-02T12:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": periods,
    },
}
default_v201 = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 1,
            "startSchedule": "2025-06-02T12:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        }
    ],
}

Step = tuple[str, Payload, Any]

script_v16: list[Step] = [
    ("GetConfiguration", {}, None),
    ("GetConfiguration", {"key": ["HeartbeatInterval", "Nope"]}, None),
    ("ChangeConfiguration", {"key": "heartbeatinterval", "value": "60"}, "Accepted"),
    ("ChangeConfiguration", {"key": "NumberOfConnectors", "value": "9"}, "Rejected"),
    ("ChangeConfiguration", {"key": "Nope", "value": "9"}, "NotSupported"),
    ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": default_v16}, "Accepted"),
    ("GetCompositeSchedule", {"connectorId": 1, "duration": 900}, "Accepted"),
    ("GetCompositeSchedule", {"connectorId": 9, "duration": 900}, "Rejected"),
    ("ClearChargingProfile", {"id": 1}, "Accepted"),
    ("ClearChargingProfile", {}, "Unknown"),
    ("SendLocalList", {"listVersion": 3, "updateType": "Full"}, "Accepted"),
    ("SendLocalList", {"listVersion": 2, "updateType": "Differential"}, "VersionMismatch"),
    ("GetLocalListVersion", {}, None),
    ("ClearCache", {}, "Accepted"),
    ("DataTransfer", {"vendorId": "Fake", "data": "ping"}, "Accepted"),
    ("DataTransfer", {"vendorId": "Other"}, "UnknownVendorId"),
    (
        "ReserveNow",
        {
            "connectorId": 2,
            "expiryDate": "2025-06-02T13:00:00Z",
            "idTag": "X",
            "reservationId": 5,
        },
        "Accepted",
    ),
    ("CancelReservation", {"reservationId": 5}, "Accepted"),
    ("CancelReservation", {"reservationId": 5}, "Rejected"),
    ("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"}, "Accepted"),
    ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, "Accepted"),
    ("UnlockConnector", {"connectorId": 2}, "Unlocked"),
    ("GetDiagnostics", {"location": "ftp://x/"}, None),
    ("GetLog", {"log": {"remoteLocation": "ftp://x/"}, "logType": "SecurityLog", "requestId": 4},
     "Accepted"),
    ("InstallCertificate",
     {"certificateType": "CentralSystemRootCertificate", "certificate": root}, "Accepted"),
    ("InstallCertificate",
     {"certificateType": "CentralSystemRootCertificate", "certificate": "no"}, "Rejected"),
    ("GetInstalledCertificateIds",
     {"certificateType": "CentralSystemRootCertificate"}, "Accepted"),
    ("DeleteCertificate", {"certificateHashData": no_hash}, "NotFound"),
    ("CertificateSigned", {"certificateChain": root}, "Accepted"),
    ("CertificateSigned", {"certificateChain": "rubbish"}, "Rejected"),
    *(
        ("ExtendedTriggerMessage", {"requestedMessage": name}, "Accepted")
        for name in (
            "BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat",
            "MeterValues", "SignChargePointCertificate", "StatusNotification",
        )
    ),
    ("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"}, "Accepted"),
    ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}, "Accepted"),
    ("RemoteStartTransaction", {"idTag": card.value, "connectorId": 2}, "Accepted"),
    ("RemoteStopTransaction", {"transactionId": 99}, "Rejected"),
    ("SignedUpdateFirmware",
     {"requestId": 1, "firmware": {"location": "x", "retrieveDateTime": "2025-06-02T12:00:00Z",
                                   "signingCertificate": "no", "signature": "s"}},
     "InvalidCertificate"),
    ("UpdateFirmware", {"location": "ftp://x", "retrieveDate": "2025-06-02T12:00:00Z"}, None),
    ("Reset", {"type": "Soft"}, "Accepted"),
]  # fmt: skip

evse_2 = {"id": 2, "connectorId": 1}
heartbeat = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
}
nowhere = {"component": {"name": "Nope"}, "variable": {"name": "Nope"}}
message = {
    "id": 1,
    "priority": "NormalCycle",
    "message": {"format": "UTF8", "content": "Hello"},
}
slot = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://x",
    "messageTimeout": 30,
    "securityProfile": 0,
    "ocppInterface": "Wired0",
}

script_v201: list[Step] = [
    ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, "Accepted"),
    ("GetBaseReport", {"requestId": 2, "reportBase": "ConfigurationInventory"}, "Accepted"),
    ("GetBaseReport", {"requestId": 3, "reportBase": "SummaryInventory"}, "Accepted"),
    ("GetReport", {"requestId": 4, "componentVariable": [{"component": {"name": "EVSE"}}]},
     "Accepted"),
    ("GetReport", {"requestId": 5, "componentVariable": [nowhere]}, "EmptyResultSet"),
    ("GetVariables", {"getVariableData": [heartbeat, nowhere]}, None),
    ("SetVariables", {"setVariableData": [{**heartbeat, "attributeValue": "60"},
                                          {**nowhere, "attributeValue": "1"}]}, None),
    ("SetNetworkProfile", {"configurationSlot": 1, "connectionData": slot}, "Accepted"),
    ("SetVariableMonitoring",
     {"setMonitoringData": [{**heartbeat, "value": 5, "type": "UpperThreshold", "severity": 3},
                            {**nowhere, "value": 5, "type": "Delta", "severity": 3}]}, None),
    ("GetMonitoringReport", {"requestId": 6}, "Accepted"),
    ("SetMonitoringLevel", {"severity": 4}, "Accepted"),
    ("ClearVariableMonitoring", {"id": [1, 77]}, None),
    ("SetMonitoringBase", {"monitoringBase": "FactoryDefault"}, "Accepted"),
    ("SetDisplayMessage", {"message": message}, "Accepted"),
    ("GetDisplayMessages", {"requestId": 7}, "Accepted"),
    ("ClearDisplayMessage", {"id": 1}, "Accepted"),
    ("GetDisplayMessages", {"requestId": 8}, "Unknown"),
    ("CostUpdated", {"totalCost": 1.5, "transactionId": "t"}, None),
    ("CustomerInformation", {"requestId": 9, "report": True, "clear": True, "idToken": tag},
     "Accepted"),
    ("SetChargingProfile", {"evseId": 0, "chargingProfile": default_v201}, "Accepted"),
    ("SetChargingProfile", {"evseId": 9, "chargingProfile": default_v201}, "Rejected"),
    ("GetChargingProfiles", {"requestId": 10, "chargingProfile": {}}, "Accepted"),
    ("GetCompositeSchedule", {"evseId": 1, "duration": 900, "chargingRateUnit": "W"}, "Accepted"),
    ("ClearChargingProfile", {"chargingProfileId": 1}, "Accepted"),
    ("ClearChargingProfile", {"chargingProfileId": 1}, "Unknown"),
    ("SendLocalList", {"versionNumber": 3, "updateType": "Full", "localAuthorizationList": [
        {"idToken": tag, "idTokenInfo": {"status": "Accepted"}}]}, "Accepted"),
    ("GetLocalListVersion", {}, None),
    ("SendLocalList", {"versionNumber": 2, "updateType": "Differential"}, "VersionMismatch"),
    ("ClearCache", {}, "Accepted"),
    ("DataTransfer", {"vendorId": "Fake", "data": {"a": 1}}, "Accepted"),
    ("ReserveNow", {"id": 5, "expiryDateTime": "2025-06-02T13:00:00Z", "idToken": tag,
                    "evseId": 2}, "Accepted"),
    ("CancelReservation", {"reservationId": 5}, "Accepted"),
    ("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": evse_2}, "Accepted"),
    ("ChangeAvailability", {"operationalStatus": "Operative"}, "Accepted"),
    ("UnlockConnector", {"evseId": 2, "connectorId": 1}, "Unlocked"),
    ("UnlockConnector", {"evseId": 1, "connectorId": 1}, "OngoingAuthorizedTransaction"),
    ("UnlockConnector", {"evseId": 2, "connectorId": 2}, "UnknownConnector"),
    ("GetLog", {"log": {"remoteLocation": "ftp://x/"}, "logType": "SecurityLog", "requestId": 4},
     "Accepted"),
    ("InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": root},
     "Accepted"),
    ("GetInstalledCertificateIds", {}, "Accepted"),
    ("DeleteCertificate", {"certificateHashData": no_hash}, "NotFound"),
    ("CertificateSigned", {"certificateChain": root}, "Accepted"),
    ("CertificateSigned", {"certificateChain": "rubbish"}, "Rejected"),
    *(
        ("TriggerMessage", {"requestedMessage": name}, "Accepted")
        for name in (
            "BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat",
            "MeterValues", "SignChargingStationCertificate", "StatusNotification",
            "TransactionEvent",
        )
    ),
    ("TriggerMessage", {"requestedMessage": "PublishFirmwareStatusNotification"},
     "NotImplemented"),
    ("GetTransactionStatus", {}, None),
    ("RequestStartTransaction", {"idToken": tag, "remoteStartId": 3, "evseId": 2}, "Accepted"),
    ("RequestStopTransaction", {"transactionId": "nope"}, "Rejected"),
    ("PublishFirmware", {"location": "ftp://x", "checksum": "c", "requestId": 2}, "Accepted"),
    ("UnpublishFirmware", {"checksum": "c"}, "NoFirmware"),
    ("Reset", {"type": "OnIdle"}, "Scheduled"),
    ("Reset", {"type": "Immediate"}, "Accepted"),
    ("UpdateFirmware", {"requestId": 1, "firmware": {
        "location": "x", "retrieveDateTime": "2025-06-02T12:00:00Z"}}, "Accepted"),
]  # fmt: skip

tariff = {"tariffId": "T-1", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.3}]}}
dynamic = {
    **default_v201,
    "id": 2,
    "chargingProfileKind": "Dynamic",
    "chargingSchedule": [
        {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9.0}],
        }
    ],
}
curve = {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": 1, "y": 2}]}
script_v21: list[Step] = [
    ("SetChargingProfile", {"evseId": 1, "chargingProfile": dynamic}, "Accepted"),
    (
        "UpdateDynamicSchedule",
        {"chargingProfileId": 2, "scheduleUpdate": {"limit": 7.0}},
        "Accepted",
    ),
    (
        "UpdateDynamicSchedule",
        {"chargingProfileId": 3, "scheduleUpdate": {"limit": 7.0}},
        "Rejected",
    ),
    ("SetDefaultTariff", {"evseId": 1, "tariff": tariff}, "Accepted"),
    ("GetTariffs", {"evseId": 0}, "Accepted"),
    ("ClearTariffs", {"tariffIds": ["T-1", "T-2"]}, None),
    ("GetTariffs", {"evseId": 0}, "NoTariff"),
    ("ChangeTransactionTariff", {"transactionId": "x", "tariff": tariff}, "TxNotFound"),
    (
        "SetDERControl",
        {"isDefault": True, "controlId": "c", "controlType": "VoltWatt", "curve": curve},
        "Accepted",
    ),
    ("GetDERControl", {"requestId": 1}, "Accepted"),
    ("ClearDERControl", {"isDefault": True}, "Accepted"),
    ("ClearDERControl", {"isDefault": True}, "NotFound"),
    ("UsePriorityCharging", {"transactionId": "x", "activate": True}, "Rejected"),
    (
        "NotifyAllowedEnergyTransfer",
        {"transactionId": "x", "allowedEnergyTransfer": ["DC"]},
        "Rejected",
    ),
    ("RequestBatterySwap", {"idToken": tag, "requestId": 1}, "Rejected"),
    ("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60}, None),
    ("GetPeriodicEventStream", {}, None),
    ("AdjustPeriodicEventStream", {"id": 1, "params": {"interval": 5}}, "Rejected"),
    ("AFRRSignal", {"timestamp": "2025-06-02T12:00:00Z", "signal": 1}, "Accepted"),
]


async def test_a_16_charge_point_obeys_every_command_within_the_schemas() -> None:
    async with desk_v16() as desk:
        await desk.station.plug_in(1, car())
        assert await desk.station.present_card(1, card)
        await desk.pass_time(90)
        for action, payload, status in script_v16:
            answer = await desk.server.call(action, payload)
            assert answer.get("status") == status, action
            await desk.station.until_ready()
        await desk.server.got("FirmwareStatusNotification", 4)
        await desk.server.got("StopTransaction")
        assert complaints(desk.server, "v16") == []
        assert desk.station.failures == []


async def test_a_201_station_obeys_every_command_within_the_schemas() -> None:
    async with desk_v201() as desk:
        await desk.station.plug_in(1, car())
        assert await desk.station.present_card(1, card)
        await desk.pass_time(90)
        for action, payload, status in script_v201:
            answer = await desk.server.call(action, payload)
            assert answer.get("status") == status, action
            await desk.station.until_ready()
        await desk.server.got("FirmwareStatusNotification", 5)
        ended = [e for e in desk.server.of("TransactionEvent") if e["eventType"] == "Ended"]
        assert [e["transactionInfo"]["stoppedReason"] for e in ended] == ["ImmediateReset"]
        assert complaints(desk.server, "v201") == []
        assert desk.station.failures == []


async def test_a_21_station_obeys_the_new_commands_within_the_schemas() -> None:
    async with desk_v21() as desk:
        for action, payload, status in script_v21:
            answer = await desk.server.call(action, payload)
            assert answer.get("status") == status, action
            await desk.station.until_ready()
        await desk.server.got("ReportDERControl")
        assert complaints(desk.server, "v21") == []
        assert desk.station.failures == []


@pytest.mark.parametrize(
    ("version", "commands", "script"),
    [
        ("v16", commands_v16, script_v16),
        ("v201", commands_v201, script_v201),
        ("v21", commands_v21, [*script_v201, *script_v21]),
    ],
)
def test_no_command_of_the_standard_is_missing(
    version: str, commands: dict[str, Any], script: list[Step]
) -> None:
    names = {path.stem for path in (schema_root / version / "schemas").glob("*.json")}
    requests = {name.removesuffix("Request") for name in names if not name.endswith("Response")}
    from_station = {
        "Authorize", "BootNotification", "ClearedChargingLimit", "DiagnosticsStatusNotification",
        "FirmwareStatusNotification", "Get15118EVCertificate", "GetCertificateStatus", "Heartbeat",
        "LogStatusNotification", "MeterValues", "NotifyChargingLimit",
        "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule", "NotifyEvent", "NotifyMonitoringReport", "NotifyReport",
        "PublishFirmwareStatusNotification", "ReportChargingProfiles", "ReservationStatusUpdate",
        "SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification",
        "StartTransaction", "StatusNotification", "StopTransaction", "TransactionEvent",
        "BatterySwap", "ClosePeriodicEventStream", "GetCertificateChainStatus", "NotifyDERAlarm",
        "NotifyDERStartStop", "NotifyPeriodicEventStream", "NotifyPriorityCharging",
        "NotifySettlement", "OpenPeriodicEventStream", "PullDynamicScheduleUpdate",
        "ReportDERControl", "VatNumberValidation",
    }  # fmt: skip
    assert requests - from_station == set(commands)
    assert set(commands) == {action for action, _, _ in script}


def test_the_packages_export_the_charge_points() -> None:
    assert v16.ChargePoint16.subprotocols == ("ocpp1.6",)
    assert v201.ChargePoint201.subprotocols == ("ocpp2.0.1",)
    assert v21.ChargePoint21.subprotocols == ("ocpp2.1",)
