from __future__ import annotations

from unit.handlers.v16.conversation import say
from unit.world import World

from csms.services.charge_point import ChargePoint


async def test_a_heartbeat_is_answered_with_the_time_every_charger_can_read(
    world: World, charge_point: ChargePoint
) -> None:
    world.clock.advance(1.75)
    answer = await say(world, charge_point, "Heartbeat", {})
    assert answer == {"currentTime": "2026-06-15T12:00:01Z"}
