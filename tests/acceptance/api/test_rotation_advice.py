"""An electrician is told which outlets to connect otherwise."""

from __future__ import annotations

from acceptance.api.installation import EVSE, set_up
from running import Running

ALIKE = {**EVSE, "phases": "L1L2L3"}


async def three_alike(server: Running) -> None:
    await set_up(server)
    for number in (1, 2, 3):
        await server.accept(f"CP-{number}")
        await server.put(f"/evses/CP-{number}/1", ALIKE)


async def test_outlets_that_are_all_connected_alike_are_turned(server: Running) -> None:
    await three_alike(server)
    (turn,) = (await server.get("/sites/garage/rotation-advice"))["items"]
    assert (turn["phases_now"], turn["gain_a"], turn["is_seen"]) == ("L1L2L3", 16, False)
    assert turn["better_phases"] in ("L2L3L1", "L3L1L2")
    assert "L1 is full" in turn["reason"]


async def test_cars_on_three_phases_need_no_turn(server: Running) -> None:
    await three_alike(server)
    found = await server.get("/sites/garage/rotation-advice?assumed_phases=3")
    assert found["items"] == []


async def test_what_cars_were_seen_to_draw_counts(server: Running) -> None:
    await three_alike(server)
    await server.rows(
        "INSERT INTO meter_values (charge_point_key, sampled_at, evse_id, digest, connector_id, "
        "received_at, context, current_l1_a, current_l2_a, current_l3_a) "
        "SELECT key, now(), 1, 1, 1, now(), 'Sample.Periodic', 6, 0, 0 FROM charge_points"
    )
    assert (await server.get("/sites/garage/rotation-advice"))["items"] == []


async def test_a_site_without_circuits_needs_none(server: Running) -> None:
    await server.put("/sites/garage", {})
    assert (await server.get("/sites/garage/rotation-advice"))["items"] == []


async def test_the_advice_for_an_unknown_site_is_not_found(server: Running) -> None:
    assert (await server.api("GET", "/sites/nowhere/rotation-advice")).status == 404
