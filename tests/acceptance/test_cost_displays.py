"""Chargers with a display are told what charging costs; others are left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from acceptance.pricing.bodies import flat_rate
from conformance.stations import Session, reading, station_16, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

from csms.events import TransactionPriced

ACCEPTED = {"status": "Accepted"}


def publish(server: Running, number: int, gross: str, identity: str = "CS-1") -> None:
    """What pricing tells."""
    server.app.services.events.publish(
        TransactionPriced(
            at=datetime.now(UTC),
            charge_point_id=identity,
            transaction_id=number,
            id_token="CARD-1",
            running=True,
            currency="EUR",
            net=Decimal(gross),
            gross=Decimal(gross),
            energy_wh=Decimal(12_345),
            unit_price=Decimal("0.30"),
        )
    )


async def report_display(station: ScriptedChargePoint, enabled: str = "true") -> None:
    """Let a station tell that it shows costs."""
    cost = {
        "component": {"name": "TariffCostCtrlr"},
        "variable": {"name": "Enabled", "instance": "Cost"},
        "variableAttribute": [{"value": enabled}],
    }
    report = {"requestId": 1, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
    await station.send("NotifyReport", {**report, "reportData": [cost]}, reply={})


async def open_number(server: Running) -> int:
    (running,) = await server.transactions(active="true")
    number: int = running["id"]
    return number


async def test_a_station_that_shows_costs_is_told_them_while_it_charges(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        await report_display(station)
        await Session(station).start("CARD-1")
        told = station.expect("CostUpdated", answer={})
        publish(server, await open_number(server), "3.705")
        assert await told.happened() == {"totalCost": 3.71, "transactionId": "tx-1"}


@pytest.mark.parametrize("says", ["false", "nothing"])
async def test_a_station_without_a_display_is_left_alone(server: Running, says: str) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        if says == "false":
            await report_display(station, "false")
        session = Session(station)
        await session.start("CARD-1")
        publish(server, await open_number(server), "3.70")
        await session.tell("Ended", "EVDeparted", reply={})


async def test_the_operator_has_the_last_word(server: Running) -> None:
    await server.add_token("CARD-1")
    await server.put("/cost-displays/vendor", {"enabled": True})
    async with station_201(server) as station:
        await Session(station).start("CARD-1")
        told = station.expect("CostUpdated", answer={})
        publish(server, await open_number(server), "3.70")
        await told.happened()


async def test_costs_are_not_told_more_often_than_wanted(server: Running) -> None:
    await server.add_token("CARD-1")
    await server.put("/cost-displays/vendor", {"interval_s": 3600})
    async with station_201(server) as station:
        await Session(station).start("CARD-1")
        number = await open_number(server)
        told = station.expect("CostUpdated", answer={})
        publish(server, number, "3.70")
        assert (await told.happened())["totalCost"] == 3.7
        publish(server, number, "3.80")
        await station.send("Heartbeat", {})
        await station.send("Heartbeat", {})  # a second CostUpdated would fail the script


@asynccontextmanager
async def charging_at_a_price(
    server: Running, shows_costs: str | None = None
) -> AsyncIterator[Session]:
    """A card under 0.30 a kWh charges, and what that costs is known for the first time."""
    await server.add_token("CARD-1")
    await server.post("/tariffs", flat_rate(0.30), status=201)
    assigned = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD-1"}
    await server.post("/tariff-assignments", assigned, status=201)
    async with station_201(server) as station:
        session = Session(station)
        if shows_costs is not None:
            await report_display(station, shows_costs)
        station.tolerate("CostUpdated", {})
        await session.start("CARD-1")
        begin = [reading(1000, "Transaction.Begin")]
        await session.tell("Updated", "MeterValuePeriodic", meterValue=begin)
        number = await open_number(server)
        await server.eventually(
            f"/transactions/{number}", lambda shown: shown["cost"]["gross"] is not None
        )
        yield session


async def test_the_answer_to_a_reading_has_the_cost_up_to_it(server: Running) -> None:
    await server.put("/cost-displays/vendor", {"enabled": True})
    async with charging_at_a_price(server) as session:
        told = {"totalCost": 0.6}
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(3000)], reply=told)


async def test_a_cost_that_nobody_shows_is_in_no_answer(server: Running) -> None:
    async with charging_at_a_price(server, shows_costs="false") as session:
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(3000)], reply={})
        await session.tell("Ended", "EVDeparted", reply={})


async def test_an_unknown_cost_is_not_told(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        await report_display(station)
        session = Session(station)
        await session.start("CARD-1")
        answer = await session.tell("Ended", "EVDeparted")
    assert "totalCost" not in answer


async def test_a_1_6_display_is_told_in_its_vendors_words(server: Running) -> None:
    await server.add_token("CARD-1")
    display = {
        "vendor_id": "com.vendor",
        "message_id": "ShowCost",
        "template": '{"cost": "$total_cost $currency", "kWh": "$energy_kwh", "state": "$state"}',
    }
    await server.put("/cost-displays/Vendor", display)
    async with station_16(server) as station:
        start = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0}
        begun = await station.send(
            "StartTransaction", {**start, "timestamp": "2026-06-15T12:00:00Z"}
        )
        number = begun["transactionId"]
        told = station.expect("DataTransfer", answer=ACCEPTED)
        publish(server, number, "3.70", "CP-1")
        payload: dict[str, Any] = await told.happened()
    assert payload == {
        "vendorId": "com.vendor",
        "messageId": "ShowCost",
        "data": '{"cost": "3.70 EUR", "kWh": "12.345", "state": "running"}',
    }


async def test_a_text_with_a_name_that_there_is_not_is_refused(server: Running) -> None:
    display = {"vendor_id": "v", "template": "cost: $price"}
    answer = await server.api("PUT", "/cost-displays/vendor", display)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "template")
    assert "$total_cost" in answer.body["errors"][0]["allowed"]
