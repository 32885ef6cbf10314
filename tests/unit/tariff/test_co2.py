"""Emissions of a transaction, hour by hour."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from unit.tariff.tariffs import LISBON
from unit.tariff.usages import local, steady

from csms.tariff.co2 import CombustionCar, GridIntensity, IntensityPoint, emissions

NOON = local("2026-03-02 12:00", LISBON)
PETROL = CombustionCar(g_per_km=Decimal(150), electric_wh_per_km=Decimal(200))


def intensity(*g_per_kwh: int) -> GridIntensity:
    return GridIntensity(
        IntensityPoint(NOON + timedelta(hours=hour), Decimal(value))
        for hour, value in enumerate(g_per_kwh)
    )


def test_each_hours_energy_counts_at_its_own_intensity() -> None:
    """5 kWh at 100 g, 5 kWh at 300 g; 10 kWh are 50 km, for which a petrol car emits 7500 g."""
    found = emissions(steady(NOON, 120, "5"), intensity(100, 300), PETROL)

    assert (found.grid_g, found.avoided_g, found.unknown_wh) == (
        Decimal(2000),
        Decimal(5500),
        Decimal(0),
    )


def test_energy_of_unknown_origin_is_told_apart_and_avoids_nothing() -> None:
    found = emissions(steady(NOON, 120, "5"), intensity(100), PETROL)

    assert (found.grid_g, found.avoided_g, found.unknown_wh) == (
        Decimal(500),
        Decimal(3250),
        Decimal(5000),
    )
