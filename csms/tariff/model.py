"""A tariff, in OCPI 2.2.1's words for elements, price components and restrictions.

    Tariff ── versions, each from a day on
        └─ TariffVersion ── elements in order; the first that counts prices its dimensions
               └─ Element ── restrictions (when) and price components (what)

Beyond OCPI: names of periods, seasons, public holidays, a grace period before idle time costs,
prices by the day-ahead market, a monthly base fee, and prices that include VAT. Money is Decimal
in the tariff's currency; times and dates in restrictions are those of the site's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple


class Dimension(StrEnum):
    """What a price component is for."""

    ENERGY = "ENERGY"
    """Per kWh."""
    TIME = "TIME"
    """Per hour of charging."""
    PARKING_TIME = "PARKING_TIME"
    """Per hour in which the vehicle could have charged and did not."""
    FLAT = "FLAT"
    """Once per transaction."""


class Day(StrEnum):
    """OCPI's days of the week; a public holiday is a day of its own, no matter when it falls."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"
    HOLIDAY = "HOLIDAY"


DAYS_OF_WEEK: Final = tuple(day for day in Day if day is not Day.HOLIDAY)
"""By `date.weekday()`."""
WEEKDAYS: Final = frozenset(DAYS_OF_WEEK[:5])
SUNDAYS_AND_HOLIDAYS: Final = frozenset({Day.SUNDAY, Day.HOLIDAY})


class LegalTime(StrEnum):
    """Summer while the site's clock is ahead of its standard time, else winter."""

    SUMMER = "summer"
    WINTER = "winter"


class MonthDay(NamedTuple):
    """A day of every year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Season:
    """A named part of the year: by legal time, or from `first` until before `until`.

    One by dates may go past the new year (`first` after `until`).
    """

    name: str
    legal_time: LegalTime | None = None
    first: MonthDay | None = None
    until: MonthDay | None = None


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Public holidays of a country (ISO 3166-1) and its region (ISO 3166-2), and further days."""

    country: str
    region: str | None = None
    extra_dates: frozenset[date] = frozenset()
    """Municipal holidays, for example."""


@dataclass(frozen=True, slots=True)
class Market:
    """A price that follows the day-ahead market: factor × market price + the component's price.

    The sum is kept between `floor` and `cap`. The factor holds losses and a margin; what differs by
    the hour (the network's fee) is the component's price in each element.
    """

    factor: Decimal = Decimal(1)
    floor: Decimal | None = None
    cap: Decimal | None = None

    def unit_price(self, market_price: Decimal, surcharge: Decimal) -> Decimal:
        """Return what a kWh costs when the market asks `market_price` for it."""
        price = self.factor * market_price + surcharge
        if self.floor is not None:
            price = max(price, self.floor)
        return price if self.cap is None else min(price, self.cap)


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """What one dimension costs: per kWh, per hour, or once."""

    type: Dimension
    price: Decimal
    vat_percent: Decimal | None = None
    """None: VAT does not apply, which is not the same as 0 %."""
    step_size: int = 1
    """Billed in whole steps of so many Wh or seconds, rounded up once at the transaction's end."""
    grace_s: int = 0
    """PARKING_TIME: each time the vehicle stops charging, so many seconds are free."""
    market: Market | None = None
    """ENERGY: follows the day-ahead market; `price` is then what is added to it."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element counts: whenever all that is given here holds.

    Each moment is judged by its own wall clock and its own day: of "Friday 22:00 to 06:00" the
    small hours are those of Friday.
    """

    start_time: time | None = None
    end_time: time | None = None
    """00:00 is the end of the day; before `start_time`: past midnight."""
    start_date: date | None = None
    end_date: date | None = None
    """Until before this day."""
    day_of_week: frozenset[Day] = frozenset()
    season: str | None = None
    min_kwh: Decimal | None = None
    """From so much energy of the transaction on."""
    max_kwh: Decimal | None = None
    min_duration_s: int | None = None
    """From so many seconds after the transaction's start on."""
    max_duration_s: int | None = None

    @property
    def empty(self) -> bool:
        """Whether an element with these is the price for all other moments."""
        return self == _NO_RESTRICTIONS


_NO_RESTRICTIONS: Final = Restrictions()


@dataclass(frozen=True, slots=True)
class Element:
    """Price components that count under the same restrictions; `name` is what a payer reads."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = _NO_RESTRICTIONS
    name: str = ""
    section: str = ""
    """A heading for lines of several elements, such as "Summer/weekday"."""

    def component(self, dimension: Dimension) -> PriceComponent | None:
        """Return what it asks for a dimension, if anything."""
        return next((each for each in self.components if each.type is dimension), None)


@dataclass(frozen=True, slots=True)
class MonthlyBase:
    """A fee per calendar month, by days where only a part of the month counts."""

    price: Decimal
    vat_percent: Decimal | None = None
    name: str = "Base fee"


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """A tariff as it is from a day on, until the next version begins."""

    number: int
    valid_from: date
    """Begins with this day, at the site's midnight."""
    elements: tuple[Element, ...]
    seasons: tuple[Season, ...] = ()
    holidays: HolidayCalendar | None = None
    min_price: Decimal | None = None
    """A transaction costs at least this."""
    max_price: Decimal | None = None
    min_price_vat_percent: Decimal | None = None
    """VAT on what is missing to `min_price`."""
    monthly_base: MonthlyBase | None = None

    def uses(self, dimension: Dimension) -> bool:
        """Whether any element prices a dimension."""
        return any(element.component(dimension) is not None for element in self.elements)

    @property
    def governing_dimension(self) -> Dimension:
        """The dimension that must have a price at every moment."""
        governing = (Dimension.ENERGY, Dimension.TIME)
        return next((each for each in governing if self.uses(each)), Dimension.FLAT)


class RoundingRule(StrEnum):
    PER_LINE = "per_line"
    """Every line of a document is rounded; the total is the sum of what is printed."""
    PER_TOTAL = "per_total"
    """Lines stay exact; only the total is rounded."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Half-up, to so many decimals."""

    rule: RoundingRule = RoundingRule.PER_LINE
    decimals: int = 2


class Direction(StrEnum):
    IMPORT = "import"
    """What is paid for energy from the grid."""
    EXPORT = "export"
    """What is earned for energy into the grid."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff with all its versions; what they share can't change over its life."""

    id: str
    name: str
    currency: str
    """ISO 4217."""
    versions: tuple[TariffVersion, ...]
    rounding: Rounding = field(default_factory=Rounding)
    tax_included: bool = False
    """Whether all prices include VAT."""
    direction: Direction = Direction.IMPORT
