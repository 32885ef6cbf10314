"""A charger that an operator had limited by hand is taken over by load management."""

from __future__ import annotations

import asyncio

import pytest
from acceptance.api.installation import set_up
from fake_chargepoints.chargepoint import StationOptions
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v201 import ChargePoint201
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import Running

CARD = "CARD-1"


@pytest.mark.parametrize("kind", [ChargePoint16, ChargePoint201])
async def test_an_operators_limit_is_gone_once_the_outlet_is_steered(
    server: Running, kind: type[ChargePoint16 | ChargePoint201]
) -> None:
    await server.add_token(CARD)
    async with kind(StationOptions(LinkOptions(server.url, "CP-1"))) as station:
        await station.until_ready()
        await server.post("/charge-points/CP-1/limit", {"evse_id": 1, "limit_a": 8})
        await set_up(server)
        await station.plug_in(1, Vehicle.at(VehicleModel(), soc=0.2))
        assert await station.present_card(1, IdToken(CARD))
        await station.flush()
        async with asyncio.timeout(20):
            while station.evse(1).offer.limit_a != 16:
                await station.tick()
                await asyncio.sleep(0.1)


async def test_what_an_outlet_was_told_is_forgotten_when_it_is_taken_out(server: Running) -> None:
    await set_up(server)
    await server.rows(
        "INSERT INTO evse_memories (charge_point_key, evse_id, standing_a, switches, strategy) "
        "SELECT key, 1, 16, 0, '{}' FROM charge_points"
    )
    assert (await server.api("DELETE", "/evses/CP-1/1")).status == 204
    assert await server.rows("SELECT * FROM evse_memories") == []
