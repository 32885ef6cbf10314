"""The state of one EVSE: cable, car, transaction, reservation, availability."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .profiles import ProfileStore, Supply
from .tokens import IdToken
from .vehicle import Vehicle
from .wallbox import Offer, Wallbox

State = Literal[
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
]
"""1.6's words; 2.0.1 derives its connector status and charging state from them."""


@dataclass(slots=True, eq=False)
class Transaction:
    """A running transaction. `id` is the station's in 2.0.1, the central system's in 1.6."""

    token: IdToken
    started_at: datetime
    start_register_wh: float
    id: str = ""
    seq_no: int = -1
    remote_start_id: int | None = None
    reservation_id: int | None = None
    is_authorised: bool = True
    group: str | None = None
    next_sample_at: datetime | None = None
    next_aligned_at: datetime | None = None
    told_state: State | None = None

    def next_seq_no(self) -> int:
        """The number of the next event, counting from 0."""
        self.seq_no += 1
        return self.seq_no


@dataclass(frozen=True, slots=True)
class Reservation:
    """Somebody's right to an EVSE (0: to any) until `expires_at`."""

    id: int
    evse_id: int
    token: IdToken
    expires_at: datetime
    group: str | None = None

    def is_for(self, token: IdToken, group: str | None) -> bool:
        same_group = self.group is not None and group is not None and self.group == group
        return self.token.key == token.key or same_group


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """A remote start that waits for the cable, until `expires_at`."""

    token: IdToken
    expires_at: datetime
    remote_start_id: int | None = None


@dataclass(slots=True, eq=False)
class Evse:
    """One EVSE with one connector."""

    id: int
    box: Wallbox
    vehicle: Vehicle | None = None
    transaction: Transaction | None = None
    awaited: RemoteStart | None = None
    reservation: Reservation | None = None
    fault: str | None = None
    is_operative: bool = True
    becomes_inoperative: bool = False
    is_finishing: bool = False
    told: object = None
    offer: Offer = field(default_factory=lambda: Offer(0.0, 3))
    _offer_basis: tuple[int, datetime | None, int] | None = None
    _offer_from: datetime | None = None
    _offer_until: datetime | None = None

    @property
    def supply(self) -> Supply:
        """What the hardware gives when nothing limits it."""
        model = self.box.model
        phases = 3 if model.is_dc else model.phases
        limit_a = model.max_power_w / phases / model.nominal_voltage_v
        return Supply(limit_a, phases, model.is_dc, model.switches_phases)

    def update_offer(self, profiles: ProfileStore, at: datetime, sharing: int) -> None:
        """Work out the limit in force from the profiles, unless it can't have changed."""
        since = self.transaction.started_at if self.transaction else None
        basis = (profiles.revision, since, sharing)
        if basis == self._offer_basis and self._offer_stands(at):
            return
        self._offer_basis, self._offer_from = basis, at
        self._offer_until = profiles.next_edge(at, since)
        if self.box.model.obeys_profiles:
            limit = profiles.limit(self.id, self.supply, at, charging_since=since, sharing=sharing)
            self.offer = Offer(limit.limit_a, limit.phases)
        else:
            self.offer = Offer(self.supply.limit_a, self.supply.phases)

    def _offer_stands(self, at: datetime) -> bool:
        since, until = self._offer_from, self._offer_until
        return since is not None and at >= since and (until is None or at < until)

    def flow(self, dt_s: float) -> None:
        """Let the energy of `dt_s` seconds flow, if it may."""
        transaction = self.transaction
        may_flow = transaction is not None and transaction.is_authorised and self.fault is None
        self.vehicle = self.box.supply(dt_s, self.vehicle, self.offer if may_flow else None)

    @property
    def state(self) -> State:
        """What to tell the central system."""
        if self.fault is not None:
            return "Faulted"
        if self.transaction is not None:
            return self._charging_state(self.transaction)
        if not self.is_operative:
            return "Unavailable"
        if self.vehicle is not None:
            return "Finishing" if self.is_finishing else "Preparing"
        if self.reservation is not None:
            return "Reserved"
        return "Preparing" if self.awaited is not None else "Available"

    def _charging_state(self, transaction: Transaction) -> State:
        if self.vehicle is None or not transaction.is_authorised:
            return "SuspendedEVSE"
        offered_nothing = not any(self.offer.currents_a())
        if offered_nothing and not self.box.model.is_dc:
            return "SuspendedEVSE"
        return "Charging" if self.box.would_flow(self.vehicle, self.offer) else "SuspendedEV"
