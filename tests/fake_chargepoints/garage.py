"""A whole garage that lives: chargers on real sockets, cars, house, meters, and breakers that trip.

    async with Garage(site, GarageOptions(url), clock, send_reading) as garage:
        garage.welcome(stays)
        garage.play(incidents)
        await garage.live(until)
    assert not garage.board.trips

It waits with `asyncio.sleep`, so on a swift event loop it lives as swiftly. The breakers see the
true currents; nobody else does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from .breakers import Connection, LineCurrents, Overload, Pole, Trip, connection
from .chargepoint import ChargePoint
from .clock import Clock
from .errors import LinkError
from .evse import Evse
from .garage_plan import Incident, Stay
from .garage_site import GarageCircuit, GarageEvse, GarageSite
from .garage_stations import GarageOptions, build_garage_station
from .tokens import IdToken
from .vehicle import Amps3, Vehicle, nothing_drawn

logger = logging.getLogger(__name__)

card_retry_s = 60.0
idle_steps = 10
"""A charger at which nobody stands is looked at every so many steps only."""
nominal_voltage_v = 230.0


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What the meter of a circuit shows: current of each line, negative is export."""

    circuit_id: str
    measured_at: datetime
    current_a: Amps3

    @property
    def power_w(self) -> float:
        return sum(self.current_a) * nominal_voltage_v


SendReading = Callable[[MeterReading], Awaitable[None]]
"""Delivers a reading. Raises `MeterLinkError`."""


class MeterLinkError(Exception):
    """A reading could not be delivered; the next one will tell."""


@dataclass(slots=True)
class Outlet:
    """An EVSE of the garage with its live state and where it hangs."""

    plan: GarageEvse
    station: ChargePoint
    connection: Connection
    first_register_wh: float = 0.0

    @property
    def evse(self) -> Evse:
        return self.station.evse(self.plan.evse_id)

    @property
    def energy_wh(self) -> float:
        """Delivered since the garage opened."""
        return self.evse.box.register_wh - self.first_register_wh

    def line_currents(self) -> LineCurrents:
        return self.connection.line_currents(self.evse.box.terminal_currents_a())


