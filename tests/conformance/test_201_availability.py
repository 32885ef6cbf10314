"""OCPP 2.0.1, block G: availability of stations, EVSEs and connectors."""

from __future__ import annotations

from typing import Any

from conformance.stations import (
    ACCEPTED,
    OUTLET,
    Session,
    now,
    station_16,
    station_201,
    tell_status,
    token,
)
from running import Running

STATION: dict[str, Any] = {}
EVSE: dict[str, Any] = {"evse_id": 1}
CONNECTOR: dict[str, Any] = {"evse_id": 1, "connector_id": 1}
WRITTEN = {0: None, 1: {"id": 1}, 2: OUTLET}
"""How a place is written, by the number of its parts."""


async def order(server: Running, place: dict[str, Any], *, operative: bool) -> dict[str, Any]:
    body = {"operative": operative, **place}
    answer: dict[str, Any] = await server.post("/charge-points/CS-1/availability", body)
    return answer


def sent(place: dict[str, Any], *, operative: bool) -> dict[str, Any]:
    evse = WRITTEN[len(place)]
    named: dict[str, Any] = {"evse": evse} if evse else {}
    return named | {"operationalStatus": "Operative" if operative else "Inoperative"}


async def in_effect(server: Running) -> bool | None:
    """Whether the only order there is is in effect."""
    (held,) = (await server.get("/charge-points/CS-1/availability"))["items"]
    effect: bool | None = held["in_effect"]
    return effect


async def status(server: Running) -> str:
    (connector,) = (await server.get("/charge-points/CS-1"))["connectors"]
    found: str = connector["status"]
    return found


async def goes_out_of_use(server: Running, place: dict[str, Any]) -> None:
    async with station_201(server) as station:
        await tell_status(station, "Available")
        call = station.expect("ChangeAvailability")
        answer = await order(server, place, operative=False)
        assert await call.happened() == sent(place, operative=False)
        assert (answer["status"], answer["accepted"]) == ("Accepted", True)
        assert await in_effect(server) is False
        await tell_status(station, "Unavailable")
    assert await in_effect(server) is True
    assert await status(server) == "Unavailable"


async def comes_back_into_use(server: Running, place: dict[str, Any]) -> None:
    async with station_201(server) as station:
        await tell_status(station, "Unavailable")
        call = station.expect("ChangeAvailability")
        answer = await order(server, place, operative=True)
        assert await call.happened() == sent(place, operative=True)
        assert (answer["status"], answer["accepted"]) == ("Accepted", True)
        assert await in_effect(server) is False
        await tell_status(station, "Available")
    assert await in_effect(server) is True
    assert await status(server) == "Available"


async def waits_for_the_transaction(server: Running, place: dict[str, Any]) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await tell_status(station, "Occupied")
        await session.start("CARD-1")
        call = station.expect("ChangeAvailability", {"status": "Scheduled"})
        answer = await order(server, place, operative=False)
        assert await call.happened() == sent(place, operative=False)
        assert (answer["status"], answer["accepted"]) == ("Scheduled", True)
        assert await in_effect(server) is False
        stopped = {"chargingState": "EVConnected"}
        card = token("CARD-1")
        await session.tell(
            "Updated", "StopAuthorized", info=stopped, idToken=card, reply={"idTokenInfo": ACCEPTED}
        )
        await session.finish()
        await tell_status(station, "Unavailable")
    assert await in_effect(server) is True
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "EVDisconnected"


async def test_tc_g_03_an_evse_goes_out_of_use(server: Running) -> None:
    await goes_out_of_use(server, EVSE)


async def test_tc_g_04_an_evse_comes_back_into_use(server: Running) -> None:
    await comes_back_into_use(server, EVSE)


async def test_tc_g_05_a_station_goes_out_of_use(server: Running) -> None:
    await goes_out_of_use(server, STATION)


async def test_tc_g_06_a_station_comes_back_into_use(server: Running) -> None:
    await comes_back_into_use(server, STATION)


async def test_tc_g_07_a_connector_goes_out_of_use(server: Running) -> None:
    await goes_out_of_use(server, CONNECTOR)


async def test_tc_g_08_a_connector_comes_back_into_use(server: Running) -> None:
    await comes_back_into_use(server, CONNECTOR)


async def test_tc_g_11_an_evse_goes_out_of_use_after_its_transaction(server: Running) -> None:
    await waits_for_the_transaction(server, EVSE)


async def test_tc_g_14_a_station_goes_out_of_use_after_its_transactions(server: Running) -> None:
    await waits_for_the_transaction(server, STATION)


async def test_tc_g_17_a_connector_goes_out_of_use_after_its_transaction(
    server: Running,
) -> None:
    await waits_for_the_transaction(server, CONNECTOR)


async def test_tc_g_20_a_lock_that_fails_is_noted(server: Running) -> None:
    problem = {
        "eventId": 3,
        "timestamp": now(),
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": OUTLET},
        "variable": {"name": "Problem"},
    }
    async with station_201(server) as station:
        event = {"generatedAt": now(), "seqNo": 0, "eventData": [problem]}
        await station.send("NotifyEvent", event, reply={})
    noted = (await server.get("/charge-points/CS-1/notifications"))["items"]
    assert any("ConnectorPlugRetentionLock" in each["summary"] for each in noted)


async def test_an_order_of_1_6_is_followed_too(server: Running) -> None:
    async with station_16(server) as station:
        told = {"connectorId": 1, "errorCode": "NoError", "timestamp": now()}
        await station.send("StatusNotification", {**told, "status": "Charging"}, reply={})
        wanted = {"connectorId": 1, "type": "Inoperative"}
        station.expect("ChangeAvailability", {"status": "Scheduled"}, check=wanted)
        await server.post("/charge-points/CP-1/availability", {"operative": False, "evse_id": 1})
        await station.send("StatusNotification", {**told, "status": "Unavailable"}, reply={})
    (held,) = (await server.get("/charge-points/CP-1/availability"))["items"]
    assert (held["status"], held["in_effect"]) == ("Scheduled", True)
