"""Limits and credit hold while cars charge: from a reading to the command that stops."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from acceptance.pricing.bodies import flat_rate
from acceptance.pricing.charging import begin, meter_values
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running

from csms.events import MeterValuesReceived

LIMIT = {
    "scope": "id_token",
    "subject_id": "CARD",
    "period": "transaction",
    "measure": "energy",
    "at_most": 5000,
}


async def charge(charger: ScriptedChargePoint, registers_wh: tuple[int, ...]) -> int:
    """Start an hour ago and send registers, a quarter of an hour apart."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    number = await begin(charger, start)
    for quarter, register_wh in enumerate(registers_wh, 1):
        reading = (start + timedelta(minutes=15 * quarter), register_wh)
        await charger.send("MeterValues", meter_values(number, [reading]))
    return number


async def test_energy_is_limited_where_nothing_has_a_price(server: Running) -> None:
    await server.add_token("card")
    await server.put("/spending-limits", LIMIT)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        stop = charger.expect("RemoteStopTransaction")
        number = await charge(charger, (2000, 5200))
        assert (await stop.happened())["transactionId"] == number


async def test_a_limit_that_is_reached_when_it_is_set_ends_the_charge(server: Running) -> None:
    await server.add_token("card")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        stop = charger.expect("RemoteStopTransaction")
        number = await charge(charger, (2000, 5200))
        await server.put("/spending-limits", LIMIT)
        assert (await stop.happened())["transactionId"] == number


async def test_a_prepaid_charge_ends_before_the_credit_does(server: Running) -> None:
    await server.add_token("card")
    await server.post("/tariffs", flat_rate(0.20), status=201)
    assigned = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD"}
    await server.post("/tariff-assignments", assigned, status=201)
    await server.put("/accounts/acme", {"currency": "EUR"})
    await server.put("/accounts/acme/id-tokens/CARD", None)
    top_up = {"amount": 2, "idempotency_key": "first"}
    await server.post("/accounts/acme/top-ups", top_up, status=201)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        stop = charger.expect("RemoteStopTransaction")
        number = await charge(charger, (3000, 6000))
        await server.eventually("/accounts/acme", lambda account: account["reserved"] >= 1.2)
        await charger.send(
            "MeterValues",
            meter_values(number, [(datetime.now(UTC) - timedelta(minutes=15), 9000)]),
        )
        assert (await stop.happened())["transactionId"] == number


async def test_readings_are_not_listened_to_where_nothing_costs(server: Running) -> None:
    events = server.app.services.events
    assert not events.watched(MeterValuesReceived)
    await server.add_token("card")
    await server.put("/spending-limits", LIMIT)
    async with asyncio.timeout(10):
        while not events.watched(MeterValuesReceived):
            await asyncio.sleep(0.01)
