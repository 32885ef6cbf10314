"""What is kept of a priced transaction, and what pricing one needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from csms.tariff.assignment import Circumstances
from csms.tariff.pricing import PricedTransaction
from csms.tariff.usage import Reading


@dataclass(frozen=True, slots=True)
class Told:
    """What a charge point, or load management, told of an EVSE from a moment on."""

    at: datetime
    state: str
    """A connector's status, a charging state, `Withheld` or `Released`."""


@dataclass(frozen=True, slots=True)
class KnownCircumstances:
    """Who charges where, and the time zone of the site if there is one."""

    circumstances: Circumstances
    time_zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A transaction as it is stored, with all that its price may depend on."""

    transaction_id: int
    known: KnownCircumstances
    usage: StoredUsage
    statuses: Sequence[Told] = ()
    """Of its EVSE, in time order."""
    charging_states: Sequence[Told] = ()
    """Of the transaction itself, in time order."""
    limits: Sequence[Told] = ()
    """When load management withheld energy, in time order, from before its start on."""
    revision: int = 0
    """Of the price that is kept of it; 0: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUsage:
    """Time and energy of a stored transaction; one that runs has no end."""

    started_at: datetime
    stopped_at: datetime | None
    energy_wh: Decimal | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    readings: Sequence[Reading] = ()
    """In time order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedRecord:
    """What a transaction cost, as it was worked out at a moment; a newer revision replaces it."""

    charge_point_id: str
    site_id: str | None
    user_id: str | None
    id_token: str | None
    time_zone: str
    priced: PricedTransaction
    tariff_reason: str
    """Why this tariff counted, or why none did."""
    priced_at: datetime
    revision: int
    """From 1 on: one more each time another price replaces it."""

    @property
    def transaction_id(self) -> int:
        return self.priced.usage.transaction_id

    @property
    def complete(self) -> bool:
        """Whether everything has a price."""
        return self.priced.bill.complete

    @property
    def reason(self) -> str:
        """Why it has no price, or not for everything; empty if it has."""
        reasons = dict.fromkeys(line.reason for line in self.priced.lines if line.amount is None)
        return "; ".join(reasons)

    def says_the_same_as(self, other: PricedRecord) -> bool:
        """Whether it differs from another one in nothing but when it was made."""
        return self == replace(other, priced_at=self.priced_at, revision=self.revision)
