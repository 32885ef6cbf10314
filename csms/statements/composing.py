"""Priced transactions into a document: grouped, added up, counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from csms.statements.cost_split import Consumer, CostSplit, SupplierBill, split
from csms.statements.document import (
    LAYOUT,
    Charge,
    Correction,
    Document,
    Entry,
    Issuer,
    Kind,
    Part,
    Pending,
    Recipient,
    prepaid_of,
    totals_of,
)
from csms.tariff.billing import BillLine, bill, unpriced_bill
from csms.tariff.lines import Line, Unit
from csms.tariff.model import Tariff
from csms.tariff.months import Month

ZERO: Final = Decimal(0)
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Priced:
    """A transaction with its price, as it was kept."""

    transaction_id: int
    revision: int
    charge_point_id: str
    user_id: str | None
    id_token: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal | None
    tariff_id: str | None
    currency: str | None
    net: Decimal | None
    gross: Decimal | None
    lines: tuple[Line, ...]
    bill_lines: tuple[BillLine, ...]
    flags: tuple[str, ...] = ()
    reason: str = ""
    prepaid: Decimal = ZERO
    """What a prepaid account has paid of it already."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a document."""

    kind: Kind
    subject_id: str
    subject_name: str
    site_id: str
    site_name: str
    time_zone: str
    month: Month
    language: str
    issuer: Issuer
    recipient: Recipient | None = None
    corrects: Correction | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """All that a month's statement is made of."""

    priced: Sequence[Priced]
    tariffs: Mapping[str, Tariff]
    fees: Mapping[str, Sequence[Line]]
    """Base fees by user."""
    pending: Sequence[Pending]
    user_names: Mapping[str, str]
    charge_point_names: Mapping[str, str]


def compose(
    heading: Heading, material: Material, supplier_bill: SupplierBill | None = None
) -> Document:
    """Make a document; an installation's also has what each user and each charge point has of it.

    Raises KeyError for a tariff that is not among the material's.
    """
    priced = sorted(material.priced, key=lambda each: (each.started_at, each.transaction_id))
    charges = _charges(priced, _all_fees(material), material.tariffs)
    entries = tuple(_entry(each) for each in priced)
    users = _users(priced, material) if heading.kind is Kind.SITE else ()
    return Document(
        kind=heading.kind,
        subject_id=heading.subject_id,
        subject_name=heading.subject_name,
        site_id=heading.site_id,
        site_name=heading.site_name,
        time_zone=heading.time_zone,
        month=heading.month,
        language=heading.language,
        issuer=heading.issuer,
        recipient=heading.recipient,
        charges=charges,
        totals=totals_of(charges),
        energy_kwh=_energy_kwh(priced),
        unpriced_kwh=_unpriced_kwh(charges),
        entries=entries,
        prepaid=prepaid_of(entries),
        pending=tuple(sorted(material.pending, key=lambda each: each.started_at)),
        users=users,
        charge_points=() if heading.kind is Kind.CHARGE_POINT else _places(priced, material),
        cost_split=None if supplier_bill is None else _cost_split(supplier_bill, users),
        corrects=heading.corrects,
        layout=LAYOUT,
    )


def _all_fees(material: Material) -> list[Line]:
    return [line for lines in material.fees.values() for line in lines]


def _charges(
    priced: Iterable[Priced], fees: Iterable[Line], tariffs: Mapping[str, Tariff]
) -> tuple[Charge, ...]:
    """Add up lines by tariff, the tariffs by name; what no tariff covers comes last."""
    by_tariff = grouped(
        (line for each in priced for line in each.lines), lambda each: each.tariff_id
    )
    for line in fees:
        by_tariff.setdefault(line.tariff_id, []).append(line)
    uncovered = by_tariff.pop(None, [])
    charges = sorted(
        (_charge(tariffs[tariff_id], lines) for tariff_id, lines in by_tariff.items() if tariff_id),
        key=lambda charge: (charge.tariff_name.casefold(), charge.tariff_id or ""),
    )
    if uncovered:
        lines = _same_reason_once(unpriced_bill(uncovered).lines)
        charges.append(Charge(None, "", None, False, 2, lines, ()))  # noqa: FBT003 - no tariff: no taxes
    return tuple(charges)


