"""OCPP 1.6: the certification's central system cases, from cold boot to smart charging."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conformance.stations import ACCEPTED, now, station_16
from fake_chargepoints.errors import CallError
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running, running_app

SAID = {"idTagInfo": ACCEPTED}


@pytest.fixture
async def careful(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server where unknown charge points wait for the operator."""
    async with running_app(database_url, tmp_path, unknown_charge_points="pending") as running:
        yield running


async def tell_status(station: ScriptedChargePoint, status: str, connector_id: int = 1) -> None:
    told = {"connectorId": connector_id, "errorCode": "NoError", "status": status}
    await station.send("StatusNotification", told, reply={})


async def start(station: ScriptedChargePoint, id_tag: str = "CARD-1", connector_id: int = 1) -> int:
    """Begin a transaction of an accepted card; returns its id."""
    begun = await station.send(
        "StartTransaction",
        {"connectorId": connector_id, "idTag": id_tag, "meterStart": 0, "timestamp": now()},
        reply=SAID,
    )
    number: int = begun["transactionId"]
    return number


async def stop(station: ScriptedChargePoint, number: int, **more: Any) -> dict[str, Any]:
    ended = {"transactionId": number, "meterStop": 2000, "timestamp": now(), **more}
    return await station.send("StopTransaction", ended)


async def test_tc_001_cold_boot(server: Running) -> None:
    async with station_16(server) as station:
        for connector_id in (0, 1):
            await tell_status(station, "Available", connector_id)
        await station.send("Heartbeat", {})


async def test_tc_002_cold_boot_pending(careful: Running) -> None:
    async with careful.charge_point() as station:
        await station.send("BootNotification", V16_BOOT, reply={"status": "Pending"})
        station.expect("TriggerMessage", check={"requestedMessage": "BootNotification"})
        await careful.accept("CP-1")
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)


async def test_cold_boot_rejected(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "rejected"})
    async with server.charge_point() as station:
        await station.send("BootNotification", V16_BOOT, reply={"status": "Rejected"})


@pytest.mark.parametrize("first", ["cable", "card"])  # TC_003; TC_004_1
async def test_tc_003_regular_charging_session(server: Running, first: str) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        if first == "cable":
            await tell_status(station, "Preparing")
        await station.send("Authorize", {"idTag": "CARD-1"}, reply=SAID)
        if first == "card":
            await tell_status(station, "Preparing")
        number = await start(station)
        await tell_status(station, "Charging")
        await station.send("Authorize", {"idTag": "CARD-1"}, reply=SAID)
        assert await stop(station, number, idTag="CARD-1") == SAID
        await tell_status(station, "Finishing")
        await tell_status(station, "Available")
    (transaction,) = await server.transactions()
    assert (transaction["energy_wh"], transaction["stop_reason"]) == (2000, "Local")


async def test_tc_069_regular_session_stopped_by_another_card_of_the_group(server: Running) -> None:
    await server.put("/id-token-groups/FAMILY", {})
    await server.add_token("MINE", group_id="FAMILY")
    await server.add_token("YOURS", group_id="FAMILY")
    told = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    async with station_16(server) as station:
        number = await start(station, "MINE")
        await station.send("Authorize", {"idTag": "YOURS"}, reply=told)
        assert await stop(station, number, idTag="YOURS") == told


