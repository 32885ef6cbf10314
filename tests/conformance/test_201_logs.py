"""OCPP 2.0.1, block N: logs are uploaded, and customers' information told or forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import now, station_201, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

HASHED = {
    "hash_algorithm": "SHA256",
    "issuer_name_hash": "a1" * 32,
    "issuer_key_hash": "b2" * 32,
    "serial_number": "0c3d",
}
WRITTEN = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a1" * 32,
    "issuerKeyHash": "b2" * 32,
    "serialNumber": "0c3d",
}
SHOWN = {"id_token": "CARD-1", "type": "ISO14443"}


async def get_log(
    server: Running, station: ScriptedChargePoint, answer: dict[str, Any], **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have a log uploaded, as the operator orders it: what was sent, and what the API said."""
    expected = station.expect("GetLog", answer)
    said = await server.post("/charge-points/CS-1/get-log", body)
    return await expected.happened(), said


async def tell(station: ScriptedChargePoint, request_id: int, *statuses: str) -> None:
    for status in statuses:
        told = {"status": status, "requestId": request_id}
        await station.send("LogStatusNotification", told, reply={})


async def state_of(server: Running, said: dict[str, Any]) -> str:
    return str((await server.get(f"/operations/{said['operation']['id']}"))["state"])


@pytest.mark.parametrize(
    ("log_type", "written"), [("diagnostics", "DiagnosticsLog"), ("security", "SecurityLog")]
)  # TC_N_25; TC_N_35
async def test_tc_n_25_a_log_is_uploaded_and_downloaded_again(
    server: Running, log_type: str, written: str
) -> None:
    async with station_201(server) as station:
        answer = {"status": "Accepted", "filename": "log.zip"}
        sent, said = await get_log(server, station, answer, log_type=log_type)
        await tell(station, sent["requestId"], "Uploading")
        place = sent["log"]["remoteLocation"]
        async with server.http.put(f"{place}log.zip", data=b"what happened") as response:
            assert response.status == 201
        await tell(station, sent["requestId"], "Uploaded")
    assert sent["logType"] == written
    done = await server.get(f"/operations/{said['operation']['id']}")
    assert (done["state"], done["status"]) == ("succeeded", "Uploaded")
    assert done["result"]["file_name"] == "log.zip"
    url = f"{server.api_url}/api/v1/operations/{done['id']}/file"
    async with server.http.get(url) as response:
        assert await response.read() == b"what happened"
        assert "log.zip" in response.headers["Content-Disposition"]


async def test_tc_n_34_a_log_that_is_refused_is_told(server: Running) -> None:
    async with station_201(server) as station:
        _, said = await get_log(server, station, {"status": "Rejected"})
    assert (said["accepted"], said["operation"]["state"]) == (False, "rejected")


async def test_tc_n_36_a_second_request_takes_the_place_of_the_first(server: Running) -> None:
    async with station_201(server) as station:
        first, said = await get_log(server, station, {"status": "Accepted", "filename": "1"})
        await tell(station, first["requestId"], "Uploading")
        answer = {"status": "AcceptedCanceled", "filename": "2"}
        second, said_again = await get_log(server, station, answer)
        await tell(station, first["requestId"], "AcceptedCanceled")
        await tell(station, second["requestId"], "Uploading", "Uploaded")
    assert await state_of(server, said) == "cancelled"
    assert await state_of(server, said_again) == "succeeded"


@pytest.mark.parametrize(
    "status", ["BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"]
)
async def test_n01_fr_10_an_upload_that_fails_is_told(server: Running, status: str) -> None:
    async with station_201(server) as station:
        sent, said = await get_log(server, station, {"status": "Accepted"})
        await tell(station, sent["requestId"], "Uploading", status)
    assert await state_of(server, said) == "failed"


