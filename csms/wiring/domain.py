"""The services that handlers call, made of the store and each other."""

from __future__ import annotations

from csms.events import Events
from csms.services.authorization import AuthorizationService
from csms.services.certificates.built_in import BuiltInAuthority
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.making import certificate_services
from csms.services.charge_points import ChargePointService
from csms.services.charging_reports import ChargingReportService
from csms.services.cost_display.board import CostBoard
from csms.services.cost_display.displays import KnownDisplays
from csms.services.cost_display.pace import Pace
from csms.services.data_transfer import DataTransferService
from csms.services.notifications import NotificationService
from csms.services.operations.book import OperationBook
from csms.services.pricing.driver_tariffs import DriverTariffs
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.running import RunningCosts
from csms.services.provisioning.monitors import Monitors
from csms.services.provisioning.reports import Reports
from csms.services.security_events import SecurityEventService
from csms.services.services import Services
from csms.services.stations.service import station_services
from csms.services.transactions.open_index import OpenTransactions
from csms.services.transactions.service import TransactionService
from csms.store.abilities import StationAbilities
from csms.store.certificates import Certificates
from csms.store.cost_displays import CostDisplays
from csms.store.data_transfer_rules import StoredRules
from csms.store.live import IdTokens, LiveStore
from csms.store.operations import Displays, Operations
from csms.store.pricing import PricingStore
from csms.store.provisioning import ProvisioningStore
from csms.store.stations import Stations
from csms.store.tariff_cover import StoredDriverTariffs
from csms.store.writer import BatchWriter
from csms.wiring.ground import Ground
from csms.wiring.versions import MONITOR_READERS, RAW_ORDER_READERS


def make_services(
    ground: Ground,
    writer: BatchWriter,
    authority: BuiltInAuthority,
    pricers: Pricers,
    contract_pool: ContractPool | None,
) -> Services:
    """Return what handlers call."""
    settings, clock, database = ground.settings, ground.clock, ground.database
    events = Events()
    limit_w = settings.max_plausible_power_w
    store = LiveStore(database, max_plausible_power_w=limit_w)
    open_transactions = OpenTransactions(store)
    authorization = AuthorizationService(
        IdTokens(database),
        open_transactions,
        clock,
        ground.metrics,
        settings.unknown_id_tokens,
        settings.id_token_mark,
    )
    notifications = NotificationService(writer, events)
    transactions = TransactionService(
        store,
        writer,
        events,
        authorization,
        ground.metrics,
        open_transactions,
        max_plausible_power_w=limit_w,
    )
    charge_points = ChargePointService(
        store,
        writer,
        events,
        clock,
        transactions,
        unknown=settings.unknown_charge_points,
        heartbeat_interval_s=settings.heartbeat_interval,
        pending_interval_s=settings.pending_interval,
        max_pending=settings.max_pending_charge_points,
    )
    return Services(
        clock=clock,
        events=events,
        authorization=authorization,
        certificates=certificate_services(
            settings,
            Certificates(database),
            notifications,
            clock,
            ground.metrics,
            authority,
            contract_pool,
        ),
        charge_points=charge_points,
        charging_reports=ChargingReportService(notifications, events),
        costs=CostBoard(KnownDisplays(CostDisplays(database), clock), Pace(clock)),
        data_transfer=DataTransferService(notifications, StoredRules(database, clock)),
        driver_tariffs=DriverTariffs(
            StoredDriverTariffs(database, settings.time_zone), notifications, clock
        ),
        monitors=Monitors(
            writer, ProvisioningStore(database), MONITOR_READERS, clock, ground.metrics
        ),
        notifications=notifications,
        reports=Reports(writer, events, clock, ProvisioningStore(database)),
        operations=OperationBook(
            Operations(database), Displays(database), events, clock, RAW_ORDER_READERS
        ),
        running_costs=RunningCosts(
            PricingStore(database),
            events,
            charge_points,
            ground.metrics,
            clock,
            pricers,
            settings.time_zone,
        ),
        security_events=SecurityEventService(notifications, ground.metrics),
        stations=station_services(
            writer,
            notifications,
            Stations(database),
            StationAbilities(database),
            clock,
            receipt_url=settings.receipt_url,
        ),
        transactions=transactions,
    )
