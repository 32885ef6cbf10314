"""The reusable states of the certification cases: a station of each version, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_chargepoints.likeness import Pattern
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, V201_BOOT, Running

ACCEPTED = {"status": "Accepted"}
OUTLET = {"id": 1, "connectorId": 1}
RESERVED_ID_TOKEN = "CARD-1"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def token(id_token: str, kind: str = "ISO14443") -> dict[str, Any]:
    return {"idToken": id_token, "type": kind}


def reading(wh: float, context: str = "Sample.Periodic", **more: Any) -> dict[str, Any]:
    return {"timestamp": now(), "sampledValue": [{"value": wh, "context": context, **more}]}


@asynccontextmanager
async def station_16(server: Running, identity: str = "CP-1") -> AsyncIterator[ScriptedChargePoint]:
    """An accepted, booted charge point of OCPP 1.6."""
    async with server.charge_point(identity) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        yield station


@asynccontextmanager
async def station_201(
    server: Running, identity: str = "CS-1"
) -> AsyncIterator[ScriptedChargePoint]:
    """An accepted, booted charging station of OCPP 2.0.1."""
    async with server.charge_point(identity, "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        yield station


@asynccontextmanager
async def station_21(server: Running, identity: str = "CS-1") -> AsyncIterator[ScriptedChargePoint]:
    """An accepted, booted charging station of OCPP 2.1."""
    async with server.charge_point(identity, "ocpp2.1") as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        yield station


async def notifications(server: Running, kind: str) -> list[dict[str, Any]]:
    """What the station told of this kind, the newest first."""
    items: list[dict[str, Any]] = (
        await server.get(f"/charge-points/CS-1/notifications?kind={kind}")
    )["items"]
    return items


async def tell_status(station: ScriptedChargePoint, status: str, evse_id: int = 1) -> None:
    """Report a connector of a 2.0.1 station in both ways the cases allow."""
    outlet = {"evseId": evse_id, "connectorId": 1}
    told = {"timestamp": now(), "connectorStatus": status, **outlet}
    await station.send("StatusNotification", told, reply={})
    change = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Delta",
        "actualValue": status,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": evse_id, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    event = {"generatedAt": now(), "seqNo": 0, "eventData": [change]}
    await station.send("NotifyEvent", event, reply={})


async def reserve(server: Running, station: ScriptedChargePoint, **body: Any) -> dict[str, Any]:
    """The state Reserved: an operator keeps something free, the station takes that."""
    await server.add_token(RESERVED_ID_TOKEN)
    until = datetime.now(UTC) + timedelta(hours=1)
    order = station.expect("ReserveNow")
    path = f"/charge-points/{station.options.identity}/reservations"
    answer = await server.post(
        path, {"id_token": RESERVED_ID_TOKEN, "expires_at": until.isoformat(), **body}
    )
    assert answer["accepted"] is True
    return await order.happened()


@dataclass
class Session:
    """One transaction of a 2.0.1 station; counts its own events."""

    station: ScriptedChargePoint
    transaction_id: str = "tx-1"
    evse_id: int = 1
    _next: int = field(default=0)

    async def tell(
        self, kind: str, trigger: str, *, reply: Pattern = None, **more: Any
    ) -> dict[str, Any]:
        """Send the next TransactionEvent; `info` goes into its transactionInfo."""
        info = {"transactionId": self.transaction_id, **more.pop("info", {})}
        event = {
            "eventType": kind,
            "timestamp": now(),
            "triggerReason": trigger,
            "seqNo": self._next,
            "transactionInfo": info,
            **more,
        }
        if self._next == 0:
            event["evse"] = {"id": self.evse_id, "connectorId": 1}
        self._next += 1
        return await self.station.send("TransactionEvent", event, reply=reply)

    def skip(self, count: int) -> list[int]:
        """Leave out some events; returns their sequence numbers."""
        self._next += count
        return list(range(self._next - count, self._next))

    async def authorize(self, id_token: str) -> None:
        """The state Authorized: a card is shown and accepted."""
        shown, accepted = token(id_token), {"idTokenInfo": ACCEPTED}
        await self.station.send("Authorize", {"idToken": shown}, reply=accepted)
        kind = "Updated" if self._next else "Started"
        await self.tell(kind, "Authorized", idToken=shown, reply=accepted)

    async def plug_in(self) -> None:
        """The state EVConnectedPreSession."""
        await tell_status(self.station, "Occupied", self.evse_id)
        kind = "Updated" if self._next else "Started"
        connected = {"chargingState": "EVConnected"}
        await self.tell(kind, "CablePluggedIn", info=connected, reply={})

    async def charge(self, state: str = "Charging") -> None:
        """The charging state changes: EnergyTransferStarted, or EnergyTransferSuspended."""
        await self.tell("Updated", "ChargingStateChanged", info={"chargingState": state}, reply={})

    async def stop_authorized(self, id_token: str, said: Pattern = None) -> None:
        """The state StopAuthorized: a card is shown that may end the transaction."""
        said = said or {"idTokenInfo": ACCEPTED}
        await self.tell("Updated", "StopAuthorized", idToken=token(id_token), reply=said)

    async def disconnect(self) -> None:
        """The state EVDisconnected."""
        await tell_status(self.station, "Available", self.evse_id)
        info = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await self.tell("Ended", "EVCommunicationLost", info=info, reply={})

    async def start(self, id_token: str) -> None:
        """The state EnergyTransferStarted, with a card shown first."""
        shown = token(id_token)
        accepted = {"idTokenInfo": ACCEPTED}
        await self.station.send("Authorize", {"idToken": shown}, reply=accepted)
        await self.tell("Started", "Authorized", idToken=shown, reply=accepted)
        await self.tell("Updated", "CablePluggedIn", info={"chargingState": "EVConnected"})
        await self.tell("Updated", "ChargingStateChanged", info={"chargingState": "Charging"})

    async def finish(self) -> None:
        """The states EVConnectedPostSession and EVDisconnected."""
        await self.tell("Updated", "ChargingStateChanged", info={"chargingState": "EVConnected"})
        ended = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await self.tell("Ended", "EVCommunicationLost", info=ended, reply={})