async def ask(
    server: Running, station: ScriptedChargePoint, said: str = "Accepted", **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask about a customer, as the operator does."""
    expected = station.expect("CustomerInformation", {"status": said})
    shown = await server.post("/charge-points/CS-1/customer-information", body)
    return await expected.happened(), shown


async def answer(station: ScriptedChargePoint, request_id: int, *parts: str) -> None:
    """Tell what is known, in as many parts as given."""
    for number, data in enumerate(parts):
        part = {
            "data": data,
            "tbc": number + 1 < len(parts),
            "seqNo": number,
            "generatedAt": now(),
            "requestId": request_id,
        }
        await station.send("NotifyCustomerInformation", part, reply={})


async def told(server: Running, said: dict[str, Any]) -> dict[str, Any]:
    path = f"/operations/{said['operation']['id']}/customer-information"
    found: dict[str, Any] = await server.get(path)
    return found


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        ({"report": True}, ["Name: A. Driver\n", "charged ", "9 times"]),  # TC_N_27
        ({"report": True}, [""]),  # TC_N_28
        ({"report": True, "clear": True}, ["Name: A. Driver"]),  # TC_N_30
        ({"report": True, "clear": True}, [""]),  # TC_N_31
        ({"report": False, "clear": True}, ["cleared"]),  # TC_N_32
    ],
)
async def test_tc_n_27_what_is_known_of_a_customer_is_put_together(
    server: Running, flags: dict[str, Any], parts: list[str]
) -> None:
    async with station_201(server) as station:
        sent, said = await ask(server, station, **flags, **SHOWN)
        await answer(station, sent["requestId"], *parts)
    assert sent == {
        "idToken": token("CARD-1"),
        "requestId": sent["requestId"],
        "report": flags.get("report", True),
        "clear": flags.get("clear", False),
    }
    assert await state_of(server, said) == "succeeded"
    found = await told(server, said)
    assert (found["text"], found["is_complete"]) == ("".join(parts), True)


async def test_tc_n_29_a_station_that_cannot_tell_says_so(server: Running) -> None:
    async with station_201(server) as station:
        sent, said = await ask(server, station, "Rejected", report=True, **SHOWN)
    assert sent["report"] is True
    assert (said["status"], said["operation"]["state"]) == ("Rejected", "rejected")


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ({"customer_id": "OpenChargeAlliance"}, {"customerIdentifier": "OpenChargeAlliance"}),
        ({"certificate": HASHED}, {"customerCertificate": WRITTEN}),
    ],
)  # TC_N_62; TC_N_63
async def test_tc_n_62_a_customer_is_named_by_number_or_certificate(
    server: Running, body: dict[str, Any], written: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await ask(server, station, report=True, clear=True, **body)
        await answer(station, sent["requestId"], "gone")
    known = {"requestId": sent["requestId"], "report": True, "clear": True}
    assert sent == known | written
    assert (await told(server, said))["text"] == "gone"


async def test_parts_that_come_twice_and_out_of_order_are_put_together_once(
    server: Running,
) -> None:
    async with station_201(server) as station:
        sent, said = await ask(server, station, report=True, **SHOWN)
        for number, is_last in ((1, True), (0, False), (1, True)):
            part = {
                "data": f"<{number}>",
                "tbc": not is_last,
                "seqNo": number,
                "generatedAt": now(),
                "requestId": sent["requestId"],
            }
            await station.send("NotifyCustomerInformation", part, reply={})
    assert (await told(server, said))["text"] == "<0><1>"


async def test_only_admins_read_what_is_known_of_a_customer(server: Running) -> None:
    async with station_201(server) as station:
        sent, said = await ask(server, station, report=True, **SHOWN)
        await answer(station, sent["requestId"], "secret habits")
    reader = await server.post("/api-keys", {"name": "reader", "role": "read-only"}, status=201)
    headers = {"Authorization": f"Bearer {reader['key']}"}
    operation = f"{server.api_url}/api/v1/operations/{said['operation']['id']}"
    async with server.http.get(f"{operation}/customer-information", headers=headers) as response:
        assert response.status == 403
    async with server.http.get(operation, headers=headers) as response:
        assert (await response.json())["request"] == {}
    for path in ("/charge-points/CS-1/notifications", "/charge-points/CS-1/messages", "/audit-log"):
        assert "secret habits" not in str(await server.get(path))
