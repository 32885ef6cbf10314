"""How long orders to charge points last, and why. The one place for these figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times in seconds that together keep a site safe when anything falls silent.

    The rule behind them: whoever must go down has gone down before anybody goes up, also when
    the server died, the orders are of different age and the clocks disagree.
    """

    ttl_s: int = 300
    """How long a transaction's limit lasts after it was sent; then at most the safe share."""
    start_early_s: int = 60
    """startSchedule lies so far in the past that a slow clock obeys at once too."""
    clock_skew_s: int = 60
    """How wrong a charge point's clock may be, early or late. A worse one is not trusted."""
    settle_s: int = 10
    """How long a car may take to follow its pilot (IEC 61851-1 allows 5 s) and the charge point
    to pass on a new limit."""
    renewal_s: int = 150
    """Orders are sent anew so often, plus or minus a fifth."""
    longest_renewal_s: int = 180
    """150 s plus a fifth."""
    answer_s: int = 20
    """For the answer to a renewal to come back."""

    @property
    def look_ahead_s(self) -> int:
        """How long an order that leaves now may keep another EVSE from going down.

        Sent now, it allows its limit for the TTL by the charge point's clock, which may be
        late, and the car needs its time. Whatever somebody else may start to draw until then
        counts already now.
        """
        return self.ttl_s + self.clock_skew_s + self.settle_s

    @property
    def grace_s(self) -> int:
        """How long after the TTL an EVSE with less than its safe share may not go up to it.

        Another EVSE's order may be younger by the longest renewal and its answer, and of the
        two clocks the one may be early, the other late. With less, an EVSE that waits would
        count with its safe share shortly before each renewal; or, not looking ahead, would
        rise after the server's death while others are still high.
        """
        return self.longest_renewal_s + self.answer_s + 2 * self.clock_skew_s + self.settle_s

    @property
    def idle_ttl_s(self) -> int:
        """How long the allowance of an EVSE without transaction lasts: as TTL and grace, since
        the safe share comes after it."""
        return self.ttl_s + self.grace_s

    @property
    def look_ahead(self) -> timedelta:
        return timedelta(seconds=self.look_ahead_s)

    @property
    def clock_skew(self) -> timedelta:
        return timedelta(seconds=self.clock_skew_s)

    @property
    def settle(self) -> timedelta:
        return timedelta(seconds=self.settle_s)


TIMING: Final = Timing()