async def test_tc_005_1_ev_side_disconnected(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        await tell_status(station, "SuspendedEV")
        await stop(station, number, reason="EVDisconnected")
    (transaction,) = await server.transactions()
    assert transaction["stop_reason"] == "EVDisconnected"


@pytest.mark.parametrize("status", ["Invalid", "Expired", "Blocked"])
async def test_tc_023_start_charging_session_authorize_invalid_expired_blocked(
    server: Running, status: str
) -> None:
    if status != "Invalid":
        await server.add_token("CARD-1", status=status)
    async with station_16(server) as station:
        refused = {"idTagInfo": {"status": status}}
        await station.send("Authorize", {"idTag": "CARD-1"}, reply=refused)


async def test_concurrent_tx_is_told_at_the_start_and_never_to_who_shows_a_card(
    server: Running,
) -> None:
    """ConcurrentTx is "only relevant for a StartTransaction" (AuthorizationStatus)."""
    await server.add_token("CARD-1", max_concurrent_transactions=1)
    async with station_16(server) as station:
        number = await start(station)
        await station.send("Authorize", {"idTag": "CARD-1"}, reply=SAID)
        second = {"connectorId": 2, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()}
        refused = {"idTagInfo": {"status": "ConcurrentTx"}}
        await station.send("StartTransaction", second, reply=refused)
        assert await stop(station, number, idTag="CARD-1") == SAID


async def test_a_refused_start_that_is_never_stopped_does_not_bar_the_card(
    server: Running,
) -> None:
    """A charger that is told ConcurrentTx may just not charge, and say no more of it."""
    await server.add_token("CARD-1", max_concurrent_transactions=1)
    async with station_16(server) as first, station_16(server, "CP-2") as second:
        number = await start(first)
        begun = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()}
        refused = {"idTagInfo": {"status": "ConcurrentTx"}}
        await second.send("StartTransaction", begun, reply=refused)
        await stop(first, number)
        await start(first, connector_id=2)


@pytest.mark.parametrize(
    ("verb", "body", "action", "sent", "answer"),
    [
        ("clear-cache", {}, "ClearCache", {}, "Accepted"),  # TC_061
        ("reset", {"immediate": True}, "Reset", {"type": "Hard"}, "Accepted"),  # TC_013
        ("reset", {"immediate": False}, "Reset", {"type": "Soft"}, "Accepted"),  # TC_014
        # TC_017_1, TC_030, TC_017_2, TC_031
        ("unlock", {"evse_id": 1}, "UnlockConnector", {"connectorId": 1}, "Unlocked"),
        ("unlock", {"evse_id": 1}, "UnlockConnector", {"connectorId": 1}, "UnlockFailed"),
        ("unlock", {"evse_id": 1}, "UnlockConnector", {"connectorId": 1}, "NotSupported"),
        ("unlock", {"evse_id": 9}, "UnlockConnector", {"connectorId": 9}, "NotSupported"),
        (
            "availability",
            {"operative": False},
            "ChangeAvailability",
            {"connectorId": 0, "type": "Inoperative"},
            "Scheduled",
        ),
        (
            "trigger",
            {"message": "MeterValues", "evse_id": 1},
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 1},
            "Rejected",  # TC_055
        ),
        (
            "trigger",
            {"message": "Heartbeat"},
            "TriggerMessage",
            {"requestedMessage": "Heartbeat"},
            "Accepted",  # TC_054
        ),
    ],
)
async def test_an_order_reaches_the_charge_point_and_its_word_the_operator(
    server: Running,
    verb: str,
    body: dict[str, Any],
    action: str,
    sent: dict[str, Any],
    answer: str,
) -> None:
    async with station_16(server) as station:
        order = station.expect(action, {"status": answer})
        said = await server.post(f"/charge-points/CP-1/{verb}", body)
        assert await order.happened() == sent
    assert said["status"] == answer


