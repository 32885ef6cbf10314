"""What is kept of a priced transaction, and what pricing one needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from csms.tariff.assignment import Circumstances
from csms.tariff.pricing import PricedTransaction
from csms.tariff.usage import Usage


@dataclass(frozen=True, slots=True)
class Told:
    """What a charge point, or load management, told of an EVSE from a moment on."""

    at: datetime
    told: str
    """A connector's status, a charging state, `withheld` or `released`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A transaction as the store knows it, with all that its price may depend on."""

    transaction_id: int
    charge_point_id: str
    evse_id: int
    site_id: str | None
    time_zone: str | None
    """The site's; None: it has none."""
    id_token: str | None
    user_id: str | None
    user_group_ids: frozenset[str]
    started_at: datetime
    ended_at: datetime | None
    """None: it runs."""
    usage: Usage
    """Without spells; of one that runs up to its last reading."""
    statuses: Sequence[Told] = ()
    """Of its connector, the last one before its start included; in time order."""
    charging_states: Sequence[Told] = ()
    """Of the transaction itself (2.0.1), in time order."""
    limits: Sequence[Told] = ()
    """When load management withheld energy, the last word before its start included."""

    @property
    def circumstances(self) -> Circumstances:
        """Who charges where, as the choice of a tariff needs it."""
        return Circumstances(
            started_at=self.started_at,
            site_id=self.site_id,
            charge_point_id=self.charge_point_id,
            id_token=self.id_token,
            user_id=self.user_id,
            user_group_ids=self.user_group_ids,
        )

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the site's time zone, or the default for a charge point without a site."""
        return default if self.time_zone is None else ZoneInfo(self.time_zone)


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
    revision: int = 0
    """0: not kept yet."""

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
