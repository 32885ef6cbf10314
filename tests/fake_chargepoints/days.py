"""Realistic days at a car park, for `csms demo`: real time, or a past that catches up with now.

The stations live in a simulated time that ends now. With `history_h` hours of history they
begin that long ago and stamp everything truly with their own time, so that energy, power and
duration always fit together; they live through it as fast as the central system answers (or
`speed` times real time), and from the moment they reach the present they go on in real time.
Stretching the physics under real timestamps instead would make every power reading implausible.

With a garage they are from then on in circuits that can't feed all of them, and most EVSEs get a
car at once, so that there is something to share whatever the time is.

While they catch up, 2.0.1 stations mark their transaction events `offline`, as a real station
does that delivers what happened while nobody listened. 1.6 has no such mark: the timestamps
say it. The plan comes from `day_plan` alone, so the same seed, start and stations
give the same cars, cards and kilowatt-hours.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Self

from .chargepoint import ChargePoint, StationOptions
from .clock import SteppedClock
from .day_plan import Incident, Visit, plan_day, rush_hour
from .demo_cast import DEMO_STATIONS, DemoStation
from .demo_garage import DemoGarage
from .evse import Evse, Reservation
from .link import LinkOptions
from .tokens import IdToken
from .uplink import Backoff
from .v16 import ChargePoint16
from .v201 import ChargePoint201
from .vehicle import Vehicle

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The demo's settings.

    `history_h` hours are lived through first, `speed` times as fast as real time (None: as fast
    as the central system answers), in steps of `step_s`; afterwards a step is `live_step_s`.
    From `closes_at` on nobody comes any more.
    `passwords` gives a station's Basic-auth password by its identity.
    """

    url: str
    stations: tuple[DemoStation, ...] = DEMO_STATIONS
    history_h: float = 24.0
    speed: float | None = None
    step_s: float = 15.0
    live_step_s: float = 1.0
    seed: int = 1
    sample_interval_s: int = 60
    live_sample_interval_s: int = 15
    aligned_interval_s: int = 0
    closes_at: datetime | None = None
    passwords: Callable[[str], str] | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class DemoProgress:
    """How far the demo is: `now` is the time at the car park."""

    now: datetime
    is_live: bool = False
    online: int = 0
    charging: int = 0
    power_w: float = 0.0
    visits: int = 0
    incidents: int = 0
    last_event: str = ""


Scene = Callable[[], Awaitable[None]]
"""Something that happens at a moment of the play."""

hand_to_reader = timedelta(seconds=15)
reconnect_patience_s = 5.0

OnDemoProgress = Callable[[DemoProgress], None]


async def run_demo_day(
    options: DemoOptions,
    on_progress: OnDemoProgress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    garage: DemoGarage | None = None,
) -> None:
    """Live the days of the demo against the central system at `options.url` until cancelled.

    The stations keep trying while the server is away. Raises GarageApiError if the API doesn't take
    the garage.
    """
    async with CarPark(options, SteppedClock(now() - timedelta(hours=options.history_h))) as park:
        await park.connect()
        while True:
            await park.step(now())
            if garage is not None and park.progress.is_live:
                if not garage.is_set_up:
                    await park.open(garage)
                await garage.live(park.evses, park.clock.now())
            if on_progress is not None:
                on_progress(park.progress)
            await asyncio.sleep(park.pause_s(now()))


