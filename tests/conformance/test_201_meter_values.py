"""OCPP 2.0.1, block J: clock-aligned and sampled meter values, signed ones too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.stations import ACCEPTED, Session, now, reading, station_201, tell_status, token
from ocmf import SigningMeter, signed_value
from running import Running

SAID = {"idTokenInfo": ACCEPTED}
UNPLUGGED = {"stoppedReason": "EVDisconnected", "chargingState": "Idle"}


async def contexts(server: Running) -> set[str]:
    """The contexts of the only transaction's readings."""
    (transaction,) = await server.transactions()
    readings = await server.get(f"/transactions/{transaction['id']}/meter-values")
    return {each["context"] for each in readings["items"]}


def ago(minutes: float) -> dict[str, str]:
    """When a reading was taken."""
    moment = datetime.now(UTC) - timedelta(minutes=minutes)
    return {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


async def test_tc_j_01_clock_aligned_values_need_no_transaction(server: Running) -> None:
    metering = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Periodic",
        "actualValue": "1000",
        "eventNotificationType": "CustomMonitor",
        "component": {"name": "FiscalMetering"},
        "variable": {"name": "EnergyActiveImportRegister"},
    }
    async with station_201(server) as station:
        for minutes in (30, 15, 0):
            for evse_id in (0, 1):
                value = {**reading(1000 - minutes, "Sample.Clock"), **ago(minutes)}
                values = {"evseId": evse_id, "meterValue": [value]}
                await station.send("MeterValues", values, reply={})
            event = {"generatedAt": now(), "seqNo": 0, "eventData": [metering]}
            await station.send("NotifyEvent", event, reply={})
    rows = await server.rows(
        "SELECT evse_id, energy_wh, context, transaction_id FROM meter_values ORDER BY 1, 2"
    )
    assert [(row["evse_id"], row["energy_wh"]) for row in rows] == [
        (evse_id, wh) for evse_id in (0, 1) for wh in (970, 985, 1000)
    ]
    assert {(row["context"], row["transaction_id"]) for row in rows} == {("Sample.Clock", None)}


