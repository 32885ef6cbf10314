"""What the sun will bring: power of panel groups over a plan's blocks, by pvlib.

Without a weather service the sky is taken as clear, dimmed by what clouds usually take; any
service that knows irradiance can be plugged in as an `IrradianceSource`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from csms.smart_charging.planning_rows import Floats

STEP_S: Final = 900.0
USUAL_LOSSES: Final = 0.14
"""Dirt, cables, mismatch, inverter: what PVWatts assumes."""
USUAL_CLEARNESS: Final = 0.7
"""Part of a clear day's irradiance that a mean day of Central Europe brings."""
_GAMMA_PER_K: Final = -0.004
_CELL_REFERENCE_C: Final = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the site is."""

    latitude: float
    longitude: float
    altitude_m: float = 0.0

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError("latitude must be -90 to 90, longitude -180 to 180")


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelGroup:
    """Panels that look the same way.

    `azimuth_deg` is 0 for north, 90 for east, 180 for south; `tilt_deg` 0 for flat.
    """

    count: int
    panel_wp: float
    azimuth_deg: float
    tilt_deg: float
    losses: float = USUAL_LOSSES

    def __post_init__(self) -> None:
        if self.count < 0 or self.panel_wp < 0 or not 0 <= self.losses < 1:
            raise ValueError("count and panel_wp must not be negative, losses 0 to below 1")
        if not (0 <= self.tilt_deg <= 90 and 0 <= self.azimuth_deg <= 360):
            raise ValueError("tilt must be 0 to 90 degrees, azimuth 0 to 360")

    @property
    def peak_w(self) -> float:
        return self.count * self.panel_wp


@dataclass(frozen=True, slots=True)
class Irradiance:
    """Sun and air at some moments, W/m² and °C; one value each."""

    ghi: Floats
    """Global on a flat surface."""
    dni: Floats
    """Straight from the sun."""
    dhi: Floats
    """From all the rest of the sky, on a flat surface."""
    air_c: Floats


class IrradianceSource(Protocol):
    """Where irradiance comes from: a weather service, a measuring station, a clear sky."""

    def irradiance(self, place: Place, moments: Sequence[datetime]) -> Irradiance:
        """What is expected at these moments (aware, ascending); one value for each."""
        ...


@dataclass(frozen=True, slots=True)
class ClearSky:
    """A clear sky by the simplified Solis model, dimmed evenly. Needs nothing from outside."""

    clearness: float = USUAL_CLEARNESS
    air_c: float = 15.0

    def irradiance(self, place: Place, moments: Sequence[datetime]) -> Irradiance:
        from pvlib.clearsky import simplified_solis

        zenith, _ = _sun(place, moments)
        sky = simplified_solis(90.0 - zenith)
        ghi = np.nan_to_num(np.asarray(sky["ghi"], dtype=np.float64)) * self.clearness
        dni, dhi = split_global(place, moments, ghi)
        return Irradiance(ghi, dni, dhi, np.full(ghi.size, self.air_c))


def split_global(place: Place, moments: Sequence[datetime], ghi: Floats) -> tuple[Floats, Floats]:
    """(dni, dhi) by Erbs' correlation, for sources that know global irradiance alone."""
    from pvlib.irradiance import erbs

    zenith, _ = _sun(place, moments)
    days = np.array([moment.astimezone(UTC).timetuple().tm_yday for moment in moments])
    parts = erbs(ghi, zenith, days)
    return np.asarray(parts["dni"], dtype=np.float64), np.asarray(parts["dhi"], dtype=np.float64)


def forecast_w(
    place: Place,
    groups: Sequence[PanelGroup],
    now: datetime,
    block_s: Floats,
    source: IrradianceSource | None = None,
) -> Floats:
    """Mean power of all groups in each block, W; without a source: a dimmed clear sky.

    Raises ValueError if the source gives another number of values than it was asked for, and
    whatever the source raises.
    """
    if not groups:
        return np.zeros(block_s.size)
    moments, block_of = _moments(now, block_s)
    sky = (source or ClearSky()).irradiance(place, moments)
    sizes = {sky.ghi.size, sky.dni.size, sky.dhi.size, sky.air_c.size}
    if sizes != {len(moments)}:
        raise ValueError(f"an irradiance source must give {len(moments)} values, not {sizes}")
    power_w = _power_w(place, groups, moments, sky)
    total = np.bincount(block_of, weights=power_w, minlength=block_s.size)
    return np.asarray(total / np.bincount(block_of, minlength=block_s.size), dtype=np.float64)


def _moments(now: datetime, block_s: Floats) -> tuple[list[datetime], npt.NDArray[np.intp]]:
    """The middle of every quarter hour (at least one) of every block, and whose it is."""
    moments: list[datetime] = []
    block_of: list[int] = []
    start = now.astimezone(UTC)
    for index, length in enumerate(block_s.tolist()):
        pieces = max(1, round(length / STEP_S))
        for piece in range(pieces):
            moments.append(start + timedelta(seconds=length * (piece + 0.5) / pieces))
            block_of.append(index)
        start += timedelta(seconds=length)
    return moments, np.array(block_of)


def _power_w(
    place: Place, groups: Sequence[PanelGroup], moments: Sequence[datetime], sky: Irradiance
) -> Floats:
    from pvlib.irradiance import get_total_irradiance
    from pvlib.pvsystem import pvwatts_dc
    from pvlib.temperature import faiman

    zenith, azimuth = _sun(place, moments)
    total = np.zeros(len(moments))
    for group in groups:
        plane = get_total_irradiance(
            group.tilt_deg, group.azimuth_deg, zenith, azimuth, sky.dni, sky.ghi, sky.dhi
        )
        light = np.maximum(np.nan_to_num(np.asarray(plane["poa_global"], np.float64)), 0.0)
        cell_c = faiman(light, sky.air_c)
        bare_w = pvwatts_dc(light, cell_c, group.peak_w, _GAMMA_PER_K, _CELL_REFERENCE_C)
        total += np.maximum(np.asarray(bare_w, dtype=np.float64), 0.0) * (1.0 - group.losses)
    return total


def _sun(place: Place, moments: Sequence[datetime]) -> tuple[Floats, Floats]:
    """(zenith as it appears, azimuth), degrees."""
    from pandas import DatetimeIndex
    from pvlib.solarposition import get_solarposition

    times = DatetimeIndex([moment.astimezone(UTC) for moment in moments])
    sun = get_solarposition(times, place.latitude, place.longitude, place.altitude_m)
    return (
        np.asarray(sun["apparent_zenith"], dtype=np.float64),
        np.asarray(sun["azimuth"], dtype=np.float64),
    )
