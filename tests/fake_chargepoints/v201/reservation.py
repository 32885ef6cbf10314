"""Reservations on the wire of 2.0.1 (H)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..evse import Evse, Reservation
from ..frames import Payload
from .idtokens import token_from

if TYPE_CHECKING:
    from .station import ChargePoint201


async def reserve_now(station: ChargePoint201, payload: Payload) -> Payload:
    evse_id = payload.get("evseId", 0)
    if evse_id > len(station.evses):
        return {"status": "Rejected"}
    wanted = [evse for evse in station.evses if evse_id in (0, evse.id)]
    obstacles = [_obstacle(evse, payload["id"]) for evse in wanted]
    if all(obstacles):
        return {"status": obstacles[0]}
    group = payload.get("groupIdToken")
    station.reserve(
        Reservation(
            payload["id"],
            evse_id,
            token_from(payload["idToken"]),
            datetime.fromisoformat(payload["expiryDateTime"]),
            group["idToken"] if group else None,
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


async def cancel(station: ChargePoint201, payload: Payload) -> Payload:
    reservation = station.reservations.get(payload["reservationId"])
    if reservation is None:
        return {"status": "Rejected"}
    station.drop_reservation(reservation)
    return {"status": "Accepted"}
