"""What a setting may hold: how it is read from text or TOML, and how that is said to people."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_SHOWN_CHARS: Final = 100


class Kind(ABC):
    """A kind of value. `parse` raises ValueError for anything that is not allowed."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may stand there, for people."""

    @abstractmethod
    def parse(self, raw: object) -> object:
        """Turn text or a TOML value into the setting."""

    def shown(self, raw: object) -> str:
        """How a wrong value is repeated in an error."""
        written = repr(raw)
        return written if len(written) <= _SHOWN_CHARS else f"{written[:_SHOWN_CHARS]}..."


@dataclass(frozen=True)
class Integer(Kind):
    minimum: int
    maximum: int
    what: str = "a whole number"

    @property
    def allowed(self) -> str:
        return f"{self.what} from {self.minimum} to {self.maximum}"

    def parse(self, raw: object) -> int:
        if isinstance(raw, str) and re.fullmatch(r"[+-]?\d{1,18}", raw.strip(), re.ASCII):
            raw = int(raw)
        if type(raw) is int and self.minimum <= raw <= self.maximum:  # bool is no number here
            return raw
        raise ValueError


@dataclass(frozen=True)
class Number(Kind):
    minimum: float
    maximum: float
    what: str = "a number"

    @property
    def allowed(self) -> str:
        return f"{self.what} from {self.minimum:.15g} to {self.maximum:.15g}"

    def parse(self, raw: object) -> float:
        value = float(raw) if isinstance(raw, str | int | float) else math.nan
        if isinstance(raw, bool) or not self.minimum <= value <= self.maximum:
            raise ValueError
        return value


@dataclass(frozen=True)
class Choice(Kind):
    choices: Sequence[str]

    @property
    def allowed(self) -> str:
        return " or ".join(self.choices)

    def parse(self, raw: object) -> str:
        value = str(raw).strip().lower()
        if value not in self.choices:
            raise ValueError
        return value


@dataclass(frozen=True)
class TimeZone(Kind):
    """A time zone of the IANA database."""

    @property
    def allowed(self) -> str:
        return "a time zone such as Europe/Lisbon"

    def parse(self, raw: object) -> str:
        name = str(raw).strip()
        if name not in available_timezones():
            raise ValueError
        return name


@dataclass(frozen=True)
class Line(Kind):
    """A line of text."""

    maximum: int

    @property
    def allowed(self) -> str:
        return f"text of 1 to {self.maximum} characters"

    def parse(self, raw: object) -> str:
        text = str(raw).strip()
        if not 0 < len(text) <= self.maximum or not text.isprintable():
            raise ValueError
        return text


@dataclass(frozen=True)
class LineWith(Line):
    """A line of text with a place in it that is filled in later."""

    place: str

    @property
    def allowed(self) -> str:
        return f"{super().allowed} with {self.place} in it"

    def parse(self, raw: object) -> str:
        text = super().parse(raw)
        if self.place not in text:
            raise ValueError
        return text


class Flag(Kind):
    @property
    def allowed(self) -> str:
        return "true or false"

    def parse(self, raw: object) -> bool:
        value = str(raw).strip().lower()
        if value not in _TRUE | _FALSE:
            raise ValueError
        return value in _TRUE


class Host(Kind):
    @property
    def allowed(self) -> str:
        return "an IP address or host name of this machine"

    def parse(self, raw: object) -> str:
        host = str(raw).strip()
        if not re.fullmatch(r"[\w.:%-]{1,253}", host):
            raise ValueError
        host.encode("idna")  # as looking it up does; an empty part is a UnicodeError
        return host


class Networks(Kind):
    """Networks of IP addresses; in TOML also an array."""

    @property
    def allowed(self) -> str:
        return "networks such as 127.0.0.0/8, 10.0.0.0/8"

    def parse(self, raw: object) -> tuple[IPv4Network | IPv6Network, ...]:
        written = raw if isinstance(raw, list) else str(raw).split(",")
        return tuple(ip_network(str(each).strip()) for each in written)


class PathKind(Kind):
    """A path; in a file it is relative to that file."""


class Directory(PathKind):
    @property
    def allowed(self) -> str:
        return "a directory; it is made if there is none"

    def parse(self, raw: object) -> Path:
        if not isinstance(raw, str) or "\0" in raw:
            raise ValueError
        path = Path(raw).expanduser()
        try:
            usable = not path.exists() or path.is_dir()
        except OSError:  # longer than a name may be, or where nobody may look
            raise ValueError from None
        if not usable:
            raise ValueError
        return path


class ExistingFile(PathKind):
    @property
    def allowed(self) -> str:
        return "a file that exists"

    def parse(self, raw: object) -> Path:
        if not isinstance(raw, str) or "\0" in raw:
            raise ValueError
        path = Path(raw).expanduser()
        try:
            usable = path.is_file()
        except OSError:
            raise ValueError from None
        if not usable:
            raise ValueError
        return path


class PostgresUrl(Kind):
    @property
    def allowed(self) -> str:
        return "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

    def parse(self, raw: object) -> str:
        url = urlsplit(str(raw).strip())
        if url.scheme not in {"postgresql", "postgres", "postgresql+asyncpg"} or url.fragment:
            raise ValueError
        if "host=" not in url.query and not url.hostname:
            raise ValueError
        if url.port == 0 or not url.path.strip("/"):
            raise ValueError
        return str(raw).strip()

    def shown(self, raw: object) -> str:
        scheme, found, _ = str(raw).partition("://")
        return f"'{scheme}://...'" if found and scheme.isascii() else "the value (not shown)"
