"""`csms simulate --site`: the garage as the operator has set it up, and whether it holds."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

import pytest
from fake_chargepoints.breakers import CircuitPlan
from fake_chargepoints.garage_api import GarageApi, GarageApiError, Imagination
from fake_chargepoints.garage_plan import random_garage
from fake_chargepoints.garage_site import GarageCircuit, GarageEvse, GarageSite
from running import Running

PISO = GarageSite(
    "piso-3",
    "Piso -3",
    [
        GarageCircuit(
            CircuitPlan("main", (40.0, 40.0, 40.0)), has_meter=True, assumed_load_a=(10.0,) * 3
        ),
        GarageCircuit(CircuitPlan("left", (32.0, 32.0, 32.0), "main")),
    ],
    [
        GarageEvse("P-1", 1, "left", "RST", 16.0),
        GarageEvse("P-1", 2, "left", "STR", 16.0),
        GarageEvse("P-2", 1, "main", "L3", 32.0),
    ],
)


@dataclass
class Ended:
    code: int | None
    said: str


def operators_api(server: Running) -> GarageApi:
    key = server.http.headers["Authorization"].removeprefix("Bearer ")
    return GarageApi(server.api_url, key)


async def simulate(server: Running, *options: str) -> Ended:
    """Type the command and wait for its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "csms", "simulate", "--site", "piso-3", "--url", server.url),
        *("--api", server.api_url, "--arrivals", "1", "--meter-interval", "1"),
        *("--key", server.http.headers["Authorization"].removeprefix("Bearer ")),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"COLUMNS": "120"},
    )
    said, _ = await process.communicate()
    return Ended(process.returncode, said.decode())


async def test_a_garage_that_was_set_up_is_read_back_as_it_is(server: Running) -> None:
    built = random_garage(seed=5, evses=40)
    async with operators_api(server) as api:
        await api.set_up(built)
        read = await api.site(built.id, Imagination(versions=("1.6",)))
    assert {c.plan.id: (c.plan.breaker_a, c.plan.parent_id) for c in read.circuits} == {
        c.plan.id: (c.plan.breaker_a, c.plan.parent_id) for c in built.circuits
    }
    assert {c.id for c in read.circuits if c.has_meter} == {"main", "floor-1", "floor-2"}
    assert {(e.charge_point_id, e.circuit_id, e.rated_a, e.rotation) for e in read.evses} == {
        (e.charge_point_id, e.circuit_id, e.rated_a, e.rotation) for e in built.evses
    }


async def test_a_garage_that_nobody_has_set_up_can_not_be_simulated(server: Running) -> None:
    async with operators_api(server) as api:
        with pytest.raises(GarageApiError, match="piso-3"):
            await api.site("piso-3")


async def test_all_chargers_come_and_charge_and_the_breakers_hold(server: Running) -> None:
    async with operators_api(server) as api:
        await api.set_up(PISO)
    ended = await simulate(server, "--duration", "12")
    assert ended.code == 0, ended.said
    assert "2 of 2 chargers online" in ended.said
    assert "no breaker tripped" in ended.said
    transactions = await server.transactions()
    assert {each["charge_point_id"] for each in transactions} == {"P-1", "P-2"}
    circuit = await server.get("/circuits/main")
    assert circuit["last_reading"]["current_a"]["l1"] > 0


async def test_a_house_that_takes_too_much_trips_the_main_breaker_and_ends_with_1(
    server: Running,
) -> None:
    async with operators_api(server) as api:
        await api.set_up(PISO)
    ended = await simulate(server, "--duration", "6", "--house-load", "100")
    assert ended.code == 1, ended.said
    assert "TRIPPED" in ended.said


async def test_what_can_not_be_lost_is_said(server: Running) -> None:
    async with operators_api(server) as api:
        await api.set_up(PISO)
    ended = await simulate(server, "--duration", "5", "--lose-meter-at", "1:left")
    assert ended.code not in (0, None)
    assert "no 'left', only main" in ended.said
