"""What each site draws through its chargers just now, by their latest readings."""

from __future__ import annotations

from collections import defaultdict

from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService


class SitePower:
    """Keeps the metric of each site's power; looked at now and then, not at every reading."""

    def __init__(self, charge_points: ChargePointService, metrics: Metrics) -> None:
        self._charge_points = charge_points
        self._metrics = metrics
        self._sites: set[str] = set()

    def measure(self) -> None:
        """Add up the open transactions of the charge points that are connected."""
        power_w: dict[str, float] = defaultdict(float)
        for charge_point in self._charge_points.connected_ones():
            site = self._metrics.site(charge_point.site_id)
            for transaction in charge_point.open_transactions.values():
                power_w[site] += transaction.power_w or 0.0
        self._sites |= power_w.keys()
        for site in self._sites:
            self._metrics.site_power_w.labels(site).set(power_w[site])
