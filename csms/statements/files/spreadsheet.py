"""What stands in which cell of a statement's CSV and XLSX: values, not text for people's eyes.

Times are the site's, kWh and amounts are numbers. CSV is one table, XLSX a sheet for each of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from csms.statements.document import Charge, Document, Entry, Kind, Part
from csms.statements.files.wording import Wording
from csms.tariff.billing import BillLine
from csms.tariff.lines import Unit

Cell: TypeAlias = str | Decimal | int | datetime | None
_SECONDS_PER_HOUR: Final = 3600
_LINE_WORDS: Final = (
    "section", "period", "quantity", "unit", "unit_price", "vat", "amount", "currency", "reason",
)  # fmt: skip
_NO_SUMS: Final[tuple[Cell, ...]] = (None, None, None, None)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a title; rows are as wide as its headings."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def grids(document: Document) -> list[Grid]:
    """Return everything that a document says, one table for each subject."""
    return [grid for grid in _Grids(document).all() if grid.rows]


def transaction_lines(document: Document) -> Grid:
    """Return every line of every transaction, with what is known of its transaction."""
    return _Grids(document).transaction_lines()


class _Grids:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._say = Wording(document.language)
        self._zone = ZoneInfo(document.time_zone)
        self._names = {part.id: part.name for part in document.users}

    def all(self) -> Iterator[Grid]:
        document = self._document
        yield self._summary()
        yield self._periods()
        if document.kind is Kind.SITE:
            yield self._parts("users", document.users)
            yield self._user_periods()
        yield self._parts("charge_points", document.charge_points)
        yield self._cost_split()
        yield self.transaction_lines()
        yield self._pending()

    def _summary(self) -> Grid:
        document, say = self._document, self._say
        facts: list[Sequence[Cell]] = [
            [say("statement"), document.number or say("draft"), None],
            [
                say("date"),
                None if document.issued_at is None else self._at(document.issued_at),
                None,
            ],
            [say("month"), say.month(*document.month), None],
            [say("site"), document.site_name, None],
            [say(document.kind.value), document.subject_name, None],
            [say("energy"), document.energy_kwh, "kWh"],
        ]
        if document.unpriced_kwh or document.unpriced:
            facts.append([say("unpriced"), document.unpriced_kwh, "kWh"])
        for total in document.totals:
            facts.append([say("net"), total.net, total.currency])
            facts.append([say("vat"), total.vat, total.currency])
            facts.append([say("gross"), total.gross, total.currency])
        facts += [[say("prepaid"), paid.amount, paid.currency] for paid in document.prepaid]
        if document.corrects is not None:
            facts.append([say("corrects"), document.corrects.number, document.corrects.reason])
        return Grid(say("total"), ("", "", ""), facts)

    def _periods(self) -> Grid:
        rows = [row for charge in self._document.charges for row in self._charge_rows(charge)]
        return Grid(self._say("period"), self._line_headings(), rows)

    def _user_periods(self) -> Grid:
        say = self._say
        rows: list[Sequence[Cell]] = [
            [self._name(part), *row]
            for part in self._document.users
            for charge in part.charges
            for row in self._charge_rows(charge)
        ]
        title = f"{say('users')} - {say('period')}"
        return Grid(title, (say("user"), *self._line_headings()), rows)

    def _line_headings(self) -> tuple[str, ...]:
        words = (
            "tariff", "section", "period", "quantity", "unit", "unit_price", "vat", "amount",
            "currency", "reason",
        )  # fmt: skip
        return tuple(self._say(word) for word in words)

    def _charge_rows(self, charge: Charge) -> Iterator[Sequence[Cell]]:
        for line in charge.lines:
            tariff = charge.tariff_name if charge.tariff_id else self._say("no_tariff")
            yield [tariff, *self._line_cells(line), charge.currency, line.reason]

    def _line_cells(self, line: BillLine) -> list[Cell]:
        quantity, unit = line.quantity, line.unit.value
        if line.unit is Unit.SECOND:
            quantity, unit = line.quantity / _SECONDS_PER_HOUR, self._say("hour")
        amount: Cell = self._say("unpriced") if line.amount is None else line.amount
        name = line.name or self._say(line.kind.value)
        return [line.section, name, quantity, unit, line.unit_price, line.vat_percent, amount]

    def _parts(self, word: str, parts: Sequence[Part]) -> Grid:
        say = self._say
        subject = "user" if word == "users" else "charge_point"
        words = (subject, "transactions", "energy", "unpriced", "net", "vat", "gross", "currency")
        rows: list[Sequence[Cell]] = []
        for part in parts:
            known = (self._name(part), part.transaction_count, part.energy_kwh, part.unpriced_kwh)
            sums: list[tuple[Cell, ...]] = [
                (each.net, each.vat, each.gross, each.currency) for each in part.totals
            ]
            rows += [(*known, *each) for each in sums or [_NO_SUMS]]
        return Grid(say(word), tuple(say(each) for each in words), rows)

    def _name(self, part: Part) -> str:
        return self._say("nobody") if part.id is None else part.name or part.id

    def _cost_split(self) -> Grid:
        say, split = self._say, self._document.cost_split
        words = ("user", "energy", "share", "amount", "charged", "currency")
        rows: list[Sequence[Cell]] = []
        if split is not None:
            currency = split.bill.currency
            for share in split.users:
                name = say("nobody") if share.user_id is None else share.name or share.user_id
                known = (name, share.energy_kwh, share.energy_share, share.amount)
                rows.append((*known, share.charged, currency))
            rest = split.rest
            known = (say("rest"), rest.energy_kwh, rest.energy_share, rest.amount)
            rows.append((*known, None, currency))
            whole = (say("supplier"), split.bill.energy_kwh, None, split.bill.amount)
            rows.append((*whole, split.charged, currency))
        return Grid(say("share"), tuple(say(word) for word in words), rows)

    def transaction_lines(self) -> Grid:
        words = (
            "transaction", "start", "end", "charge_point", "user", "energy", *_LINE_WORDS,
        )  # fmt: skip
        rows = [row for entry in self._document.entries for row in self._entry_rows(entry)]
        return Grid(self._say("transactions"), tuple(self._say(word) for word in words), rows)

    def _entry_rows(self, entry: Entry) -> Iterator[Sequence[Cell]]:
        known: list[Cell] = [
            entry.transaction_id,
            self._at(entry.started_at),
            self._at(entry.ended_at),
            entry.charge_point_id,
            self._names.get(entry.user_id) or entry.user_id,
            entry.energy_kwh,
        ]
        for line in entry.lines:
            yield [*known, *self._line_cells(line), entry.currency, line.reason]

    def _pending(self) -> Grid:
        say = self._say
        words = ("transaction", "charge_point", "start", "reason")
        rows: list[Sequence[Cell]] = [
            [each.transaction_id, each.charge_point_id, self._at(each.started_at), say(each.state)]
            for each in self._document.pending
        ]
        return Grid(say("pending"), tuple(say(word) for word in words), rows)

    def _at(self, moment: datetime) -> datetime:
        """The site's wall time, without a zone, as spreadsheets have it."""
        return moment.astimezone(self._zone).replace(tzinfo=None)
