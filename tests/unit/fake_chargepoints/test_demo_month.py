"""The demo's month: nobody comes when it is over, and readings are told by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fake_chargepoints.clock import SteppedClock
from fake_chargepoints.days import DemoOptions
from fake_chargepoints.demo_cast import DEMO_STATIONS
from fake_chargepoints.demo_month import MeterLog, run_demo_month

from .central_system import CentralSystem, central_system
from .stations import answers_both

MIDNIGHT = datetime(2025, 6, 2, tzinfo=UTC)
CLOSING = MIDNIGHT + timedelta(hours=20)


async def live(server: CentralSystem, stations: slice) -> MeterLog:
    options = DemoOptions(
        server.url,
        DEMO_STATIONS[stations],
        step_s=60,
        sample_interval_s=0,
        aligned_interval_s=900,
        closes_at=CLOSING,
    )
    return await run_demo_month(options, SteppedClock(MIDNIGHT))


def samples(server: CentralSystem) -> list[tuple[str, str]]:
    """When periodic readings were taken, and in which context."""
    told = [*server.of("MeterValues"), *server.of("TransactionEvent")]
    return [
        (value["timestamp"], value["sampledValue"][0]["context"])
        for message in told
        for value in message.get("meterValue", ())
        if not value["sampledValue"][0]["context"].startswith("Transaction.")
    ]


@pytest.mark.parametrize("stations", [slice(0, 2), slice(2, 3)], ids=["1.6", "2.0.1"])
async def test_chargers_tell_what_they_show_at_every_full_quarter(stations: slice) -> None:
    async with central_system(answers_both()) as server:
        await live(server, stations)
        found = samples(server)
    assert len(found) > 4
    assert {context for _, context in found} == {"Sample.Clock"}
    assert {at[14:] for at, _ in found} <= {f"{minute:02}:00.000Z" for minute in (0, 15, 30, 45)}


async def test_the_displays_count_what_the_transactions_say() -> None:
    async with central_system(answers_both()) as server:
        log = await live(server, slice(0, 2))
        starts, stops = server.of("StartTransaction"), server.of("StopTransaction")
    told_wh = sum(stop["meterStop"] for stop in stops) - sum(s["meterStart"] for s in starts)
    assert len(starts) == len(stops) > 0
    assert log.energy_wh == told_wh > 0
    assert max(start["timestamp"] for start in starts) < CLOSING.isoformat()


async def test_a_reading_never_shows_more_than_the_end_of_its_transaction() -> None:
    """All are cut to whole watt-hours, as on a display."""
    async with central_system(answers_both()) as server:
        await live(server, slice(0, 2))
        last = {
            message["transactionId"]: float(message["meterValue"][0]["sampledValue"][0]["value"])
            for message in server.of("MeterValues")
        }
        ended = {stop["transactionId"]: stop["meterStop"] for stop in server.of("StopTransaction")}
    assert last
    assert all(shown <= ended[number] for number, shown in last.items())
