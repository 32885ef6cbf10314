"""A statement as PDF: what is owed first, then how it came about, then every transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from csms.statements.cost_split import CostSplit, Share
from csms.statements.document import (
    Charge,
    Document,
    Entry,
    Kind,
    Part,
    Total,
    difference,
)
from csms.statements.files.figures import Figures, decimals_of
from csms.statements.files.sheet import GREY, LEFT, WIDTH, Column, Row, Sheet
from csms.statements.files.wording import Wording
from csms.tariff.billing import BillLine
from csms.tariff.lines import Unit

_SECONDS_PER_HOUR: Final = 3600
_KWH_DECIMALS: Final = 3


def pdf(document: Document) -> bytes:
    """Return a document as PDF; the same document gives the same bytes."""
    return _Writing(document).written()


class _Writing:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._say = Wording(document.language)
        self._figures = Figures(document.language, ZoneInfo(document.time_zone))
        month = self._say.month(*document.month)
        title = f"{self._title()} {document.number or ''}".strip()
        self._sheet = Sheet(
            " · ".join(filter(None, (document.issuer.name, title, month))),
            (self._say("page"), self._say("of")),
            f"{title} · {document.subject_name} · {month}",
            document.issuer.name,
        )

    def written(self) -> bytes:
        document = self._document
        self._head()
        self._notices()
        self._totals(document.totals)
        self._charges(document.charges)
        self._closing()
        if document.kind is Kind.SITE:
            self._parts("users", document.users)
        if document.charge_points:
            self._parts("charge_points", document.charge_points)
        if document.cost_split is not None:
            self._cost_split(document.cost_split)
        if document.kind is Kind.SITE:
            self._details_pages()
        else:
            self._transactions(document.entries)
        self._pending()
        return self._sheet.finish()

    def _title(self) -> str:
        document = self._document
        word = self._say("correction" if document.corrects else "statement")
        return word if document.number else f"{word} ({self._say('draft')})"

    def _head(self) -> None:
        document, sheet, say = self._document, self._sheet, self._say
        issuer, half = document.issuer, WIDTH / 2
        top = sheet.y
        sheet.words(issuer.name, size=14, bold=True, wide=half - 10)
        for text in (issuer.address, _labelled(say("tax_number"), issuer.tax_number)):
            if text:
                sheet.words(text, wide=half - 10)
        left, sheet.y = sheet.y, top
        sheet.words(self._title(), size=14, bold=True, x=LEFT + half, wide=half, right=True)
        for text in self._facts():
            sheet.words(text, x=LEFT + half, wide=half, right=True)
        sheet.y = min(left, sheet.y)
        sheet.space(16)
        self._recipient()

    def _facts(self) -> Iterable[str]:
        document, say = self._document, self._say
        if document.number is not None:
            yield f"{say('number')}: {document.number}"
        if document.issued_at is not None:
            yield f"{say('date')}: {self._figures.local_day(document.issued_at)}"
        yield f"{say('month')}: {say.month(*document.month)}"
        yield f"{say('site')}: {document.site_name}"
        if document.kind is not Kind.SITE:
            yield f"{say(document.kind.value)}: {document.subject_name}"

    def _recipient(self) -> None:
        recipient, sheet, say = self._document.recipient, self._sheet, self._say
        if recipient is None:
            return
        sheet.words(say("to"), grey=GREY)
        sheet.words(recipient.name, size=10, bold=True)
        for text in (
            recipient.address,
            recipient.email,
            _labelled(say("tax_number"), recipient.tax_number),
        ):
            if text:
                sheet.words(text)
        sheet.space(8)

    def _notices(self) -> None:
        document, sheet, say = self._document, self._sheet, self._say
        corrects = document.corrects
        if corrects is not None:
            issued = self._figures.local_day(corrects.issued_at)
            sheet.words(f"{say('corrects')} {corrects.number} ({issued})", bold=True)
            sheet.words(f"{say('reason')}: {corrects.reason}")
            sheet.space(4)
        if not document.complete:
            sheet.words(say("unpriced_note"), bold=True)
            if document.unpriced_kwh:
                sheet.words(f"{say('unpriced')}: {self._kwh(document.unpriced_kwh)}")
            for pending in document.pending[:1]:
                more = f" (+{len(document.pending) - 1})" if len(document.pending) > 1 else ""
                sheet.words(f"{say('pending')}: {self._pending_text(pending.state.value)}{more}")
            sheet.space(4)

    def _pending_text(self, state: str) -> str:
        return self._say(state)

    def _totals(self, totals: Sequence[Total]) -> None:
        say, document = self._say, self._document
        self._sheet.heading(say("total"))
        rows = [self._total_row(total, "") for total in totals]
        if document.corrects is not None:
            before = document.corrects.totals
            rows += [self._total_row(total, say("before"), grey=GREY) for total in before]
            rows += [
                self._total_row(total, say("difference"), bold=True)
                for total in difference(totals, before)
            ]
        rows += [row for total in totals for row in self._prepaid_rows(total)]
        columns = [
            Column("", 40),
            Column(say("energy"), 22, right=True),
            Column(say("net"), 22, right=True),
            Column(say("vat"), 22, right=True),
            Column(say("gross"), 22, right=True),
        ]
        if not rows:
            rows = [Row([say("unpriced"), self._kwh(document.energy_kwh), "", "", ""], bold=True)]
        self._sheet.table(columns, rows)

    def _total_row(self, total: Total, label: str, *, grey: float = 0.0, bold: bool = False) -> Row:
        decimals = self._decimals(total.currency)
        amounts = (total.net, total.vat, total.gross)
        cells = [self._figures.money(each, total.currency, decimals) for each in amounts]
        energy = "" if label else self._kwh(self._document.energy_kwh)
        return Row([label or self._say("total"), energy, *cells], bold=bold or not label, grey=grey)

    def _prepaid_rows(self, total: Total) -> Iterable[Row]:
        for paid in self._document.prepaid:
            if paid.currency == total.currency:
                decimals = self._decimals(total.currency)
                amounts = (-paid.amount, total.gross - paid.amount)
                for word, amount in zip(("prepaid", "to_pay"), amounts, strict=True):
                    money = self._figures.money(amount, total.currency, decimals)
                    yield Row([self._say(word), "", "", "", money], bold=word == "to_pay")

    def _decimals(self, currency: str) -> int:
        charges = self._document.charges
        return max((each.decimals for each in charges if each.currency == currency), default=2)

    def _charges(self, charges: Iterable[Charge]) -> None:
        for charge in charges:
            self._charge(charge)

    def _charge(self, charge: Charge) -> None:
        sheet, say = self._sheet, self._say
        name = say("no_tariff") if charge.tariff_id is None else charge.tariff_name
        sheet.heading(f"{say('tariff')}: {name}" if charge.tariff_id else name)
        taxed = any(line.vat_percent is not None for line in charge.lines)
        columns = self._line_columns(charge, taxed=taxed)
        rows = [self._line_row(charge, line, taxed=taxed) for line in charge.lines]
        if charge.currency is not None:
            energy = sum((line.quantity for line in charge.lines if _is_energy(line)), Decimal(0))
            amount = sum(
                (line.amount for line in charge.lines if line.amount is not None), Decimal(0)
            )
            total = [say("total"), "", self._kwh(energy), ""]
            total += [""] if taxed else []
            total.append(self._amount(amount, charge))
            rows.append(Row(total, bold=True, ruled=True))
        sheet.table(columns, rows)
        quantities = [line.quantity for line in charge.lines if _is_energy(line)]
        if self._document.layout > 1 and not _adds_up(quantities):
            sheet.words(say("quantity_note"), grey=GREY, size=7.5)
        if any(line.market for line in charge.lines):
            sheet.words(f"* {say('market_note')}", grey=GREY, size=7.5)
        if taxed:
            self._vat(charge)

    def _line_columns(self, charge: Charge, *, taxed: bool) -> list[Column]:
        say, unit = self._say, charge.currency or ""
        basis = say("incl_vat" if charge.tax_included else "excl_vat") if taxed else ""
        amount = ", ".join(filter(None, (unit, basis)))
        columns = [
            Column(say("section"), 30),
            Column(say("period"), 30),
            Column(say("quantity"), 20, right=True),
            Column(f"{say('unit_price')} ({unit})" if unit else say("unit_price"), 22, right=True),
        ]
        if taxed:
            columns.append(Column(say("vat"), 12, right=True))
        columns.append(
            Column(f"{say('amount')} ({amount})" if unit else say("amount"), 24, right=True)
        )
        return columns

    def _line_row(self, charge: Charge, line: BillLine, *, taxed: bool) -> Row:
        priced = line.unit_price is not None
        price = self._price(line, charge.lines)
        name = line.name or (self._say(line.kind.value) if priced else line.reason)
        cells = [line.section, name, self._quantity(line), f"{price}{' *' if line.market else ''}"]
        if taxed:
            cells.append(self._rate(line.vat_percent) if priced else "")
        cells.append(
            self._say("unpriced") if line.amount is None else self._amount(line.amount, charge)
        )
        return Row(cells, bold=not priced)

    def _vat(self, charge: Charge) -> None:
        say = self._say
        columns = [
            Column("", 82),
            Column(say("vat"), 14, right=True),
            Column(say("net"), 24, right=True),
            Column(say("vat"), 24, right=True),
            Column(say("gross"), 24, right=True),
        ]
        rows = [
            Row(
                [
                    "",
                    self._rate(each.vat_percent) or say("no_vat"),
                    *(self._amount(value, charge) for value in (each.net, each.vat, each.gross)),
                ]
            )
            for each in charge.vat
        ]
        self._sheet.space(6)
        self._sheet.table(columns, rows)

    def _closing(self) -> None:
        issuer, sheet, say = self._document.issuer, self._sheet, self._say
        if issuer.bank or issuer.text:
            sheet.space(14)
        if issuer.bank:
            sheet.words(f"{say('bank')}: {issuer.bank}")
        if issuer.text:
            sheet.words(issuer.text)

    def _parts(self, word: str, parts: Sequence[Part]) -> None:
        say = self._say
        self._sheet.heading(say(word))
        columns = [
            Column(say("user" if word == "users" else "charge_point"), 44),
            Column(say("transactions"), 20, right=True),
            Column(say("energy"), 22, right=True),
            Column(say("net"), 22, right=True),
            Column(say("gross"), 24, right=True),
        ]
        self._sheet.table(columns, [row for part in parts for row in self._part_rows(part)])

    def _part_rows(self, part: Part) -> list[Row]:
        name = self._name(part.id, part.name)
        counted = [name, str(part.transaction_count), self._kwh(part.energy_kwh)]
        rows = [
            Row(
                [
                    *(counted if number == 0 else ("", "", "")),
                    *(
                        self._figures.money(each, total.currency, self._decimals(total.currency))
                        for each in (total.net, total.gross)
                    ),
                ]
            )
            for number, total in enumerate(part.totals)
        ] or [Row([*counted, "", self._say("unpriced")], bold=True)]
        if part.totals and part.unpriced_kwh:
            kwh = self._kwh(part.unpriced_kwh)
            rows.append(Row([self._say("unpriced"), "", kwh, "", ""], bold=True))
        return rows

    def _name(self, id_: str | None, name: str) -> str:
        return self._say("nobody") if id_ is None else name or id_

    def _details_pages(self) -> None:
        """The page of each user: what is owed and every transaction."""
        for part in self._document.users:
            self._sheet.page()
            self._sheet.words(self._name(part.id, part.name), size=14, bold=True)
            self._charges(part.charges)
            self._transactions(
                [entry for entry in self._document.entries if entry.user_id == part.id]
            )

    def _transactions(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        sheet, say = self._sheet, self._say
        sheet.heading(say("transactions"))
        place = "user" if self._document.kind is Kind.CHARGE_POINT else "charge_point"
        columns = [
            Column(say("start"), 28),
            Column(say("end"), 28),
            Column(say(place), 32),
            Column(say("quantity"), 20, right=True),
            Column(say("unit_price"), 20, right=True),
            Column(say("amount"), 22, right=True),
        ]
        sheet.table(columns, [row for entry in entries for row in self._entry_rows(entry)])
        sheet.space(3)
        sheet.words(say("alone_note"), grey=GREY, size=7.5)
        if self._document.layout > 1 and not all(map(_entry_adds_up, entries)):
            sheet.words(say("quantity_note"), grey=GREY, size=7.5)
        self._flags(entries)

    def _entry_rows(self, entry: Entry) -> Iterable[Row]:
        figures = self._figures
        place = entry.charge_point_id
        if self._document.kind is Kind.CHARGE_POINT:
            place = entry.user_id or entry.id_token or ""
        mark = " †" if entry.flags else ""
        amount = self._say("unpriced")
        if entry.net is not None and entry.currency is not None:
            amount = figures.money(
                self._as_quoted(entry), entry.currency, self._decimals(entry.currency)
            )
        energy = "?" if entry.energy_kwh is None else self._kwh(entry.energy_kwh)
        times = [figures.moment(entry.started_at), figures.moment(entry.ended_at)]
        head = [*times, f"{place}{mark}", energy, "", amount]
        yield Row(head, bold=True, ruled=True, heads=bool(entry.lines))
        for line in entry.lines:
            price = self._price(line, entry.lines)
            cost = self._say("unpriced") if line.amount is None else figures.exact(line.amount, 2)
            name = line.name or (
                self._say(line.kind.value) if line.amount is not None else line.reason
            )
            yield Row([line.section, name, "", self._quantity(line), price, cost], grey=GREY)

    def _as_quoted(self, entry: Entry) -> Decimal:
        """A transaction's amount in the way its lines are quoted: with VAT if they include it."""
        charge = next(
            (each for each in self._document.charges if each.tariff_id == entry.tariff_id), None
        )
        quoted = entry.gross if charge is not None and charge.tax_included else entry.net
        return quoted if quoted is not None else Decimal(0)

    def _flags(self, entries: Iterable[Entry]) -> None:
        flags = sorted({flag for entry in entries for flag in entry.flags})
        if flags:
            told = "; ".join(self._say(flag) for flag in flags)
            self._sheet.words(f"† {told}", grey=GREY, size=7.5)

    def _cost_split(self, split: CostSplit) -> None:
        say, sheet, bill = self._say, self._sheet, split.bill
        sheet.heading(say("cost_split"), keep=140)
        sheet.table(
            [
                Column(say("supplier"), 60),
                Column(say("share"), 30),
                Column(say("energy"), 22, right=True),
                Column(say("amount"), 24, right=True),
            ],
            [
                *(
                    Row(
                        [
                            line.name,
                            say(line.sharing.value),
                            "" if line.energy_kwh is None else self._kwh(line.energy_kwh),
                            self._split_money(line.amount, split),
                        ]
                    )
                    for line in bill.lines
                ),
                Row(
                    [
                        say("total"),
                        "",
                        self._kwh(bill.energy_kwh),
                        self._split_money(bill.amount, split),
                    ],
                    bold=True,
                    ruled=True,
                ),
            ],
        )
        sheet.space(8)
        columns = [
            Column(say("user"), 44),
            Column(say("energy"), 22, right=True),
            Column(say("share"), 16, right=True),
            Column(say("amount"), 24, right=True),
            Column(say("charged"), 24, right=True),
        ]
        rows = [self._share_row(share, split) for share in split.users]
        rest = self._share_row(split.rest, split)
        rows.append(Row([say("rest"), *rest.cells[1:4], ""], ruled=True))
        charged = "" if split.charged is None else self._split_money(split.charged, split)
        total = [
            say("total"),
            self._kwh(bill.energy_kwh),
            "",
            self._split_money(bill.amount, split),
        ]
        rows.append(Row([*total, charged], bold=True, ruled=True))
        sheet.table(columns, rows)
        if split.exceeded_kwh:
            sheet.space(3)
            sheet.words(f"{say('exceeded_note')} ({self._kwh(split.exceeded_kwh)}).", bold=True)

    def _share_row(self, share: Share, split: CostSplit) -> Row:
        charged = self._say("unpriced")
        if share.charged is not None:
            charged = self._split_money(share.charged, split)
        return Row(
            [
                self._name(share.user_id, share.name),
                self._kwh(share.energy_kwh),
                f"{self._figures.number(share.energy_share * 100, 2)} %",
                self._split_money(share.amount, split),
                charged,
            ]
        )

    def _split_money(self, amount: Decimal, split: CostSplit) -> str:
        return self._figures.money(amount, split.bill.currency, split.bill.decimals)

    def _pending(self) -> None:
        pending, say = self._document.pending, self._say
        if not pending:
            return
        self._sheet.heading(say("pending"))
        columns = [
            Column(say("transaction"), 20),
            Column(say("charge_point"), 40),
            Column(say("start"), 30),
            Column("", 40),
        ]
        rows = [
            Row(
                [
                    str(each.transaction_id),
                    each.charge_point_id,
                    self._figures.moment(each.started_at),
                    say(each.state.value),
                ]
            )
            for each in pending
        ]
        self._sheet.table(columns, rows)

    def _price(self, line: BillLine, lines: Sequence[BillLine]) -> str:
        """A unit price with as many decimals as those beside it, so that they can be compared."""
        if line.unit_price is None:
            return ""
        beside = (each.unit_price for each in lines if each.unit_price is not None)
        return self._figures.exact(line.unit_price, max(2, *map(decimals_of, beside)))

    def _kwh(self, value: Decimal) -> str:
        return f"{self._figures.number(value, _KWH_DECIMALS)} kWh"

    def _quantity(self, line: BillLine) -> str:
        if line.unit is Unit.KWH:
            return self._kwh(line.quantity)
        if line.unit is Unit.SECOND:
            hours = line.quantity / _SECONDS_PER_HOUR
            return f"{self._figures.number(hours, _KWH_DECIMALS)} {self._say('hour')}"
        return self._figures.exact(line.quantity, 0)

    def _amount(self, amount: Decimal, charge: Charge) -> str:
        return self._figures.exact(amount, charge.decimals)

    def _rate(self, percent: Decimal | None) -> str:
        return "" if percent is None else f"{self._figures.exact(percent, 0)} %"


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _is_energy(line: BillLine) -> bool:
    return line.unit is Unit.KWH


def _adds_up(quantities: Sequence[Decimal]) -> bool:
    """Whether quantities as they are printed add up to their sum as it is printed."""
    printed = sum(map(_printed, quantities), Decimal(0))
    return printed == _printed(sum(quantities, Decimal(0)))


def _entry_adds_up(entry: Entry) -> bool:
    return _adds_up([line.quantity for line in entry.lines if _is_energy(line)])


def _printed(kwh: Decimal) -> Decimal:
    return kwh.quantize(Decimal(1).scaleb(-_KWH_DECIMALS), ROUND_HALF_UP)
