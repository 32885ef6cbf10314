"""OCPP 1.6, profile Reservation: a connector is kept free for somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conformance.stations import RESERVED_ID_TOKEN, now, reserve, station_16
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

SAID = {"idTagInfo": {"status": "Accepted"}}


async def tell(station: ScriptedChargePoint, status: str, connector_id: int = 1) -> None:
    told = {"connectorId": connector_id, "errorCode": "NoError", "status": status}
    await station.send("StatusNotification", told, reply={})


async def begin(station: ScriptedChargePoint, number: int, card: str, connector_id: int) -> None:
    begun = {"connectorId": connector_id, "idTag": card, "meterStart": 0, "timestamp": now()}
    await station.send("StartTransaction", {**begun, "reservationId": number}, reply=SAID)


async def status(server: Running) -> str:
    (kept,) = (await server.get("/reservations"))["items"]
    return str(kept["status"])


async def test_tc_046_a_reserved_connector_is_used(server: Running) -> None:
    async with station_16(server) as station:
        sent = await reserve(server, station, evse_id=1)
        assert (sent["connectorId"], sent["idTag"]) == (1, RESERVED_ID_TOKEN)
        await tell(station, "Reserved")
        await station.send("Authorize", {"idTag": RESERVED_ID_TOKEN}, reply=SAID)
        await begin(station, sent["reservationId"], RESERVED_ID_TOKEN, 1)
    assert await status(server) == "used"


async def test_tc_047_a_reservation_expires(server: Running) -> None:
    """A 1.6 charge point has no words for that: its connector is free, and the time is over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    order = {
        "connectorId": 1,
        "expiryDate": past.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "idTag": "CARD-1",
        "reservationId": 1,
    }
    async with station_16(server) as station:
        station.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", order)
        await tell(station, "Reserved")
        await tell(station, "Available")
    assert await status(server) == "expired"


async def refused(server: Running, word: str) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(hours=1)
    body = {"id_token": "CARD-1", "expires_at": until.isoformat(), "evse_id": 1}
    async with station_16(server) as station:
        station.expect("ReserveNow", {"status": word})
        answer: dict[str, Any] = await server.post("/charge-points/CP-1/reservations", body)
    return answer


@pytest.mark.parametrize("word", ["Faulted", "Occupied", "Unavailable", "Rejected"])
async def test_tc_048_a_connector_that_cannot_be_reserved(server: Running, word: str) -> None:
    answer = await refused(server, word)
    assert (answer["status"], answer["accepted"]) == (word, False)
    assert await status(server) == "rejected"


async def test_tc_049_any_connector_is_reserved(server: Running) -> None:
    async with station_16(server) as station:
        sent = await reserve(server, station)
        assert sent["connectorId"] == 0
        await begin(station, sent["reservationId"], RESERVED_ID_TOKEN, 2)
    assert await status(server) == "used"


async def test_tc_051_a_reservation_is_cancelled(server: Running) -> None:
    async with station_16(server) as station:
        sent = await reserve(server, station, connector_id=1)
        number = sent["reservationId"]
        station.expect("CancelReservation", check={"reservationId": number})
        answer = await server.api("DELETE", f"/charge-points/CP-1/reservations/{number}")
        await tell(station, "Available")
    assert answer.body["accepted"] is True
    assert await status(server) == "cancelled"


async def test_tc_052_a_reservation_that_is_not_known_is_not_cancelled(server: Running) -> None:
    async with station_16(server) as station:
        station.expect("CancelReservation", {"status": "Rejected"})
        answer = await server.api("DELETE", "/charge-points/CP-1/reservations/12")
    assert (answer.body["status"], answer.body["accepted"]) == ("Rejected", False)


async def test_tc_053_another_card_of_the_group_uses_a_reservation(server: Running) -> None:
    await server.add_token("YOURS", group_id="FAMILY")
    said = {"idTagInfo": {"parentIdTag": "FAMILY", "status": "Accepted"}}
    async with station_16(server) as station:
        sent = await reserve(server, station, evse_id=1, group_id="FAMILY")
        assert sent["parentIdTag"] == "FAMILY"
        await station.send("Authorize", {"idTag": "YOURS"}, reply=said)
        await begin(station, sent["reservationId"], "YOURS", 1)
    assert await status(server) == "used"
