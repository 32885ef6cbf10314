"""One full, valid request for each action that a charging station starts."""

from __future__ import annotations

from typing import Any

from fake_chargepoints.certificates import signing_request

NOON = "2026-06-15T12:00:00.000Z"

HASHES: dict[str, Any] = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "01",
    "responderURL": "http://ocsp.example",
}
SCHEDULE: dict[str, Any] = {
    "id": 1,
    "startSchedule": NOON,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}],
}
METER_VALUE: dict[str, Any] = {
    "timestamp": NOON,
    "sampledValue": [
        {
            "value": 1.5,
            "measurand": "Energy.Active.Import.Register",
            "unitOfMeasure": {"unit": "Wh", "multiplier": 3},
        },
        {"value": 16, "measurand": "Current.Import", "phase": "L1"},
    ],
}
AVAILABILITY: dict[str, Any] = {
    "eventId": 1,
    "timestamp": NOON,
    "trigger": "Delta",
    "actualValue": "Occupied",
    "eventNotificationType": "HardWiredNotification",
    "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "AvailabilityState"},
}

REQUESTS: dict[str, dict[str, Any]] = {
    "Authorize": {"idToken": {"idToken": "CARD-1", "type": "ISO14443"}},
    "BootNotification": {
        "reason": "PowerUp",
        "chargingStation": {
            "serialNumber": "S-1",
            "model": "Post",
            "vendorName": "Maker",
            "firmwareVersion": "1.2.3",
            "modem": {"iccid": "8931", "imsi": "2040"},
        },
    },
    "ClearedChargingLimit": {"chargingLimitSource": "EMS", "evseId": 1},
    "DataTransfer": {"vendorId": "org.example", "messageId": "hello", "data": {"a": [1]}},
    "FirmwareStatusNotification": {"status": "Downloading", "requestId": 1},
    "Get15118EVCertificate": {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": "Install",
        "exiRequest": "gIBB",
    },
    "GetCertificateStatus": {"ocspRequestData": HASHES},
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Uploading", "requestId": 2},
    "MeterValues": {"evseId": 1, "meterValue": [METER_VALUE]},
    "NotifyChargingLimit": {
        "chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": True},
        "chargingSchedule": [SCHEDULE],
        "evseId": 1,
    },
    "NotifyCustomerInformation": {
        "data": "Jane",
        "seqNo": 0,
        "tbc": False,
        "generatedAt": NOON,
        "requestId": 3,
    },
    "NotifyDisplayMessages": {
        "requestId": 4,
        "messageInfo": [
            {
                "id": 1,
                "priority": "NormalCycle",
                "message": {"format": "UTF8", "content": "Hello"},
            }
        ],
    },
    "NotifyEVChargingNeeds": {
        "evseId": 1,
        "chargingNeeds": {
            "requestedEnergyTransfer": "AC_three_phase",
            "departureTime": NOON,
            "acChargingParameters": {
                "energyAmount": 20000,
                "evMinCurrent": 6,
                "evMaxCurrent": 16,
                "evMaxVoltage": 230,
            },
        },
    },
    "NotifyEVChargingSchedule": {"timeBase": NOON, "evseId": 1, "chargingSchedule": SCHEDULE},
    "NotifyEvent": {"generatedAt": NOON, "seqNo": 0, "eventData": [AVAILABILITY]},
    "NotifyMonitoringReport": {
        "requestId": 5,
        "seqNo": 0,
        "generatedAt": NOON,
        "monitor": [
            {
                "component": {"name": "EVSE", "evse": {"id": 1}},
                "variable": {"name": "Power"},
                "variableMonitoring": [
                    {
                        "id": 1,
                        "transaction": False,
                        "value": 100.0,
                        "type": "UpperThreshold",
                        "severity": 3,
                    }
                ],
            }
        ],
    },
    "NotifyReport": {
        "requestId": 6,
        "seqNo": 0,
        "generatedAt": NOON,
        "reportData": [
            {
                "component": {"name": "EVSE", "instance": "left", "evse": {"id": 1}},
                "variable": {"name": "Power", "instance": "max"},
                "variableAttribute": [
                    {"type": "Actual", "value": "11000", "mutability": "ReadOnly"},
                    {"type": "MaxSet", "value": "22000"},
                ],
                "variableCharacteristics": {
                    "unit": "W",
                    "dataType": "decimal",
                    "supportsMonitoring": True,
                },
            }
        ],
    },
    "PublishFirmwareStatusNotification": {
        "status": "Published",
        "location": ["http://local.example/fw.bin"],
        "requestId": 7,
    },
    "ReportChargingProfiles": {
        "requestId": 8,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [
            {
                "id": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": [SCHEDULE],
            }
        ],
    },
    "ReservationStatusUpdate": {"reservationId": 9, "reservationUpdateStatus": "Expired"},
    "SecurityEventNotification": {
        "type": "TamperDetectionActivated",
        "timestamp": NOON,
        "techInfo": "lid",
    },
    "SignCertificate": {"csr": signing_request("CS-1", "Operator")},
    "StatusNotification": {
        "timestamp": NOON,
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    },
    "TransactionEvent": {
        "eventType": "Started",
        "timestamp": NOON,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "offline": False,
        "numberOfPhasesUsed": 3,
        "cableMaxCurrent": 32,
        "reservationId": 9,
        "transactionInfo": {
            "transactionId": "tx-1",
            "chargingState": "Charging",
            "remoteStartId": 77,
        },
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "CARD-1", "type": "ISO14443"},
        "meterValue": [METER_VALUE],
    },
}
