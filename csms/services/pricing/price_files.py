"""Market prices as files have them: CSV with a header, or JSON."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from csms.errors import InvalidValueError
from csms.tariff.dynamic import QUARTER

MAX_POINTS: Final = 10_000
"""Quarters of an hour in one file: a hundred days."""
MOST: Final = Decimal(100_000)
MAX_FILE_CHARS: Final = 2_000_000

_COLUMNS: Final = ("starts_at", "price", "export_price", "emissions_g_per_kwh", "minutes")
_NEEDED: Final = frozenset({"starts_at", "price"})
_NAMED: Final = re.compile(r"`(?:\$\.)?(\w+)`$")
"""The column in which msgspec found a mistake."""
_ALLOWED: Final = {
    "starts_at": "starts_at as RFC 3339 with a zone, such as 2026-01-31T12:15:00Z",
    "price": "price as a number such as 0.0812",
    "export_price": "export_price as a number, or nothing",
    "emissions_g_per_kwh": "emissions_g_per_kwh as a number, or nothing",
    "minutes": "minutes as whole quarters of an hour, 15 to 1440",
}


@dataclass(frozen=True, slots=True)
class QuarterPrice:
    """What a kWh costs and earns, and does to the climate, in the quarter that begins then."""

    starts_at: datetime
    price: Decimal
    export_price: Decimal | None = None
    emissions_g_per_kwh: float | None = None


class _Point(Struct, kw_only=True):
    starts_at: Annotated[datetime, Meta(tz=True)]
    price: Decimal
    export_price: Decimal | None = None
    emissions_g_per_kwh: float | None = None
    minutes: Annotated[int, Meta(ge=15, le=1440, multiple_of=15)] = 15


class _File(Struct):
    points: list[_Point]


def read_price_file(text: str) -> list[QuarterPrice]:
    """Read a file of prices, each quarter of an hour once, in the order of time.

    Raises InvalidValueError that names the line (CSV) or the point (JSON).
    """
    if len(text) > MAX_FILE_CHARS:
        raise InvalidValueError("file", len(text), f"at most {MAX_FILE_CHARS} characters")
    found: dict[datetime, QuarterPrice] = {}
    points = _json_points(text) if text.lstrip()[:1] in ("{", "[") else _csv_points(text)
    for place, point in points:
        for quarter in _quarters(place, point):
            if quarter.starts_at in found:
                allowed = "each quarter of an hour only once"
                raise InvalidValueError(place, quarter.starts_at.isoformat(), allowed)
            found[quarter.starts_at] = quarter
            if len(found) > MAX_POINTS:
                raise InvalidValueError(place, len(found), f"at most {MAX_POINTS} quarter hours")
    if not found:
        raise InvalidValueError("file", "no prices", "a header and a line for each price, or JSON")
    return [found[at] for at in sorted(found)]


def _json_points(text: str) -> Iterator[tuple[str, _Point]]:
    try:
        value = msgspec.json.decode(text)
        body = {"points": value} if isinstance(value, list) else value
        points = msgspec.convert(body, _File).points
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidValueError("file", str(error), "points with starts_at and price") from error
    return ((f"points.{number}", point) for number, point in enumerate(points))


def _csv_points(text: str) -> Iterator[tuple[str, _Point]]:
    lines = text.lstrip("\ufeff").splitlines()
    delimiter = ";" if lines and ";" in lines[0] else ","
    try:
        rows = csv.DictReader(lines, delimiter=delimiter, strict=True)
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        rows.fieldnames = names
        if not _NEEDED <= set(names) <= set(_COLUMNS):
            raise InvalidValueError("line 1", lines[0][:100] if lines else "", _header())
        for number, row in enumerate(rows, 2):
            yield f"line {number}", _csv_point(f"line {number}", row, delimiter)
    except csv.Error as error:
        raise InvalidValueError("file", str(error), "CSV") from error


def _header() -> str:
    return f"a header with starts_at and price, and of {', '.join(_COLUMNS)} whatever else is known"


def _csv_point(place: str, row: Mapping[Any, Any], delimiter: str) -> _Point:
    texts = {name: (held or "").strip() for name, held in row.items() if isinstance(name, str)}
    if None in row or any(not isinstance(held, str) for held in row.values()):
        raise InvalidValueError(place, len(row), "as many fields as the header has")
    values: dict[str, Any] = {name: held for name, held in texts.items() if held}
    if delimiter == ";":
        for name in ("price", "export_price", "emissions_g_per_kwh"):
            if name in values:
                values[name] = values[name].replace(",", ".")
    try:
        return msgspec.convert(values, _Point, strict=False)
    except (msgspec.ValidationError, InvalidOperation) as error:
        named = _NAMED.search(str(error))
        allowed = _ALLOWED.get(named[1] if named else "", "numbers, and a time with a zone")
        raise InvalidValueError(place, dict(values), allowed) from error


def _quarters(place: str, point: _Point) -> Iterable[QuarterPrice]:
    try:
        starts_at = point.starts_at.astimezone(UTC)
        last = starts_at + timedelta(minutes=point.minutes)
    except OverflowError as error:
        raise InvalidValueError(place, str(point.starts_at), "a time there is") from error
    if starts_at.minute % 15 or starts_at.second or starts_at.microsecond or last <= starts_at:
        allowed = "the beginning of a quarter of an hour, such as 2026-01-31T12:15:00Z"
        raise InvalidValueError(place, starts_at.isoformat(), allowed)
    for price in (point.price, point.export_price):
        if price is not None and not (price.is_finite() and -MOST <= price <= MOST):
            raise InvalidValueError(place, str(price), f"-{MOST} to {MOST}")
    grams = point.emissions_g_per_kwh
    if grams is not None and not 0 <= grams <= float(MOST):
        raise InvalidValueError(place, grams, f"0 to {MOST}")
    return [
        QuarterPrice(starts_at + QUARTER * n, point.price, point.export_price, grams)
        for n in range(point.minutes // 15)
    ]
