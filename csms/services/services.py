"""All services in one hand, as the handlers get them."""

from __future__ import annotations

from dataclasses import dataclass

from csms.clock import Clock
from csms.events import Events
from csms.services.authorization import AuthorizationService
from csms.services.certificates.service import CertificateServices
from csms.services.charge_points import ChargePointService
from csms.services.charging_reports import ChargingReportService
from csms.services.cost_display.board import CostBoard
from csms.services.data_transfer import DataTransferService
from csms.services.notifications import NotificationService
from csms.services.operations.book import OperationBook
from csms.services.pricing.driver_tariffs import DriverTariffs
from csms.services.pricing.running import RunningCosts
from csms.services.provisioning.monitors import Monitors
from csms.services.provisioning.reports import Reports
from csms.services.security_events import SecurityEventService
from csms.services.stations.service import StationServices
from csms.services.transactions.service import TransactionService


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may ask; made once at start."""

    clock: Clock
    events: Events
    authorization: AuthorizationService
    certificates: CertificateServices
    charge_points: ChargePointService
    charging_reports: ChargingReportService
    costs: CostBoard
    data_transfer: DataTransferService
    driver_tariffs: DriverTariffs
    monitors: Monitors
    notifications: NotificationService
    reports: Reports
    running_costs: RunningCosts
    operations: OperationBook
    security_events: SecurityEventService
    stations: StationServices
    transactions: TransactionService
