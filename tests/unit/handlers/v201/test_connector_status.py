"""A connector's status: by StatusNotification, or by NotifyEvent of its AvailabilityState."""

from __future__ import annotations

from typing import Any

from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import AVAILABILITY, NOON
from unit.world import World

from csms.model import ConnectorStatus, Place
from csms.services.charge_point import ChargePoint


def status(status: str, evse_id: int = 1, connector_id: int = 1) -> dict[str, Any]:
    return {
        "timestamp": NOON,
        "connectorStatus": status,
        "evseId": evse_id,
        "connectorId": connector_id,
    }


def event(**changes: Any) -> dict[str, Any]:
    return {"generatedAt": NOON, "seqNo": 0, "eventData": [AVAILABILITY | changes]}


async def test_a_status_is_kept_for_the_connector_of_an_evse(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "StatusNotification", status("Reserved", 2, 3))
    assert charge_point.connectors[Place(2, 3)].status is ConnectorStatus.RESERVED
    assert [report.place for report in world.store.connector_reports] == [Place(2, 3)]


async def test_a_status_in_1_6_words_after_a_version_switch_is_understood(
    world: World, charge_point: ChargePoint
) -> None:
    request = {"connectorId": 1, "status": "suspendedEV", "errorCode": "NoError"}
    await mumble(world, charge_point, "StatusNotification", request)
    assert charge_point.connectors[Place(0, 1)].status is ConnectorStatus.SUSPENDED_EV


async def test_a_status_nobody_can_read_is_kept_as_it_came(
    world: World, charge_point: ChargePoint
) -> None:
    await mumble(world, charge_point, "StatusNotification", status("Sleeping"))
    assert charge_point.connectors == {}
    (notification,) = world.store.notifications
    assert (notification.kind, notification.severity) == ("unknown_status", "warning")
    assert notification.data["connectorStatus"] == "Sleeping"
    assert (notification.evse_id, notification.connector_id) == (1, 1)


async def test_availability_told_as_an_event_is_the_connectors_status(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "NotifyEvent", event())
    assert charge_point.connectors[Place(1, 1)].status is ConnectorStatus.OCCUPIED
    assert [n.kind for n in world.store.notifications] == ["event"]


async def test_availability_told_both_ways_makes_one_line_of_history(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "StatusNotification", status("Occupied"))
    await say(world, charge_point, "NotifyEvent", event())
    assert len(world.store.connector_reports) == 1


async def test_the_last_of_several_events_counts(world: World, charge_point: ChargePoint) -> None:
    request = event()
    request["eventData"].append(AVAILABILITY | {"actualValue": "Available", "eventId": 2})
    await say(world, charge_point, "NotifyEvent", request)
    assert charge_point.connectors[Place(1, 1)].status is ConnectorStatus.AVAILABLE


async def test_availability_of_something_else_is_no_connector_status(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "NotifyEvent", event(component={"name": "ChargingStation"}))
    await say(world, charge_point, "NotifyEvent", event(actualValue="Dreaming"))
    await say(world, charge_point, "NotifyEvent", event(variable={"name": "Problem"}))
    assert charge_point.connectors == {}
