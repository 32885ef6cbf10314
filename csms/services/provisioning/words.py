"""The words of the device model: variables, reports and monitors, and the commands about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class VariableName:
    """A 2.0.1 variable, or a 1.6 configuration key (component empty)."""

    variable: str
    component: str = ""
    component_instance: str | None = None
    variable_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    attribute: str | None = None


class ReportBase(StrEnum):
    """What a report of the whole device model holds."""

    CONFIGURATION = "ConfigurationInventory"
    """All that can be set."""
    FULL = "FullInventory"
    SUMMARY = "SummaryInventory"
    """What tells of availability and problems."""


class ComponentCriterion(StrEnum):
    """Which components a custom report is about."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class MonitoringCriterion(StrEnum):
    """Which monitors a report is about."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


class MonitoringBase(StrEnum):
    """Which monitors a charge point shall have."""

    ALL = "All"
    """Those of the factory in force, own ones kept."""
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class MonitorKind(StrEnum):
    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"


@dataclass(frozen=True, slots=True)
class SetConfiguration:
    name: VariableName
    value: str


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Several settings at once (2.0.1; 1.6 takes one at a time)."""

    settings: tuple[SetConfiguration, ...]


@dataclass(frozen=True, slots=True)
class GetBaseReport:
    request_id: int
    base: ReportBase


@dataclass(frozen=True, slots=True)
class GetReport:
    """A report of the components that meet a criterion, of these variables, or of both at once.

    A name without a variable means all variables of the component.
    """

    request_id: int
    criteria: tuple[ComponentCriterion, ...] = ()
    names: tuple[VariableName, ...] = ()


@dataclass(frozen=True, slots=True)
class GetMonitoringReport:
    """A report of monitors; without criteria and names, of all."""

    request_id: int
    criteria: tuple[MonitoringCriterion, ...] = ()
    names: tuple[VariableName, ...] = ()


@dataclass(frozen=True, slots=True)
class SetMonitoringBase:
    base: MonitoringBase


@dataclass(frozen=True, slots=True)
class SetMonitoringLevel:
    severity: int
    """0 (danger) to 9 (debug): events up to this number are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMonitor:
    """A monitor to set; with an id it replaces the one that has it."""

    name: VariableName
    kind: MonitorKind
    value: float
    """A threshold, a change or an interval in seconds, as the kind says."""
    severity: int
    transaction: bool = False
    """Only while a transaction runs."""
    monitor_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetMonitors:
    monitors: tuple[NewMonitor, ...]


@dataclass(frozen=True, slots=True)
class ClearMonitors:
    monitor_ids: tuple[int, ...]
