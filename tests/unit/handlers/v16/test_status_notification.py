from __future__ import annotations

from datetime import timedelta

import pytest
from unit.handlers.v16.conversation import say
from unit.world import NOON, World

from csms.gateway.repairs import mend
from csms.gateway.schemas import schemas_of
from csms.model import ConnectorStatus, OcppVersion, Place
from csms.services.charge_point import MAX_CONNECTORS, ChargePoint


async def test_connector_two_is_evse_two_connector_one(
    world: World, charge_point: ChargePoint
) -> None:
    world.clock.advance(10)
    status = {
        "connectorId": 2,
        "errorCode": "NoError",
        "status": "Preparing",
        "timestamp": world.clock.text(-10),
    }
    assert await say(world, charge_point, "StatusNotification", status) == {}
    (report,) = world.store.connector_reports
    assert report.place == Place(2, 1)
    assert report.connector.status is ConnectorStatus.PREPARING
    assert report.connector.status_at == NOON
    assert report.received_at == NOON + timedelta(seconds=10)


async def test_connector_zero_is_the_charge_point_as_a_whole(
    world: World, charge_point: ChargePoint
) -> None:
    status = {"connectorId": 0, "errorCode": "NoError", "status": "Available"}
    await say(world, charge_point, "StatusNotification", status)
    assert world.store.connector_reports[0].place.evse_id == 0


async def test_an_error_is_kept_with_what_the_vendor_says_of_it(
    world: World, charge_point: ChargePoint
) -> None:
    status = {
        "connectorId": 1,
        "errorCode": "GroundFailure",
        "status": "Faulted",
        "info": "RCD tripped",
        "vendorId": "acme.com",
        "vendorErrorCode": "E17",
    }
    await say(world, charge_point, "StatusNotification", status)
    connector = world.store.connector_reports[0].connector
    assert connector.error_code == "GroundFailure"
    assert connector.info == "RCD tripped"
    assert (connector.vendor_id, connector.vendor_error_code) == ("acme.com", "E17")


async def test_no_error_and_placeholders_count_as_nothing(
    world: World, charge_point: ChargePoint
) -> None:
    status = {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Available",
        "info": "null",
        "vendorErrorCode": "0x0000",
    }
    await say(world, charge_point, "StatusNotification", status)
    connector = world.store.connector_reports[0].connector
    assert (connector.error_code, connector.info, connector.vendor_error_code) == (None,) * 3


@pytest.mark.parametrize("written", ["suspendedev", "SuspendedEV", " SUSPENDEDEV "])
async def test_a_status_is_understood_in_any_case(
    world: World, charge_point: ChargePoint, written: str
) -> None:
    await say(world, charge_point, "StatusNotification", {"connectorId": "1", "status": written})
    assert world.store.connector_reports[0].connector.status is ConnectorStatus.SUSPENDED_EV


async def test_an_unknown_status_is_kept_as_a_notification_and_changes_no_connector(
    world: World, charge_point: ChargePoint
) -> None:
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Dreaming"}
    assert await say(world, charge_point, "StatusNotification", status) == {}
    (notification,) = world.store.notifications
    assert (notification.kind, notification.evse_id) == ("unknown_status", 1)
    assert notification.data == status
    assert world.store.connector_reports == []


async def test_a_charger_that_makes_up_connectors_fills_no_table(
    world: World, charge_point: ChargePoint
) -> None:
    for connector_id in range(MAX_CONNECTORS + 20):
        status = {"connectorId": connector_id, "errorCode": "NoError", "status": "Available"}
        assert await say(world, charge_point, "StatusNotification", status) == {}
    assert len(world.store.connector_reports) == MAX_CONNECTORS
    told = [each.kind for each in world.store.notifications]
    assert told.count("too_many_connectors") == 1
    await say(world, charge_point, "StatusNotification", status | {"connectorId": 1})
    assert len(world.store.connector_reports) == MAX_CONNECTORS + 1


async def test_a_connector_that_is_occupied_as_1_5_has_it_is_occupied(
    world: World, charge_point: ChargePoint
) -> None:
    status = {"connectorId": 1, "errorCode": "NoError", "status": "occupied"}
    schema = schemas_of(OcppVersion.V16).requests["StatusNotification"]
    mending = mend(schema.shape, status, received_at=world.clock.text())
    assert mending.violation is None
    await say(world, charge_point, "StatusNotification", mending.payload)
    (report,) = world.store.connector_reports
    assert report.connector.status is ConnectorStatus.OCCUPIED