@pytest.mark.parametrize("first", ["cable", "order"])  # TC_010; TC_011_1
async def test_tc_010_remote_start_charging_session(server: Running, first: str) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        if first == "cable":
            await tell_status(station, "Preparing")

        async def begin(_: object) -> None:
            await station.send("Authorize", {"idTag": "CARD-1"}, reply=SAID)
            if first == "order":
                await tell_status(station, "Preparing")
            await start(station)

        wanted = {"connectorId": 1, "idTag": "CARD-1"}
        station.expect("RemoteStartTransaction", check=wanted, after=begin)
        body = {"id_token": "CARD-1", "evse_id": 1}
        said = await server.post("/charge-points/CP-1/remote-start", body)
    assert said["accepted"] is True
    assert len(await server.transactions(active="true")) == 1


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])  # TC_012; TC_028
async def test_tc_012_remote_stop_charging_session(server: Running, status: str) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        wanted = {"transactionId": number}
        station.expect("RemoteStopTransaction", {"status": status}, check=wanted)
        said = await server.post("/charge-points/CP-1/remote-stop", {"transaction_id": number})
        assert said["accepted"] is (status == "Accepted")
        if said["accepted"]:
            await stop(station, number, reason="Remote")
    assert len(await server.transactions(active="true")) == (0 if said["accepted"] else 1)


async def test_tc_021_retrieve_and_change_configuration(server: Running) -> None:
    """TC_019_1 first: all of it."""
    listed = {"configurationKey": [{"key": "ConnectionTimeOut", "readonly": False, "value": "60"}]}
    async with station_16(server) as station:
        station.expect("GetConfiguration", listed, check={})
        read = await server.get("/charge-points/CP-1/configuration")
        wanted = {"key": "ConnectionTimeOut", "value": "120"}
        station.expect("ChangeConfiguration", check=wanted)
        changed = {"variable": "ConnectionTimeOut", "value": "120"}
        said = await server.put("/charge-points/CP-1/configuration", changed)
    assert (read["results"][0]["value"], said["accepted"]) == ("60", True)


@pytest.mark.parametrize("reason", ["PowerLoss", "HardReset", "SoftReset", "Reboot"])
async def test_tc_032_1_power_failure_with_a_transaction_that_is_stopped_afterwards(
    server: Running, reason: str
) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        await station.reconnect()
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        await stop(station, number, reason=reason)
    (transaction,) = await server.transactions()
    assert (transaction["energy_wh"], transaction["stop_reason"]) == (2000, reason)


async def test_tc_039_offline_start_and_stop_are_taken_after_reconnecting(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        await station.reconnect()
        number = await start(station)
        await stop(station, number, idTag="CARD-1")
    assert len(await server.transactions(active="false")) == 1


async def test_a_reservation_is_made_used_and_gone(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        order = station.expect("ReserveNow", check={"connectorId": 1, "idTag": "CARD-1"})
        body = {"id_token": "CARD-1", "evse_id": 1, "expires_at": "2099-01-01T00:00:00Z"}
        made = await server.post("/charge-points/CP-1/reservations", body)
        number = (await order.happened())["reservationId"]
        begun = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()}
        await station.send("StartTransaction", {**begun, "reservationId": number}, reply=SAID)
    assert made["reservation_id"] == number
    (reservation,) = (await server.get("/reservations?charge_point_id=CP-1"))["items"]
    assert reservation["status"] == "used"


@pytest.mark.parametrize("status", ["Faulted", "Occupied", "Unavailable", "Rejected"])
async def test_a_reservation_is_refused(server: Running, status: str) -> None:
    async with station_16(server) as station:
        station.expect("ReserveNow", {"status": status})
        body = {"id_token": "CARD-1", "evse_id": 1, "expires_at": "2099-01-01T00:00:00Z"}
        said = await server.post("/charge-points/CP-1/reservations", body)
    assert (said["status"], said["accepted"]) == (status, False)


LIST = {
    "listVersion": 1,
    "localAuthorizationList": [{"idTag": "CARD-1", "idTagInfo": {"status": "Accepted"}}],
    "updateType": "Full",
}
PROFILE = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
        },
    },
}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("GetLocalListVersion", {}, {"listVersion": 0}),
        ("SendLocalList", LIST, {"status": "Accepted"}),
        ("SendLocalList", LIST, {"status": "VersionMismatch"}),
        ("UpdateFirmware", {"location": "ftp://h/f", "retrieveDate": "2030-01-01T00:00:00Z"}, {}),
        ("GetDiagnostics", {"location": "ftp://h/"}, {"fileName": "log.zip"}),
        ("SetChargingProfile", PROFILE, {"status": "Accepted"}),
        ("ClearChargingProfile", {"id": 1}, {"status": "Unknown"}),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 60}, {"status": "Rejected"}),
        ("DataTransfer", {"vendorId": "x"}, {"status": "UnknownVendorId"}),  # TC_064
        (
            "GetLog",
            {"logType": "SecurityLog", "requestId": 1, "log": {"remoteLocation": "ftp://h"}},
            {"status": "Accepted"},
        ),
        (
            "ExtendedTriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
            {"status": "Accepted"},
        ),
        ("CertificateSigned", {"certificateChain": "pem"}, {"status": "Rejected"}),
    ],
)
async def test_the_raw_door_relays_order_and_answer_untouched(
    server: Running, action: str, payload: dict[str, Any], answer: dict[str, Any]
) -> None:
    async with station_16(server) as station:
        order = station.expect(action, answer)
        assert await server.post(f"/charge-points/CP-1/calls/{action}", payload) == answer
        assert await order.happened() == payload


