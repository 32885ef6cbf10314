"""An operator limits a charge point by hand, and asks what it makes of its limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_chargepoints.chargepoint import StationOptions
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v201 import ChargePoint201
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import V16_BOOT, Running, sharing_a_server

from csms.api.server import Api
from csms.gateway.links import LiveLinks
from csms.metrics import Metrics
from csms.services.commanding import CommandService

LIMIT = "/charge-points/CP-1/limit"
CARD = "CARD-1"
STATIONS = pytest.mark.parametrize("kind", [ChargePoint16, ChargePoint201])


@dataclass
class Steered:
    """One EVSE is steered."""

    evse_id: int = 1

    def is_steered(self, charge_point_id: str, evse_id: int) -> bool:
        return charge_point_id == "CP-1" and evse_id in (0, self.evse_id)


def about_now(text: str, **earlier: float) -> bool:
    told = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - timedelta(**earlier) - told) < timedelta(seconds=20)


async def offered_a(station: ChargePoint16 | ChargePoint201) -> float:
    """The current that the first EVSE allows now."""
    await station.tick()
    return station.evse(1).offer.limit_a


@STATIONS
async def test_a_limit_holds_at_the_charger_until_it_is_cleared(
    server: Running, kind: type[ChargePoint16 | ChargePoint201]
) -> None:
    await server.add_token(CARD)
    async with kind(StationOptions(LinkOptions(server.url, "CP-1"))) as station:
        await station.until_ready()
        await station.plug_in(1, Vehicle.at(VehicleModel(), soc=0.2))
        assert await station.present_card(1, IdToken(CARD))
        await station.flush()
        full_a = await offered_a(station)
        answer = await server.post(LIMIT, {"evse_id": 1, "limit_a": 8})
        assert (answer["accepted"], answer["results"]) == (
            True,
            [{"profile_id": 6001, "stack_level": 1}],
        )
        assert await offered_a(station) == 8
        await server.post(LIMIT, {"evse_id": 1, "limit_a": 10, "transaction_only": True})
        assert await offered_a(station) == 10
        schedule = {"evse_id": 1, "duration_s": 300, "unit": "A"}
        read = await server.post("/charge-points/CP-1/composite-schedule", schedule)
        assert [each["limit"] for each in read["schedule"]["periods"]] == [10]
        assert (await server.post(f"{LIMIT}/clear", {"evse_id": 1}))["accepted"] is True
        assert await offered_a(station) == full_a


async def test_a_limit_is_a_default_of_all_transactions_for_as_long_as_it_says(
    server: Running,
) -> None:
    async with server.charge_point("CP-1") as charger:
        sent = charger.expect("SetChargingProfile")
        await server.post(LIMIT, {"limit_w": 4200.0, "duration_s": 600, "phases": 3})
        payload = await sent.happened()
    schedule = payload["csChargingProfiles"].pop("chargingSchedule")
    assert about_now(schedule.pop("startSchedule"), minutes=1)
    assert schedule == {
        "duration": 660,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4200, "numberPhases": 3}],
    }
    assert payload == {
        "connectorId": 0,
        "csChargingProfiles": {
            "chargingProfileId": 6000,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
        },
    }


async def test_a_charger_that_has_stack_level_0_alone_is_limited_all_the_same(
    server: Running,
) -> None:
    async with server.charge_point("CP-1") as charger:
        refused = {"csChargingProfiles": {"stackLevel": 1}}
        charger.expect("SetChargingProfile", {"status": "Rejected"}, check=refused)
        charger.expect("SetChargingProfile", check={"csChargingProfiles": {"stackLevel": 0}})
        answer = await server.post(LIMIT, {"evse_id": 1, "limit_a": 10})
    assert answer["results"] == [{"profile_id": 6001, "stack_level": 0}]


async def test_a_limit_that_the_charger_refuses_is_told_with_its_own_word(
    server: Running,
) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("SetChargingProfile", {"status": "NotSupported"})
        answer = await server.post(LIMIT, {"limit_a": 10})
    assert (answer["status"], answer["accepted"], answer["results"]) == ("NotSupported", False, [])


@sharing_a_server
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "limit_a"),
        ({"limit_a": 10, "limit_w": 2300}, "limit_a"),
        ({"limit_a": -1}, "limit_a"),
        ({"limit_a": 10, "phases": 4}, "phases"),
        ({"limit_a": 10, "duration_s": 0}, "duration_s"),
        ({"limit": 10}, "limit"),
    ],
)
async def test_a_limit_that_makes_no_sense_names_its_field(
    shared_server: Running, body: dict[str, Any], field: str
) -> None:
    await shared_server.accept("CP-1")
    answer = await shared_server.api("POST", LIMIT, body)
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == field


async def test_a_limit_for_a_transaction_needs_one(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        body = {"evse_id": 1, "limit_a": 10, "transaction_only": True}
        answer = await server.api("POST", LIMIT, body)
    assert (answer.status, answer.body["type"]) == (409, "urn:csms:problem:conflict")
    assert "no transaction runs at EVSE 1" in answer.body["detail"]


@pytest.mark.parametrize("body", [{"limit_a": 10}, {"limit_a": 10, "transaction_only": True}])
async def test_a_charge_point_that_is_not_connected_is_not_limited(
    server: Running, body: dict[str, Any]
) -> None:
    await server.accept("CP-1")
    answer = await server.api("POST", LIMIT, body)
    assert (answer.status, answer.body["type"]) == (409, "urn:csms:problem:not-connected")


@pytest.mark.parametrize(
    ("evse_id", "detail"), [(1, "EVSE 1 of CP-1 is steered"), (0, "an EVSE of CP-1 is steered")]
)
async def test_an_operators_limit_does_not_fight_with_load_management(
    server: Running, evse_id: int, detail: str
) -> None:
    await server.accept("CP-1")
    links = LiveLinks()
    commands = CommandService(links, {}, timeout_s=1)
    app = server.app
    api = Api(
        server.settings, app.database, app.services, commands, links, Metrics(), steered=Steered()
    )
    await api.start()
    try:
        url = f"http://127.0.0.1:{api.port}/api/v1{LIMIT}"
        body = {"evse_id": evse_id, "limit_a": 10}
        async with server.http.post(url, json=body) as response:
            assert response.status == 409
            assert detail in (await response.json())["detail"]
    finally:
        await api.stop()


async def test_an_order_to_limit_is_in_the_audit_log(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("SetChargingProfile")
        await server.post(LIMIT, {"limit_a": 10})
    (line,) = (await server.get("/audit-log?action=limit"))["items"]
    assert line["data"]["order"]["limit_a"] == 10


async def test_a_composite_schedule_may_be_missing(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetCompositeSchedule", {"status": "Accepted"})
        body = {"evse_id": 1, "duration_s": 60}
        answer = await server.post("/charge-points/CP-1/composite-schedule", body)
    assert (answer["accepted"], answer["schedule"]) == (True, None)
