"""Reservations on the wire of 1.6."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..evse import Evse, Reservation
from ..frames import Payload
from ..tokens import IdToken

if TYPE_CHECKING:
    from .station import ChargePoint16


async def reserve_now(station: ChargePoint16, payload: Payload) -> Payload:
    connector_id = payload["connectorId"]
    if connector_id > len(station.evses):
        return {"status": "Rejected"}
    wanted = [evse for evse in station.evses if connector_id in (0, evse.id)]
    obstacles = [_obstacle(evse, payload["reservationId"]) for evse in wanted]
    if all(obstacles):
        return {"status": obstacles[0]}
    station.reserve(
        Reservation(
            payload["reservationId"],
            connector_id,
            IdToken(payload["idTag"]),
            datetime.fromisoformat(payload["expiryDate"]),
            payload.get("parentIdTag"),
        )
    )
    return {"status": "Accepted"}


def _obstacle(evse: Evse, reservation_id: int) -> str | None:
    state = evse.state
    if state in ("Available", "Faulted", "Unavailable"):
        return None if state == "Available" else state
    if state == "Reserved" and evse.reservation and evse.reservation.id == reservation_id:
        return None
    return "Occupied"


async def cancel(station: ChargePoint16, payload: Payload) -> Payload:
    reservation = station.reservations.get(payload["reservationId"])
    if reservation is None:
        return {"status": "Rejected"}
    station.drop_reservation(reservation)
    return {"status": "Accepted"}
