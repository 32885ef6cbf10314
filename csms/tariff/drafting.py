"""Lines while they grow: pieces of one period that follow each other become one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from csms.tariff.lines import Line, LineKind, Unit
from csms.tariff.model import PriceComponent, Tariff, TariffVersion

ZERO: Final = Decimal(0)
_MICROSECOND: Final = timedelta(microseconds=1)
_MICRO: Final = Decimal(1).scaleb(-6)
_MILLI: Final = Decimal(1).scaleb(-3)


@dataclass(slots=True)
class Draft:
    """A line to be; energy counts in Wh, time in microseconds, until it is done."""

    kind: LineKind
    start: datetime
    end: datetime
    amount: Decimal
    version: TariffVersion | None = None
    position: int = -1
    component: PriceComponent | None = None
    unit_price: Decimal | None = None
    reason: str = ""

    def continues(self, other: Draft) -> bool:
        """Whether it is the same line as one that ended when it began."""
        return (
            other.end == self.start
            and other.component is self.component
            and other.position == self.position
            and other.version is self.version
            and other.unit_price == self.unit_price
            and other.reason == self.reason
        )


class Drafts:
    """The lines of one transaction, by kind and in time order."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._by_kind: dict[LineKind, list[Draft]] = {}

    def add(self, draft: Draft) -> None:
        """Add a piece; one that is worth nothing only prolongs the line before it."""
        drafts = self._by_kind.setdefault(draft.kind, [])
        if drafts and draft.continues(drafts[-1]):
            drafts[-1].end = draft.end
            drafts[-1].amount += draft.amount
        elif draft.amount or draft.version is None:
            drafts.append(draft)

    def of(self, kind: LineKind) -> list[Draft]:
        """Return all of a kind, in time order."""
        return self._by_kind.get(kind, [])

    def lines(self) -> list[Line]:
        """Return them as lines."""
        return [self.line(draft) for drafts in self._by_kind.values() for draft in drafts]

    def line(self, draft: Draft) -> Line:
        """Return a draft as a line."""
        element = None
        if draft.version is not None and draft.position >= 0:
            element = draft.version.elements[draft.position]
        component = draft.component
        quantity, unit = _measured(draft)
        return Line(
            kind=draft.kind,
            name="" if element is None else element.name,
            section="" if element is None else element.section,
            started_at=draft.start,
            ended_at=draft.end,
            quantity=quantity,
            unit=unit,
            unit_price=draft.unit_price,
            vat_percent=None if component is None else component.vat_percent,
            tariff_id=self._tariff.id,
            version=None if draft.version is None else draft.version.number,
            position=draft.position,
            market=component is not None and component.market is not None,
            reason=draft.reason,
        )


def microseconds(start: datetime, end: datetime) -> Decimal:
    """Return how long a time lasts."""
    return Decimal((end - start) // _MICROSECOND)


def _measured(draft: Draft) -> tuple[Decimal, Unit]:
    if draft.kind is LineKind.ENERGY:
        return draft.amount * _MILLI, Unit.KWH
    if draft.kind is LineKind.FLAT:
        return draft.amount, Unit.PIECE
    return draft.amount * _MICRO, Unit.SECOND
