"""What happened, for whoever watches: smart charging, the event stream, metrics.

Publishing never waits and never fails: a watcher that falls behind loses its oldest events and
is told how many (`Subscription.lost`), so no watcher can delay an answer to a charger.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.model import ConnectorStatus, MeterValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    charge_point_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePointConnected(Event):
    ocpp_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePointDisconnected(Event):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePointBooted(Event):
    registration_status: str
    vendor: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorStatusChanged(Event):
    evse_id: int
    connector_id: int
    status: ConnectorStatus
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStarted(Event):
    transaction_id: int
    evse_id: int
    connector_id: int
    id_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(Event):
    transaction_id: int
    evse_id: int
    connector_id: int
    energy_wh: Decimal | None
    stop_reason: str | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCharging(Event):
    """The charging state of an open transaction changed (2.0.1; 1.6 has connector statuses)."""

    transaction_id: int
    evse_id: int
    connector_id: int
    charging_state: str
    """Charging, EVConnected, SuspendedEV, SuspendedEVSE or Idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPriced(Event):
    """What a transaction cost, or costs so far while it is `running`."""

    transaction_id: int
    id_token: str | None
    running: bool
    currency: str | None
    """None: no tariff covers it."""
    net: Decimal | None
    gross: Decimal | None
    """None: something has no price yet, so the sum is not known."""
    energy_wh: Decimal | None
    unit_price: Decimal | None = None
    """What the next kWh costs, as the tariff quotes it, while it is running and that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingNeeds(Event):
    """What a car asks for (ISO 15118); what it did not tell is None.

    Currents are per phase if `transfer` is AC.
    """

    evse_id: int
    transaction_id: int | None
    """The open transaction there."""
    transfer: str | None
    """DC, AC_single_phase, AC_two_phase or AC_three_phase."""
    departure_at: datetime | None = None
    energy_wh: float | None = None
    min_current_a: float | None = None
    max_current_a: float | None = None
    max_voltage_v: float | None = None
    max_power_w: float | None = None
    soc_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimit(Event):
    """A limit at the charge point that is not ours was set or changed, or is over.

    Both limits are None where it is over, and where the charge point doesn't tell how much it is.
    """

    evse_id: int
    """0: the whole charge point."""
    source: str | None
    """EMS, SO, CSO or Other."""
    is_over: bool = False
    limit_a: float | None = None
    """Per phase, now."""
    limit_w: float | None = None
    """Over all phases, now."""
    is_grid_critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValuesReceived(Event):
    evse_id: int
    connector_id: int
    transaction_id: int | None
    meter_values: tuple[MeterValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePointNotified(Event):
    """Anything else a charger reported: security events, firmware, logs, monitoring, ..."""

    kind: str
    severity: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDecided(Event):
    """An operator accepted, put off or rejected a charge point; only if that is a change."""

    registration_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProgressed(Event):
    """A report of variables or monitors was asked for, came further, or ended."""

    request_id: int
    kind: str
    status: str
    """requested, receiving, complete, incomplete, empty, refused, failed or timed_out."""
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationJobProgressed(Event):
    """The settings of a template are to be applied, are being applied, or were."""

    job_id: int | None
    """None: it was just made."""
    template_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationChanged(Event):
    """A firmware update, a log upload or the like is in another state, or told of a new status."""

    operation_id: int
    kind: str
    """firmware_update, firmware_publication, log, customer_information or display_messages."""
    state: str
    status: str | None = None
    reason: str | None = None
    campaign_id: int | None = None


class Subscription:
    """One watcher's bounded view of the events."""

    def __init__(self, events: Events, limit: int, kinds: tuple[type[Event], ...]) -> None:
        self._events = events
        self.kinds = kinds
        self._queue: deque[Event] = deque(maxlen=limit)
        self._wake = asyncio.Event()
        self._closed = False
        self.lost = 0

    def _push(self, event: Event) -> None:
        if len(self._queue) == self._queue.maxlen:
            self.lost += 1
        self._queue.append(event)
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while not self._closed:
            while self._queue:
                yield self._queue.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def bursts(self, breath_s: float, most: int) -> AsyncIterator[list[Event]]:
        """What comes within a breath of each other together, at most so many."""
        async for event in self:
            await asyncio.sleep(breath_s)
            burst = [event]
            while self._queue and len(burst) < most:
                burst.append(self._queue.popleft())
            yield burst

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        self._events._subscriptions.discard(self)


class Bell:
    """Rings at once for who only has to know that something happened."""

    def __init__(
        self,
        ring: Callable[[], None],
        kinds: tuple[type[Event], ...],
        when: Callable[[Event], bool] | None,
    ) -> None:
        self.kinds = kinds
        self._ring = ring
        self._when = when

    def _push(self, event: Event) -> None:
        if self._when is None or self._when(event):
            self._ring()


class Events:
    """The one place where events are published and watched."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription | Bell] = set()

    def watched(self, kind: type[Event]) -> bool:
        """Whether anyone listens; lets the hot path skip building an event."""
        return any(issubclass(kind, subscription.kinds) for subscription in self._subscriptions)

    def publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            if isinstance(event, subscription.kinds):
                subscription._push(event)

    def subscribe(self, limit: int = 1000, *kinds: type[Event]) -> Subscription:
        """Watch events of some kinds, or all."""
        subscription = Subscription(self, limit, kinds or (Event,))
        self._subscriptions.add(subscription)
        return subscription

    def hang_bell(
        self,
        ring: Callable[[], None],
        *kinds: type[Event],
        when: Callable[[Event], bool] | None = None,
    ) -> None:
        """Call `ring` at each event of some kinds, for good; it must neither wait nor fail."""
        self._subscriptions.add(Bell(ring, kinds, when))
