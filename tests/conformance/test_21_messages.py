"""OCPP 2.1: the messages that are new, each kept before it is answered and shown by the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.stations import Session, notifications, now, station_21, token
from running import Running, running_app

CALLS = "/charge-points/CS-1/calls"
SETTLEMENT = {
    "transactionId": "tx-1",
    "pspRef": "PSP-4711",
    "status": "Settled",
    "settlementAmount": 12.34,
    "settlementTime": "2026-06-15T12:00:00Z",
}
BATTERY = {"evseId": 1, "serialNumber": "B-1", "soC": 12.5, "soH": 97}
CURVE = {"priority": 1, "yUnit": "PctMaxW", "curveData": [{"x": 95, "y": 0}, {"x": 105, "y": 50}]}


async def test_a_settlement_is_kept_with_its_transaction_and_once(server: Running) -> None:
    paid = token("PSP-4711", "DirectPayment")
    company = {"name": "ACME", "address1": "Main Street 1", "city": "Lisboa", "country": "Portugal"}
    told = {**SETTLEMENT, "receiptId": "R-1", "vatNumber": "PT123456789", "vatCompany": company}
    async with station_21(server) as station:
        session = Session(station)
        await session.tell("Started", "Authorized", idToken=paid)
        await session.finish()
        for _ in range(2):
            await station.send("NotifySettlement", told, reply={})
    (transaction,) = await server.transactions()
    (settlement,) = (await server.get("/settlements?charge_point_id=CS-1"))["items"]
    assert settlement["transaction_id"] == transaction["id"]
    assert (settlement["psp_ref"], settlement["amount"]) == ("PSP-4711", 12.34)
    assert settlement["settled_at"] == "2026-06-15T12:00:00Z"
    assert (settlement["receipt_id"], settlement["vat_company"]) == ("R-1", company)


async def test_a_settlement_with_half_of_its_fields_is_kept_all_the_same(server: Running) -> None:
    async with station_21(server) as station:
        await station.send("NotifySettlement", {"pspRef": "PSP-1", "status": "Failed"}, reply={})
    (settlement,) = (await server.get("/settlements?psp_ref=PSP-1"))["items"]
    assert (settlement["status"], settlement["amount"]) == ("Failed", None)
    (told,) = await notifications(server, "settlement")
    assert told["severity"] == "warning"


async def test_a_charge_point_with_payments_is_not_deleted(server: Running) -> None:
    async with station_21(server) as station:
        await station.send("NotifySettlement", SETTLEMENT, reply={})
    response = await server.api("DELETE", "/charge-points/CS-1")
    assert response.status == 409
    assert "settlements" in response.body["detail"]


async def test_values_of_a_stream_that_nobody_opened_are_kept_without_it(server: Running) -> None:
    values = {"id": 99, "pending": 0, "basetime": now(), "data": [{"t": 0, "v": "1"}]}
    async with station_21(server) as station:
        await station.link.send_unconfirmed("NotifyPeriodicEventStream", values)
        await station.send("Heartbeat", {})
    assert (await server.get("/charge-points/CS-1/event-streams"))["items"] == []
    assert len(await notifications(server, "event_stream")) == 1


async def test_a_driver_gets_the_address_of_the_receipt(database_url: str, tmp_path: Path) -> None:
    url = "https://pay.example.org/r/{receipt_id}"
    async with (
        running_app(database_url, tmp_path, receipt_url=url) as server,
        station_21(server) as station,
    ):
        answer = await station.send("NotifySettlement", SETTLEMENT)
        assert answer["receiptUrl"] == url.format(receipt_id=answer["receiptId"])
        (settlement,) = (await server.get("/settlements"))["items"]
        assert settlement["receipt_url"] == answer["receiptUrl"]


async def test_swapped_batteries_are_kept_in_and_out(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_21(server) as station:
        order = station.expect("RequestBatterySwap")
        asked = await server.post("/charge-points/CS-1/battery-swap", {"id_token": "CARD-1"})
        (result,) = asked["results"]
        assert (await order.happened())["requestId"] == result["request_id"]
        for event in ("BatteryIn", "BatteryOut"):
            swap = {
                "eventType": event,
                "requestId": result["request_id"],
                "idToken": token("CARD-1"),
                "batteryData": [BATTERY],
            }
            await station.send("BatterySwap", swap, reply={})
    shown = (await server.get(f"/battery-swaps?request_id={result['request_id']}"))["items"]
    assert [each["event"] for each in shown] == ["BatteryOut", "BatteryIn"]
    assert shown[0]["batteries"] == [BATTERY]
    assert shown[0]["id_token"] == "CARD-1"


async def test_a_repeated_battery_swap_is_kept_once(server: Running) -> None:
    shown = {"requestId": 7, "idToken": token("CARD-1"), "batteryData": [BATTERY]}
    for identity in ("CS-1", "CS-2"):
        async with station_21(server, identity) as station:
            for event in ("BatteryIn", "BatteryIn", "BatteryOut"):
                await station.send("BatterySwap", {"eventType": event, **shown}, reply={})
    kept = (await server.get("/battery-swaps?charge_point_id=CS-1"))["items"]
    assert [each["event"] for each in kept] == ["BatteryOut", "BatteryIn"]
    assert len(await notifications(server, "battery_swap")) == 2


async def test_nobody_unknown_gets_batteries(server: Running) -> None:
    async with station_21(server):
        body = {"id_token": "STRANGER"}
        problem = await server.post("/charge-points/CS-1/battery-swap", body, status=409)
    assert "unknown id token" in problem["detail"]


@pytest.mark.parametrize(
    ("number", "status"),
    [("PT 123 456 789", "Accepted"), ("ATU12345678", "Accepted"), ("DE1", "Rejected")],
)
async def test_a_vat_number_is_checked_and_given_back(
    server: Running, number: str, status: str
) -> None:
    async with station_21(server) as station:
        asked = {"vatNumber": number, "evseId": 2}
        answer = await station.send("VatNumberValidation", asked)
    assert (answer["vatNumber"], answer["evseId"]) == (number, 2)
    assert answer["status"] == status


async def test_the_settings_that_a_station_reports_are_shown_with_what_is_in_force(
    server: Running,
) -> None:
    report = {
        "requestId": 5,
        "curve": [
            {
                "id": "curve-1",
                "curveType": "VoltWatt",
                "isDefault": True,
                "isSuperseded": False,
                "curve": CURVE,
            }
        ],
        "enterService": [
            {
                "id": "enter-1",
                "enterService": {
                    "priority": 0,
                    "highVoltage": 240,
                    "lowVoltage": 220,
                    "highFreq": 50.2,
                    "lowFreq": 49.8,
                },
            }
        ],
    }
    started = {"controlId": "curve-1", "started": True, "timestamp": now()}
    async with station_21(server) as station:
        await station.send("ReportDERControl", report, reply={})
        await station.send("NotifyDERStartStop", started, reply={})
        shown = (await server.get("/charge-points/CS-1/der-controls"))["items"]
        by_id = {each["control_id"]: each for each in shown}
        assert by_id["curve-1"]["settings"] == {"curve": CURVE}
        assert (by_id["curve-1"]["is_running"], by_id["enter-1"]["is_running"]) == (True, None)
        assert by_id["enter-1"]["control_type"] == "EnterService"
        ended = {**started, "started": False}
        await station.send("NotifyDERStartStop", ended, reply={})
        shown = (await server.get("/charge-points/CS-1/der-controls"))["items"]
        assert shown[0]["is_running"] is False


async def test_a_setting_is_known_when_the_station_took_it_and_gone_when_it_was_cleared(
    server: Running,
) -> None:
    body = {"control_id": "c-1", "control_type": "VoltWatt", "settings": {"curve": CURVE}}
    async with station_21(server) as station:
        order = station.expect("SetDERControl", {"status": "Accepted", "supersededIds": ["c-0"]})
        answer = await server.post("/charge-points/CS-1/der-control", body)
        assert answer["results"] == [{"superseded_ids": ["c-0"]}]
        sent = await order.happened()
        assert (sent["isDefault"], sent["controlId"], sent["curve"]) == (False, "c-1", CURVE)
        (shown,) = (await server.get("/charge-points/CS-1/der-controls"))["items"]
        assert shown["control_id"] == "c-1"
        station.expect("ClearDERControl", check={"isDefault": False, "controlType": "VoltWatt"})
        clear = {"is_default": False, "control_type": "VoltWatt"}
        await server.post("/charge-points/CS-1/der-control/clear", clear)
        assert (await server.get("/charge-points/CS-1/der-controls"))["items"] == []


async def test_a_fault_of_the_grid_is_told_to_the_operator(server: Running) -> None:
    alarm = {
        "controlType": "LVMustTrip",
        "gridEventFault": "UnderVoltage",
        "timestamp": now(),
    }
    async with station_21(server) as station:
        await station.send("NotifyDERAlarm", alarm, reply={})
        await station.send("NotifyDERAlarm", {**alarm, "alarmEnded": True}, reply={})
    over, told = await notifications(server, "der_alarm")
    assert (told["severity"], told["summary"]) == ("warning", "LVMustTrip: UnderVoltage")
    assert over["severity"] == "info"


async def test_what_a_station_tells_of_a_transaction_is_kept(server: Running) -> None:
    await server.add_token("CARD-1")
    cost = {
        "totalCost": {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"exclTax": 4.2}},
        "totalUsage": {"energy": 10.5, "chargingTime": 3600, "idleTime": 60},
    }
    async with station_21(server) as station:
        session = Session(station)
        limit = {"transactionLimit": {"maxCost": 20.0}, "tariffId": "T-1"}
        await session.tell(
            "Started",
            "Authorized",
            idToken=token("CARD-1"),
            info=limit,
            preconditioningStatus="Preconditioning",
        )
        await station.send(
            "NotifyPriorityCharging", {"transactionId": "tx-1", "activated": True}, reply={}
        )
        await session.tell(
            "Ended", "StopAuthorized", info={"stoppedReason": "Local"}, costDetails=cost
        )
    (transaction,) = await server.transactions()
    details = await server.get(f"/transactions/{transaction['id']}/station-details")
    assert details["cost_details"] == cost
    assert details["transaction_limit"] == {"maxCost": 20.0}
    assert (details["tariff_id"], details["priority_charging"]) == ("T-1", True)
    assert details["preconditioning_status"] == "Preconditioning"


async def test_a_stream_of_values_is_opened_received_without_answers_and_closed(
    server: Running,
) -> None:
    opening = {
        "constantStreamData": {"id": 3, "variableMonitoringId": 77, "params": {"interval": 5}}
    }
    async with station_21(server) as station:
        await station.send("OpenPeriodicEventStream", opening, reply={"status": "Accepted"})
        values = {
            "id": 3,
            "pending": 1,
            "basetime": "2026-06-15T12:00:00Z",
            "data": [{"t": 0, "v": "230.4"}, {"t": 5.5, "v": "230.2"}],
        }
        await station.link.send_unconfirmed("NotifyPeriodicEventStream", values)
        await station.send("Heartbeat", {})
        streams = "/charge-points/CS-1/event-streams"
        page = await server.eventually(streams, lambda body: body["items"][0]["last_value"])
        (stream,) = page["items"]
        assert (stream["variable_monitoring_id"], stream["interval_s"]) == (77, 5)
        assert (stream["last_value"], stream["pending"]) == ("230.2", 1)
        adjust = station.expect("AdjustPeriodicEventStream")
        body = {"stream_id": 3, "interval_s": 60}
        await server.post("/charge-points/CS-1/event-stream", body)
        assert await adjust.happened() == {"id": 3, "params": {"interval": 60}}
        await station.send("ClosePeriodicEventStream", {"id": 3}, reply={})
    (stream,) = (await server.get("/charge-points/CS-1/event-streams"))["items"]
    assert (stream["is_open"], stream["interval_s"]) == (False, 60)
    (told,) = await notifications(server, "event_stream")
    assert [each["value"] for each in told["data"]["values"]] == ["230.4", "230.2"]
    assert told["data"]["values"][1]["at"] == "2026-06-15T12:00:05.500000+00:00"


async def test_a_station_gets_the_latest_values_of_its_dynamic_profile(server: Running) -> None:
    dynamic = {
        "id": 9,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Dynamic",
        "dynUpdateInterval": 30,
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
            }
        ],
    }
    pull = {"chargingProfileId": 9}
    async with station_21(server) as station:
        refused = await station.send("PullDynamicScheduleUpdate", pull)
        assert refused["statusInfo"]["reasonCode"] == "InvalidProfile"
        station.expect("SetChargingProfile")
        profile = {"evseId": 1, "chargingProfile": dynamic}
        await server.post(f"{CALLS}/SetChargingProfile", profile)
        answer = await station.send("PullDynamicScheduleUpdate", pull)
        assert answer == {"scheduleUpdate": {"limit": 10}, "status": "Accepted"}
        order = station.expect("UpdateDynamicSchedule")
        body = {"profile_id": 9, "limit": 16, "limit_l2": 12.5}
        await server.post("/charge-points/CS-1/dynamic-schedule", body)
        wanted = {"limit": 16, "limit_L2": 12.5}
        assert await order.happened() == {"chargingProfileId": 9, "scheduleUpdate": wanted}
        answer = await station.send("PullDynamicScheduleUpdate", pull)
        assert answer["scheduleUpdate"] == wanted
        station.expect("ClearChargingProfile")
        await server.post(f"{CALLS}/ClearChargingProfile", pull)
        assert (await station.send("PullDynamicScheduleUpdate", pull))["status"] == "Rejected"


@pytest.mark.parametrize("kind", ["ScheduledControl", "DynamicControl"])
async def test_a_car_of_iso_15118_20_is_not_sent_away_where_nothing_is_planned(
    server: Running, kind: str
) -> None:
    needs = {
        "evseId": 1,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC_BPT",
            "controlMode": kind,
            "v2xChargingParameters": {"evTargetEnergyRequest": 20000, "maxChargePower": 50000},
        },
    }
    async with station_21(server) as station:
        reply = {"status": "NoChargingProfile"}  # K18.FR.04: Rejected would end the transaction
        await station.send("NotifyEVChargingNeeds", needs, reply=reply)


async def test_power_generated_on_site_is_no_limit(server: Running) -> None:
    told = {
        "evseId": 1,
        "chargingLimit": {"chargingLimitSource": "EMS", "isLocalGeneration": True},
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}],
            }
        ],
    }
    async with station_21(server) as station:
        await station.send("NotifyChargingLimit", told, reply={})
    assert len(await notifications(server, "local_generation")) == 1
    assert await notifications(server, "charging_limit") == []