class CarPark:
    """The stations, their common clock, and the plan that is played to them."""

    def __init__(self, options: DemoOptions, clock: SteppedClock) -> None:
        self.options = options
        self.clock = clock
        self.stations = {
            station.identity: build_station(station, options, clock) for station in options.stations
        }
        self.progress = DemoProgress(clock.now())
        self._agenda: list[tuple[datetime, int, Scene]] = []
        self._numbers = count()
        self._planned_until = clock.now().date() - timedelta(days=1)
        self._standing: dict[tuple[str, int], Visit] = {}
        self.after_scene: Callable[[], None] = lambda: None
        """Called whenever something may have happened."""

    @property
    def evses(self) -> dict[tuple[str, int], Evse]:
        """Every EVSE by station and number."""
        return {
            (identity, evse.id): evse
            for identity, station in self.stations.items()
            for evse in station.evses
        }

    async def __aenter__(self) -> Self:
        for station in self.stations.values():
            station.start_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        for station in self.stations.values():
            await station.shut_down()

    async def connect(self, timeout_s: float = 20.0) -> None:
        """Wait until all stations are accepted, but not for ever: the show goes on without."""
        waits = [station.uplink.ready.wait() for station in self.stations.values()]
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*waits)
        except TimeoutError:
            logger.warning("not all demo stations were accepted within %s s", timeout_s)

    # -- time ------------------------------------------------------------------------------

    def pause_s(self, now: datetime) -> float:
        """How long to wait in real time before the next step."""
        behind_s = (now - self.clock.now()).total_seconds()
        if behind_s < self.options.step_s:
            return self.options.live_step_s
        return 0.0 if self.options.speed is None else self.options.step_s / self.options.speed

    async def step(self, now: datetime) -> None:
        """Move towards now by one step and play what falls into it."""
        behind_s = (now - self.clock.now()).total_seconds()
        is_live = behind_s < 2 * self.options.step_s
        step_s = max(0.0, behind_s if is_live else self.options.step_s)
        for station in self.stations.values():
            station.is_replaying = not is_live
        await self.move_on(step_s)
        self.progress.is_live = is_live

    async def move_on(self, step_s: float) -> None:
        """Let so much time pass, play what falls into it, and have all of it delivered."""
        end = self.clock.now() + timedelta(seconds=step_s)
        self._plan_until(end)
        while self._agenda and self._agenda[0][0] <= end:
            at, _, scene = heappop(self._agenda)
            self.clock.advance(max(0.0, (at - self.clock.now()).total_seconds()))
            await scene()
            self.after_scene()
        self.clock.advance(max(0.0, (end - self.clock.now()).total_seconds()))
        stations = self.stations.values()
        await asyncio.gather(*(station.tick() for station in stations))
        await asyncio.gather(*(station.flush() for station in stations))
        self.after_scene()
        self._take_stock()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is here and nobody is expected."""
        return not self._agenda and not any(evse.transaction for evse in self.evses.values())

    def _take_stock(self) -> None:
        evses = [evse for station in self.stations.values() for evse in station.evses]
        progress = self.progress
        progress.now = self.clock.now()
        progress.online = sum(station.is_online for station in self.stations.values())
        progress.charging = sum(evse.state == "Charging" for evse in evses)
        progress.power_w = sum(evse.box.draw.power_w for evse in evses)

    async def open(self, garage: DemoGarage) -> None:
        """Hang all stations in the garage's circuits and let the rush hour begin."""
        await garage.set_up(self.clock.now())
        for station in self.stations.values():
            set_sample_interval(station, self.options.live_sample_interval_s)
        for visit in rush_hour(self.clock.now(), self.options.stations, self.options.seed):
            self._cast_visit(visit)

    # -- the play --------------------------------------------------------------------------

    def _plan_until(self, end: datetime) -> None:
        while self._planned_until < end.date():
            self._planned_until += timedelta(days=1)
            day = plan_day(self._planned_until, self.options.stations, self.options.seed)
            for visit in day.visits:
                self._cast_visit(visit)
            for incident in day.incidents:
                self._cast_incident(incident)

    def _schedule(self, at: datetime, scene: Scene) -> None:
        heappush(self._agenda, (at, next(self._numbers), scene))

    def _is_open(self, at: datetime) -> bool:
        closes_at = self.options.closes_at
        return at >= self.clock.now() and (closes_at is None or at < closes_at)

    def _cast_visit(self, visit: Visit) -> None:
        # Who came before the play began is left out altogether.
        if not self._is_open(visit.arrives_at):
            return
        self._schedule(visit.arrives_at, partial(self._arrive, visit))
        self._schedule(visit.arrives_at + hand_to_reader, partial(self._show_card, visit))
        if visit.stops_by_card:
            self._schedule(visit.leaves_at - hand_to_reader, partial(self._show_card, visit))
        self._schedule(visit.leaves_at, partial(self._leave, visit))

    async def _arrive(self, visit: Visit) -> None:
        station = self.stations[visit.identity]
        if station.evse(visit.evse_id).vehicle is not None:
            return
        self._standing[visit.identity, visit.evse_id] = visit
        vehicle = Vehicle.at(visit.vehicle, visit.soc, visit.target_soc)
        await station.plug_in(visit.evse_id, vehicle)
        self.progress.visits += 1
        self._tell(f"{visit.vehicle.name} arrives at {visit.identity}")

    def _is_here(self, visit: Visit) -> bool:
        return self._standing.get((visit.identity, visit.evse_id)) is visit

    async def _show_card(self, visit: Visit) -> None:
        if not self._is_here(visit):
            return
        station = self.stations[visit.identity]
        helped = await station.present_card(visit.evse_id, IdToken(visit.card))
        self._tell(f"card {visit.card} at {visit.identity}: {'yes' if helped else 'no'}")

    async def _leave(self, visit: Visit) -> None:
        if not self._is_here(visit):
            return
        del self._standing[visit.identity, visit.evse_id]
        await self.stations[visit.identity].unplug(visit.evse_id)
        self._tell(f"{visit.vehicle.name} leaves {visit.identity}")

    def _cast_incident(self, incident: Incident) -> None:
        if not self._is_open(incident.at):
            return
        self._schedule(incident.at, partial(self._begin, incident))
        if incident.lasts_s:
            over = incident.at + timedelta(seconds=incident.lasts_s)
            self._schedule(over, partial(self._end, incident))

    async def _begin(self, incident: Incident) -> None:
        station = self.stations[incident.identity]
        self.progress.incidents += 1
        self._tell(f"{incident.kind} at {incident.identity}")
        match incident.kind:
            case "power loss":
                station.lose_power()
            case "offline":
                station.go_offline()
            case "reservation":
                self._reserve(station, incident)
            case "unknown card" | "blocked card":
                await self._show_strange_card(station, incident)

    async def _show_strange_card(self, station: ChargePoint, incident: Incident) -> None:
        evse = station.evse(incident.evse_id)
        if evse.transaction is None and evse.vehicle is None:
            await station.authorize(IdToken(incident.card))

    def _reserve(self, station: ChargePoint, incident: Incident) -> None:
        if station.evse(incident.evse_id).state == "Available":
            until = self.clock.now() + timedelta(seconds=incident.lasts_s)
            number = self.progress.incidents
            token = IdToken(incident.card)
            station.reserve(Reservation(number, incident.evse_id, token, until))

    async def _end(self, incident: Incident) -> None:
        station = self.stations[incident.identity]
        if incident.kind == "power loss":
            station.restore_power()
        elif incident.kind == "offline":
            station.go_online()
        else:
            return
        # Simulated hours pass in real milliseconds: give the real socket its time.
        try:
            await station.until_ready(reconnect_patience_s)
        except TimeoutError:
            logger.debug("%s is not back yet", incident.identity)

    def _tell(self, event: str) -> None:
        self.progress.last_event = event


