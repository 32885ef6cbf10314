"""OCPP 1.6 and its security extension: firmware updates, diagnostics and logs."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.firmware_store import enter_firmware, signed_firmware
from conformance.stations import ACCEPTED, station_16
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running

CONTENT = b"firmware 2.0"
SIGNED = "SignedFirmwareStatusNotification"


async def order(
    server: Running, station: ScriptedChargePoint, action: str, answer: Any, **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    expected = station.expect(action, answer)
    verb = "get-log" if action in ("GetDiagnostics", "GetLog") else "update-firmware"
    said = await server.post(f"/charge-points/CP-1/{verb}", body)
    return await expected.happened(), said


async def state_of(server: Running, said: dict[str, Any]) -> tuple[str, str | None]:
    found = await server.get(f"/operations/{said['operation']['id']}")
    return found["state"], found["status"]


async def test_tc_044_1_firmware_is_fetched_and_installed(server: Running) -> None:
    firmware = await enter_firmware(server, CONTENT, version="2.0")
    async with station_16(server) as station:
        sent, said = await order(server, station, "UpdateFirmware", {}, firmware_id=firmware["id"])
        async with server.http.get(sent["location"]) as response:
            assert await response.read() == CONTENT
        for status in ("Downloading", "Downloaded", "Installing"):
            await station.send("FirmwareStatusNotification", {"status": status}, reply={})
        boot = V16_BOOT | {"firmwareVersion": "2.0"}
        await station.send("BootNotification", boot, reply=ACCEPTED)
        await station.send("FirmwareStatusNotification", {"status": "Installed"}, reply={})
    assert set(sent) == {"location", "retrieveDate"}
    assert await state_of(server, said) == ("succeeded", "Installed")


@pytest.mark.parametrize(
    "statuses",
    [
        ["Downloading", "DownloadFailed"],  # TC_044_2
        ["Downloading", "Downloaded", "Installing", "InstallationFailed"],  # TC_044_3
    ],
)
async def test_tc_044_2_an_update_that_fails_is_told(server: Running, statuses: list[str]) -> None:
    async with station_16(server) as station:
        place = {"location": "ftp://user:secret@files.example/f.bin"}
        sent, said = await order(server, station, "UpdateFirmware", {}, **place)
        for status in statuses:
            await station.send("FirmwareStatusNotification", {"status": status}, reply={})
    assert sent["location"] == place["location"]
    assert await state_of(server, said) == ("failed", statuses[-1])
    assert said["operation"]["request"]["location"] == "ftp://***@files.example/f.bin"


async def test_a_charger_that_never_says_installed_is_known_by_what_it_boots(
    server: Running,
) -> None:
    firmware = await enter_firmware(server, CONTENT, version="v2.0")
    async with station_16(server) as station:
        _, said = await order(server, station, "UpdateFirmware", {}, firmware_id=firmware["id"])
        await station.send("FirmwareStatusNotification", {"status": "Installing"}, reply={})
        boot = V16_BOOT | {"firmwareVersion": "2.0"}
        await station.send("BootNotification", boot, reply=ACCEPTED)
        path = f"/operations/{said['operation']['id']}"
        await server.eventually(path, lambda body: body["state"] == "succeeded")


@pytest.mark.parametrize(
    ("status", "state"), [("Uploaded", "succeeded"), ("UploadFailed", "failed")]
)  # TC_045_1; TC_045_2
async def test_tc_045_1_diagnostics_are_uploaded(server: Running, status: str, state: str) -> None:
    async with station_16(server) as station:
        times = {"since": "2026-06-15T02:00:00+02:00", "until": "2026-06-16T00:00:00Z"}
        answer = {"fileName": "diag.zip"}
        sent, said = await order(server, station, "GetDiagnostics", answer, retries=2, **times)
        for told in ("Uploading", status):
            await station.send("DiagnosticsStatusNotification", {"status": told}, reply={})
    assert (sent["startTime"], sent["stopTime"], sent["retries"]) == (
        "2026-06-15T00:00:00Z",
        "2026-06-16T00:00:00Z",
        2,
    )
    assert await state_of(server, said) == (state, status)


async def test_a_charger_without_diagnostics_says_so(server: Running) -> None:
    async with station_16(server) as station:
        _, said = await order(server, station, "GetDiagnostics", {})
    assert (said["accepted"], said["operation"]["state"]) == (False, "rejected")


async def test_tc_079_the_security_log_is_uploaded(server: Running) -> None:
    async with station_16(server) as station:
        answer = {"status": "Accepted", "filename": "security.log"}
        sent, said = await order(server, station, "GetLog", answer, log_type="security")
        for status in ("Uploading", "Uploaded"):
            told = {"status": status, "requestId": sent["requestId"]}
            await station.send("LogStatusNotification", told, reply={})
    assert sent["logType"] == "SecurityLog"
    assert await state_of(server, said) == ("succeeded", "Uploaded")


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (
            ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"],
            "succeeded",
        ),  # TC_080
        (["Downloading", "Downloaded", "InvalidSignature"], "failed"),  # TC_081
    ],
)
async def test_tc_080_signed_firmware_is_verified_and_installed(
    server: Running, statuses: list[str], state: str
) -> None:
    firmware = await enter_firmware(server, CONTENT, **signed_firmware(CONTENT))
    async with station_16(server) as station:
        body = {"firmware_id": firmware["id"], "install_at": "2099-01-01T03:00:00Z"}
        sent, said = await order(server, station, "SignedUpdateFirmware", ACCEPTED, **body)
        for status in statuses:
            told = {"status": status, "requestId": sent["requestId"]}
            await station.send(SIGNED, told, reply={})
    assert sent["firmware"]["signature"] == firmware["signature"]
    assert sent["firmware"]["installDateTime"] == "2099-01-01T03:00:00Z"
    assert await state_of(server, said) == (state, statuses[-1])


@pytest.mark.parametrize(
    ("message", "action", "requested"),
    [
        ("FirmwareStatusNotification", "TriggerMessage", "FirmwareStatusNotification"),
        ("DiagnosticsStatusNotification", "TriggerMessage", "DiagnosticsStatusNotification"),
        (SIGNED, "ExtendedTriggerMessage", "FirmwareStatusNotification"),
        ("LogStatusNotification", "ExtendedTriggerMessage", "LogStatusNotification"),
    ],
)
async def test_a_status_is_triggered_and_idle_changes_nothing(
    server: Running, message: str, action: str, requested: str
) -> None:
    async with station_16(server) as station:
        _, update = await order(
            server, station, "UpdateFirmware", {}, location="http://a.example/f"
        )
        _, log = await order(server, station, "GetDiagnostics", {"fileName": "d"})
        station.expect(action, ACCEPTED, check={"requestedMessage": requested})
        await server.post("/charge-points/CP-1/trigger", {"message": message})
        numbered = {"requestId": 1} if message in (SIGNED, "LogStatusNotification") else {}
        await station.send(message, {"status": "Idle", **numbered}, reply={})
    assert await state_of(server, update) == ("accepted", "Accepted")
    assert await state_of(server, log) == ("accepted", "Accepted")
