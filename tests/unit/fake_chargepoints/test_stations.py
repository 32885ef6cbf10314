"""Whole charge points behave as good ones do, in both versions."""

from __future__ import annotations

from typing import Any

from fake_chargepoints.chargepoint import ChargePoint
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.vehicle import city_car

from .central_system import CentralSystem, central_system
from .schemas import complaints
from .stations import Desk, answers_v16, car, card, desk_v16, desk_v201, options_for

default_8_a: dict[str, Any] = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": "2025-06-02T12:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    },
}


def statuses(server: CentralSystem, connector: int = 1) -> list[str]:
    return [s["status"] for s in server.of("StatusNotification") if s["connectorId"] == connector]


def events(server: CentralSystem) -> list[tuple[str, str]]:
    return [(e["eventType"], e["triggerReason"]) for e in server.of("TransactionEvent")]


def samples(payload: dict[str, Any]) -> dict[str, float]:
    found = payload["meterValue"][0]["sampledValue"]
    return {s["measurand"] + s.get("phase", ""): float(s["value"]) for s in found}


async def charge(desk: Desk[Any], seconds: float) -> None:
    """A car comes, charges so long, and leaves."""
    station: ChargePoint = desk.station
    await station.plug_in(1, car())
    assert await station.present_card(1, card)
    await desk.pass_time(seconds)
    assert await station.present_card(1, card)
    await station.unplug(1)


# -- a normal day --------------------------------------------------------------------------


async def test_16_a_charge_tells_every_stage_and_the_right_energy() -> None:
    async with desk_v16() as desk:
        await charge(desk, 3600)
        assert statuses(desk.server) == [
            "Available", "Preparing", "Charging", "Finishing", "Available",
        ]  # fmt: skip
        start, stop = desk.server.of("StartTransaction")[0], desk.server.of("StopTransaction")[0]
        # 16 A on three phases, at 230 V less what the line loses under load.
        assert abs(stop["meterStop"] - start["meterStart"] - 3 * 16 * 229.04) < 2
        assert stop["transactionId"] == 1
        assert len(desk.server.of("MeterValues")) == 60


async def test_16_meter_values_hold_all_phases_and_add_up() -> None:
    async with desk_v16() as desk:
        await charge(desk, 120)
        found = samples(desk.server.of("MeterValues")[0])
        assert len(found) >= 10
        total_w = sum(found[f"Current.ImportL{n}"] for n in (1, 2, 3)) * found["VoltageL1-N"]
        assert abs(total_w - found["Power.Active.Import"]) < 20


async def test_201_a_charge_is_one_numbered_chain_of_events() -> None:
    async with desk_v201() as desk:
        await charge(desk, 180)
        assert events(desk.server) == [
            ("Started", "Authorized"),
            ("Updated", "MeterValuePeriodic"),
            ("Updated", "MeterValuePeriodic"),
            ("Updated", "MeterValuePeriodic"),
            ("Ended", "StopAuthorized"),
        ]
        assert [e["seqNo"] for e in desk.server.of("TransactionEvent")] == list(range(5))
        assert len({
            e["transactionInfo"]["transactionId"] for e in desk.server.of("TransactionEvent")
        }) == 1  # fmt: skip


async def test_201_the_car_filling_up_is_an_event() -> None:
    async with desk_v201() as desk:
        await desk.station.plug_in(1, car(0.9999))
        await desk.station.present_card(1, card)
        await desk.pass_time(30)
        assert ("Updated", "ChargingStateChanged") in events(desk.server)
        info = desk.server.of("TransactionEvent")[-1]["transactionInfo"]
        assert info["chargingState"] == "SuspendedEV"


async def test_heartbeats_come_at_the_interval_of_the_boot() -> None:
    async with desk_v16() as desk:
        for _ in range(6):
            await desk.pass_time(150)
        assert len(desk.server.of("Heartbeat")) == 3


async def test_a_pending_charge_point_boots_again_when_told_to() -> None:
    verdicts = iter(["Pending", "Accepted"])

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        return {"status": next(verdicts), "interval": 600, "currentTime": "now"}

    async with central_system(answers_v16() | {"BootNotification": answer}) as server:
        async with ChargePoint16(options_for(server.url)) as station:
            await server.got("BootNotification")
            await server.call("TriggerMessage", {"requestedMessage": "BootNotification"})
            await station.until_ready()
        assert len(server.of("BootNotification")) == 2


# -- authorisation -------------------------------------------------------------------------


async def test_a_refused_card_starts_nothing() -> None:
    async with desk_v16({"Authorize": {"idTagInfo": {"status": "Blocked"}}}) as desk:
        await desk.station.plug_in(1, car())
        assert not await desk.station.present_card(1, card)
        assert desk.server.of("StartTransaction") == []


