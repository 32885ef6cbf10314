"""OCPP 2.0.1, block L: firmware updates, and publishing firmware through a local controller."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from conformance.firmware_store import enter_firmware, signed_firmware
from conformance.stations import ACCEPTED, Session, now, station_201, tell_status
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running

CONTENT = b"firmware 2.0"
LATER = "2099-01-01T03:00:00Z"
BEFORE_BOOT = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting"]
LOCATION = "http://files.example/firmware.bin"


async def order(
    server: Running,
    station: ScriptedChargePoint,
    answer: str = "Accepted",
    **body: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Update the firmware, as the operator orders it: what was sent, and what the API said."""
    expected = station.expect("UpdateFirmware", {"status": answer})
    said = await server.post("/charge-points/CS-1/update-firmware", body)
    return await expected.happened(), said


async def tell(station: ScriptedChargePoint, request_id: int, *statuses: str) -> None:
    for status in statuses:
        told = {"status": status, "requestId": request_id}
        await station.send("FirmwareStatusNotification", told, reply={})


async def boot(station: ScriptedChargePoint, version: str) -> None:
    """Boot with a new firmware, and tell of the connector."""
    shown = {**V201_BOOT["chargingStation"], "firmwareVersion": version}  # type: ignore[dict-item]
    boot = {"reason": "FirmwareUpdate", "chargingStation": shown}
    await station.send("BootNotification", boot, reply=ACCEPTED)
    await tell_status(station, "Available")


