"""What an MQTT meter last published: values come one by one and are put together. Pure.

A measurement is as old as the oldest value in it. It is complete once every configured value is
there and young enough; it is handed out when all values are new, or once a second while some are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from csms.meters.errors import IncompleteError
from csms.meters.settings import MqttSettings, MqttValue

MAX_PAYLOAD_BYTES: Final = 65_536
SHOWN_CHARS: Final = 40
MIX_AFTER_S: Final = 1.0
"""How long to wait for values that should come together."""


@dataclass(frozen=True, slots=True)
class _Value:
    number: float
    at: datetime
    at_s: float


class Published:
    """The latest values by quantity."""

    def __init__(self, settings: MqttSettings) -> None:
        self._wanted: dict[str, dict[str, MqttValue]] = {}
        for quantity, value in settings.values.items().items():
            topic = value.topic or settings.topic or ""
            self._wanted.setdefault(topic, {})[quantity] = value
        self._quantities = frozenset(settings.values.items())
        self._max_age_s = settings.max_age_s
        self._latest: dict[str, _Value] = {}
        self._new: set[str] = set()
        self._given_s = -math.inf

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._wanted)

    def take(self, topic: str, payload: bytes, at: datetime, at_s: float) -> None:
        """Take a message; `at_s` is monotonic.

        Raises IncompleteError if it isn't what was configured; the values of that topic are
        then gone.
        """
        wanted = self._wanted.get(topic, {})
        try:
            numbers = _numbers(wanted, payload)
        except ValueError as error:
            for quantity in wanted:
                self._latest.pop(quantity, None)
            raise IncompleteError(f"{topic}: {error}") from None
        for quantity, number in numbers.items():
            self._latest[quantity] = _Value(number, at, at_s)
            self._new.add(quantity)

    def measured(self, now_s: float) -> tuple[Mapping[str, float], datetime] | None:
        """Return what there is to hand out now, and since when it holds."""
        if not self._new or self.missing(now_s):
            return None
        if self._new != self._quantities and now_s - self._given_s < MIX_AFTER_S:
            return None
        self._new.clear()
        self._given_s = now_s
        numbers = {quantity: value.number for quantity, value in self._latest.items()}
        return numbers, min(value.at for value in self._latest.values())

    def missing(self, now_s: float) -> list[str]:
        """Return the quantities that never came or are too old."""
        oldest_s = now_s - self._max_age_s
        young = {name for name, value in self._latest.items() if value.at_s >= oldest_s}
        return sorted(self._quantities - young)


def _numbers(wanted: Mapping[str, MqttValue], payload: bytes) -> dict[str, float]:
    """Raises ValueError with what is wrong."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a message of {len(payload)} bytes is too long")
    document: Any = None
    if any(value.path is not None for value in wanted.values()):
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise ValueError("the message is no JSON") from None
    return {
        quantity: _number(payload if value.path is None else _at(document, value.path))
        * value.scale
        for quantity, value in wanted.items()
    }


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, Sequence) and not isinstance(document, str):
            document = _item(document, part, path)
        else:
            raise ValueError(f"there is no {path}")
    return document


def _item(items: Sequence[Any], part: str, path: str) -> Any:
    try:
        return items[int(part)]
    except (ValueError, IndexError):
        raise ValueError(f"there is no {path}") from None


def _number(raw: Any) -> float:
    if isinstance(raw, bytes):
        raw = raw.decode("utf-8", "replace")
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError("a value is no number")  # noqa: TRY004 - it came from outside
    try:
        number = float(raw)
    except ValueError:  # of text alone
        raise ValueError(f"{str(raw)[:SHOWN_CHARS]!r} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{str(raw)[:SHOWN_CHARS]!r} is no number")
    return number