async def test_16_a_transaction_refused_afterwards_is_stopped() -> None:
    refusal = {"transactionId": 7, "idTagInfo": {"status": "ConcurrentTx"}}
    async with desk_v16({"StartTransaction": refusal}) as desk:
        await desk.station.plug_in(1, car())
        await desk.station.start(1, card)
        stop = await desk.server.got("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (7, "DeAuthorized")


async def test_201_a_transaction_refused_afterwards_is_stopped() -> None:
    refusal = {"idTokenInfo": {"status": "Invalid"}}
    async with desk_v201({"TransactionEvent": refusal}) as desk:
        await desk.station.plug_in(1, car())
        await desk.station.start(1, card)
        await desk.server.got("TransactionEvent", 2)
        assert events(desk.server)[-1] == ("Ended", "Deauthorized")


async def test_another_card_does_not_stop_a_charge_but_one_of_its_group_does() -> None:
    groups = {"04A1B2C3": "FAMILY", "FRIEND": "FAMILY", "STRANGER": "OTHERS"}

    def authorize(payload: dict[str, Any]) -> dict[str, Any]:
        return {"idTagInfo": {"status": "Accepted", "parentIdTag": groups[payload["idTag"]]}}

    async with desk_v16({"Authorize": authorize}) as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        assert not await desk.station.present_card(1, IdToken("STRANGER"))
        assert await desk.station.present_card(1, IdToken("FRIEND"))


# -- offline -------------------------------------------------------------------------------


async def test_16_what_happened_offline_is_replayed_in_order_with_its_own_times() -> None:
    async with desk_v16() as desk:
        await desk.server.call("ChangeConfiguration", {
            "key": "AllowOfflineTxForUnknownId", "value": "true"})  # fmt: skip
        before = len(desk.server.received)
        desk.station.go_offline()
        await charge(desk, 120)
        await charge(desk, 60)
        desk.station.go_online()
        await desk.server.got("StopTransaction", 2)
        told = [(a, p) for a, p in desk.server.received[before:] if a != "StatusNotification"]
        assert [action for action, _ in told] == [
            "StartTransaction", "MeterValues", "MeterValues", "StopTransaction",
            "StartTransaction", "MeterValues", "StopTransaction",
        ]  # fmt: skip
        assert [told[3][1]["transactionId"], told[6][1]["transactionId"]] == [1, 2]
        assert told[0][1]["timestamp"] == "2025-06-02T12:00:00.000Z"
        assert told[6][1]["timestamp"] == "2025-06-02T12:03:00.000Z"


async def test_201_what_happened_offline_says_so() -> None:
    async with desk_v201() as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        desk.station.go_offline()
        await desk.pass_time(120)
        desk.station.go_online()
        await desk.station.until_ready()
        await desk.station.stop(1)
        offline = [e.get("offline", False) for e in desk.server.of("TransactionEvent")]
        assert offline == [False, True, True, False]


async def test_a_lost_connection_comes_back_without_a_boot() -> None:
    async with desk_v16() as desk:
        assert desk.station.uplink.link is not None
        desk.station.uplink.link.abort()
        await desk.server.until(lambda: len(desk.server.sockets) == 2)
        await desk.station.until_ready()
        assert len(desk.server.of("BootNotification")) == 1


async def test_16_power_loss_ends_the_transaction_with_the_time_of_the_loss() -> None:
    async with desk_v16() as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        await desk.pass_time(60)
        desk.station.lose_power()
        desk.clock.advance(600)
        assert not await desk.station.present_card(1, card)
        desk.station.restore_power()
        stop = await desk.server.got("StopTransaction")
        assert (stop["reason"], stop["timestamp"]) == ("PowerLoss", "2025-06-02T12:01:00.000Z")
        assert len(desk.server.of("BootNotification")) == 2


# -- on command ----------------------------------------------------------------------------


async def test_16_a_remote_start_waits_for_the_cable() -> None:
    async with desk_v16() as desk:
        await desk.server.call("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
        await desk.server.until(lambda: statuses(desk.server)[-1] == "Preparing")
        await desk.station.plug_in(1, car())
        assert desk.server.of("StartTransaction")[0]["idTag"] == "REMOTE"


async def test_16_a_remote_start_is_forgotten_when_no_cable_comes() -> None:
    async with desk_v16() as desk:
        await desk.server.call("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
        await desk.server.until(lambda: statuses(desk.server)[-1] == "Preparing")
        await desk.pass_time(61)
        assert statuses(desk.server)[-1] == "Available"


async def test_201_a_remote_start_and_stop_name_their_cause() -> None:
    async with desk_v201() as desk:
        await desk.station.plug_in(1, car())
        token = {"idToken": "REMOTE", "type": "Central"}
        await desk.server.call("RequestStartTransaction", {"idToken": token, "remoteStartId": 42})
        started = await desk.server.got("TransactionEvent")
        assert started["transactionInfo"]["remoteStartId"] == 42
        transaction_id = started["transactionInfo"]["transactionId"]
        await desk.server.call("RequestStopTransaction", {"transactionId": transaction_id})
        await desk.server.got("TransactionEvent", 2)
        assert events(desk.server) == [("Started", "RemoteStart"), ("Ended", "RemoteStop")]


async def test_16_a_reset_ends_the_transaction_and_boots() -> None:
    async with desk_v16() as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        await desk.server.call("Reset", {"type": "Hard"})
        await desk.server.got("BootNotification", 2)
        assert desk.server.of("StopTransaction")[0]["reason"] == "HardReset"


async def test_201_a_reset_on_idle_waits_for_the_end_of_the_charge() -> None:
    async with desk_v201() as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        assert await desk.server.call("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        assert len(desk.server.of("BootNotification")) == 1
        await desk.station.stop(1)
        await desk.server.got("BootNotification", 2)
        assert desk.server.of("BootNotification")[1]["reason"] == "ScheduledReset"


async def test_16_a_default_profile_really_limits_the_car() -> None:
    async with desk_v16() as desk:
        payload = {"connectorId": 0, "csChargingProfiles": default_8_a}
        assert await desk.server.call("SetChargingProfile", payload) == {"status": "Accepted"}
        await charge(desk, 60)
        found = samples(desk.server.of("MeterValues")[0])
        assert found["Current.ImportL1"] == found["Current.Offered"] == 8.0


async def test_16_a_limit_of_zero_suspends_and_a_cleared_one_goes_on() -> None:
    async with desk_v16() as desk:
        await desk.station.plug_in(1, car(model=city_car))
        await desk.station.present_card(1, card)
        paused = {
            **default_8_a,
            "chargingProfilePurpose": "TxProfile",
            "chargingSchedule": {
                **default_8_a["chargingSchedule"],
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0.0}],
            },
        }
        await desk.server.call("SetChargingProfile", {
            "connectorId": 1, "csChargingProfiles": paused})  # fmt: skip
        await desk.server.until(lambda: statuses(desk.server)[-1] == "SuspendedEVSE")
        await desk.server.call("ClearChargingProfile", {"id": 1})
        await desk.server.until(lambda: statuses(desk.server)[-1] == "Charging")


async def test_16_a_tx_profile_without_a_transaction_is_refused() -> None:
    async with desk_v16() as desk:
        tx = {**default_8_a, "chargingProfilePurpose": "TxProfile"}
        payload = {"connectorId": 1, "csChargingProfiles": tx}
        assert await desk.server.call("SetChargingProfile", payload) == {"status": "Rejected"}


async def test_16_unavailability_waits_for_the_end_of_the_charge() -> None:
    async with desk_v16() as desk:
        await desk.station.plug_in(1, car())
        await desk.station.present_card(1, card)
        payload = {"connectorId": 1, "type": "Inoperative"}
        assert await desk.server.call("ChangeAvailability", payload) == {"status": "Scheduled"}
        await desk.station.stop(1)
        assert statuses(desk.server)[-1] == "Unavailable"


async def test_16_a_reservation_keeps_others_away_and_is_named_at_the_start() -> None:
    async with desk_v16() as desk:
        await desk.server.call("ReserveNow", {
            "connectorId": 1, "expiryDate": "2025-06-02T12:30:00Z",
            "idTag": card.value, "reservationId": 9})  # fmt: skip
        await desk.station.plug_in(1, car())
        assert not await desk.station.present_card(1, IdToken("OTHER"))
        assert await desk.station.present_card(1, card)
        assert desk.server.of("StartTransaction")[0]["reservationId"] == 9


async def test_201_an_expired_reservation_is_told() -> None:
    async with desk_v201() as desk:
        token = {"idToken": card.value, "type": card.type}
        await desk.server.call("ReserveNow", {
            "id": 9, "evseId": 1, "expiryDateTime": "2025-06-02T12:30:00Z",
            "idToken": token})  # fmt: skip
        await desk.pass_time(1801)
        assert desk.server.of("ReservationStatusUpdate") == [
            {"reservationId": 9, "reservationUpdateStatus": "Expired"}
        ]


async def test_201_a_base_report_comes_in_numbered_parts() -> None:
    async with desk_v201() as desk:
        await desk.server.call("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
        await desk.server.until(
            lambda: any(not part["tbc"] for part in desk.server.of("NotifyReport"))
        )
        parts = desk.server.of("NotifyReport")
        assert [part["seqNo"] for part in parts] == list(range(len(parts)))
        assert sum(len(part["reportData"]) for part in parts) == len(
            desk.station.device_model.all()
        )


async def test_16_firmware_and_diagnostics_tell_their_stages() -> None:
    async with desk_v16() as desk:
        await desk.server.call("GetDiagnostics", {"location": "ftp://x"})
        await desk.server.got("DiagnosticsStatusNotification", 2)
        await desk.server.call("UpdateFirmware", {
            "location": "ftp://x", "retrieveDate": "2025-06-02T12:00:00Z"})  # fmt: skip
        await desk.server.got("FirmwareStatusNotification", 4)
        stages = [s["status"] for s in desk.server.of("FirmwareStatusNotification")]
        assert stages == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert complaints(desk.server, "v16") == []
