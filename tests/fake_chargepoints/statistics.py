"""What a fleet of simulated stations has done so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


class Latencies:
    """A histogram with 8 buckets per doubling from 0.1 ms on: small, and exact to 9 %."""

    lowest_s = 1e-4
    per_doubling = 8

    def __init__(self) -> None:
        self.count = 0
        self.longest_s = 0.0
        self._buckets: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Count one answer that took so long."""
        scaled = max(seconds, self.lowest_s) / self.lowest_s
        bucket = int(math.log2(scaled) * self.per_doubling)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        self.longest_s = max(self.longest_s, seconds)

    def quantile_s(self, share: float) -> float:
        """The time within which this share (0..1) of the answers came; 0 without any."""
        wanted = share * self.count
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                upper_s = self.lowest_s * 2 ** ((bucket + 1) / self.per_doubling)
                return float(min(upper_s, self.longest_s))
        return 0.0


@dataclass(slots=True)
class FleetStatistics:
    """Counters of a running fleet; `elapsed_s` and `sent_per_s` are set before each report."""

    stations: int
    dialled: int = 0
    connected: int = 0
    accepted: int = 0
    refused: int = 0
    disconnects: int = 0
    sent: int = 0
    answered: int = 0
    errors: int = 0
    timeouts: int = 0
    commands: int = 0
    transactions_started: int = 0
    transactions_ended: int = 0
    elapsed_s: float = 0.0
    sent_per_s: float = 0.0
    last_refusal: str = ""
    latencies: Latencies = field(default_factory=Latencies)

    @property
    def open_transactions(self) -> int:
        return self.transactions_started - self.transactions_ended

    def __str__(self) -> str:
        p50_ms = self.latencies.quantile_s(0.5) * 1000
        p99_ms = self.latencies.quantile_s(0.99) * 1000
        return (
            f"{self.connected}/{self.stations} connected, {self.accepted} accepted, "
            f"{self.sent_per_s:.0f} messages/s, {self.answered} answered, {self.errors} errors, "
            f"{self.timeouts} timeouts, {self.open_transactions} charging, "
            f"p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms"
        )
