"""Load management and the meters that it looks at."""

from __future__ import annotations

from dataclasses import dataclass

from csms.meters.guided_check import GuidedChecks
from csms.meters.registry import MeterConfig, Meters
from csms.meters.secrets import SecretFiles
from csms.meters.watching import LOOK_S, MeterWatch
from csms.services.commanding import CommandService
from csms.services.load_management.controller import LoadManagement
from csms.services.services import Services
from csms.store.load_management import LoadStore
from csms.wiring.ground import Ground


@dataclass(frozen=True, slots=True)
class Loads:
    """`management` is started when charge points can connect."""

    management: LoadManagement
    checks: GuidedChecks
    meters: Meters


def make_loads(ground: Ground, services: Services, commands: CommandService) -> Loads:
    """Begin to read meters; what they say goes to load management by way of the guided checks."""
    store = LoadStore(ground.database, ground.clock)
    ground.stack.push_async_callback(store.close)
    management = LoadManagement(
        store,
        services.events,
        services.charge_points,
        commands,
        ground.clock,
        ground.metrics,
        call_timeout_s=ground.settings.call_timeout,
    )
    services.charging_reports.planner = management
    checks = GuidedChecks(management, ground.clock)
    ground.stack.push_async_callback(checks.stop)
    meters = Meters(
        checks.reading,
        clock=ground.clock,
        events=services.events,
        secrets=SecretFiles(ground.settings.data_dir / "secrets"),
        metrics=ground.metrics,
    )
    ground.stack.push_async_callback(meters.stop)

    async def configured() -> list[MeterConfig]:
        return [
            MeterConfig(
                id=row["id"],
                circuit_id=row["circuit_id"],
                kind=row["kind"],
                settings=row["settings"],
            )
            for row in await store.enabled_meters()
        ]

    watch = MeterWatch(meters, configured, management.is_ours)
    looks = ground.repeat("meters", watch.look, every_s=LOOK_S)
    management.on_installations = looks.ring
    return Loads(management, checks, meters)
