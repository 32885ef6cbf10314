"""What was charged can be found, page by page, with its readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running


def at(hours_ago: float) -> str:
    moment = datetime.now(UTC) - timedelta(hours=hours_ago)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def start(charger: ScriptedChargePoint, id_tag: str, hours_ago: float, evse: int = 1) -> int:
    body = {"connectorId": evse, "idTag": id_tag, "meterStart": 0, "timestamp": at(hours_ago)}
    return int((await charger.send("StartTransaction", body))["transactionId"])


async def stop(charger: ScriptedChargePoint, number: int, hours_ago: float) -> None:
    body = {"transactionId": number, "meterStop": 5000, "timestamp": at(hours_ago)}
    await charger.send("StopTransaction", body)


def sampled(wh: int, power_w: int, hours_ago: float) -> dict[str, Any]:
    return {
        "timestamp": at(hours_ago),
        "sampledValue": [
            {"value": str(wh)},
            {"value": str(power_w), "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "21.5", "measurand": "Temperature", "unit": "Celsius"},
        ],
    }


async def numbers(server: Running, query: str) -> list[int]:
    return [one["id"] for one in (await server.get(f"/transactions?{query}"))["items"]]


async def test_the_newest_start_comes_first_whatever_arrived_first(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        late = await start(charger, "A", 1)
        await stop(charger, late, 0.5)
        early = await start(charger, "A", 3)
        await stop(charger, early, 2)
    assert await numbers(server, "") == [late, early]


async def test_transactions_can_be_filtered(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        first = await start(charger, "Card-A", 5)
        await stop(charger, first, 4)
        second = await start(charger, "Card-B", 2, evse=2)
        assert await numbers(server, "charge_point_id=cp-1") == [second, first]
        assert await numbers(server, "charge_point_id=CP-2") == []
        assert await numbers(server, "id_token=card-a") == [first]
        assert await numbers(server, "active=true") == [second]
        assert await numbers(server, "active=false") == [first]
        assert await numbers(server, "evse_id=2") == [second]
        assert await numbers(server, f"from={at(3)}") == [second]
        assert await numbers(server, f"to={at(3)}") == [first]
        assert await numbers(server, f"ocpp_transaction_id={first}") == [first]
        assert await numbers(server, "flag=not_authorized") == [second, first]
        assert await numbers(server, "flag=register_reset") == []


async def test_an_open_transaction_shows_energy_and_power_as_they_are_now(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await start(charger, "A", 1)
        for wh, power_w, hours_ago in ((3000, 11000, 0.5), (6000, 7400, 0.2)):
            await charger.send(
                "MeterValues",
                {
                    "connectorId": 1,
                    "transactionId": number,
                    "meterValue": [sampled(wh, power_w, hours_ago)],
                },
            )
        running = await server.get(f"/transactions/{number}")
        assert (running["energy_wh"], running["power_w"]) == (6000, 7400)
        assert running["stopped_at"] is None
        await stop(charger, number, 0.1)
        ended = await server.get(f"/transactions/{number}")
        assert (ended["energy_wh"], ended["power_w"]) == (5000, None)


async def test_readings_come_in_the_order_of_time_page_by_page(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await start(charger, "A", 1)
        for wh, hours_ago in ((3000, 0.4), (1000, 0.6), (2000, 0.5)):
            await charger.send(
                "MeterValues",
                {
                    "connectorId": 1,
                    "transactionId": number,
                    "meterValue": [sampled(wh, 7000, hours_ago)],
                },
            )
    first = await server.get(f"/transactions/{number}/meter-values?limit=2")
    assert [one["energy_wh"] for one in first["items"]] == [1000, 2000]
    (other,) = first["items"][0]["others"]
    assert (other["measurand"], first["items"][0]["power_w"]) == ("Temperature", 7000)
    second = await server.get(
        f"/transactions/{number}/meter-values?limit=2&cursor={first['next_cursor']}"
    )
    assert [one["energy_wh"] for one in second["items"]] == [3000]
    assert second["next_cursor"] is None


async def test_pages_hold_every_transaction_once(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        for hours_ago in (5, 4, 3, 2, 1):
            await stop(charger, await start(charger, "A", hours_ago), hours_ago - 0.5)
    whole = await numbers(server, "")
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await server.get(f"/transactions?limit=2{cursor and '&cursor=' + cursor}")
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert found == whole
    assert len(set(found)) == 5
