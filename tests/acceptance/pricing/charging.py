"""Chargers that charge at times of a test's choosing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_chargepoints.script import ScriptedChargePoint
from running import Running

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def meter_values(number: int, readings: Sequence[tuple[datetime, int]]) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "transactionId": number,
        "meterValue": [
            {"timestamp": text(at), "sampledValue": [{"value": str(wh)}]} for at, wh in readings
        ],
    }


async def begin(charger: ScriptedChargePoint, at: datetime, id_tag: str = "CARD") -> int:
    body = {"connectorId": 1, "idTag": id_tag, "meterStart": 0, "timestamp": text(at)}
    return int((await charger.send("StartTransaction", body))["transactionId"])


async def end(charger: ScriptedChargePoint, number: int, at: datetime, wh: int) -> None:
    body = {"transactionId": number, "meterStop": wh, "timestamp": text(at)}
    await charger.send("StopTransaction", body)


async def charge(
    charger: ScriptedChargePoint,
    started_at: datetime = MONDAY,
    hours: float = 2,
    wh: int = 10_000,
    id_tag: str = "CARD",
) -> int:
    """Charge evenly, with a reading in the middle; returns the transaction's number."""
    number = await begin(charger, started_at, id_tag)
    middle = started_at + timedelta(hours=hours / 2)
    await charger.send("MeterValues", meter_values(number, [(middle, wh // 2)]))
    await end(charger, number, started_at + timedelta(hours=hours), wh)
    return number


async def cost(server: Running, number: int) -> dict[str, Any]:
    """Return what a transaction cost, once it was priced."""
    found = await server.eventually(
        f"/transactions/{number}", lambda each: each["cost"]["revision"] is not None
    )
    shown: dict[str, Any] = found["cost"]
    return shown
