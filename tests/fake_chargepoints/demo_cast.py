"""Who plays in the demo: the stations of a car park and the cards of those who charge there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .wallbox import Rotation, WallboxModel

Version = Literal["1.6", "2.0.1"]


@dataclass(frozen=True, slots=True)
class DemoStation:
    """A station of the demo, on a circuit of the demo's garage.

    Its password is its identity in lower case when one is wanted.
    """

    identity: str
    circuit_id: str
    version: Version
    vendor: str
    model: str
    evses: tuple[WallboxModel, ...]

    @property
    def serial_number(self) -> str:
        return f"D-{self.identity}"


@dataclass(frozen=True, slots=True)
class DemoIdToken:
    """A card of the demo; `status` is what the central system should know it as."""

    value: str
    holder: str
    status: Literal["Accepted", "Blocked"] = "Accepted"
    group: str | None = None


def _ac(phases: int, amps: float, rotation: Rotation, register_wh: float) -> WallboxModel:
    return WallboxModel(phases, amps, rotation=rotation, initial_register_wh=register_wh)


def _dc(power_w: float, register_wh: float) -> WallboxModel:
    return WallboxModel(3, 80.0, max_dc_power_w=power_w, initial_register_wh=register_wh)


DEMO_STATIONS: tuple[DemoStation, ...] = (
    DemoStation(
        "GARAGE-01", "piso-1-1", "1.6", "Nordlicht", "Box 11", (_ac(3, 16, "RST", 1_204_311),)
    ),
    DemoStation(
        "GARAGE-02", "piso-1-1", "1.6", "Nordlicht", "Box 11", (_ac(3, 16, "STR", 884_020),)
    ),
    DemoStation(
        "GARAGE-03", "piso-1-1", "2.0.1", "Nordlicht", "Box 11 S", (_ac(3, 16, "TRS", 310_777),)
    ),
    DemoStation("GARAGE-04", "piso-1-2", "1.6", "Meridian", "One", (_ac(1, 32, "RST", 2_410_500),)),
    DemoStation("GARAGE-05", "piso-1-2", "1.6", "Meridian", "One", (_ac(1, 32, "STR", 640_210),)),
    DemoStation(
        "GARAGE-06", "piso-1-2", "2.0.1", "Meridian", "One Plus", (_ac(1, 32, "TRS", 98_040),)
    ),
    DemoStation(
        "GARAGE-07", "piso-2-1", "2.0.1", "Kestrel", "K22", (_ac(3, 32, "RST", 5_020_090),)
    ),
    DemoStation("GARAGE-08", "piso-2-1", "1.6", "Kestrel", "K22", (_ac(3, 32, "STR", 71_234),)),
    DemoStation(
        "GARAGE-09",
        "piso-2-2",
        "1.6",
        "Kestrel",
        "K22 Duo",
        (_ac(3, 32, "RST", 402_000), _ac(3, 32, "TRS", 377_650)),
    ),
    DemoStation(
        "GARAGE-10",
        "piso-2-2",
        "2.0.1",
        "Kestrel",
        "K11 Duo",
        (_ac(3, 16, "STR", 12_006), _ac(3, 16, "RST", 9_870)),
    ),
    DemoStation(
        "GARAGE-11", "piso-2-2", "2.0.1", "Nordlicht", "Box 22", (_ac(3, 32, "TRS", 45_101),)
    ),
    DemoStation("YARD-DC", "yard", "2.0.1", "Voltaic", "DC 50", (_dc(50_000, 88_014_200),)),
)

DEMO_ID_TOKENS: tuple[DemoIdToken, ...] = (
    *(
        DemoIdToken(f"04D3A0{n:02X}5E6180", f"Flat {n}", group="RESIDENTS" if n <= 14 else "STAFF")
        for n in range(1, 23)
    ),
    DemoIdToken("04D3A0B15E6180", "Moved away", "Blocked"),
)

UNKNOWN_CARD = "0BADCA4D"
"""Shown by strangers; the central system should not know it."""