class Garage:
    """The live garage. Enter it to switch everything on."""

    def __init__(
        self,
        site: GarageSite,
        options: GarageOptions,
        clock: Clock,
        send_reading: SendReading | None = None,
    ) -> None:
        self.site = site
        self.options = options
        self.clock = clock
        self.board = site.board()
        self.stations = {
            identity: build_garage_station(site.evses_of(identity), options, clock)
            for identity in site.charge_point_ids
        }
        self.outlets = [
            Outlet(
                plan,
                self.stations[plan.charge_point_id],
                connection(plan.circuit_id, plan.phases),
            )
            for plan in site.evses
        ]
        self.unplugged_meters: set[str] = set()
        self.readings_sent = 0
        self.readings_lost = 0
        self.cars_served = 0
        self.starved: list[Stay] = []
        """Stays that got nothing at all."""
        self._send_reading = send_reading
        self._lived_until = clock.now()
        self._steps = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        for station in self.stations.values():
            station.start_up()
        if self._send_reading is not None:
            for circuit in self.site.circuits:
                if circuit.has_meter:
                    self._spawn(self._report(circuit, self._send_reading))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(station.shut_down() for station in self.stations.values()))
        for station in self.stations.values():
            self.failures += station.failures

    async def until_ready(self, timeout_s: float = 120.0) -> None:
        """Wait until all chargers are accepted. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await asyncio.gather(*(s.uplink.ready.wait() for s in self.stations.values()))

    # -- time ------------------------------------------------------------------------------

    async def live(
        self, until: datetime | None = None, on_step: Callable[[], None] | None = None
    ) -> None:
        """Let time pass, tick by tick; for ever if there is no end."""
        while until is None or self.clock.now() < until:
            await asyncio.sleep(self.options.tick_s)
            await self.step()
            if on_step is not None:
                on_step()

    async def step(self) -> list[Trip]:
        """Catch up with the clock: cars charge, breakers carry. Who tripped now."""
        now = self.clock.now()
        self._steps += 1
        for station in self.stations.values():
            if station.is_lively or self._steps % idle_steps == 0:
                await station.tick()
        dt_s = (now - self._lived_until).total_seconds()
        if dt_s <= 0:
            return []
        self._lived_until = now
        trips = self.board.carry(self._cars(), self._others(now), dt_s, now)
        for trip in trips:
            logger.warning("breaker of %s tripped at %.1f A", trip.circuit_id, trip.current_a)
            self._darken(trip)
        return trips

    def _cars(self) -> list[tuple[str, LineCurrents]]:
        return [
            (outlet.plan.circuit_id, outlet.line_currents())
            for outlet in self.outlets
            if outlet.evse.box.draw is not nothing_drawn
        ]

    def _others(self, now: datetime) -> list[tuple[str, Amps3]]:
        return [
            (circuit.id, load.current_a(now))
            for circuit in self.site.circuits
            for load in circuit.others
        ]

    def _darken(self, trip: Trip) -> None:
        for outlet in self.outlets:
            behind = trip.circuit_id in self.board.path(outlet.plan.circuit_id)
            if behind and outlet.station.has_power:
                outlet.station.lose_power()

    # -- meters ----------------------------------------------------------------------------

    def read_meter(self, circuit_id: str) -> MeterReading:
        """What the meter of a circuit shows now, to a hundredth of an ampere."""
        one, two, three = (round(amps, 2) for amps in self.board.circuits[circuit_id].current_a)
        return MeterReading(circuit_id, self.clock.now(), (one, two, three))

    async def _report(self, circuit: GarageCircuit, send: SendReading) -> None:
        while True:
            await asyncio.sleep(self.options.meter_interval_s)
            if circuit.id in self.unplugged_meters:
                continue
            try:
                await send(self.read_meter(circuit.id))
            except MeterLinkError as error:
                self.readings_lost += 1
                logger.debug("reading of %s is lost: %s", circuit.id, error)
            else:
                self.readings_sent += 1

    # -- people ----------------------------------------------------------------------------

    def welcome(self, stays: Iterable[Stay]) -> None:
        """Let these cars come, charge and go."""
        for stay in stays:
            self._spawn(self._host(stay))

    async def _host(self, stay: Stay) -> None:
        station = self.stations[stay.charge_point_id]
        await self._until(stay.arrives_at)
        before_wh = station.evse(stay.evse_id).box.register_wh
        await station.plug_in(stay.evse_id, Vehicle.at(stay.vehicle, stay.soc))
        while self.clock.now() < stay.leaves_at:
            await self._offer_card(station, stay)
            wait_s = (stay.leaves_at - self.clock.now()).total_seconds()
            await asyncio.sleep(max(0.0, min(card_retry_s, wait_s)))
        await station.unplug(stay.evse_id)
        self.cars_served += 1
        if station.evse(stay.evse_id).box.register_wh - before_wh < 1.0:
            self.starved.append(stay)

    async def _offer_card(self, station: ChargePoint, stay: Stay) -> None:
        evse = station.evse(stay.evse_id)
        wants = evse.vehicle is not None and not evse.vehicle.is_satisfied
        if wants and evse.transaction is None:
            await station.present_card(stay.evse_id, IdToken(stay.card))

    # -- what breaks -----------------------------------------------------------------------

    def play(self, incidents: Iterable[Incident]) -> None:
        """Let these things break, and be mended after their time."""
        for incident in incidents:
            self._spawn(self._suffer(incident))

    async def _suffer(self, incident: Incident) -> None:
        await self._until(incident.at)
        if incident.kind == "meter":
            self.unplugged_meters.add(incident.subject)
            await asyncio.sleep(incident.lasts_s)
            self.unplugged_meters.discard(incident.subject)
            return
        station = self.stations[incident.subject]
        match incident.kind:
            case "charger":
                station.go_offline()
                await asyncio.sleep(incident.lasts_s)
                station.go_online()
            case "power":
                station.lose_power()
                await asyncio.sleep(incident.lasts_s)
                if all(self.board.is_live(o.plan.circuit_id) for o in self._outlets_of(station)):
                    station.restore_power()
            case "crash":
                await station.crash()
            case "reboot":
                await station.reboot()

    def _outlets_of(self, station: ChargePoint) -> list[Outlet]:
        return [outlet for outlet in self.outlets if outlet.station is station]

    # -- results ---------------------------------------------------------------------------

    @property
    def energy_wh(self) -> float:
        """Delivered to all cars since the garage opened."""
        return sum(outlet.energy_wh for outlet in self.outlets)

    def overloads(
        self,
        longer_than_s: float,
        excused: Callable[[Overload], bool] = lambda _: False,
    ) -> list[str]:
        """Where the rating was exceeded for longer, in words, for the message of a test."""
        return [
            f"{circuit.plan.id} L{line + 1}: up to {each.worst_a:.1f} of {pole.rated_a:g} A "
            f"for {each.lasted_s:.0f} s until {each.ended_at:%H:%M:%S}"
            for circuit in self.board.circuits.values()
            for line, pole in enumerate(circuit.poles)
            for each in (*pole.overloads, *self._present(pole))
            if each.lasted_s > longer_than_s and not excused(each)
        ]

    def _present(self, pole: Pole) -> Iterator[Overload]:
        if pole.overload_s:
            yield Overload(self._lived_until, pole.overload_s, pole.overload_a)

    # -- tasks -----------------------------------------------------------------------------

    async def _until(self, at: datetime) -> None:
        wait = at - self.clock.now()
        if wait > timedelta():
            await asyncio.sleep(wait.total_seconds())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None or isinstance(error, LinkError):
            return
        self.failures.append(error)
        logger.error("the garage's play failed", exc_info=error)
