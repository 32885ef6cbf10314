"""What is known of each model of charge point: how it wants its limits."""

from __future__ import annotations

import logging
from typing import Final

from csms.errors import (
    CommandError,
    DatabaseUnavailableError,
    InvalidValueError,
    NotAcceptedError,
)
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.commanding import CommandService
from csms.services.commands import GetConfiguration
from csms.services.load_management.ports import LoadManagementStore
from csms.services.provisioning.words import (
    VariableName,
)
from csms.smart_charging.strategies import Strategy, initial

log = logging.getLogger(__name__)

MAX_MODELS: Final = 10_000

_KEYS_16: Final = (
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "ConnectorSwitch3to1PhaseSupported",
    "SupportedFeatureProfiles",
    "ConnectorPhaseRotation",
    "NumberOfConnectors",
)
_VARIABLES_201: Final = (
    "RateUnit",
    "PeriodsPerSchedule",
    "ProfileStackLevel",
    "Phases3to1",
    "LimitChangeSignificance",
    "Entries",
    "PhaseRotation",
)


class ModelKnowledge:
    """Recalls what was learned, asks the charger once for what it can, keeps what worked."""

    def __init__(self, store: LoadManagementStore, commands: CommandService) -> None:
        self._store = store
        self._commands = commands
        self._known: dict[tuple[str, str, str | None], Strategy | None] = {}
        self.capabilities: dict[str, dict[str, str]] = {}
        """By charge point, as it told."""

    async def strategy_for(self, charge_point: ChargePoint) -> Strategy | None:
        """Return how to tell this charge point a limit; None if it can't be told any.

        Asks the database and, for a model never seen, the charge point itself.
        """
        name = _name(charge_point)
        if name not in self._known:
            try:
                kept = await self._store.recall_strategy(*name)
            except DatabaseUnavailableError:
                kept = None
            if kept is not None:
                self._keep(name, Strategy.from_json(kept))
        if name in self._known and charge_point.id in self.capabilities:
            return self._known[name]
        told = await self._ask(charge_point)
        if told is not None:
            self.capabilities[charge_point.id] = told
        if name in self._known:
            return self._known[name]
        return initial(
            charge_point.vendor, charge_point.model, charge_point.ocpp_version.value, told or {}
        )

    def _keep(self, name: tuple[str, str, str | None], strategy: Strategy | None) -> None:
        if len(self._known) >= MAX_MODELS:
            self._known.pop(next(iter(self._known)))
        self._known[name] = strategy

    async def worked(self, charge_point: ChargePoint, strategy: Strategy | None) -> None:
        """Keep a strategy that a charge point of this model accepted."""
        name = _name(charge_point)
        if strategy is None or self._known.get(name) == strategy:
            return
        self._keep(name, strategy)
        try:
            await self._store.learn_strategy(*name, strategy.to_json())
        except DatabaseUnavailableError as error:
            log.warning("what was learned of %s %s is not kept: %s", *name[:2], error)

    async def _ask(self, charge_point: ChargePoint) -> dict[str, str] | None:
        """Return what a charge point tells of itself; None while it may not be asked."""
        names = (
            tuple(VariableName(key) for key in _KEYS_16)
            if charge_point.ocpp_version is OcppVersion.V16
            else tuple(VariableName(name, "SmartChargingCtrlr") for name in _VARIABLES_201)
        )
        try:
            answer = await self._commands.execute(charge_point.id, GetConfiguration(names))
        except NotAcceptedError:
            return None
        except (CommandError, InvalidValueError) as error:
            log.info("%s does not tell its charging capabilities: %s", charge_point.id, error)
            return {}
        return {
            str(result["variable"]): str(result["value"])
            for result in answer.results
            if result.get("value") is not None
        }


def _name(charge_point: ChargePoint) -> tuple[str, str, str | None]:
    return charge_point.vendor, charge_point.model, charge_point.firmware_version
