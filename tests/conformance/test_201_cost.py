"""OCPP 2.0.1, block I: drivers see what charging costs, while it runs and at the end."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.pricing.bodies import flat_rate
from conformance.stations import Session, reading, station_201, tell_status, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

ACCEPTED = {"idTokenInfo": {"status": "Accepted"}}


async def set_up(server: Running, price: float = 0.30) -> None:
    """A tariff by energy for everybody who shows the card."""
    await server.add_token("CARD-1")
    await server.post("/tariffs", flat_rate(price), status=201)
    body = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD-1"}
    await server.post("/tariff-assignments", body, status=201)


async def report_display(station: ScriptedChargePoint) -> None:
    """Let a station tell that it shows costs."""
    cost = {
        "component": {"name": "TariffCostCtrlr"},
        "variable": {"name": "Available", "instance": "Cost"},
        "variableAttribute": [{"value": "true", "mutability": "ReadOnly"}],
    }
    report = {"requestId": 1, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
    await station.send("NotifyReport", {**report, "reportData": [cost]}, reply={})


async def charge(station: ScriptedChargePoint) -> Session:
    """EVConnectedPreSession with a register of 1 kWh, Authorized, EnergyTransferStarted."""
    session = Session(station)
    await tell_status(station, "Occupied")
    await session.tell(
        "Started",
        "CablePluggedIn",
        info={"chargingState": "EVConnected"},
        meterValue=[reading(1000, "Transaction.Begin")],
    )
    await station.send("Authorize", {"idToken": token("CARD-1")}, reply=ACCEPTED)
    await session.tell("Updated", "Authorized", idToken=token("CARD-1"), reply=ACCEPTED)
    await session.tell("Updated", "ChargingStateChanged", info={"chargingState": "Charging"})
    return session


async def depart(session: Session, register_wh: float = 6000) -> dict[str, Any]:
    """StopAuthorized, EVConnectedPostSession, and the end with its register."""
    await session.tell("Updated", "StopAuthorized", idToken=token("CARD-1"), reply=ACCEPTED)
    await session.tell("Updated", "ChargingStateChanged", info={"chargingState": "EVConnected"})
    await tell_status(session.station, "Available")
    return await session.tell(
        "Ended",
        "EVCommunicationLost",
        info={"chargingState": "Idle", "stoppedReason": "EVDisconnected"},
        meterValue=[reading(register_wh, "Transaction.End")],
    )


async def test_tc_i_01_the_running_cost_is_told_after_a_reading(server: Running) -> None:
    await set_up(server)
    async with station_201(server) as station:
        await report_display(station)
        told = station.expect("CostUpdated", {}, check={"transactionId": "tx-1"})
        session = await charge(station)
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(3000)], reply={})
        assert "totalCost" in await told.happened()


async def test_tc_i_02_the_final_cost_is_in_the_answer_to_the_end(server: Running) -> None:
    await set_up(server)
    async with station_201(server) as station:
        await report_display(station)
        station.tolerate("CostUpdated", {})
        answer = await depart(await charge(station))
    assert answer == {"totalCost": 1.5}  # 5 kWh of 0.30


async def test_tc_i_02_a_station_that_says_nothing_of_a_display_is_told_in_its_answers(
    server: Running,
) -> None:
    await set_up(server)
    async with station_201(server) as station:  # a CostUpdated would fail the script
        session = await charge(station)
        path = f"/transactions/{(await server.transactions())[0]['id']}"
        await server.eventually(path, lambda shown: shown["cost"]["gross"] is not None)
        answer = await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(3000)])
        assert answer == {"totalCost": 0.6}
        assert await depart(session) == {"totalCost": 1.5}


@pytest.mark.parametrize(("price", "cost"), [(0.0, 0.0), (0.30, 1.5)])
async def test_a_free_transaction_costs_0_and_is_not_silent(
    server: Running, price: float, cost: float
) -> None:  # I03.FR.04
    await set_up(server, price)
    async with station_201(server) as station:
        await report_display(station)
        station.tolerate("CostUpdated", {})
        assert (await depart(await charge(station)))["totalCost"] == cost


async def test_a_cost_that_is_not_known_is_left_out(server: Running) -> None:  # I03.FR.04
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        await report_display(station)
        assert await depart(await charge(station)) == {}


async def test_a_prepaid_driver_is_charged_what_the_display_showed(server: Running) -> None:
    await set_up(server)
    await server.put("/accounts/acme", {"currency": "EUR"})
    await server.put("/accounts/acme/id-tokens/CARD-1", None)
    body = {"amount": 10, "idempotency_key": "first"}
    await server.post("/accounts/acme/top-ups", body, status=201)
    async with station_201(server) as station:
        await report_display(station)
        station.tolerate("CostUpdated", {})
        answer = await depart(await charge(station))
    account = await server.eventually("/accounts/acme", lambda shown: shown["balance"] != 10)
    assert (answer["totalCost"], account["balance"], account["reserved"]) == (1.5, 8.5, 0)


async def test_a_prepaid_driver_is_stopped_before_the_credit_is_used_up(server: Running) -> None:
    await set_up(server)
    await server.put("/accounts/acme", {"currency": "EUR"})
    await server.put("/accounts/acme/id-tokens/CARD-1", None)
    body = {"amount": 2, "idempotency_key": "first"}
    await server.post("/accounts/acme/top-ups", body, status=201)
    async with station_201(server) as station:
        session = await charge(station)
        stop = station.expect("RequestStopTransaction", check={"transactionId": "tx-1"})
        values = [reading(7600)]  # 6.6 kWh: 1.98 of 2.00
        await session.tell("Updated", "MeterValuePeriodic", meterValue=values, reply={})
        values = [reading(7700)]
        await session.tell("Updated", "MeterValuePeriodic", meterValue=values, reply={})
        await stop.happened()
