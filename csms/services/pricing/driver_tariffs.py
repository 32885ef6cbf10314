"""Tariffs of drivers, for stations of OCPP 2.1 that reckon costs by themselves (I08)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService
from csms.tariff.assignment import Scope
from csms.tariff.model import Tariff

log = logging.getLogger(__name__)

DRIVERS: Final = frozenset({Scope.ID_TOKEN, Scope.USER, Scope.USER_GROUP})
"""Whose tariffs are drivers'; those of places are no matter of an authorization."""
TOLD_AGAIN_S: Final = 24 * 3600.0
REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class DriverTariff:
    """The tariff that a driver's transaction would be under."""

    tariff: Tariff
    day: date
    """Of the site's calendar."""


class DriverTariffStore(Protocol):
    async def driver_tariff(
        self, charge_point_id: str, id_token: str, at: datetime
    ) -> DriverTariff | None:
        """Return the tariff if it is a driver's. Raises DatabaseUnavailableError."""
        ...


class DriverTariffs:
    def __init__(
        self, store: DriverTariffStore, notifications: NotificationService, clock: Clock
    ) -> None:
        self._store = store
        self._notifications = notifications
        self._clock = clock
        self._told: OrderedDict[tuple[int, str], float] = OrderedDict()

    async def of(
        self, charge_point: ChargePoint, id_token: str, at: datetime
    ) -> DriverTariff | None:
        """Return the tariff of whoever shows a token; None if there is none of their own."""
        try:
            return await self._store.driver_tariff(charge_point.id, id_token, at)
        except DatabaseUnavailableError as error:
            log.warning("the tariff of id token %s is not known just now: %s", id_token, error)
            return None

    async def withheld(
        self, charge_point: ChargePoint, tariff_id: str, takes: str, at: datetime
    ) -> None:
        """Tell the operator, once a day, that a station did not get a tariff.

        `takes` says what the station takes in its place.
        """
        about, now_s = (charge_point.key, tariff_id), self._clock.monotonic()
        told_s = self._told.get(about)
        if told_s is not None and now_s - told_s < TOLD_AGAIN_S:
            return
        self._told[about] = now_s
        self._told.move_to_end(about)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        await self._notifications.record(
            charge_point,
            "driver_tariff",
            f"tariff {tariff_id} can't be given to this station, which takes {takes}",
            {"tariff_id": tariff_id, "takes": takes},
            at,
            severity="warning",
        )
