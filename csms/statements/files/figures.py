"""Numbers, money, dates and times as a statement's language writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

_NARROW: Final = " "
"""No-break space: a number must not be parted at the end of a line."""
_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "USD": "$"}
_MOST_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Habits:
    """How a language writes figures."""

    decimal_mark: str
    group_mark: str
    date_format: str
    money_first: bool = False
    """The currency stands before the amount."""


HABITS: Final[Mapping[str, Habits]] = {
    "en": Habits(".", ",", "%d/%m/%Y", money_first=True),
    "pt": Habits(",", _NARROW, "%d/%m/%Y"),
    "de": Habits(",", ".", "%d.%m.%Y"),
    "es": Habits(",", ".", "%d/%m/%Y"),
    "fr": Habits(",", _NARROW, "%d/%m/%Y"),
}


class Figures:
    """Writes figures for one language and one place."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._habits = HABITS[language]
        self._zone = zone

    def number(self, value: Decimal, decimals: int) -> str:
        """Write with exactly so many decimals."""
        rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        text = f"{abs(rounded):,f}"
        marks = {",": self._habits.group_mark, ".": self._habits.decimal_mark}
        written = "".join(marks.get(char, char) for char in text)
        return f"-{written}" if rounded < 0 else written

    def exact(self, value: Decimal, at_least: int) -> str:
        """Write all decimals there are, at least so many and at most six."""
        return self.number(value, min(max(decimals_of(value), at_least), _MOST_DECIMALS))

    def money(self, amount: Decimal, currency: str, decimals: int = 2) -> str:
        """Write an amount with its currency; all decimals it has, at least `decimals`."""
        written, symbol = self.exact(amount, decimals), _SYMBOLS.get(currency, currency)
        if not self._habits.money_first:
            return f"{written}{_NARROW}{symbol}"
        space = "" if symbol in _SYMBOLS.values() else _NARROW
        return f"-{symbol}{space}{written[1:]}" if amount < 0 else f"{symbol}{space}{written}"

    def day(self, value: date) -> str:
        return value.strftime(self._habits.date_format)

    def local_day(self, at: datetime) -> str:
        """Write the day that a moment is in at the site."""
        return self.day(at.astimezone(self._zone).date())

    def moment(self, at: datetime) -> str:
        """Write a moment by the site's clock."""
        local = at.astimezone(self._zone)
        return f"{self.day(local.date())} {local:%H:%M}"

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"


def decimals_of(value: Decimal) -> int:
    """Return how many decimals a value needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def shortened(value: Decimal, at_least: int) -> Decimal:
    """Return a value without zeros at its end, with at least so many decimals."""
    return value.quantize(Decimal(1).scaleb(-max(decimals_of(value), at_least)))
