"""The demo's garage: its circuits, its house, its meter, and breakers that see the true currents.

The grid connection can't feed all cars at once, and neither can any floor: load management has
to share. It hears of the garage when the play reaches the present, as if it was switched on then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from .breakers import CircuitPlan, connection
from .demo_cast import DEMO_STATIONS, DemoStation
from .evse import Evse
from .garage import MeterLinkError, MeterReading
from .garage_api import GarageApi
from .garage_site import GarageCircuit, GarageEvse, GarageSite
from .other_loads import House, OtherLoad, SolarRoof
from .vehicle import Amps3
from .wallbox import WallboxModel

logger = logging.getLogger(__name__)

meter_interval = timedelta(seconds=5)

commissioning = timedelta(seconds=20)
"""From the garage's entry until its meter is connected: the time in which cars that charge already
get their first limits, and tell what they draw."""


def _circuit(
    id_: str,
    name: str,
    breaker_a: float,
    parent_id: str | None = None,
    others: tuple[OtherLoad, ...] = (),
    assumed_a: float = 0.0,
) -> GarageCircuit:
    """The grid connection alone has a meter."""
    plan = CircuitPlan(id_, (breaker_a,) * 3, parent_id, name=name)
    return GarageCircuit(plan, parent_id is None, (assumed_a,) * 3, others)


def _alike(amps: float) -> Amps3:
    return (amps, amps, amps)


DEMO_CIRCUITS: tuple[GarageCircuit, ...] = (
    _circuit("grid", "Grid", 100, None, (House(_alike(14), 1), SolarRoof(_alike(18), 2)), 20),
    _circuit("piso-1", "Piso -1", 50, "grid", (House(_alike(3), 3),), 3),
    _circuit("piso-1-1", "Piso -1 Circuito 1", 20, "piso-1"),
    _circuit("piso-1-2", "Piso -1 Circuito 2", 32, "piso-1"),
    _circuit("piso-2", "Piso -2", 50, "grid", (House(_alike(3), 4),), 3),
    _circuit("piso-2-1", "Piso -2 Circuito 1", 32, "piso-2"),
    _circuit("piso-2-2", "Piso -2 Circuito 2", 32, "piso-2"),
    _circuit("yard", "Yard", 80, "grid"),
)


def demo_site(stations: Iterable[DemoStation] = DEMO_STATIONS) -> GarageSite:
    """The garage with these stations in it."""
    evses = [evse for station in stations for evse in _evses(station)]
    return GarageSite("garage", "Garage", DEMO_CIRCUITS, evses)


def _evses(station: DemoStation) -> Iterator[GarageEvse]:
    for evse_id, box in enumerate(station.evses, start=1):
        yield GarageEvse(
            station.identity,
            evse_id,
            station.circuit_id,
            _phases(box),
            box.max_current_a,
            station.version,
            unit="W" if box.is_dc else "A",
            weight=3.0 if box.is_dc else 1.0,
        )


def _phases(box: WallboxModel) -> str:
    """The grid's phases at its terminals, as OCPP writes them or the one by its own name."""
    return box.rotation if box.phases == 3 else f"L{'RST'.index(box.rotation[0]) + 1}"


class DemoGarage:
    """The electrical side of the demo's present."""

    def __init__(self, site: GarageSite, api: GarageApi) -> None:
        self.site = site
        self.board = site.board()
        self._api = api
        self._live_from: datetime | None = None
        self._carried_until: datetime | None = None
        self._read_at: datetime | None = None

    @property
    def is_set_up(self) -> bool:
        return self._live_from is not None

    async def set_up(self, now: datetime) -> None:
        """Enter it as an installer would. Raises GarageApiError."""
        await self._api.set_up(self.site)
        self._live_from = now + commissioning

    async def live(self, evses: Mapping[tuple[str, int], Evse], now: datetime) -> None:
        """Let currents flow until `now`, and the meter be read now and then."""
        if self._live_from is None or now < self._live_from:
            return
        dt_s = (now - (self._carried_until or now)).total_seconds()
        self._carried_until = now
        self._carry(evses, dt_s, now)
        if self._read_at is None or now - self._read_at >= meter_interval:
            self._read_at = now
            await self._report(now)

    def _carry(self, evses: Mapping[tuple[str, int], Evse], dt_s: float, now: datetime) -> None:
        cars = [
            (
                plan.circuit_id,
                connection(plan.circuit_id, plan.phases).line_currents(
                    evses[plan.charge_point_id, plan.evse_id].box.terminal_currents_a()
                ),
            )
            for plan in self.site.evses
        ]
        others = [
            (each.id, load.current_a(now)) for each in self.site.circuits for load in each.others
        ]
        for trip in self.board.carry(cars, others, dt_s, now):
            logger.error("breaker of %s tripped at %.1f A", trip.circuit_id, trip.current_a)

    async def _report(self, now: datetime) -> None:
        for circuit in self.site.circuits:
            if circuit.has_meter:
                current_a = self.board.circuits[circuit.id].current_a
                try:
                    await self._api.send_reading(MeterReading(circuit.id, now, current_a))
                except MeterLinkError as error:
                    logger.debug("reading of %s is lost: %s", circuit.id, error)
