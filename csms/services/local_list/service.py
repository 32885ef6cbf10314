"""All that deals with local authorization lists, in one hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.services.local_list.choosing import ListChooser
from csms.services.local_list.exchange import Commander
from csms.services.local_list.keeping import LocalListKeeper
from csms.services.local_list.ports import ListPolicies, LocalListStore
from csms.services.local_list.synchronising import ListSynchroniser
from csms.services.local_list.words import Dialect
from csms.services.services import Services


@dataclass(frozen=True, slots=True)
class LocalListServices:
    chooser: ListChooser
    synchroniser: ListSynchroniser
    keeper: LocalListKeeper


def local_list_services(
    store: LocalListStore,
    policies: ListPolicies,
    commands: Commander,
    dialects: Mapping[OcppVersion, Dialect],
    services: Services,
    metrics: Metrics,
    *,
    delay_s: float,
) -> LocalListServices:
    """Join what deals with lists; its keeper hears of every change of tokens."""
    clock = services.clock
    chooser = ListChooser(store, dialects, clock)
    synchroniser = ListSynchroniser(store, chooser, commands, clock, metrics)
    keeper = LocalListKeeper(
        services.events,
        services.charge_points,
        policies,
        synchroniser,
        clock,
        metrics,
        delay_s=delay_s,
    )
    services.authorization.cache.on_change = keeper.tokens_changed
    return LocalListServices(chooser, synchroniser, keeper)
