"""What a charger may say while the operator has not accepted it."""

from __future__ import annotations

import pytest
from fake_chargepoints.errors import CallError
from fake_chargepoints.frames import Call
from fake_chargepoints.link import Reply
from gateway_world import Site, running_gateway

from csms.model import OcppVersion, RegistrationStatus

V201 = OcppVersion.V201
NOW = "2026-01-01T12:00:00Z"
BOOT_201 = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
REPORT = {"requestId": 1, "generatedAt": NOW, "seqNo": 0}


async def accept(call: Call) -> Reply:
    return Reply({"status": "Accepted"})


def set_status(site: Site, status: RegistrationStatus) -> None:
    connection = site.links.get("CP-1")
    assert connection is not None
    connection.charge_point.registration_status = status


async def test_a_pending_201_charger_may_only_boot() -> None:
    async with running_gateway(unknown="pending") as site, site.link(version=V201) as link:
        await link.call("BootNotification", BOOT_201)
        with pytest.raises(CallError, match="SecurityError"):
            await link.call("Heartbeat", {})
        with pytest.raises(CallError, match="SecurityError"):
            await link.call("heartbeat", {})

        assert [action for action, _ in site.desk.received] == ["BootNotification"]


async def test_acceptance_counts_at_once_and_without_a_new_boot() -> None:
    async with running_gateway(unknown="pending") as site, site.link(version=V201) as link:
        set_status(site, RegistrationStatus.ACCEPTED)
        assert await link.call("Heartbeat", {}) == {}


async def test_being_accepted_survives_a_reconnect_without_a_boot() -> None:
    async with running_gateway(unknown="accept") as site:
        async with site.link(version=V201) as link:
            await link.call("BootNotification", BOOT_201)
        async with site.link(version=V201) as link:
            assert await link.call("Heartbeat", {}) == {}


async def test_a_pending_201_charger_may_answer_what_it_was_asked_for() -> None:
    async with (
        running_gateway(unknown="pending") as site,
        site.link(version=V201, responder=accept) as link,
    ):
        connection = site.links.get("CP-1")
        assert connection is not None
        await connection.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, 5.0)
        await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, 5.0)

        assert await link.call("NotifyReport", REPORT) == {}
        assert await link.call("Heartbeat", {}) == {}
        with pytest.raises(CallError, match="SecurityError"):
            await link.call("NotifyEvent", {"generatedAt": NOW, "seqNo": 0, "eventData": []})


async def test_a_rejected_201_charger_may_not_even_that() -> None:
    async with (
        running_gateway(unknown="pending") as site,
        site.link(version=V201, responder=accept) as link,
    ):
        connection = site.links.get("CP-1")
        assert connection is not None
        await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, 5.0)
        set_status(site, RegistrationStatus.REJECTED)

        with pytest.raises(CallError, match="SecurityError"):
            await link.call("Heartbeat", {})


@pytest.mark.parametrize("status", [RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
async def test_a_16_charger_is_heard_before_it_is_accepted(status: RegistrationStatus) -> None:
    async with running_gateway(unknown="pending") as site, site.link() as link:
        set_status(site, status)
        await link.call("Heartbeat", {})
        await link.call(
            "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOW}
        )

        assert [action for action, _ in site.desk.received] == ["Heartbeat", "StartTransaction"]
