"""What the sun will bring to the roof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from csms.smart_charging.forecast import (
    ClearSky,
    Irradiance,
    PanelGroup,
    Place,
    forecast_w,
    split_global,
)

LISBON = Place(latitude=38.72, longitude=-9.14, altitude_m=50.0)
SOUTH = PanelGroup(count=20, panel_wp=400.0, azimuth_deg=180.0, tilt_deg=30.0)
MIDSUMMER = datetime(2025, 6, 21, tzinfo=UTC)
HOURS = np.full(24, 3600.0)


def whole_day(group: PanelGroup, day: datetime = MIDSUMMER, clearness: float = 1.0) -> list[float]:
    return list(forecast_w(LISBON, [group], day, HOURS, ClearSky(clearness)))


def test_nothing_at_night() -> None:
    day = whole_day(SOUTH)
    assert day[:4] == pytest.approx([0.0] * 4)
    assert day[22:] == pytest.approx([0.0] * 2)


def test_a_clear_summer_noon_brings_most_of_what_the_panels_can() -> None:
    assert 0.65 * SOUTH.peak_w < max(whole_day(SOUTH)) < 0.95 * SOUTH.peak_w


def test_a_summer_day_brings_about_what_such_roofs_bring() -> None:
    """8 kWp in Lisbon: some 50 kWh on a cloudless day of June."""
    assert 42_000 < sum(whole_day(SOUTH)) < 60_000


def test_the_east_roof_peaks_in_the_morning_and_the_west_roof_in_the_afternoon() -> None:
    east = whole_day(PanelGroup(count=20, panel_wp=400.0, azimuth_deg=90.0, tilt_deg=30.0))
    west = whole_day(PanelGroup(count=20, panel_wp=400.0, azimuth_deg=270.0, tilt_deg=30.0))
    assert int(np.argmax(east)) < 12 < int(np.argmax(west))


def test_winter_brings_less_than_summer() -> None:
    assert sum(whole_day(SOUTH, datetime(2025, 12, 21, tzinfo=UTC))) < sum(whole_day(SOUTH)) * 0.7


def test_a_mean_day_is_dimmer_than_a_clear_one() -> None:
    usual = forecast_w(LISBON, [SOUTH], MIDSUMMER, HOURS)
    assert 0.5 < sum(usual) / sum(whole_day(SOUTH)) < 0.9


def test_groups_add_up() -> None:
    both = forecast_w(LISBON, [SOUTH, SOUTH], MIDSUMMER, HOURS, ClearSky(1.0))
    assert both == pytest.approx([2 * power for power in whole_day(SOUTH)])


def test_no_panels_no_power() -> None:
    assert forecast_w(LISBON, [], MIDSUMMER, HOURS).tolist() == [0.0] * 24


def test_the_time_zone_of_now_does_not_matter() -> None:
    local = MIDSUMMER.astimezone(ZoneInfo("Europe/Lisbon"))
    there = forecast_w(LISBON, [SOUTH], local, HOURS)
    assert there == pytest.approx(forecast_w(LISBON, [SOUTH], MIDSUMMER, HOURS))


def test_blocks_of_any_length_hold_means() -> None:
    """The energy of the morning is the same in blocks of five minutes and of an hour."""
    start = MIDSUMMER + timedelta(hours=8)
    fine = forecast_w(LISBON, [SOUTH], start, np.full(36, 300.0), ClearSky(1.0))
    coarse = forecast_w(LISBON, [SOUTH], start, np.full(3, 3600.0), ClearSky(1.0))
    assert fine.mean() == pytest.approx(coarse.mean(), rel=0.01)


@dataclass
class Overcast:
    """A weather service that knows a grey day."""

    global_w_m2: float = 100.0
    values: int | None = None

    def irradiance(self, place: Place, moments: Sequence[datetime]) -> Irradiance:
        size = len(moments) if self.values is None else self.values
        flat = np.full(size, self.global_w_m2)
        return Irradiance(flat, np.zeros(size), flat, np.full(size, 10.0))


def test_another_source_of_irradiance_is_believed() -> None:
    noon = MIDSUMMER + timedelta(hours=12)
    power = forecast_w(LISBON, [SOUTH], noon, np.array([3600.0]), Overcast())
    assert power[0] == pytest.approx(SOUTH.peak_w * 0.1 * 0.86, rel=0.15)


def test_a_source_that_gives_too_few_values_is_refused() -> None:
    with pytest.raises(ValueError, match="must give 96 values"):
        forecast_w(LISBON, [SOUTH], MIDSUMMER, HOURS, Overcast(values=3))


def test_global_irradiance_is_split_into_beam_and_diffuse() -> None:
    noon = [MIDSUMMER + timedelta(hours=12.6)]
    clear_dni, clear_dhi = split_global(LISBON, noon, np.array([950.0]))
    grey_dni, grey_dhi = split_global(LISBON, noon, np.array([150.0]))
    assert clear_dni[0] > 700 > 300 > clear_dhi[0]
    assert grey_dni[0] < 20
    assert grey_dhi[0] > 130


@pytest.mark.parametrize(
    "wrong", [{"tilt_deg": 91.0}, {"azimuth_deg": -1.0}, {"count": -1}, {"losses": 1.0}]
)
def test_panels_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    values = {"count": 1, "panel_wp": 400.0, "azimuth_deg": 180.0, "tilt_deg": 30.0} | wrong
    with pytest.raises(ValueError, match="must"):
        PanelGroup(**values)  # type: ignore[arg-type]  # count is whole


def test_a_place_off_the_globe_is_refused() -> None:
    with pytest.raises(ValueError, match="latitude"):
        Place(latitude=95.0, longitude=0.0)
