"""What every EVSE may draw when everything else is gone: its standing limit.

When the server, the link or the clock fails, chargers fall back to this by themselves. So all of
them together must fit every breaker beside the worst other load, whoever charges.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from csms.smart_charging.allocation import allocate
from csms.smart_charging.demands import Capacity, Demands
from csms.smart_charging.grid import EvseKey, Site
from csms.smart_charging.other_load import OtherLoad
from csms.smart_charging.topology import Topology


def safe_shares(
    site: Site, topology: Topology, deaf: Collection[EvseKey] = ()
) -> dict[EvseKey, float]:
    """Return the standing limit of each EVSE, A per phase; 0 for those that must wait.

    The fair allocation with everybody present and the other load as assumed. Where not everybody
    can have the minimum it goes by priority and the order in which the site names them. Those
    that can't be controlled, or are `deaf` to all that was tried, count with their rated current.
    """
    demands = Demands.none(topology)
    capacity = Capacity.of(site, topology)
    unread = OtherLoad(site).load(datetime.min.replace(tzinfo=UTC))
    for circuit in site.circuits:
        row = topology.circuit_index[circuit.id]
        capacity.load_a[row] = unread[circuit.id].load_a
        if circuit.signal is not None:
            limit_w = min(capacity.max_power_w[row], circuit.signal.failsafe_power_w)
            capacity.max_power_w[row] = limit_w
    for row, evse in enumerate(site.evses):
        if evse.controllable and evse.key not in deaf:
            demands.wants[row] = True
            continue
        for phase in evse.wiring.phases:
            demands.reserved_a[row, phase] = evse.rated_a
    limits = allocate(topology, capacity, demands, strict=site.strict_priority).limit_a
    return {key: float(limit) for key, limit in zip(topology.evses, limits, strict=True)}
