from __future__ import annotations

from unit.handlers.v16.conversation import say
from unit.world import World, make_world

from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint

BOOT = {
    "chargePointVendor": "Acme",
    "chargePointModel": "One",
    "chargePointSerialNumber": "SN-1",
    "chargeBoxSerialNumber": "BOX-1",
    "firmwareVersion": "1.2.3",
    "iccid": "89",
    "imsi": "26",
    "meterType": "M",
    "meterSerialNumber": "MSN-1",
}


async def test_an_accepted_charge_point_gets_time_and_interval(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "BootNotification", BOOT)
    assert answer == {
        "status": "Accepted",
        "currentTime": "2026-06-15T12:00:00Z",
        "interval": 300,
    }


async def test_who_it_is_gets_stored(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "BootNotification", BOOT)
    stored = world.store.charge_points["cp-1"]
    assert (stored.vendor, stored.model, stored.serial_number) == ("Acme", "One", "SN-1")
    assert (stored.firmware_version, stored.iccid, stored.imsi) == ("1.2.3", "89", "26")
    assert (stored.meter_type, stored.meter_serial_number) == ("M", "MSN-1")
    assert stored.boot_count == 1


async def test_the_box_serial_number_stands_in_for_a_missing_one(
    world: World, charge_point: ChargePoint
) -> None:
    boot = {k: v for k, v in BOOT.items() if k != "chargePointSerialNumber"}
    await say(world, charge_point, "BootNotification", boot)
    assert world.store.charge_points["cp-1"].serial_number == "BOX-1"


async def test_an_unknown_charge_point_waits_for_approval_and_is_then_accepted() -> None:
    world = make_world(unknown="pending")
    charge_point = await world.connect("NEW")
    first = await say(world, charge_point, "BootNotification", BOOT)
    charge_point.registration_status = RegistrationStatus.ACCEPTED
    second = await say(world, charge_point, "BootNotification", BOOT)
    assert [first["status"], second["status"]] == ["Pending", "Accepted"]


async def test_a_refused_charge_point_is_told_so(world: World, charge_point: ChargePoint) -> None:
    charge_point.registration_status = RegistrationStatus.REJECTED
    answer = await say(world, charge_point, "BootNotification", BOOT)
    assert answer["status"] == "Rejected"


async def test_a_boot_that_says_nothing_is_answered_too(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "BootNotification", {"iccid": None, "imsi": "null"})
    assert answer["status"] == "Accepted"
    assert world.store.charge_points["cp-1"].imsi is None