def _charge(tariff: Tariff, lines: Sequence[Line]) -> Charge:
    summed = bill(tariff, lines)
    return Charge(
        tariff_id=tariff.id,
        tariff_name=tariff.name,
        currency=tariff.currency,
        tax_included=tariff.tax_included,
        decimals=tariff.rounding.decimals,
        lines=summed.lines,
        vat=summed.vat,
    )


def _same_reason_once(lines: Iterable[BillLine]) -> tuple[BillLine, ...]:
    groups = grouped(lines, lambda line: (line.kind, line.unit, line.reason))
    return tuple(
        BillLine(
            kind=kind,
            name="",
            section="",
            quantity=sum((line.quantity for line in group), ZERO),
            unit=unit,
            unit_price=None,
            amount=None,
            vat_percent=None,
            reason=reason,
        )
        for (kind, unit, reason), group in groups.items()
    )


def _entry(priced: Priced) -> Entry:
    return Entry(
        transaction_id=priced.transaction_id,
        revision=priced.revision,
        charge_point_id=priced.charge_point_id,
        user_id=priced.user_id,
        id_token=priced.id_token,
        started_at=priced.started_at,
        ended_at=priced.ended_at,
        energy_kwh=None if priced.energy_wh is None else priced.energy_wh.scaleb(-3),
        tariff_id=priced.tariff_id,
        currency=priced.currency,
        net=priced.net,
        gross=priced.gross,
        lines=priced.bill_lines,
        flags=priced.flags,
        reason=priced.reason,
        prepaid=priced.prepaid,
    )


def _users(priced: Sequence[Priced], material: Material) -> tuple[Part, ...]:
    by_user = grouped(priced, lambda each: each.user_id)
    for user_id in material.fees:
        by_user.setdefault(user_id, [])
    parts = [
        _part(
            user_id,
            material.user_names.get(user_id or "", user_id or ""),
            transactions,
            material.fees.get(user_id or "", ()),
            material.tariffs,
        )
        for user_id, transactions in by_user.items()
    ]
    return _by_name(parts)


def _places(priced: Sequence[Priced], material: Material) -> tuple[Part, ...]:
    parts = [
        _part(place, material.charge_point_names.get(place, place), group, (), material.tariffs)
        for place, group in grouped(priced, lambda each: each.charge_point_id).items()
    ]
    return _by_name(parts)


def _part(
    id_: str | None,
    name: str,
    priced: Sequence[Priced],
    fees: Sequence[Line],
    tariffs: Mapping[str, Tariff],
) -> Part:
    charges = _charges(priced, fees, tariffs)
    return Part(
        id=id_,
        name=name,
        transaction_count=len(priced),
        energy_kwh=_energy_kwh(priced),
        unpriced_kwh=_unpriced_kwh(charges),
        charges=charges,
        totals=totals_of(charges),
    )


def _by_name(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(
        sorted(parts, key=lambda part: (part.id is None, part.name.casefold(), part.id or ""))
    )


def _cost_split(supplier_bill: SupplierBill, users: Sequence[Part]) -> CostSplit:
    return split(
        supplier_bill,
        [
            Consumer(user.id, user.name, user.energy_kwh, _charged(user, supplier_bill.currency))
            for user in users
        ],
    )


def _charged(user: Part, currency: str) -> Decimal | None:
    """What tariffs ask of a user; None if something has no price, or one in another currency."""
    if _has_unpriced(user.charges) or any(each.currency != currency for each in user.totals):
        return None
    return sum((total.gross for total in user.totals), ZERO)


def _has_unpriced(charges: Iterable[Charge]) -> bool:
    return any(line.amount is None for charge in charges for line in charge.lines)


def _energy_kwh(priced: Iterable[Priced]) -> Decimal:
    return sum((each.energy_wh or ZERO for each in priced), ZERO).scaleb(-3)


def _unpriced_kwh(charges: Iterable[Charge]) -> Decimal:
    return sum(
        (
            line.quantity
            for charge in charges
            for line in charge.lines
            if line.amount is None and line.unit is Unit.KWH
        ),
        ZERO,
    )


def grouped(items: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """Group in the order in which keys first come up."""
    groups: dict[K, list[V]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
