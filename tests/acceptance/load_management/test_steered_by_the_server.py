"""What an operator and his chargers see of load management, on a running server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from fake_chargepoints.link import LinkOptions
from fake_chargepoints.profiles import Profile
from fake_chargepoints.station import StationOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v201 import ChargePoint201
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import Running, running_app

Station: TypeAlias = ChargePoint16 | ChargePoint201

CARD = IdToken("CARD-1")
CAR = Vehicle.at(VehicleModel(), 0.2)


async def set_up(server: Running, *identities: str, breaker_a: float = 20.0) -> None:
    """One breaker with an EVSE for each charge point."""
    await server.add_token("CARD-1", max_concurrent_transactions=10)
    await server.put("/sites/garage", {"name": "Garage"})
    main = {"site_id": "garage", "name": "Piso -3", "breaker_a": breaker_a}
    await server.put("/circuits/main", main)
    for identity in identities:
        await server.accept(identity)
        body = {"circuit_id": "main", "phases": "RST", "rated_a": 16}
        await server.put(f"/evses/{identity}/1", body)


@asynccontextmanager
async def alive(server: Running, identity: str, version: str = "1.6") -> AsyncIterator[Station]:
    make = ChargePoint16 if version == "1.6" else ChargePoint201
    async with make(StationOptions(LinkOptions(server.url, identity))) as station:
        await station.until_ready()
        yield station


async def until_steered(server: Running) -> None:
    async with asyncio.timeout(30):
        while (await server.api("GET", "/sites/garage/allocation")).status != 200:
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


def limit_a(station: Station) -> float:
    """What its own rules make of all that it was told."""
    evse = station.evses[0]
    running = evse.transaction
    since = None if running is None else running.started_at
    return station.profiles.limit(1, evse.supply, station.clock.now(), charging_since=since).limit_a


def ours(station: Station) -> list[Profile]:
    return [profile for profile in station.profiles.all() if profile.profile_id >= 7000]


async def test_two_cars_share_a_breaker_and_the_reason_is_shown(server: Running) -> None:
    await set_up(server, "CP-1", "CP-2")
    async with alive(server, "CP-1") as one, alive(server, "CP-2", "2.0.1") as two:
        await until(lambda: limit_a(one) == limit_a(two) == 0.0)
        await one.plug_in(1, CAR)
        assert await one.present_card(1, CARD)
        await until(lambda: limit_a(one) == 16.0)
        await two.plug_in(1, CAR)
        assert await two.present_card(1, CARD)
        await until(lambda: limit_a(one) == limit_a(two) == 10.0)
        view = await server.get("/sites/garage/allocation")
    assert {evse["binding"] for evse in view["evses"]} == {"Piso -3, L1, 20 A"}
    assert {evse["state"] for evse in view["evses"]} == {"charging"}


async def test_an_evse_that_leaves_the_site_is_rid_of_our_limits(server: Running) -> None:
    await set_up(server, "CP-1")
    async with alive(server, "CP-1") as station:
        await until(lambda: len(ours(station)) >= 2)
        response = await server.api("DELETE", "/evses/CP-1/1")
        assert response.status == 204
        await until(lambda: ours(station) == [])


async def test_a_new_breaker_is_obeyed_at_once(server: Running) -> None:
    await set_up(server, "CP-1", breaker_a=32.0)
    async with alive(server, "CP-1") as station:
        await station.plug_in(1, CAR)
        assert await station.present_card(1, CARD)
        await until(lambda: limit_a(station) == 16.0)
        await server.put("/circuits/main", {"site_id": "garage", "name": "Main", "breaker_a": 10})
        await until(lambda: limit_a(station) == 10.0)


async def test_a_locked_evse_gives_nothing_and_says_so(server: Running) -> None:
    await set_up(server, "CP-1")
    await server.post("/evses/CP-1/1/mode", {"mode": "lock"})
    async with alive(server, "CP-1") as station:
        await until(lambda: len(ours(station)) >= 2)
        await station.plug_in(1, CAR)
        assert await station.present_card(1, CARD)
        await server.eventually(
            "/sites/garage/allocation", lambda body: body["evses"][0]["binding"] == "locked"
        )
        assert limit_a(station) == 0.0


async def test_another_node_takes_over_within_seconds(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as nodes:
        first_node = AsyncExitStack()
        first = await first_node.enter_async_context(
            running_app(database_url, tmp_path / "first", operator="first")
        )
        nodes.push_async_callback(first_node.aclose)
        await set_up(first, "CP-1")
        await until_steered(first)
        second = await nodes.enter_async_context(
            running_app(database_url, tmp_path / "second", operator="second")
        )
        assert (await second.api("GET", "/sites/garage/allocation")).status == 409
        await first_node.aclose()
        async with alive(second, "CP-1") as station:
            await until(lambda: len(ours(station)) >= 2)
        await until_steered(second)


async def test_an_evse_can_not_leave_while_its_car_charges(server: Running) -> None:
    await set_up(server, "CP-1")
    async with alive(server, "CP-1") as station:
        await station.plug_in(1, CAR)
        assert await station.present_card(1, CARD)
        response = await server.api("DELETE", "/evses/CP-1/1")
    assert response.status == 409
    assert "a car charges at CP-1/1" in response.body["detail"]


async def test_a_phase_that_nobody_measured_is_not_taken_for_0(server: Running) -> None:
    await set_up(server, "CP-1")
    response = await server.api("POST", "/circuits/main/readings", {"current_a": {"l1": 3}})
    assert response.status == 422
    assert "l2" in response.body["detail"]