async def test_what_a_charge_point_cannot_do_is_shown_as_it_says(server: Running) -> None:
    async with station_16(server) as station:
        station.expect("GetLocalListVersion", CallError("NotSupported", "no lists here"))
        path = "/charge-points/CP-1/calls/GetLocalListVersion"
        problem = await server.post(path, {}, status=502)
    assert (problem["code"], problem["description"]) == ("NotSupported", "no lists here")


@pytest.mark.parametrize(
    ("action", "payload", "kind"),
    [
        ("FirmwareStatusNotification", {"status": "Downloading"}, "firmware_status"),
        ("DiagnosticsStatusNotification", {"status": "Uploaded"}, "diagnostics_status"),
        ("SignedFirmwareStatusNotification", {"status": "InvalidSignature"}, "firmware_status"),
        ("LogStatusNotification", {"status": "Uploaded", "requestId": 1}, "log_status"),
        (
            "SecurityEventNotification",
            {"type": "InvalidFirmwareSignature", "timestamp": "2030-01-01T00:00:00Z"},
            "security_event",
        ),
    ],
)
async def test_what_a_charge_point_tells_is_shown_to_the_operator(
    server: Running, action: str, payload: dict[str, Any], kind: str
) -> None:
    async with station_16(server) as station:
        await station.send(action, payload, reply={})
    noted = (await server.get("/charge-points/CP-1/notifications"))["items"]
    assert kind in {each["kind"] for each in noted}


LINK = "/charge-points/CP-1/remote-start"


