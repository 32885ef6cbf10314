"""Notes when load management keeps a car from charging: nobody pays for such time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from csms.services.load_management.ports import WithheldEnergy
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.steering import SiteSteering

EVERY: Final = timedelta(seconds=10)


@dataclass(slots=True)
class Withholding:
    """What was noted last of each EVSE of one site."""

    tell: Callable[[WithheldEnergy], None]
    known: dict[EvseKey, bool] = field(default_factory=dict)
    looked_at: datetime | None = None

    def note(self, steering: SiteSteering, now: datetime) -> None:
        """Look at the EVSEs whose transactions run, now and then."""
        if self.looked_at is not None and now - self.looked_at < EVERY:
            return
        self.looked_at = now
        for status in steering.evse_statuses(now):
            if status.transaction_id is None:
                self.known.pop(status.key, None)
                continue
            least_a = steering.evse(status.key).min_a
            grant = status.grant
            withheld = grant.binding is not None and grant.limit_a < least_a
            if self.known.get(status.key) != withheld:
                self.known[status.key] = withheld
                self.tell(WithheldEnergy(status.key, now, withheld))
