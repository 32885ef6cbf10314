"""What is asked for and what is known when a statement is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from csms.statements.composing import Material
from csms.statements.cost_split import SupplierBill
from csms.statements.document import Document, Issuer, Kind, Recipient
from csms.tariff.months import Month


@dataclass(frozen=True, slots=True)
class Wanted:
    """A statement by what it is about."""

    kind: Kind
    subject_id: str
    site_id: str
    month: Month


@dataclass(frozen=True, slots=True)
class Order:
    """A statement to draft or to issue."""

    wanted: Wanted
    language: str | None = None
    """None: the issuer's."""
    allow_unpriced: bool = False
    supplier_bill: SupplierBill | None = None


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Who issues a site's statements, and how they are numbered."""

    issuer: Issuer
    series: str
    language: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that is known of a month."""

    wanted: Wanted
    """With ids as they are kept."""
    subject_name: str
    site_name: str
    time_zone: str
    recipient: Recipient | None
    issuer: IssuerSettings | None
    material: Material


@dataclass(frozen=True, slots=True)
class Kept:
    """An issued statement."""

    id: int
    number: str
    issued_at: datetime
    corrected_by: int | None
    document: Document


@dataclass(frozen=True, slots=True)
class Run:
    """An order to issue the statements of all users of a site's month."""

    id: int
    site_id: str
    month: Month
    language: str | None
    allow_unpriced: bool
    created_by: str
    issued: int = 0
    """By whoever worked on it before."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A user whose statement a run did not issue, and why."""

    user_id: str
    reason: str
