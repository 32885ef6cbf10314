"""What takes a charger time is followed, also if it was ordered through the raw door."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED, station_16, station_201
from fake_chargepoints.errors import CallError
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

LATER = "2030-01-01T02:00:00Z"
FIRMWARE = {"location": "https://store.example.org/fw.bin?key=s3cret", "retrieveDateTime": LATER}
LOG = {"remoteLocation": "ftp://user:s3cret@example.org/logs"}


async def operations(server: Running, identity: str) -> list[dict[str, Any]]:
    path = f"/operations?charge_point_id={identity}"
    items: list[dict[str, Any]] = (await server.get(path))["items"]
    return items


async def tell(station: ScriptedChargePoint, action: str, status: str, **more: Any) -> None:
    await station.send(action, {"status": status, **more}, reply={})


async def test_an_update_by_the_raw_door_is_followed_until_it_is_installed(
    server: Running,
) -> None:
    async with station_201(server) as station:

        async def download(_: object) -> None:  # faster than the answer is read
            await tell(station, "FirmwareStatusNotification", "Downloading", requestId=7)

        station.expect("UpdateFirmware", ACCEPTED, before=download)
        order = {"requestId": 7, "firmware": FIRMWARE, "retries": 2}
        await server.post("/charge-points/CS-1/calls/UpdateFirmware", order)
        (begun,) = await operations(server, "CS-1")
        assert (begun["kind"], begun["request_id"]) == ("firmware_update", 7)
        assert (begun["state"], begun["status"]) == ("running", "Downloading")
        assert begun["created_by"] == "tests"
        assert begun["request"]["retries"] == 2
        assert begun["request"]["location"] == "https://store.example.org/fw.bin?***"
        await tell(station, "FirmwareStatusNotification", "Installed", requestId=7)
    (ended,) = await operations(server, "CS-1")
    assert ended["state"] == "succeeded"


async def test_a_log_by_the_raw_door_is_followed(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("GetLog", {"status": "Accepted", "filename": "a.log"})
        order = {"requestId": 8, "logType": "SecurityLog", "log": LOG}
        await server.post("/charge-points/CS-1/calls/GetLog", order)
        await tell(station, "LogStatusNotification", "Uploaded", requestId=8)
    (log,) = await operations(server, "CS-1")
    assert (log["kind"], log["state"]) == ("log", "succeeded")
    assert log["request"]["log_type"] == "security"
    assert log["result"]["file_name"] == "a.log"
    assert "s3cret" not in str(log)


@pytest.mark.parametrize(
    ("action", "order", "answer", "told", "number"),
    [
        (
            "UpdateFirmware",
            {"location": "http://example.org/fw", "retrieveDate": LATER},
            {},
            ("FirmwareStatusNotification", "Installed"),
            None,
        ),
        (
            "SignedUpdateFirmware",
            {
                "requestId": 3,
                "firmware": {**FIRMWARE, "signingCertificate": "PEM", "signature": "AA=="},
            },
            ACCEPTED,
            ("SignedFirmwareStatusNotification", "Installed"),
            3,
        ),
        (
            "GetDiagnostics",
            {"location": "ftp://example.org/logs"},
            {"fileName": "d.zip"},
            ("DiagnosticsStatusNotification", "Uploaded"),
            None,
        ),
        (
            "GetLog",
            {"requestId": 4, "logType": "SecurityLog", "log": LOG},
            {"status": "Accepted", "filename": "s.log"},
            ("LogStatusNotification", "Uploaded"),
            4,
        ),
    ],
)
async def test_so_is_every_such_order_of_1_6(
    server: Running,
    action: str,
    order: dict[str, Any],
    answer: dict[str, Any],
    told: tuple[str, str],
    number: int | None,
) -> None:
    async with station_16(server) as station:
        station.expect(action, answer)
        assert await server.post(f"/charge-points/CP-1/calls/{action}", order) == answer
        numbered: dict[str, Any] = {} if number is None else {"requestId": number}
        await tell(station, *told, **numbered)
    (ended,) = await operations(server, "CP-1")
    assert ended["state"] == "succeeded"
    assert number is None or ended["request_id"] == number


async def test_questions_about_customers_and_displays_are_followed_too(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("CustomerInformation")
        question = {"requestId": 1, "report": True, "clear": False, "customerIdentifier": "Flat 7"}
        await server.post("/charge-points/CS-1/calls/CustomerInformation", question)
        part = {"data": "it is known", "seqNo": 0, "generatedAt": LATER, "requestId": 1}
        await station.send("NotifyCustomerInformation", part, reply={})
        station.expect("GetDisplayMessages", {"status": "Unknown"})
        await server.post("/charge-points/CS-1/calls/GetDisplayMessages", {"requestId": 2})
    found = {each["kind"]: each["state"] for each in await operations(server, "CS-1")}
    assert found == {"customer_information": "succeeded", "display_messages": "succeeded"}


async def test_a_number_that_is_used_again_belongs_to_the_newest_order(server: Running) -> None:
    async with station_201(server) as station:
        for _ in range(2):
            station.expect("GetLog")
            order = {"requestId": 1, "logType": "DiagnosticsLog", "log": LOG}
            await server.post("/charge-points/CS-1/calls/GetLog", order)
        await tell(station, "LogStatusNotification", "Uploaded", requestId=1)
    newest, oldest = await operations(server, "CS-1")
    assert (newest["state"], oldest["state"]) == ("succeeded", "cancelled")


async def test_an_order_that_is_refused_says_so(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("GetLog", CallError("NotSupported", "no logs here", {}))
        order = {"requestId": 1, "logType": "DiagnosticsLog", "log": LOG}
        path = "/charge-points/CS-1/calls/GetLog"
        assert (await server.api("POST", path, order)).status == 502
    (refused,) = await operations(server, "CS-1")
    assert (refused["state"], "no logs here" in refused["reason"]) == ("rejected", True)
