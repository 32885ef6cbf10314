"""A June in a garage in Lisbon, by the API and by a charger alone: 360.018 kWh for 80.38 EUR."""

from __future__ import annotations

import io
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from acceptance.pricing.bodies import four_periods
from acceptance.pricing.charging import begin, cost, end, meter_values
from fake_chargepoints.script import ScriptedChargePoint
from pypdf import PdfReader
from running import V16_BOOT, Running, running_app
from unit.tariff.june_transactions import june_transactions
from unit.tariff.test_june_statement import EXPECTED

from csms.tariff.usage import Usage


class SteppedClock:
    """The month passes as fast as the charger tells of it."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    def go_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)


async def set_up(server: Running) -> None:
    """All that an operator says before the month begins."""
    await server.post(
        "/sites", {"id": "garage", "name": "Garage", "time_zone": "Europe/Lisbon"}, status=201
    )
    await server.accept("CP-1", site_id="garage")
    await server.post("/users", {"id": "flat-7", "name": "Flat 7"}, status=201)
    await server.add_token("card", user_id="flat-7")
    await server.post("/tariffs", four_periods(), status=201)
    body = {"tariff_id": "tetra", "scope": "site", "subject_id": "garage"}
    await server.post("/tariff-assignments", body, status=201)


async def live(charger: ScriptedChargePoint, clock: SteppedClock, month: Sequence[Usage]) -> None:
    """Charge as the month says, each message when it is due."""
    for usage in month:
        first_wh = usage.meter_start_wh or Decimal(0)
        clock.go_to(usage.started_at)
        number = await begin(charger, usage.started_at)
        for place in range(0, len(usage.readings), 4):
            some = usage.readings[place : place + 4]
            clock.go_to(some[-1].at)
            readings = [(each.at, int(each.register_wh - first_wh)) for each in some]
            await charger.send("MeterValues", meter_values(number, readings))
        clock.go_to(usage.ended_at)
        await end(charger, number, usage.ended_at, int(usage.energy_wh or 0))


def periods(transactions: Sequence[Any]) -> dict[tuple[str, str], tuple[Decimal, ...]]:
    """Add up what each period of the tariff came to, as a statement does."""
    kwh: defaultdict[tuple[str, str, Decimal], Decimal] = defaultdict(Decimal)
    for transaction in transactions:
        for line in transaction["cost"]["lines"]:
            price = Decimal(str(line["unit_price"]))
            kwh[line["section"], line["name"], price] += Decimal(str(line["quantity"]))
    cent = Decimal("0.01")
    return {
        (section, name): (quantity, price, (quantity * price).quantize(cent, ROUND_HALF_UP))
        for (section, name, price), quantity in kwh.items()
    }


async def first_page(server: Running, statement_id: int) -> str:
    """What the first page of a statement's PDF says."""
    url = f"{server.api_url}/api/v1/statements/{statement_id}/pdf"
    async with server.http.get(url) as response:
        text = PdfReader(io.BytesIO(await response.read())).pages[0].extract_text()
    return " ".join(text.split())


async def test_june_is_charged_priced_and_stated_to_the_cent(
    database_url: str, tmp_path: Path
) -> None:
    month = june_transactions()
    clock = SteppedClock(datetime(2025, 6, 1, tzinfo=UTC))
    async with running_app(database_url, tmp_path, clock) as server:
        await set_up(server)
        async with server.charge_point() as charger:
            await charger.send("BootNotification", V16_BOOT)
            await live(charger, clock, month)
        clock.go_to(month[-1].ended_at + timedelta(days=2))
        charged = await server.transactions(limit="500")
        for transaction in charged:
            await cost(server, transaction["id"])
        charged = await server.transactions(limit="500")

        assert {each["cost"]["state"] for each in charged} == {"priced"}
        assert {tuple(each["cost"]["flags"]) for each in charged} == {()}
        assert periods(charged) == {
            period: tuple(Decimal(text) for text in values) for period, values in EXPECTED.items()
        }
        total = sum(amount for _, _, amount in periods(charged).values())
        assert total == Decimal("80.38")

        order = {
            "kind": "user",
            "subject_id": "flat-7",
            "site_id": "garage",
            "month": "2025-06",
        }
        await server.put("/sites/garage/statement-issuer", {"name": "Garage", "series": "GARAGE"})
        stated = await server.post("/statements", order, status=201)
        assert [total["gross"] for total in stated["totals"]] == [80.38]
        assert stated["complete"]
        page = await first_page(server, stated["id"])
        for (section, period), (kwh, price, amount) in EXPECTED.items():
            assert f"{section} {period} {kwh} kWh {price} {amount}" in page
        assert "Total 360.018 kWh 80.38" in page
