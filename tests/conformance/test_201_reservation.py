"""OCPP 2.0.1, block H: an EVSE is kept free for somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.stations import (
    ACCEPTED,
    RESERVED_ID_TOKEN,
    Session,
    reserve,
    station_201,
    tell_status,
    token,
)
from fake_chargepoints.script import ScriptedChargePoint
from running import Running


async def standing(server: Running) -> tuple[str, int | None]:
    """The status of the only reservation, and the transaction that used it."""
    (kept,) = (await server.get("/reservations"))["items"]
    return kept["status"], kept["transaction_id"]


async def ends(station: ScriptedChargePoint, number: int, status: str) -> None:
    told = {"reservationId": number, "reservationUpdateStatus": status}
    await station.send("ReservationStatusUpdate", told, reply={})


async def test_tc_h_01_an_evse_is_kept_free_and_used(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station, evse_id=1)
        assert sent == {
            "id": 1,
            "expiryDateTime": sent["expiryDateTime"],
            "idToken": token(RESERVED_ID_TOKEN),
            "evseId": 1,
        }
        await tell_status(station, "Reserved")
        assert await standing(server) == ("active", None)
        session = Session(station)
        said = {"idTokenInfo": ACCEPTED}
        shown = {"idToken": token(RESERVED_ID_TOKEN), "reservationId": 1}
        await session.tell("Started", "Authorized", **shown, reply=said)
    (transaction,) = await server.transactions()
    assert await standing(server) == ("used", transaction["id"])


async def test_tc_h_07_a_reservation_ends_when_nobody_comes(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station, evse_id=1)
        await tell_status(station, "Reserved")
        await tell_status(station, "Available")
        await ends(station, sent["id"], "Expired")
    assert await standing(server) == ("expired", None)


async def test_tc_h_08_any_evse_is_kept_free(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station)
        await tell_status(station, "Reserved")
    assert sent.keys() == {"id", "expiryDateTime", "idToken"}
    assert await standing(server) == ("active", None)


async def test_tc_h_14_as_many_reservations_as_evses(server: Running) -> None:
    async with station_201(server) as station:
        sent = [await reserve(server, station) for _ in range(2)]
        for evse_id in (1, 2):
            await tell_status(station, "Reserved", evse_id)
    assert [each["id"] for each in sent] == [1, 2]
    kept = (await server.get("/reservations?status=active"))["items"]
    assert [(each["reservation_id"], each["evse_id"]) for each in kept] == [(2, None), (1, None)]


async def test_tc_h_15_a_plug_of_some_kind_is_kept_free(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station, connector_type="cType2")
        await tell_status(station, "Reserved")
    assert (sent["connectorType"], "evseId" in sent) == ("cType2", False)
    (kept,) = (await server.get("/reservations"))["items"]
    assert (kept["connector_type"], kept["evse_id"]) == ("cType2", None)


async def test_tc_h_17_a_reservation_is_cancelled(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station, evse_id=1)
        await tell_status(station, "Reserved")
        station.expect("CancelReservation", check={"reservationId": sent["id"]})
        answer = await server.api("DELETE", f"/charge-points/CS-1/reservations/{sent['id']}")
        await tell_status(station, "Available")
    assert answer.body["accepted"] is True
    assert await standing(server) == ("cancelled", None)


async def test_tc_h_19_another_card_of_the_group_uses_a_reservation(server: Running) -> None:
    await server.put("/id-token-groups/FAMILY", {})
    await server.add_token("YOURS", group_id="FAMILY")
    group = {"idToken": "FAMILY", "type": "Central"}
    told: dict[str, Any] = {"idTokenInfo": {**ACCEPTED, "groupIdToken": group}}
    async with station_201(server) as station:
        sent = await reserve(server, station, evse_id=1, group_id="family")
        assert (sent["groupIdToken"], sent["idToken"]) == (group, token(RESERVED_ID_TOKEN))
        await tell_status(station, "Reserved")
        # H03.FR.08: the station learns the group of the other card from this answer
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=told)
        session = Session(station)
        shown = {"idToken": token("YOURS"), "reservationId": sent["id"]}
        await session.tell("Started", "Authorized", **shown, reply=told)
    assert (await standing(server))[0] == "used"


async def test_tc_h_20_a_station_that_fails_gives_a_reservation_up(server: Running) -> None:
    async with station_201(server) as station:
        sent = await reserve(server, station, evse_id=1)
        await tell_status(station, "Reserved")
        await tell_status(station, "Faulted")
        await ends(station, sent["id"], "Removed")
    assert await standing(server) == ("removed", None)


async def test_tc_h_22_a_station_takes_no_reservations(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("ReserveNow", {"status": "Rejected"})
        until = datetime.now(UTC) + timedelta(hours=1)
        body = {"id_token": "CARD-1", "expires_at": until.isoformat(), "evse_id": 1}
        answer = await server.post("/charge-points/CS-1/reservations", body)
    assert (answer["status"], answer["accepted"]) == ("Rejected", False)
    assert await standing(server) == ("rejected", None)
