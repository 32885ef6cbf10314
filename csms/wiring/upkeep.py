"""What has to be done now and then, apart from any message."""

from __future__ import annotations

import logging
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.services import Services
from csms.services.site_power import SitePower
from csms.store.database import Database
from csms.store.partitions import HOUSEKEEPING_S, Housekeeper, Retention
from csms.store.writer import BatchWriter
from csms.wiring.ground import Ground

log = logging.getLogger(__name__)

FLUSH_S: Final = 10.0
SWEEP_S: Final = 30.0
SITE_POWER_S: Final = 5.0
DATABASE_CHECK_S: Final = 10.0


def keep_up(ground: Ground, services: Services, writer: BatchWriter) -> None:
    """Save running figures, forget departed charge points, watch the database, keep house."""
    settings, metrics = ground.settings, ground.metrics
    retention = Retention(
        meter_values_days=settings.meter_values_days,
        message_log_days=settings.message_log_days,
        history_days=settings.history_days,
    )
    housekeeper = Housekeeper(ground.database, retention, ground.clock)
    database = DatabaseWatch(ground.database, writer, metrics)
    ground.stack.callback(services.transactions.flush)
    ground.repeat("running figures", services.transactions.flush, every_s=FLUSH_S)
    ground.repeat("departed charge points", services.charge_points.sweep, every_s=SWEEP_S)
    power = SitePower(services.charge_points, metrics)
    ground.repeat("site power", power.measure, every_s=SITE_POWER_S)
    ground.repeat("database health", database.look, every_s=DATABASE_CHECK_S)
    ground.repeat("housekeeping", housekeeper.keep_house, every_s=HOUSEKEEPING_S)


class DatabaseWatch:
    """Notices an outage also while nothing is written; says when it begins and ends.

    A database that answers may still take nothing: its disk may be full.
    """

    def __init__(self, database: Database, writer: BatchWriter, metrics: Metrics) -> None:
        self._database = database
        self._writer = writer
        self._database_up = metrics.database_up
        self._is_away = False

    async def look(self) -> None:
        try:
            await self._database.ping()
        except DatabaseUnavailableError as error:
            self._database_up.set(0)
            if not self._is_away:
                log.warning("%s", error)
            self._is_away = True
        else:
            self._database_up.set(self._writer.trouble is None)
            if self._is_away:
                log.info("the database answers again")
            self._is_away = False