async def test_tc_026_a_remote_start_that_is_rejected_starts_nothing(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        station.expect("RemoteStartTransaction", {"status": "Rejected"})
        said = await server.post(LINK, {"id_token": "CARD-1", "evse_id": 1})
    assert (said["status"], said["accepted"]) == ("Rejected", False)
    assert await server.transactions() == []


async def test_tc_011_2_a_remote_start_without_a_car_ends_with_a_free_connector(
    server: Running,
) -> None:
    """Also TC_004_2: whoever shows a card and plugs nothing in gets no transaction."""
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        station.expect("RemoteStartTransaction")
        assert (await server.post(LINK, {"id_token": "CARD-1", "evse_id": 1}))["accepted"] is True
        await station.send("Authorize", {"idTag": "CARD-1"}, reply=SAID)
        await tell_status(station, "Preparing")
        await tell_status(station, "Available")
    assert await server.transactions() == []


async def test_tc_007_a_cached_card_may_start_without_asking(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        assert await stop(station, number, idTag="CARD-1") == SAID  # TC_068
    (transaction,) = await server.transactions()
    assert transaction["id_token"] == "CARD-1"


@pytest.mark.parametrize(("immediate", "kind"), [(True, "Hard"), (False, "Soft")])
async def test_tc_015_a_reset_ends_the_transaction_first(
    server: Running, immediate: bool, kind: str
) -> None:
    """TC_015 with a hard reset, TC_016 with a soft one."""
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)

        async def end(_: object) -> None:
            await stop(station, number, reason=f"{kind}Reset")

        station.expect("Reset", check={"type": kind}, after=end)
        await server.post("/charge-points/CP-1/reset", {"immediate": immediate})
        await station.settle(5)
        await station.reconnect()
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == f"{kind}Reset"


async def test_tc_018_1_a_connector_is_unlocked_while_a_car_charges(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)

        async def end(_: object) -> None:
            await stop(station, number, reason="UnlockCommand")

        station.expect("UnlockConnector", {"status": "Unlocked"}, after=end)
        await server.post("/charge-points/CP-1/unlock", {"evse_id": 1})
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "UnlockCommand"


async def test_tc_019_2_one_key_is_read(server: Running) -> None:
    key = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    order: dict[str, Any] = {"key": ["HeartbeatInterval"]}
    async with station_16(server) as station:
        station.expect("GetConfiguration", {"configurationKey": [key]}, check=order)
        said = await server.post("/charge-points/CP-1/calls/GetConfiguration", order)
    assert said["configurationKey"] == [key]


async def test_tc_024_a_lock_that_fails_is_noted(server: Running) -> None:
    told = {"connectorId": 1, "errorCode": "ConnectorLockFailure", "status": "Faulted"}
    async with station_16(server) as station:
        await station.send("StatusNotification", told, reply={})
    (event,) = (await server.get("/charge-points/CP-1"))["connectors"]
    assert event["status"] == "Faulted"


async def test_tc_036_a_transaction_goes_on_when_the_connection_was_lost(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        await station.reconnect()
        await stop(station, number, idTag="CARD-1")  # TC_038
    (transaction,) = await server.transactions()
    assert (transaction["energy_wh"], transaction["stop_reason"]) == (2000, "Local")


@pytest.mark.parametrize("known", [True, False])  # TC_037_1; TC_037_3
async def test_tc_037_1_a_transaction_that_began_offline_is_judged_and_kept(
    server: Running, known: bool
) -> None:
    if known:
        await server.add_token("CARD-1")
    begun = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0}
    begun["timestamp"] = "2026-01-31T12:00:00Z"
    async with station_16(server) as station:
        said = await station.send("StartTransaction", begun)
        assert said["idTagInfo"]["status"] == ("Accepted" if known else "Invalid")
    assert len(await server.transactions()) == 1


@pytest.mark.parametrize("status", ["NotSupported", "Rejected"])  # TC_040_1; TC_040_2
async def test_tc_040_1_a_setting_that_is_not_taken_is_shown_so(
    server: Running, status: str
) -> None:
    async with station_16(server) as station:
        station.expect("ChangeConfiguration", {"status": status})
        body = {"variable": "ConnectionTimeOut", "value": "-1"}
        said = await server.put("/charge-points/CP-1/configuration", body)
    assert (said["status"], said["accepted"]) == (status, False)


@pytest.mark.parametrize("context", ["Sample.Periodic", "Sample.Clock"])  # TC_070; TC_071
async def test_tc_070_readings_of_a_transaction_are_kept(server: Running, context: str) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        number = await start(station)
        sample = {"value": "1500", "context": context, "unit": "Wh"}
        values = [{"timestamp": now(), "sampledValue": [sample]}]
        told = {"connectorId": 1, "transactionId": number, "meterValue": values}
        await station.send("MeterValues", told, reply={})
    (transaction,) = await server.transactions()
    kept = await server.get(f"/transactions/{transaction['id']}/meter-values")
    assert [each["energy_wh"] for each in kept["items"]] == [1500]