async def test_tc_j_02_clock_aligned_values_while_charging(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        idle = {"evseId": 0, "meterValue": [reading(5000, "Sample.Clock")]}
        await station.send("MeterValues", idle, reply={})
        aligned = [reading(1000, "Sample.Clock")]
        await session.tell("Updated", "MeterValueClock", meterValue=aligned, reply={})
    assert await contexts(server) == {"Sample.Clock"}


async def the_last_event_carries_all(server: Running, context: str) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        values = [
            {**reading(1000, "Transaction.Begin"), **ago(20)},
            {**reading(1500, context), **ago(10)},
            reading(2000, "Transaction.End"),
        ]
        await session.tell(
            "Ended", "EVCommunicationLost", info=UNPLUGGED, meterValue=values, reply={}
        )
    (transaction,) = await server.transactions(active="false")
    assert transaction["energy_wh"] == 1000
    assert await contexts(server) == {"Transaction.Begin", context, "Transaction.End"}


async def test_tc_j_03_the_last_event_carries_the_clock_aligned_values(server: Running) -> None:
    await the_last_event_carries_all(server, "Sample.Clock")


async def test_tc_j_10_the_last_event_carries_the_sampled_values(server: Running) -> None:
    await the_last_event_carries_all(server, "Sample.Periodic")


def signed(wh: float, context: str, record: str, key: str) -> dict[str, Any]:
    return reading(wh, context, signedMeterValue=signed_value(record, key))


async def signed_values_are_kept_and_checked(server: Running, context: str) -> None:
    meter = SigningMeter()
    key = meter.public_key
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        values = [
            {**signed(1000, "Transaction.Begin", meter.record(("B", 1.0)), key), **ago(20)},
            {**signed(1500, context, meter.record(("C", 1.5)), key), **ago(10)},
            signed(2000, "Transaction.End", meter.record(("E", 2.0)), key),
        ]
        await session.tell(
            "Ended", "EVCommunicationLost", info=UNPLUGGED, meterValue=values, reply={}
        )
    (transaction,) = await server.transactions(active="false")
    one = f"/transactions/{transaction['id']}"
    shown = await server.eventually(one, lambda found: found["signed_readings"] is not None)
    assert (shown["energy_wh"], shown["signed_readings"]) == (1000, "valid")
    readings = await server.get(f"{one}/meter-values")
    kept = [each["others"][0]["signedMeterValue"] for each in readings["items"]]
    assert kept == [value["sampledValue"][0]["signedMeterValue"] for value in values]
    checked = await server.post(f"{one}/check-signatures")
    assert (checked["begin_wh"], checked["end_wh"], checked["key_source"]) == (
        1000,
        2000,
        "charge_point",
    )


async def test_tc_j_04_signed_clock_aligned_values_are_kept_and_checked(server: Running) -> None:
    await signed_values_are_kept_and_checked(server, "Sample.Clock")


async def test_tc_j_11_signed_sampled_values_are_kept_and_checked(server: Running) -> None:
    await signed_values_are_kept_and_checked(server, "Sample.Periodic")


async def test_a_signed_value_that_was_changed_is_an_alarm(server: Running) -> None:
    meter = SigningMeter()
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        key = {"public_key": meter.pem}
        await server.put("/charge-points/CS-1/meter-keys/1", key)
        session = Session(station)
        await session.start("CARD-1")
        changed = meter.record(("B", 1.0), ("E", 2.0)).replace('"RV":2.0', '"RV":7.0')
        values = [signed(7000, "Transaction.End", changed, "")]
        await session.tell(
            "Ended", "EVCommunicationLost", info=UNPLUGGED, meterValue=values, reply={}
        )
    path = "/charge-points/CS-1/notifications?kind=signed_readings"
    found = await server.eventually(path, lambda body: len(body["items"]) == 1)
    assert found["items"][0]["severity"] == "critical"
    (transaction,) = await server.transactions(active="false")
    assert transaction["signed_readings"] == "invalid"


async def begin_and_end_are_known(server: Running) -> None:
    (transaction,) = await server.transactions(active="false")
    assert transaction["meter_start_wh"] == 1000
    assert "Transaction.Begin" in await contexts(server)


async def test_tc_j_07_the_first_event_carries_the_register_at_the_start(server: Running) -> None:
    async with station_201(server) as station:
        await tell_status(station, "Occupied")
        session = Session(station)
        begin = [reading(1000, "Transaction.Begin")]
        plugged = {"chargingState": "EVConnected"}
        await session.tell("Started", "CablePluggedIn", info=plugged, meterValue=begin, reply={})
        await session.finish()
    await begin_and_end_are_known(server)


async def test_tc_j_08_the_register_at_the_start_comes_once_the_evse_is_known(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        card = token("CARD-1")
        await session.tell("Started", "Authorized", idToken=card, reply=SAID)
        await tell_status(station, "Occupied")
        begin = [reading(1000, "Transaction.Begin")]
        plugged = {"chargingState": "EVConnected"}
        await session.tell("Updated", "CablePluggedIn", info=plugged, meterValue=begin, reply={})
        await session.tell("Updated", "ChargingStateChanged", info={"chargingState": "Charging"})
        await session.finish()
    await begin_and_end_are_known(server)


async def test_tc_j_09_sampled_values_come_while_charging(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        for minutes, wh in ((2, 1000), (1, 1100), (0, 1200)):
            value = {**reading(wh), **ago(minutes)}
            await session.tell("Updated", "MeterValuePeriodic", meterValue=[value], reply={})
    (transaction,) = await server.transactions()
    readings = await server.get(f"/transactions/{transaction['id']}/meter-values")
    assert [each["energy_wh"] for each in readings["items"]] == [1000, 1100, 1200]
    assert await contexts(server) == {"Sample.Periodic"}
