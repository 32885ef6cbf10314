"""An installer lets the server check a meter with a car that charges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from acceptance.api.installation import refused, set_up
from fake_chargepoints.chargepoint import StationOptions
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import Running

CARD = "CARD-1"
CHECKS = "/sites/garage/commissioning-checks"
ORDER = {"charge_point_id": "CP-1", "evse_id": 1, "seconds": 20}
UNPLUGGED = "meter-is-unplugged"
ONE_PHASE = VehicleModel(phases=1)

Wired = Callable[[float, float, float], dict[str, float]]
"""What a meter of the main circuit shows of the currents at an EVSE's terminals."""


def right(l1: float, l2: float, l3: float) -> dict[str, float]:
    """The outlet is wired STR: its first terminal hangs on L2."""
    return {"l1": 10 + l3, "l2": 10 + l1, "l3": 10 + l2}


def swapped(l1: float, l2: float, l3: float) -> dict[str, float]:
    truth = right(l1, l2, l3)
    return {"l1": truth["l2"], "l2": truth["l1"], "l3": truth["l3"]}


def elsewhere(l1: float, l2: float, l3: float) -> dict[str, float]:
    return right(0 * l1, 0 * l2, 0 * l3)


@asynccontextmanager
async def charging(server: Running, model: VehicleModel, meter: Wired) -> AsyncIterator[None]:
    """A car charges in a garage whose meter and charger report all the time."""
    await server.add_token(CARD)
    await set_up(server)
    async with ChargePoint16(StationOptions(LinkOptions(server.url, "CP-1"))) as station:
        await station.until_ready()
        await station.plug_in(1, Vehicle.at(model, soc=0.2))
        assert await station.present_card(1, IdToken(CARD))
        await station.flush()

        async def live() -> None:
            while True:
                await station.tick()
                if not server.settings.data_dir.joinpath(UNPLUGGED).exists():
                    shown = meter(*station.evse(1).box.terminal_currents_a())
                    path = "/circuits/main/readings"
                    assert (await server.api("POST", path, {"current_a": shown})).status == 202
                await station.meter_values(1)
                await asyncio.sleep(0.2)

        living = asyncio.create_task(live())
        try:
            await until_it_draws(server)
            yield
        finally:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living


async def until_it_draws(server: Running) -> None:
    async with asyncio.timeout(30):
        while True:
            found = await server.api("GET", "/sites/garage/allocation")
            evses = found.body["evses"] if found.status == 200 else []
            if evses and max((evses[0]["measured_a"] or {"l1": 0.0}).values()) > 15:
                return
            await asyncio.sleep(0.1)


async def checked(server: Running, **order: Any) -> dict[str, Any]:
    """Start a check and wait for what it finds."""
    check = await server.post(CHECKS, {**ORDER, **order}, status=202)
    async with asyncio.timeout(60):
        while (check := await server.get(f"{CHECKS}/{check['id']}"))["finished_at"] is None:
            await asyncio.sleep(0.1)
    found: dict[str, Any] = check
    return found


@pytest.mark.timeout(120)
async def test_a_meter_that_is_wired_right_is_found_right(server: Running) -> None:
    async with charging(server, ONE_PHASE, right):
        check = await checked(server)
        assert (check["state"], check["findings"]) == ("done", ["ok"]), check
        assert (check["phase_seen"], check["proposed_phases"]) == ("L2", None)
        assert "meter phase L2 rose by 10.0 A, as it should" in check["message"]
        await until_it_draws(server)
        logged = (await server.get("/audit-log?action=result"))["items"]
        assert logged[0]["data"]["message"] == check["message"]


@pytest.mark.timeout(120)
async def test_swapped_phases_are_found_and_the_right_ones_proposed(server: Running) -> None:
    async with charging(server, ONE_PHASE, swapped):
        check = await checked(server)
        assert (check["state"], check["findings"]) == ("done", ["swapped_phase"]), check
        assert check["proposed_phases"] == "L2L1L3"


@pytest.mark.timeout(120)
async def test_a_meter_in_another_circuit_shows_nothing(server: Running) -> None:
    async with charging(server, ONE_PHASE, elsewhere):
        check = await checked(server, current_a=6)
        assert (check["state"], check["findings"]) == ("done", ["nothing_rose"]), check


@pytest.mark.timeout(120)
async def test_one_check_runs_at_a_time(server: Running) -> None:
    async with charging(server, VehicleModel(), right):
        await server.post(CHECKS, ORDER, status=202)
        assert "another check runs" in refused(await server.api("POST", CHECKS, ORDER), 409)


@pytest.mark.timeout(120)
async def test_a_meter_that_falls_silent_ends_the_check_and_frees_the_car(server: Running) -> None:
    async with charging(server, ONE_PHASE, right):
        server.settings.data_dir.joinpath(UNPLUGGED).touch()
        check = await checked(server, seconds=5)
        assert (check["state"], check["findings"]) == ("failed", [])
        assert check["message"] == "the meter gave 0 of 3 readings within 5 s"
        await until_it_draws(server)


async def test_without_a_charging_car_nothing_can_be_checked(server: Running) -> None:
    await set_up(server)
    await server.post("/circuits/main/readings", {"current_a": 10}, status=202)
    answer = await server.api("POST", CHECKS, ORDER)
    assert "CP-1/1" in refused(answer, 409)


async def test_a_circuit_without_a_meter_cannot_be_checked(server: Running) -> None:
    await set_up(server)
    refused(await server.api("POST", CHECKS, ORDER), 422, "circuit_id")
    await server.post("/circuits/main/readings", {"current_a": 10}, status=202)
    order = {**ORDER, "circuit_id": "floor-3"}
    refused(await server.api("POST", CHECKS, order), 422, "circuit_id")


async def test_an_unknown_outlet_or_check_is_refused(server: Running) -> None:
    await set_up(server)
    order = {**ORDER, "evse_id": 7}
    refused(await server.api("POST", CHECKS, order), 422, "charge_point_id")
    assert (await server.api("GET", f"{CHECKS}/1")).status == 404
    assert (await server.get(CHECKS))["items"] == []
