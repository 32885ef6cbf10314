"""The server is restarted while chargers are still at something long."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from conformance.stations import ACCEPTED, now, station_16, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, running_app

TEMPLATE = {"name": "Live", "settings": [{"variable": "MeterValueSampleInterval", "value": "60"}]}


async def send_part(station: ScriptedChargePoint, request_id: int, part: int, more: bool) -> None:
    told = {
        "component": {"name": "EVSE", "evse": {"id": part + 1}},
        "variable": {"name": "Available"},
        "variableAttribute": [{"value": "true"}],
    }
    report = {"requestId": request_id, "generatedAt": now(), "seqNo": part, "tbc": more}
    await station.send("NotifyReport", {**report, "reportData": [told]}, reply={})


async def test_a_report_whose_parts_came_around_a_restart_is_complete(
    database_url: str, tmp_path: Path
) -> None:
    async with running_app(database_url, tmp_path) as before, station_201(before) as station:
        station.expect("GetBaseReport")
        path = "/charge-points/CS-1/reports"
        asked = await before.post(path, {"base": "FullInventory"}, status=201)
        await send_part(station, asked["request_id"], 0, more=True)
    async with running_app(database_url, tmp_path, operator="again") as after:
        async with after.charge_point("CS-1", "ocpp2.0.1") as station:
            await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
            await send_part(station, asked["request_id"], 1, more=False)
        report = await after.get(f"{path}/{asked['request_id']}")
        assert (report["status"], report["parts"], report["missing_parts"]) == ("complete", 2, [])
        assert (report["kind"], report["requested_by"]) == ("base", "tests")


async def test_a_report_that_a_stopped_server_left_does_not_stay_on_its_way(
    database_url: str, tmp_path: Path
) -> None:
    async with running_app(database_url, tmp_path) as before, station_201(before) as station:
        station.expect("GetBaseReport")
        path = "/charge-points/CS-1/reports"
        asked = await before.post(path, {"base": "FullInventory"}, status=201)
        path += f"/{asked['request_id']}"
        await send_part(station, asked["request_id"], 0, more=True)
        long_ago = "UPDATE device_reports SET updated_at = updated_at - interval '10 minutes'"
        await before.rows(long_ago)
    async with running_app(database_url, tmp_path, operator="again") as after:
        await after.app.services.reports.sweep_left()
        report = await after.get(path)
        assert (report["status"], report["reason"]) == ("timed_out", "no further part came")
        assert (report["parts"], report["requested_by"]) == (1, "tests")


async def test_a_template_that_was_being_applied_is_applied_after_a_restart(
    database_url: str, tmp_path: Path
) -> None:
    key: dict[str, Any] = {"key": "MeterValueSampleInterval", "readonly": False, "value": "10"}
    told = {"configurationKey": [key]}
    async with AsyncExitStack() as stack, running_app(database_url, tmp_path) as before:
        await before.put("/configuration-templates/live", TEMPLATE)
        station = await stack.enter_async_context(station_16(before))
        station.tolerate("GetConfiguration", told)
        asked = station.expect("ChangeConfiguration", instead="silence")
        await before.post("/configuration-templates/live/apply", status=202)
        await asked.happened()
    key["value"] = "60"
    async with (
        running_app(database_url, tmp_path, operator="again") as after,
        station_16(after) as station,
    ):
        station.tolerate("GetConfiguration", told)

        def is_applied(found: Any) -> bool:
            return [each["status"] for each in found["items"]] == ["applied"]

        await after.eventually("/configuration-jobs", is_applied)
