"""What is known of who pays for an id token's transactions. Money is with VAT."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from csms.model import Allowance
from csms.tariff.limits import Limit, Used


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose spending an id token's transactions count for."""

    id_token: str
    user_id: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """A prepaid account, as one transaction sees it."""

    account_id: str
    currency: str
    balance: Decimal
    reserved: Decimal
    """By all other transactions."""
    start_credit: Decimal
    closed: bool = False

    @property
    def available(self) -> Decimal:
        """What is left for this transaction; negative if more was used than was there."""
        return self.balance - self.reserved


@dataclass(frozen=True, slots=True)
class WatchedLimit:
    limit: Limit
    currency: str | None
    """Of a limit of money; it counts for costs in this currency alone."""
    month_before: Used
    """What all other transactions that count for it used this month, or have reserved."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that one transaction has to keep to."""

    credit: Credit | None
    limits: tuple[WatchedLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class SpendingVerdict:
    """Whether a payer's token may charge."""

    refusal: str | None = None
    """Why it may not."""
    allowance: Allowance | None = None
    """How much, if it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a transaction may use until it is heard of again.

    One that is about to begin has no id yet: it is held for whoever showed the token there, and
    lapses.
    """

    charge_point_id: str
    transaction_id: int | None
    currency: str | None
    amount: Decimal
    energy_wh: Decimal
    at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountCharge:
    """What became of a transaction's final price."""

    transaction_id: int
    account_id: str | None
    """None: nobody's account pays for it."""
    amount: Decimal
    """What the balance changed by."""
    problem: str = ""
    """Why it could not be charged."""
