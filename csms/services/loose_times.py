"""Times in the formats that chargers make up beside ISO 8601.

Nothing here raises: what can't be read, or could mean two days, is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 64

_PARTS: Final = re.compile(
    r"""(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})
        [T\s,;_-]*
        (?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d*))?)?
        \s*(?P<zone>[^\d\s+-][^\d+-]*)?(?:(?P<sign>[+-])(?P<off_h>\d{1,2}):?(?P<off_m>\d{2})?)?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)", re.ASCII | re.DOTALL)
_COMPACT: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)[T\s_-]?(\d\d)(\d\d)(\d\d)(.*)", re.ASCII | re.DOTALL
)
_EPOCH: Final = re.compile(r"(?P<seconds>\d{10})(?:(?P<ms>\d{3})|\.\d*)?", re.ASCII)
_UTC_NAMES: Final = frozenset({"", "z", "zz", "utc", "gmt", "z[utc]", "(utc)", "utc time"})


def read_loose_time(raw: str) -> datetime | None:
    """Read a time that is not ISO 8601; without a zone it means UTC."""
    text = raw.strip()
    if len(text) > LONGEST:
        return None
    epoch = _EPOCH.fullmatch(text)
    try:
        if epoch is not None:
            milliseconds = int(epoch["ms"] or 0)
            return datetime.fromtimestamp(int(epoch["seconds"]), UTC) + timedelta(
                milliseconds=milliseconds
            )
        return _by_parts(_year_first(text)) or _by_mail(text)
    except (ValueError, OverflowError):
        return None


def _year_first(text: str) -> str:
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        year, month, day, hour, minute, second, rest = compact.groups()
        return f"{year}-{month}-{day}T{hour}:{minute}:{second}{rest}"
    day_first = _DAY_FIRST.fullmatch(text)  # with slashes it might as well be the month
    if day_first is not None:
        day, month, year, rest = day_first.groups()
        return f"{year}-{month}-{day}{rest}"
    return text


def _by_parts(text: str) -> datetime | None:
    """Raises ValueError for a day or an hour that does not exist."""
    found = _PARTS.fullmatch(text)
    if found is None or (found["zone"] or "").strip().casefold() not in _UTC_NAMES:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    midnight = datetime(int(found["year"]), int(found["month"]), int(found["day"]), tzinfo=UTC)
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 24 or minute > 59 or second > 60:  # 24:00:00 and leap seconds exist
        return None
    moment = midnight + timedelta(
        hours=hour, minutes=minute, seconds=second, microseconds=int(fraction)
    )
    if found["sign"] is None:
        return moment
    off = timedelta(hours=int(found["off_h"]), minutes=int(found["off_m"] or 0))
    zone = timezone(off if found["sign"] == "+" else -off)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _by_mail(text: str) -> datetime | None:
    """Read `Thu, 19 Oct 2023 15:28:07 GMT`. Raises ValueError."""
    if not text[:3].isalpha():
        return None
    moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
