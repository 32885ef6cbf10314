"""Charge points of every version that keep their lists let known cards charge without a server."""

from __future__ import annotations

import pytest
from fake_chargepoints.chargepoint import ChargePoint
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v21 import ChargePoint21
from fake_chargepoints.v201 import ChargePoint201
from running import Running
from unit.fake_chargepoints.stations import options_for

LIST = "/charge-points/CP1/local-list"


@pytest.mark.parametrize("kind", [ChargePoint16, ChargePoint201, ChargePoint21])
async def test_a_charge_point_lets_its_list_charge_while_the_server_is_away(
    server: Running, kind: type[ChargePoint]
) -> None:
    for number in range(30):
        await server.add_token(f"CARD-{number}")
    async with kind(options_for(server.url)) as station:
        await station.until_ready()
        await station.flush()
        assert (await server.post(f"{LIST}/sync"))["accepted"] is True
        await server.add_token("CARD-0", status="Blocked")
        await server.add_token("NEW")
        answer = await server.post(f"{LIST}/sync")
        assert (answer["outcome"], answer["local_list"]["held"]) == ("in_sync", 30)
        station.go_offline()
        offline = {
            card: (await station.authorize(IdToken(card))).status
            for card in ("CARD-1", "NEW", "CARD-0")
        }
    assert offline == {"CARD-1": "Accepted", "NEW": "Accepted", "CARD-0": "Invalid"}