def build_station(station: DemoStation, options: DemoOptions, clock: SteppedClock) -> ChargePoint:
    """The charge point that plays this station."""
    password = options.passwords(station.identity) if options.passwords else None
    link = LinkOptions(
        options.url, station.identity, password=password, tls=options.tls, journal_limit=200
    )
    station_options = StationOptions(
        link,
        station.evses,
        station.vendor,
        station.model,
        station.serial_number,
        backoff=Backoff(0.2, 10.0),
        boot_wait_s=5.0,
    )
    made: ChargePoint
    if station.version == "1.6":
        made = ChargePoint16(station_options, clock)
    else:
        made = ChargePoint201(station_options, clock)
    set_sample_interval(made, options.sample_interval_s)
    if options.aligned_interval_s:
        set_aligned_interval(made, options.aligned_interval_s)
    return made


def set_sample_interval(station: ChargePoint, seconds: int) -> None:
    """Say how often a station tells what its meter shows during a transaction."""
    match station:
        case ChargePoint16():
            station.configuration.change("MeterValueSampleInterval", str(seconds))
        case ChargePoint201():
            station.device_model.put("SampledDataCtrlr", "TxUpdatedInterval", str(seconds))


def set_aligned_interval(station: ChargePoint, seconds: int) -> None:
    """Say how often by the clock a station tells what its meter shows during a transaction."""
    match station:
        case ChargePoint16():
            station.configuration.change("ClockAlignedDataInterval", str(seconds))
        case ChargePoint201():
            station.device_model.put("AlignedDataCtrlr", "Interval", str(seconds))
