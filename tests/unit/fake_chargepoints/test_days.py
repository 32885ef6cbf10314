"""The demo's days are plausible, repeatable, and catch up with the present."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from fake_chargepoints.day_plan import plan_day
from fake_chargepoints.days import DemoOptions, DemoProgress, run_demo_day
from fake_chargepoints.demo_cast import DEMO_ID_TOKENS, DEMO_STATIONS, UNKNOWN_CARD

from .central_system import CentralSystem, central_system
from .stations import answers_both

monday = date(2025, 6, 2)


def test_the_cast_is_a_dozen_mixed_stations_with_their_own_names() -> None:
    assert len({station.identity for station in DEMO_STATIONS}) == 12
    assert {station.version for station in DEMO_STATIONS} == {"1.6", "2.0.1"}
    boxes = [box for station in DEMO_STATIONS for box in station.evses]
    assert {box.phases for box in boxes} == {1, 3}
    assert sum(box.is_dc for box in boxes) == 1


def test_every_card_fits_16_and_the_stranger_is_none_of_them() -> None:
    cards = [token.value for token in DEMO_ID_TOKENS]
    assert len(set(cards)) == len(cards)
    assert all(len(card) <= 20 for card in cards)
    assert UNKNOWN_CARD not in cards


def test_the_same_seed_plans_the_same_day_and_another_seed_another() -> None:
    assert plan_day(monday, DEMO_STATIONS, 1) == plan_day(monday, DEMO_STATIONS, 1)
    assert plan_day(monday, DEMO_STATIONS, 1) != plan_day(monday, DEMO_STATIONS, 2)


@pytest.mark.parametrize("seed", range(20))
def test_no_evse_has_two_cars_and_no_card_is_at_two_places(seed: int) -> None:
    visits = [
        visit
        for day in range(3)
        for visit in plan_day(monday + timedelta(days=day), DEMO_STATIONS, seed).visits
    ]
    assert len(visits) > 60
    for place in {(visit.identity, visit.evse_id) for visit in visits}:
        here = [v for v in visits if (v.identity, v.evse_id) == place]
        assert all(a.leaves_at < b.arrives_at for a, b in pairwise(here))
    for card in {visit.card for visit in visits}:
        assert len({(v.identity, v.evse_id) for v in visits if v.card == card}) == 1


def energies(server: CentralSystem) -> dict[str, int]:
    """meterStop - meterStart by the time of the start, of all finished 1.6 transactions."""
    starts = {number + 1: start for number, start in enumerate(server.of("StartTransaction"))}
    return {
        starts[stop["transactionId"]]["timestamp"]: stop["meterStop"]
        - starts[stop["transactionId"]]["meterStart"]
        for stop in server.of("StopTransaction")
    }


async def live_a_day(server: CentralSystem) -> list[DemoProgress]:
    """Ten hours of the past as fast as it goes, up to the first moment of the present."""
    begun = datetime.now(UTC)
    seen: list[DemoProgress] = []
    is_live = asyncio.Event()

    def now() -> datetime:
        return datetime(2025, 6, 2, 16, 0, tzinfo=UTC) + (datetime.now(UTC) - begun)

    def note(progress: DemoProgress) -> None:
        seen.append(progress)
        if progress.is_live:
            is_live.set()

    options = DemoOptions(server.url, DEMO_STATIONS[:4], history_h=10, step_s=120)
    demo = asyncio.create_task(run_demo_day(options, note, now))
    async with asyncio.timeout(30):
        await is_live.wait()
    demo.cancel()
    with suppress(asyncio.CancelledError):
        await demo
    return seen


async def test_the_past_is_lived_through_and_the_present_reached() -> None:
    async with central_system(answers_both()) as server:
        seen = await live_a_day(server)
        assert seen[-1].is_live
        assert seen[-1].visits >= 3
        found = energies(server)
        assert found
        assert all(0 <= energy_wh < 77_000 for energy_wh in found.values())
        first = min(start["timestamp"] for start in server.of("StartTransaction"))
        assert first.startswith("2025-06-02T0")


async def test_the_same_day_gives_the_same_energy_again() -> None:
    async with central_system(answers_both()) as one:
        await live_a_day(one)
    async with central_system(answers_both()) as other:
        await live_a_day(other)
    assert set(energies(one).values()) == set(energies(other).values())


async def test_events_of_the_past_are_marked_offline_in_201() -> None:
    async with central_system(answers_both()) as server:
        await live_a_day(server)
        told = server.of("TransactionEvent")
        assert told
        assert all(e.get("offline") for e in told if e["timestamp"] < "2025-06-02T15:5")
