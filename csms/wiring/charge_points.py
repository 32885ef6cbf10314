"""What follows charge points by itself: orders kept, endings checked, templates applied."""

from __future__ import annotations

import asyncio

from csms.gateway.links import LiveLinks
from csms.services.commanding import CommandService
from csms.services.enforcement import Enforcement
from csms.services.provisioning.approval import Approvals
from csms.services.provisioning.device_models import DeviceModels
from csms.services.provisioning.jobs import ConfigurationJobs
from csms.services.provisioning.reports import SWEEP_LEFT_S, SWEEP_S
from csms.services.services import Services
from csms.services.signature_checks import SignatureChecks, SignatureWatch
from csms.services.transactions.status_checks import TransactionStatusChecks
from csms.store.provisioning import ProvisioningStore
from csms.store.signatures import Signatures
from csms.store.writer import BatchWriter
from csms.wiring.ground import Ground


def follow_charge_points(ground: Ground, services: Services, commands: CommandService) -> None:
    """Begin to stop what may not go on, and to ask about what charge points left open."""
    enforcement = Enforcement(
        services.events, services.charge_points, commands, ground.clock, ground.metrics
    )
    ground.begin("enforcement", enforcement.run())
    checks_of_ended = TransactionStatusChecks(
        services.events, services.charge_points, commands, services.notifications, ground.clock
    )
    ground.begin("transaction status", checks_of_ended.run())


def provision(
    ground: Ground, services: Services, commands: CommandService, links: LiveLinks
) -> asyncio.Task[None]:
    """Begin to ask who was approved to boot, and to apply templates: the task of the latter."""
    store = ProvisioningStore(ground.database)
    approvals = Approvals(services.events, services.charge_points, commands)
    jobs = ConfigurationJobs(
        store,
        DeviceModels(commands, links, store),
        commands,
        services.charge_points,
        services.events,
        ground.clock,
        ground.metrics,
        per_minute=ground.settings.configuration_jobs_per_minute,
    )
    ground.begin("approvals", approvals.run())
    return ground.begin("templates", jobs.run())


def look_after_reports(ground: Ground, services: Services) -> None:
    """Begin to give up on reports that stopped coming."""
    reports = services.reports
    ground.repeat("reports", reports.sweep, every_s=SWEEP_S)
    ground.repeat("reports left behind", reports.sweep_left, every_s=SWEEP_LEFT_S)


def check_signatures(ground: Ground, services: Services, writer: BatchWriter) -> None:
    """Begin to check what meters signed of the transactions that end."""
    clock = ground.clock
    checks = SignatureChecks(Signatures(ground.database), clock)
    watch = SignatureWatch(services.events, checks, writer, clock, ground.metrics)
    ground.begin("signatures", watch.run())
