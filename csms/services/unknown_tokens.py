"""Id tokens that were shown but that nobody has entered, for operators to take over.

They are collected in memory and written behind: a card held to a reader all day, or a stranger
who tries many, costs neither memory nor time of the answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from csms.errors import CsmsError
from csms.model import IdToken
from csms.services.charge_point import ChargePoint

WRITE_S: Final = 5.0
MOST_WAITING: Final = 1000
"""Tokens between two writes; more are not noted."""
MOST_KEPT: Final = 10_000
KEPT: Final = timedelta(days=90)
ONE_SHOWING: Final = timedelta(minutes=1)
"""A charge point asks several times about a token that was shown once."""
_MADE_UP: Final = frozenset({"Central", "NoAuthorization"})
"""Kinds of tokens that nobody holds to a reader."""


@dataclass(slots=True)
class Sighting:
    id_token: str
    type: str
    charge_point_key: int
    times: int
    first_seen_at: datetime
    last_seen_at: datetime


class UnknownTokenStore(Protocol):
    async def add_sightings(
        self, sightings: Sequence[Sighting], *, most: int, since: datetime
    ) -> None:
        """Add to what is known of tokens; only the newest `most` since a time stay."""
        ...


class UnknownTokens:
    """`store` is set before anything connects."""

    def __init__(self) -> None:
        self._waiting: dict[str, Sighting] = {}
        self._lately: OrderedDict[tuple[str, int], datetime] = OrderedDict()
        self.store: UnknownTokenStore | None = None

    def shown(self, charge_point: ChargePoint, id_token: IdToken, at: datetime) -> None:
        """Note that a token nobody entered was shown at a charge point."""
        value = id_token.value
        if id_token.type in _MADE_UP or not value or not value.isascii():
            return
        place = (value, charge_point.key)
        before = self._lately.get(place)
        if before is not None and abs(at - before) < ONE_SHOWING:
            return
        sighting = self._waiting.get(value)
        if sighting is None:
            if len(self._waiting) >= MOST_WAITING:
                return
            sighting = Sighting(value, id_token.type, charge_point.key, 0, at, at)
            self._waiting[value] = sighting
        sighting.charge_point_key, sighting.type = charge_point.key, id_token.type
        sighting.times += 1
        sighting.last_seen_at = max(at, sighting.last_seen_at)
        self._lately[place] = at
        self._lately.move_to_end(place)
        if len(self._lately) > MOST_WAITING:
            self._lately.popitem(last=False)

    async def write(self) -> None:
        """Write what was seen since the last time.

        Raises DatabaseUnavailableError, and ConflictError if a charge point has just been deleted.
        """
        if self.store is None or not self._waiting:
            return
        taken, self._waiting = self._waiting, {}
        sightings = sorted(taken.values(), key=lambda each: each.id_token)
        latest = max(each.last_seen_at for each in sightings)
        try:
            await self.store.add_sightings(sightings, most=MOST_KEPT, since=latest - KEPT)
        except CsmsError:
            self._waiting = taken | self._waiting  # next time
            raise
