"""Everything about stations of OCPP 2.1 that a handler may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from csms.clock import Clock
from csms.services.notifications import NotificationService
from csms.services.records import Recorder
from csms.services.stations.abilities import AbilityStore, KnownAbilities
from csms.services.stations.battery_swaps import BatterySwapService
from csms.services.stations.energy_controls import DerControlService, DerControlStore
from csms.services.stations.event_streams import EventStreamService, EventStreamStore
from csms.services.stations.limits import StationLimits, ToldLimitStore
from csms.services.stations.settlements import SettlementService
from csms.services.stations.vat_numbers import VatNumberService, VatRegister


class DynamicScheduleStore(Protocol):
    async def dynamic_limits(
        self, charge_point_key: int, profile_id: int
    ) -> dict[str, float] | None:
        """Return the latest values of a dynamic charging profile, None if there is none."""
        ...


class StationStore(DerControlStore, EventStreamStore, DynamicScheduleStore, Protocol):
    """What the stations' services ask of the store."""


@dataclass(frozen=True, slots=True)
class StationServices:
    recorder: Recorder
    abilities: KnownAbilities
    battery_swaps: BatterySwapService
    settlements: SettlementService
    vat_numbers: VatNumberService
    der_controls: DerControlService
    event_streams: EventStreamService
    dynamic_schedules: DynamicScheduleStore
    limits: StationLimits


class AnnouncementStore(AbilityStore, ToldLimitStore, Protocol):
    """What stations can do, and what they told of limits."""


def station_services(
    recorder: Recorder,
    notifications: NotificationService,
    store: StationStore,
    announcements: AnnouncementStore,
    clock: Clock,
    *,
    receipt_url: str | None = None,
    vat_register: VatRegister | None = None,
) -> StationServices:
    abilities = KnownAbilities(announcements, clock)
    return StationServices(
        recorder=recorder,
        abilities=abilities,
        battery_swaps=BatterySwapService(recorder, notifications),
        settlements=SettlementService(recorder, notifications, receipt_url),
        vat_numbers=VatNumberService(vat_register),
        der_controls=DerControlService(store, recorder, notifications),
        event_streams=EventStreamService(store, recorder, notifications),
        dynamic_schedules=store,
        limits=StationLimits(abilities, announcements),
    )
