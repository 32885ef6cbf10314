"""An installation's consumption against its supplier's bill: who used what, and what is left over.

    supplier's bill ── lines, each shared by energy, equally among users, or borne in common
    rest ── what the chargers did not give to anybody: losses, lifts, light

Every line is parted to the cent: what all have together is what the supplier asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final

ZERO: Final = Decimal(0)
_SHARE_GRAIN: Final = Decimal("0.000001")


class Sharing(StrEnum):
    """How a line of the supplier's bill is shared."""

    BY_ENERGY = "by_energy"
    """In proportion to kWh; the rest takes part with its own."""
    EQUALLY = "equally"
    """Among the users."""
    COMMON = "common"
    """By nobody in particular: with the rest."""


@dataclass(frozen=True, slots=True)
class SupplierLine:
    """A line of the supplier's bill, with VAT or without: as the owner wants to share it."""

    name: str
    amount: Decimal
    sharing: Sharing = Sharing.BY_ENERGY
    energy_kwh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SupplierBill:
    """What the supplier asks for the month; `energy_kwh` is what its meter counted."""

    energy_kwh: Decimal
    currency: str
    lines: tuple[SupplierLine, ...]
    decimals: int = 2

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class Share:
    """What falls to one user (`user_id` None: charged by nobody known) or to the rest."""

    user_id: str | None
    name: str
    energy_kwh: Decimal
    energy_share: Decimal
    """Of the supplier's kWh: 0.25 is a quarter."""
    amount: Decimal
    """Of the supplier's bill."""
    charged: Decimal | None = None
    """What the tariffs ask of the user, with VAT; None: not all of it has a price."""


@dataclass(frozen=True, slots=True)
class CostSplit:
    """A supplier's bill shared: the amounts of all users and the rest are the bill's."""

    bill: SupplierBill
    users: tuple[Share, ...]
    rest: Share
    """Losses and common use. Negative energy: the chargers counted more than the supplier."""
    exceeded_kwh: Decimal = ZERO
    """By so much the chargers counted more than the supplier's meter: one of them is wrong."""

    @property
    def charged(self) -> Decimal | None:
        """What the tariffs ask of all users; None if something has no price."""
        amounts = [share.charged for share in self.users]
        return None if None in amounts else sum((each or ZERO for each in amounts), ZERO)

    @property
    def difference(self) -> Decimal | None:
        """What the tariffs bring in beyond the bill; negative: they bring in less."""
        return None if self.charged is None else self.charged - self.bill.amount


@dataclass(frozen=True, slots=True)
class Consumer:
    """A user's month at the installation."""

    user_id: str | None
    name: str
    energy_kwh: Decimal
    charged: Decimal | None


def split(bill: SupplierBill, consumers: Sequence[Consumer]) -> CostSplit:
    """Share a supplier's bill among users by what they used.

    If the chargers counted more than the supplier's meter, the users' own sum is shared by and
    the rest shows how much too little the supplier counted.
    """
    energies = [consumer.energy_kwh for consumer in consumers]
    rest_kwh = bill.energy_kwh - sum(energies, ZERO)
    weights = [*energies, max(rest_kwh, ZERO)]
    amounts = [ZERO] * len(weights)
    for line in bill.lines:
        for index, part in enumerate(_parts(line, weights, len(consumers), bill.decimals)):
            amounts[index] += part
    users = tuple(
        Share(
            consumer.user_id,
            consumer.name,
            consumer.energy_kwh,
            _fraction(consumer.energy_kwh, bill.energy_kwh),
            amount,
            consumer.charged,
        )
        for consumer, amount in zip(consumers, amounts[:-1], strict=True)
    )
    rest = Share(None, "", rest_kwh, _fraction(rest_kwh, bill.energy_kwh), amounts[-1])
    return CostSplit(bill, users, rest, max(-rest_kwh, ZERO))


def _parts(
    line: SupplierLine, weights: Sequence[Decimal], users: int, decimals: int
) -> list[Decimal]:
    """Return what of a line falls to each user and, last, to the rest."""
    if line.sharing is Sharing.EQUALLY and users:
        return apportion(line.amount, [Decimal(1)] * users + [ZERO], decimals)
    if line.sharing is Sharing.BY_ENERGY and any(weights):
        return apportion(line.amount, weights, decimals)
    return [ZERO] * users + [line.amount]


def apportion(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Part an amount by weights so that the parts are rounded and add up exactly.

    Each gets its part rounded towards zero; what is left over goes, a smallest coin each, to those
    who lost most by it, the first of equals first. Digits of the amount beyond `decimals` go to
    the first of them. Weights are not negative, and not all 0.
    """
    grain = Decimal(1).scaleb(-decimals)
    whole = sum(weights, ZERO)
    exact = [amount * weight / whole for weight in weights]
    parts = [part.quantize(grain, ROUND_DOWN) for part in exact]
    left = amount - sum(parts, ZERO)
    coin = grain if left >= ZERO else -grain
    by_loss = sorted(range(len(parts)), key=lambda at: -abs(exact[at] - parts[at]))
    takers = [at for at in by_loss if weights[at]]
    for at in takers:
        if abs(left) < grain:
            break
        parts[at] += coin
        left -= coin
    parts[takers[0]] += left
    return parts


def _fraction(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(_SHARE_GRAIN) if whole else ZERO
