"""BootNotification and Heartbeat."""

from __future__ import annotations

import pytest
from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import REQUESTS
from unit.world import World, make_world

from csms.model import OcppVersion, RegistrationStatus
from csms.services.charge_point import ChargePoint


async def test_a_boot_is_answered_with_time_interval_and_status(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "BootNotification", REQUESTS["BootNotification"])
    assert answer == {
        "currentTime": "2026-06-15T12:00:00Z",
        "interval": 300,
        "status": "Accepted",
    }


async def test_all_that_a_boot_tells_is_kept(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "BootNotification", REQUESTS["BootNotification"])
    kept = world.store.charge_points["cp-1"]
    assert (kept.vendor, kept.model, kept.serial_number) == ("Maker", "Post", "S-1")
    assert (kept.firmware_version, kept.iccid, kept.imsi) == ("1.2.3", "8931", "2040")
    assert (kept.boot_reason, kept.boot_count) == ("PowerUp", 1)


@pytest.mark.parametrize(
    ("status", "told"),
    [(RegistrationStatus.PENDING, "Pending"), (RegistrationStatus.REJECTED, "Rejected")],
)
async def test_a_station_that_is_not_accepted_is_told_so(
    status: RegistrationStatus, told: str
) -> None:
    world = make_world(unknown="pending")
    charge_point = await world.connect("CP-1", OcppVersion.V201)
    charge_point.registration_status = status
    answer = await say(world, charge_point, "BootNotification", REQUESTS["BootNotification"])
    assert answer["status"] == told


async def test_a_boot_without_a_station_still_counts(
    world: World, charge_point: ChargePoint
) -> None:
    await mumble(world, charge_point, "BootNotification", {"chargingStation": "Post"})
    kept = world.store.charge_points["cp-1"]
    assert (kept.vendor, kept.model, kept.boot_count) == ("", "", 1)


async def test_a_heartbeat_is_answered_with_the_time_of_the_answer(
    world: World, charge_point: ChargePoint
) -> None:
    world.clock.advance(61)
    answer = await say(world, charge_point, "Heartbeat", {})
    assert answer == {"currentTime": "2026-06-15T12:01:01Z"}
