"""What each site draws through its chargers just now, by their latest readings."""

from __future__ import annotations

from csms.events import (
    ChargePointDisconnected,
    Event,
    Events,
    MeterValuesReceived,
    TransactionEnded,
)
from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService

WAITING_EVENTS = 10_000


class SitePower:
    """Watches readings and keeps the metric of each site's power up to date."""

    def __init__(self, events: Events, charge_points: ChargePointService, metrics: Metrics) -> None:
        self._subscription = events.subscribe(WAITING_EVENTS)
        self._charge_points = charge_points
        self._metrics = metrics
        self._power_w: dict[str, dict[int, float]] = {}
        self._site_of: dict[str, str] = {}
        self._site_w: dict[str, float] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        async for event in self._subscription:
            self.take(event)

    def take(self, event: Event) -> None:
        match event:
            case MeterValuesReceived():
                self._take_readings(event)
            case TransactionEnded():
                self._set(event.charge_point_id, event.evse_id, 0.0)
            case ChargePointDisconnected():
                for evse_id in list(self._power_w.get(event.charge_point_id, ())):
                    self._set(event.charge_point_id, evse_id, 0.0)
                self._power_w.pop(event.charge_point_id, None)
                self._site_of.pop(event.charge_point_id, None)

    def _take_readings(self, event: MeterValuesReceived) -> None:
        latest = max(event.meter_values, key=lambda value: value.sampled_at, default=None)
        if latest is not None and latest.power_w is not None and event.evse_id:
            self._set(event.charge_point_id, event.evse_id, latest.power_w)

    def _set(self, charge_point_id: str, evse_id: int, power_w: float) -> None:
        powers = self._power_w.setdefault(charge_point_id, {})
        change_w = power_w - powers.get(evse_id, 0.0)
        site = self._site_of.get(charge_point_id)
        if site is None:
            charge_point = self._charge_points.live(charge_point_id)
            site = self._metrics.site((charge_point.site_id if charge_point else None) or "")
            self._site_of[charge_point_id] = site
        powers[evse_id] = power_w
        self._site_w[site] = max(0.0, self._site_w.get(site, 0.0) + change_w)
        self._metrics.site_power_w.labels(site).set(self._site_w[site])
