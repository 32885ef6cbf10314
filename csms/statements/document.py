"""A statement as values: all that is on its pages, and nothing that is looked up later.

    Document ── charges, one for each tariff: lines, each the sum of a period over the month
        ├─ entries: every transaction, with its own lines
        ├─ users and charge points: what each has of it
        └─ pending: what is not in it, because it still runs or has no price yet

Amounts are those of `csms.tariff.billing`: a line is rounded once, on the sum of its period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from csms.statements.cost_split import CostSplit
from csms.tariff.billing import BillLine, VatSum
from csms.tariff.months import Month

ZERO: Final = Decimal(0)
LAYOUT: Final = 2
"""Of new documents. An issued one keeps what its pages say: from 2 on they tell where printed
quantities don't add up to the last digit."""


class Kind(StrEnum):
    """Whom a statement is about; each is of one site and one month of its clock."""

    USER = "user"
    CHARGE_POINT = "charge_point"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who writes the statement."""

    name: str
    address: str = ""
    tax_number: str = ""
    bank: str = ""
    text: str = ""
    """What else has to be said: when to pay, laws, thanks."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom it is sent to."""

    name: str
    address: str = ""
    tax_number: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in one currency."""

    currency: str
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Prepaid:
    """What prepaid accounts have paid already, in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """All of a month under one tariff; `tariff_id` is None for what no tariff covers."""

    tariff_id: str | None
    tariff_name: str
    currency: str | None
    tax_included: bool
    decimals: int
    """Of amounts."""
    lines: tuple[BillLine, ...]
    vat: tuple[VatSum, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction, with what it costs alone; its amounts are rounded for themselves."""

    transaction_id: int
    revision: int
    """Of its pricing."""
    charge_point_id: str
    user_id: str | None
    id_token: str | None
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal | None
    tariff_id: str | None
    currency: str | None
    net: Decimal | None
    """None: not completely priced, which is never 0."""
    gross: Decimal | None
    lines: tuple[BillLine, ...]
    flags: tuple[str, ...] = ()
    reason: str = ""
    """Why it has no price."""
    prepaid: Decimal = ZERO
    """What a prepaid account has paid of it already."""


class PendingState(StrEnum):
    """Why a transaction of the month is not in its statement."""

    RUNNING = "running"
    NOT_PRICED = "not_priced"


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction of the month about which there is nothing to say yet."""

    transaction_id: int
    charge_point_id: str
    started_at: datetime
    state: PendingState


@dataclass(frozen=True, slots=True)
class Part:
    """What one user or one charge point has of a statement; `id` None: nobody known."""

    id: str | None
    name: str
    transaction_count: int
    energy_kwh: Decimal
    unpriced_kwh: Decimal
    charges: tuple[Charge, ...]
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """The statement that this one takes the place of, and why."""

    number: str
    issued_at: datetime
    reason: str
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A statement; a draft has neither number nor date."""

    kind: Kind
    subject_id: str
    subject_name: str
    site_id: str
    site_name: str
    time_zone: str
    month: Month
    language: str
    issuer: Issuer
    recipient: Recipient | None
    charges: tuple[Charge, ...]
    totals: tuple[Total, ...]
    energy_kwh: Decimal
    unpriced_kwh: Decimal
    entries: tuple[Entry, ...]
    prepaid: tuple[Prepaid, ...] = ()
    pending: tuple[Pending, ...] = ()
    users: tuple[Part, ...] = ()
    """Of an installation: the details page of each user."""
    charge_points: tuple[Part, ...] = ()
    cost_split: CostSplit | None = None
    corrects: Correction | None = None
    number: str | None = None
    issued_at: datetime | None = None
    layout: int = 1

    @property
    def complete(self) -> bool:
        """Whether all transactions of the month are in it, each with a price."""
        return not self.pending and not self.unpriced

    @property
    def unpriced(self) -> tuple[Entry, ...]:
        """Its transactions that are not completely priced."""
        return tuple(entry for entry in self.entries if entry.net is None)


def totals_of(charges: Iterable[Charge]) -> tuple[Total, ...]:
    """Add up what has a price, for each currency."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for charge in charges:
        if charge.currency is not None:
            net, vat = sums.get(charge.currency, (ZERO, ZERO))
            net += sum((each.net for each in charge.vat), ZERO)
            sums[charge.currency] = net, vat + sum((each.vat for each in charge.vat), ZERO)
    return tuple(Total(currency, *sums[currency]) for currency in sorted(sums))


def difference(now: Sequence[Total], before: Sequence[Total]) -> tuple[Total, ...]:
    """Return what a corrected statement asks more (or, negative, less) than the one before."""
    new = {total.currency: total for total in now}
    old = {total.currency: total for total in before}
    nothing = Total("", ZERO, ZERO)
    return tuple(
        Total(
            currency,
            new.get(currency, nothing).net - old.get(currency, nothing).net,
            new.get(currency, nothing).vat - old.get(currency, nothing).vat,
        )
        for currency in sorted(new | old)
    )


def prepaid_of(entries: Iterable[Entry]) -> tuple[Prepaid, ...]:
    """Add up what prepaid accounts have paid."""
    sums: dict[str, Decimal] = {}
    for entry in entries:
        if entry.prepaid and entry.currency is not None:
            sums[entry.currency] = sums.get(entry.currency, ZERO) + entry.prepaid
    return tuple(Prepaid(currency, sums[currency]) for currency in sorted(sums))
