"""An operator says once how chargers of a kind shall be, and they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conformance.stations import ACCEPTED, station_16, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running, running_app

INTERVAL = {"variable": "MeterValueSampleInterval", "value": "60"}
TEMPLATE = {"name": "Live figures", "vendor": "Vend*", "settings": [INTERVAL]}
PATH = "/configuration-templates/live"


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that lets nobody wait for the sake of others."""
    async with running_app(database_url, tmp_path, configuration_jobs_per_minute=6000) as running:
        yield running


def told(value: str | None, *, readonly: bool = False) -> dict[str, Any]:
    if value is None:
        return {"unknownKey": ["MeterValueSampleInterval"]}
    key = {"key": "MeterValueSampleInterval", "readonly": readonly, "value": value}
    return {"configurationKey": [key]}


def expect_set(
    station: ScriptedChargePoint, before: str = "10", after: str = "60", status: str = "Accepted"
) -> None:
    station.expect("GetConfiguration", told(before))
    wanted = {"key": "MeterValueSampleInterval", "value": "60"}
    station.expect("ChangeConfiguration", {"status": status}, check=wanted)
    if status in ("Accepted", "RebootRequired"):
        station.expect("GetConfiguration", told(after))


async def job(server: Running, status: str) -> dict[str, Any]:
    """The only job, once it has come this far."""

    def reached(found: Any) -> bool:
        return [each["status"] for each in found["items"]] == [status]

    found: dict[str, Any] = (await server.eventually("/configuration-jobs", reached))["items"][0]
    return found


async def test_a_template_is_applied_once_and_verified_by_reading_back(server: Running) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        expect_set(station)
        assert await server.post(f"{PATH}/apply", status=202) == {"jobs": 1}
        done = await job(server, "applied")
        await station.reconnect()  # nothing more at the next boot
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
    assert done["results"] == [
        {
            "name": "MeterValueSampleInterval",
            "wanted": "60",
            "before": "10",
            "after": "60",
            "result": "set",
            "reason": None,
        }
    ]


async def test_what_is_right_already_is_not_set_again(server: Running) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        station.expect("GetConfiguration", told("60"))
        await server.post(f"{PATH}/apply", status=202)
        done = await job(server, "applied")
    assert done["results"][0]["result"] == "unchanged"


@pytest.mark.parametrize(
    ("before", "after", "status", "result"),
    [
        ("10", "", "Rejected", "refused"),
        ("10", "30", "Accepted", "not_kept"),  # Easee's floor of 30 s
    ],
)
async def test_what_a_charger_does_not_take_is_shown(
    server: Running, before: str, after: str, status: str, result: str
) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        expect_set(station, before, after, status)
        await server.post(f"{PATH}/apply", status=202)
        done = await job(server, "incomplete")
    assert done["results"][0]["result"] == result


@pytest.mark.parametrize(
    ("answer", "result"), [(told(None), "unknown"), (told("10", readonly=True), "read_only")]
)
async def test_what_can_not_be_set_is_not_tried(
    server: Running, answer: dict[str, Any], result: str
) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        station.expect("GetConfiguration", answer)
        await server.post(f"{PATH}/apply", status=202)
        done = await job(server, "incomplete")
    assert done["results"][0]["result"] == result


async def test_what_needs_a_restart_is_verified_after_it(server: Running) -> None:
    await server.put(PATH, TEMPLATE | {"restart_if_needed": True})
    async with station_16(server) as station:
        expect_set(station, after="10", status="RebootRequired")
        reset = station.expect("Reset", check={"type": "Soft"})
        await server.post(f"{PATH}/apply", status=202)
        await reset.happened()
        waiting = await job(server, "reboot_required")
        assert waiting["results"][0]["result"] == "reboot_required"
        await station.reconnect()
        station.expect("GetConfiguration", told("60"))
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        done = await job(server, "applied")
    assert done["results"][0]["after"] == "60"


async def test_a_job_waits_for_a_charger_that_is_away(server: Running) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server):
        pass
    await server.post(f"{PATH}/apply", status=202)
    await job(server, "waiting")
    async with server.charge_point("CP-1") as station:
        expect_set(station)
        await job(server, "applied")


async def test_what_a_stopped_server_was_at_goes_on_where_the_charger_connects(
    server: Running, tmp_path: Path
) -> None:
    await server.put(PATH, TEMPLATE)
    await server.accept("CP-1")
    await server.rows("UPDATE charge_points SET vendor = 'Vendor', model = 'Model'")
    await server.post(f"{PATH}/apply", status=202)
    await server.rows("UPDATE configuration_jobs SET status = 'running'")  # by another server
    assert server.settings.database_url is not None
    async with running_app(server.settings.database_url, tmp_path / "other", operator="other"):
        await job(server, "running")  # who starts leaves the jobs of others alone
    async with station_16(server) as station:
        expect_set(station)
        await job(server, "applied")