async def operation(server: Running, said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await server.get(f"/operations/{said['operation']['id']}")
    return found


def statuses_of(operation: dict[str, Any]) -> list[str]:
    return [each["status"] for each in operation["statuses"]]


@pytest.fixture
async def firmware(server: Running) -> dict[str, Any]:
    """A signed firmware in the built-in store."""
    return await enter_firmware(server, CONTENT, version="2.0", **signed_firmware(CONTENT))


async def test_tc_l_01_a_signed_firmware_is_fetched_and_installed(
    server: Running, firmware: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await order(server, station, firmware_id=firmware["id"])
        async with server.http.get(sent["firmware"]["location"]) as response:
            fetched = await response.read()
        await tell(station, sent["requestId"], *BEFORE_BOOT)
        await boot(station, "2.0")
        await tell(station, sent["requestId"], "Installed")
    assert sent["firmware"]["signingCertificate"] == firmware["signing_certificate"]
    assert sent["firmware"]["signature"] == firmware["signature"]
    assert fetched == CONTENT
    done = await operation(server, said)
    assert (done["state"], done["status"]) == ("succeeded", "Installed")
    assert statuses_of(done) == [*BEFORE_BOOT, "Installed"]
    assert done["result"]["version_after"] == "2.0"
    assert done["result"]["version_is_wanted"] is True


@pytest.mark.parametrize(
    ("field", "key", "status"),
    [
        ("install_at", "installDateTime", "InstallScheduled"),
        ("retrieve_at", "retrieveDateTime", "DownloadScheduled"),
    ],
)  # TC_L_02; TC_L_03
async def test_tc_l_02_download_and_installation_have_their_time(
    server: Running, firmware: dict[str, Any], field: str, key: str, status: str
) -> None:
    async with station_201(server) as station:
        times = {field: LATER}
        sent, said = await order(server, station, firmware_id=firmware["id"], **times)
        await tell(station, sent["requestId"], status)
        waiting = await operation(server, said)
        await tell(station, sent["requestId"], *BEFORE_BOOT)
        await boot(station, "2.0")
        await tell(station, sent["requestId"], "Installed")
    assert sent["firmware"][key] == LATER
    assert (waiting["state"], waiting["status"]) == ("running", status)
    assert waiting["deadline_at"] > LATER
    assert (await operation(server, said))["state"] == "succeeded"


@pytest.mark.parametrize(
    ("answer", "event"),
    [("RevokedCertificate", None), ("InvalidCertificate", "InvalidFirmwareSigningCertificate")],
)  # TC_L_04; TC_L_05
async def test_tc_l_04_a_certificate_that_the_station_refuses_is_told(
    server: Running, firmware: dict[str, Any], answer: str, event: str | None
) -> None:
    async with station_201(server) as station:
        _, said = await order(server, station, answer, firmware_id=firmware["id"])
        if event:
            told = {"type": event, "timestamp": now()}
            await station.send("SecurityEventNotification", told, reply={})
    assert (said["status"], said["accepted"]) == (answer, False)
    assert said["operation"]["state"] == "rejected"
    noted = (await server.get("/charge-points/CS-1/notifications?kind=security_event"))["items"]
    assert [each["data"]["type"] for each in noted] == ([event] if event else [])


@pytest.mark.parametrize(
    ("statuses", "event"),
    [
        (["Downloading", "Downloaded", "InvalidSignature"], "InvalidFirmwareSignature"),  # TC_L_06
        (["Downloading", "DownloadFailed"], None),  # TC_L_07
        (
            [*BEFORE_BOOT[:4], "InstallVerificationFailed"],
            None,
        ),  # TC_L_08
    ],
)
async def test_tc_l_06_an_update_that_fails_says_why(
    server: Running, firmware: dict[str, Any], statuses: list[str], event: str | None
) -> None:
    async with station_201(server) as station:
        sent, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, sent["requestId"], *statuses)
        if event:
            told = {"type": event, "timestamp": now()}
            await station.send("SecurityEventNotification", told, reply={})
    failed = await operation(server, said)
    assert (failed["state"], failed["status"]) == ("failed", statuses[-1])
    assert failed["reason"]
    assert failed["finished_at"]


async def test_tc_l_09_an_installation_may_fail_after_the_boot(
    server: Running, firmware: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, sent["requestId"], *BEFORE_BOOT)
        await boot(station, "1.0")
        await tell(station, sent["requestId"], "InstallationFailed")
    failed = await operation(server, said)
    assert (failed["state"], failed["result"]["version_is_wanted"]) == ("failed", False)


async def test_tc_l_10_a_newer_update_takes_the_place_of_a_running_one(
    server: Running, firmware: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        first, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, first["requestId"], "Downloading")
        second, said_again = await order(
            server, station, "AcceptedCanceled", firmware_id=firmware["id"]
        )
        await tell(station, second["requestId"], *BEFORE_BOOT)
        await boot(station, "2.0")
        await tell(station, second["requestId"], "Installed")
    assert first["requestId"] != second["requestId"]
    assert said_again["accepted"] is True
    assert (await operation(server, said))["state"] == "cancelled"
    assert (await operation(server, said_again))["state"] == "succeeded"


async def test_tc_l_11_an_update_that_cannot_be_cancelled_goes_on(
    server: Running, firmware: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        first, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, first["requestId"], "Downloading")
        _, refused = await order(server, station, "Rejected", firmware_id=firmware["id"])
        await tell(station, first["requestId"], *BEFORE_BOOT[1:])
        await boot(station, "2.0")
        await tell(station, first["requestId"], "Installed")
    assert refused["operation"]["state"] == "rejected"
    assert (await operation(server, said))["state"] == "succeeded"


async def test_tc_l_13_an_update_waits_for_the_transaction_to_end(
    server: Running, firmware: dict[str, Any]
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        sent, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, sent["requestId"], "DownloadScheduled")
        await tell_status(station, "Unavailable", 2)
        await session.finish()
        await tell(station, sent["requestId"], *BEFORE_BOOT)
        await boot(station, "2.0")
        await tell(station, sent["requestId"], "Installed")
    assert (await operation(server, said))["state"] == "succeeded"
    assert await server.transactions(active="true") == []


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["Downloading", "Downloaded", "ChecksumVerified", "Published"], "succeeded"),  # TC_L_17
        (["Downloading", "DownloadFailed"], "failed"),  # TC_L_24
        (["Downloading", "Downloaded", "InvalidChecksum"], "failed"),  # TC_L_19
        (["Downloading", "Downloaded", "ChecksumVerified", "PublishFailed"], "failed"),  # TC_L_20
    ],
)
async def test_tc_l_17_a_local_controller_publishes_a_firmware(
    server: Running, statuses: list[str], state: str
) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    there = ["http://controller.local/firmware.bin"]
    async with station_201(server) as station:
        wanted = {"location": LOCATION, "checksum": md5}
        expected = station.expect("PublishFirmware", ACCEPTED, check=wanted)
        body = {"location": LOCATION, "md5": md5}
        said = await server.post("/charge-points/CS-1/publish-firmware", body)
        request_id = (await expected.happened())["requestId"]
        for status in statuses:
            told = {"status": status, "requestId": request_id}
            if status == "Published":
                told["location"] = there
            await station.send("PublishFirmwareStatusNotification", told, reply={})
    done = await operation(server, said)
    assert (done["state"], done["status"], statuses_of(done)) == (state, statuses[-1], statuses)
    assert done["result"].get("locations") == (there if state == "succeeded" else None)


@pytest.mark.parametrize(
    "status", ["Unpublished", "NoFirmware", "DownloadOngoing"]
)  # TC_L_21; TC_L_22; TC_L_23
async def test_tc_l_21_a_published_firmware_is_taken_back(server: Running, status: str) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    async with station_201(server) as station:
        station.expect("UnpublishFirmware", {"status": status}, check={"checksum": md5})
        answer = await server.post("/charge-points/CS-1/unpublish-firmware", {"md5": md5})
    assert (answer["status"], answer["accepted"]) == (status, status == "Unpublished")


async def test_installed_is_not_believed_when_another_version_boots(
    server: Running, firmware: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await order(server, station, firmware_id=firmware["id"])
        await tell(station, sent["requestId"], *BEFORE_BOOT, "Installed")
        assert (await operation(server, said))["state"] == "succeeded"
        await boot(station, "1.9")
        path = f"/operations/{said['operation']['id']}"
        failed = await server.eventually(path, lambda body: body["state"] == "failed")
    assert "1.9" in failed["reason"]
