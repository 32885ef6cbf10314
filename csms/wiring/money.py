"""Prices, accounts, what is shown of costs, statements and CDRs."""

from __future__ import annotations

from csms.api.context import Issuing
from csms.services.accounts.admission import Admission
from csms.services.accounts.notices import UncoveredNotices
from csms.services.accounts.settling import SWEEP_S, Settling
from csms.services.accounts.stopping import TransactionStops
from csms.services.accounts.watching import SpendingWatch
from csms.services.cdrs.delivery import CdrDelivery
from csms.services.commanding import CommandService
from csms.services.cost_display.telling import CostTelling
from csms.services.destinations import Destinations
from csms.services.load_management.controller import LoadManagement
from csms.services.pricing.ended import EndedPricing
from csms.services.pricing.fetching import LOOK_S, PriceFetching, UrlFetcher
from csms.services.pricing.pricers import Pricers
from csms.services.services import Services
from csms.services.statements.runs import StatementRuns
from csms.services.statements.service import StatementService
from csms.store.account_charges import AccountCharges
from csms.store.cdr_outbox import CdrOutbox
from csms.store.issued_statements import IssuedStatements
from csms.store.price_sources import PriceSources
from csms.store.pricing import PricingStore
from csms.store.spending import Spending
from csms.store.statement_runs import StatementRunStore
from csms.wiring.ground import Ground


def begin_pricing(ground: Ground, services: Services, pricers: Pricers) -> EndedPricing:
    """Begin to price what ended, and to follow what open transactions cost."""
    clock, database, metrics = ground.clock, ground.database, ground.metrics
    pricing = EndedPricing(
        PricingStore(database),
        services.events,
        metrics,
        clock,
        pricers,
        ground.settings.time_zone,
    )
    for each in (pricing, services.running_costs):
        each.start()
        ground.stack.push_async_callback(each.stop)
    destinations = Destinations(ground.settings.private_networks)
    fetching = PriceFetching(PriceSources(database), UrlFetcher(destinations), metrics, clock)
    ground.repeat("market prices", fetching.fetch_due, every_s=LOOK_S)
    services.costs.prices, services.costs.running = pricing, services.running_costs
    return pricing


def watch_spending(
    ground: Ground, services: Services, commands: CommandService, loads: LoadManagement
) -> Settling:
    """Begin to watch what accounts may spend, to settle what ended, and to tell displays."""
    clock, metrics = ground.clock, ground.metrics
    store = Spending(ground.database, ground.settings.time_zone)
    notices = UncoveredNotices(services.charge_points, services.notifications)
    services.authorization.spending = Admission(store, notices)
    stops = TransactionStops(services.charge_points, commands, services.notifications, loads, clock)
    ground.stack.push_async_callback(stops.close)
    tokens = services.authorization.cache
    watch = SpendingWatch(
        store,
        services.events,
        tokens,
        services.charge_points,
        stops,
        clock,
        metrics,
        services.stations.limits,
    )
    settling = Settling(AccountCharges(ground.database), services.events, clock, metrics)
    costs = services.costs
    costs.limits = services.stations.limits
    telling = CostTelling(
        services.events, costs.displays, costs.pace, services.charge_points, commands, metrics
    )
    ground.begin("spending", watch.run())
    ground.begin("settling", settling.run())
    ground.repeat("settling", settling.sweep, every_s=SWEEP_S)
    ground.begin("cost displays", telling.run())
    return settling


def issue_statements(ground: Ground, services: Services) -> Issuing:
    """Begin to issue what operators order for everybody, and to deliver CDRs."""
    clock, database, metrics = ground.clock, ground.database, ground.metrics
    statements = StatementService(IssuedStatements(database), clock)
    runs = StatementRuns(StatementRunStore(database), statements, clock, metrics)
    destinations = Destinations(ground.settings.private_networks)
    delivery = CdrDelivery(CdrOutbox(database), services.events, clock, metrics, destinations)
    for each in (runs, delivery):
        each.start()
        ground.stack.push_async_callback(each.stop)
    return Issuing(runs.look, delivery.look)
