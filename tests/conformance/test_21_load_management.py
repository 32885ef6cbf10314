"""OCPP 2.1: a whole station is steered by the load management of its site, and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fake_chargepoints.link import LinkOptions
from fake_chargepoints.station import StationOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v21 import ChargePoint21
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import Running

CARD = IdToken("CARD-1")


def limit_a(station: ChargePoint21) -> float:
    """What its own rules make of all that it was told."""
    evse = station.evses[0]
    since = None if evse.transaction is None else evse.transaction.started_at
    return station.profiles.limit(1, evse.supply, station.clock.now(), charging_since=since).limit_a


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def set_up(server: Running, breaker_a: float) -> None:
    await server.add_token("CARD-1")
    await server.put("/sites/garage", {"name": "Garage"})
    await server.put(
        "/circuits/main", {"site_id": "garage", "name": "Main", "breaker_a": breaker_a}
    )
    await server.accept("CS-1")
    body = {"circuit_id": "main", "phases": "RST", "rated_a": 32}
    await server.put("/evses/CS-1/1", body)


async def test_a_station_of_21_charges_within_the_limits_of_its_site(server: Running) -> None:
    await set_up(server, breaker_a=10.0)
    options = StationOptions(LinkOptions(server.url, "CS-1"))
    async with ChargePoint21(options) as station:
        await station.until_ready()
        await until(lambda: limit_a(station) == 0.0)
        await station.plug_in(1, Vehicle.at(VehicleModel(), 0.2))
        assert await station.present_card(1, CARD)
        await until(lambda: limit_a(station) == 10.0)
        body = {"site_id": "garage", "name": "Main", "breaker_a": 8}
        await server.put("/circuits/main", body)
        await until(lambda: limit_a(station) == 8.0)
        (running,) = await server.transactions(active="true")
        problem = await server.post(
            "/charge-points/CS-1/priority-charging", {"transaction_id": running["id"]}, status=409
        )
        assert "steered by load management" in problem["detail"]
        await station.stop(1, "Local")
        await station.flush()
        assert station.failures == []
    (transaction,) = await server.transactions()
    assert (transaction["id_token"], transaction["stop_reason"]) == ("CARD-1", "Local")
    assert (await server.get("/charge-points/CS-1"))["ocpp_version"] == "ocpp2.1"
