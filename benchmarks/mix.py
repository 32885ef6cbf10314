"""The mix of messages: authorise, start, five readings of ten values, heartbeat, stop."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

ID_TOKEN = "BENCH0001"
READINGS = 5
MESSAGES = READINGS + 4

Cycle = Generator[tuple[str, dict[str, Any]], dict[str, Any], None]
"""Yields (action, payload), is sent the CALLRESULT's payload."""


def boot(subprotocol: str) -> tuple[str, dict[str, Any]]:
    if subprotocol == "ocpp1.6":
        return "BootNotification", {"chargePointVendor": "Bench", "chargePointModel": "Load"}
    station = {"model": "Load", "vendorName": "Bench"}
    return "BootNotification", {"reason": "PowerUp", "chargingStation": station}


def cycle(subprotocol: str, number: int, register_wh: int) -> Cycle:
    """One transaction's life."""
    if subprotocol == "ocpp1.6":
        return _cycle_v16(register_wh)
    return _cycle_v201(number, register_wh)


def _time(offset_s: float = 0.0) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _values(register_wh: int, *, numbers: bool) -> list[dict[str, Any]]:
    figures: list[tuple[str, float, str, str | None]] = [
        ("Energy.Active.Import.Register", register_wh, "Wh", None),
        ("Power.Active.Import", 11040, "W", None),
        ("Current.Import", 16.0, "A", "L1"),
        ("Current.Import", 15.9, "A", "L2"),
        ("Current.Import", 16.1, "A", "L3"),
        ("Voltage", 230.1, "V", "L1-N"),
        ("Voltage", 229.8, "V", "L2-N"),
        ("Voltage", 231.0, "V", "L3-N"),
        ("SoC", 55, "Percent", None),
        # 1.6 has no unit for the frequency, 2.0.1 no temperature: repairs are not what we measure
        ("Frequency", 50.0, "Hz", None) if numbers else ("Temperature", 31.5, "Celsius", None),
    ]
    values = []
    for measurand, value, unit, phase in figures:
        sampled: dict[str, Any] = {
            "value": value if numbers else str(value),
            "context": "Sample.Periodic",
            "measurand": measurand,
        }
        if phase:
            sampled["phase"] = phase
        if numbers:
            sampled["unitOfMeasure"] = {"unit": unit}
        else:
            sampled["unit"] = unit
        values.append(sampled)
    return values


def _cycle_v16(register_wh: int) -> Cycle:
    yield "Authorize", {"idTag": ID_TOKEN}
    answer = yield (
        "StartTransaction",
        {"connectorId": 1, "idTag": ID_TOKEN, "meterStart": register_wh, "timestamp": _time()},
    )
    transaction_id = answer["transactionId"]
    for step in range(1, READINGS + 1):
        values = _values(register_wh + step, numbers=False)
        yield (
            "MeterValues",
            {
                "connectorId": 1,
                "transactionId": transaction_id,
                "meterValue": [{"timestamp": _time(), "sampledValue": values}],
            },
        )
    yield "Heartbeat", {}
    yield (
        "StopTransaction",
        {
            "transactionId": transaction_id,
            "timestamp": _time(),
            "meterStop": register_wh + READINGS,
            "reason": "Local",
            "idTag": ID_TOKEN,
        },
    )


def _cycle_v201(number: int, register_wh: int) -> Cycle:
    token = {"idToken": ID_TOKEN, "type": "ISO14443"}
    transaction = f"bench-{number}-{register_wh}"

    def event(kind: str, seq_no: int, trigger: str, **more: Any) -> tuple[str, dict[str, Any]]:
        return (
            "TransactionEvent",
            {
                "eventType": kind,
                "timestamp": _time(),
                "triggerReason": trigger,
                "seqNo": seq_no,
                "transactionInfo": {"transactionId": transaction, "chargingState": "Charging"},
                **more,
            },
        )

    yield "Authorize", {"idToken": token}
    yield event("Started", 0, "Authorized", idToken=token, evse={"id": 1, "connectorId": 1})
    for step in range(1, READINGS + 1):
        values = _values(register_wh + step, numbers=True)
        yield event(
            "Updated",
            step,
            "MeterValuePeriodic",
            meterValue=[{"timestamp": _time(), "sampledValue": values}],
        )
    yield "Heartbeat", {}
    yield event("Ended", READINGS + 1, "EVDeparted")


def call(message_id: str, action: str, payload: dict[str, Any]) -> bytes:
    return json.dumps([2, message_id, action, payload], separators=(",", ":")).encode()