async def test_a_job_whose_charger_hangs_up_is_not_tried_again(server: Running) -> None:
    """ABB Terra AC restarts when it is asked for its measurands: it would do so for ever."""
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        station.expect("GetConfiguration", instead="abort")
        await server.post(f"{PATH}/apply", status=202)
        failed = await job(server, "failed")
        await station.reconnect()
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
    assert "GetConfiguration" in failed["reason"]


async def test_who_is_accepted_gets_the_templates_of_its_kind_once(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "pending"})
    await server.put(PATH, TEMPLATE | {"apply_on_approval": True})
    other = TEMPLATE | {"vendor": "Other", "apply_on_approval": True}
    await server.put("/configuration-templates/other", other)
    async with server.charge_point("CP-1") as station:
        await station.send("BootNotification", V16_BOOT, reply={"status": "Pending"})

        async def boot_again(_: object) -> None:
            await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)

        wanted = {"requestedMessage": "BootNotification"}
        station.expect("TriggerMessage", check=wanted, after=boot_again)
        expect_set(station)
        await server.accept("CP-1")
        done = await job(server, "applied")
    assert (done["template_id"], done["requested_by"]) == ("live", "approval")


async def test_a_new_charger_gets_its_templates_at_its_first_boot_alone(server: Running) -> None:
    await server.put(PATH, TEMPLATE | {"apply_on_approval": True})
    async with server.charge_point("CP-1") as station:
        expect_set(station)
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        await job(server, "applied")
        await server.api("DELETE", PATH)
        await server.put("/configuration-templates/new", TEMPLATE | {"apply_on_approval": True})
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        await job(server, "applied")


async def test_a_station_of_2_0_1_understands_the_name_of_a_key(server: Running) -> None:
    name = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}

    def value(held: str) -> dict[str, Any]:
        return {
            "getVariableResult": [{**name, "attributeStatus": "Accepted", "attributeValue": held}]
        }

    await server.put(PATH, TEMPLATE)
    async with station_201(server) as station:
        station.expect("GetVariables", value("10"), check={"getVariableData": [name]})
        station.expect(
            "SetVariables",
            {"setVariableResult": [{**name, "attributeStatus": "Accepted"}]},
            check={"setVariableData": [{**name, "attributeValue": "60"}]},
        )
        station.expect("GetVariables", value("60"))
        await server.post(f"{PATH}/apply", {"charge_point_ids": ["CS-1"]}, status=202)
        done = await job(server, "applied")
    assert done["results"][0]["name"] == "SampledDataCtrlr.TxUpdatedInterval"


async def test_how_far_chargers_are_from_a_template_is_shown(server: Running) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server) as station:
        drift = (await server.get("/charge-points/CP-1/configuration-drift"))["items"]
        assert [each["state"] for each in drift[0]["settings"]] == ["unknown"]
        station.expect("GetConfiguration", told("10"))
        await server.get("/charge-points/CP-1/configuration?name=MeterValueSampleInterval")
    drift = (await server.get("/charge-points/CP-1/configuration-drift"))["items"]
    (found,) = drift[0]["settings"]
    assert (found["value"], found["wanted"], found["state"]) == ("10", "60", "differs")
    assert (await server.get(f"{PATH}/drift"))["items"] == [
        {"charge_point_id": "CP-1", "matches": 0, "differs": 1, "unknown": 0}
    ]


async def test_a_job_that_waits_can_be_cancelled(server: Running) -> None:
    await server.put(PATH, TEMPLATE)
    async with station_16(server):
        pass
    await server.post(f"{PATH}/apply", status=202)
    number = (await job(server, "waiting"))["id"]
    cancelled = await server.post(f"/configuration-jobs/{number}/cancel")
    assert cancelled["status"] == "cancelled"
    await server.post(f"/configuration-jobs/{number}/cancel", status=409)


async def test_the_good_defaults_can_be_adopted(server: Running) -> None:
    (suggestion,) = (await server.get("/configuration-templates/suggestions"))["items"]
    adopted = await server.put("/configuration-templates/defaults", suggestion)
    values = {each["variable"]: each["value"] for each in adopted["settings"]}
    assert (values["TxUpdatedInterval"], values["Interval"]) == ("60", "900")


async def test_a_template_holds_no_passwords(server: Running) -> None:
    secret = {"variable": "AuthorizationKey", "value": "0123456789ABCDEF"}
    refused = await server.api("PUT", PATH, TEMPLATE | {"settings": [secret]})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "settings.0.variable")


async def test_a_charger_that_a_template_does_not_fit_does_not_get_it(server: Running) -> None:
    await server.put(PATH, TEMPLATE | {"model": "Another*"})
    async with station_16(server):
        assert await server.post(f"{PATH}/apply", status=202) == {"jobs": 0}
        body = {"charge_point_ids": ["CP-1"]}
        await server.post(f"{PATH}/apply", body, status=422)


async def test_a_template_wants_one_value_of_a_setting(server: Running) -> None:
    twice = {**TEMPLATE, "settings": [INTERVAL, INTERVAL | {"value": "61"}]}
    answer = await server.api("PUT", PATH, twice)
    problem = answer.body["errors"][0]
    assert (answer.status, problem["field"]) == (422, "settings.1.variable")
