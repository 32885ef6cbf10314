"""What is wrong or odd about an installation, before anybody charges there.

An error keeps it from being steered safely, a warning is something the installer should look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from csms.smart_charging.grid import (
    MIN_CURRENT_A,
    Circuit,
    Evse,
    EvseKey,
    Finding,
    Network,
    PerPhase,
    Phase,
    Site,
)
from csms.smart_charging.limit_orders import MINIMUM_14A_W, p_min_14a
from csms.smart_charging.unmanaged_load import UnmanagedLoad


def check(site: Site) -> list[Finding]:
    """Return all findings, errors first; an empty list is a site that is as it should be.

    A finding's field is `site/FIELD`, `circuits/ID/FIELD` or `evses/CHARGE_POINT/EVSE/FIELD`.
    """
    tree = _Tree(site)
    found = [*_site(site), *tree.findings]
    for circuit in site.circuits:
        found += _circuit(site, circuit)
    for evse in site.evses:
        found += _evse(site, evse)
    found += _twice(site)
    if not any(finding.level == "error" for finding in found):
        found += _connected(site, tree)
    return sorted(found, key=lambda finding: finding.level != "error")


class _Tree:
    """The circuits by their ids, and what is wrong with how they hang together."""

    def __init__(self, site: Site) -> None:
        self.by_id = {circuit.id: circuit for circuit in site.circuits}
        self.findings = [*self._parents(site), *self._roots(site)]

    def path(self, circuit_id: str) -> Iterator[Circuit]:
        """A circuit and all that feed it; only for a tree without errors."""
        next_id: str | None = circuit_id
        while next_id is not None:
            circuit = self.by_id[next_id]
            yield circuit
            next_id = circuit.parent_id

    def _parents(self, site: Site) -> Iterator[Finding]:
        for circuit in site.circuits:
            field = f"circuits/{circuit.id}/parent_id"
            if circuit.parent_id is not None and circuit.parent_id not in self.by_id:
                yield _error(
                    field, f"there is no circuit {circuit.parent_id!r} at site {site.id!r}"
                )
            elif self._feeds_itself(circuit):
                yield _error(field, f"{_name(circuit)} would feed itself")

    def _feeds_itself(self, circuit: Circuit) -> bool:
        parent_id = circuit.parent_id
        for _ in self.by_id:
            if parent_id == circuit.id:
                return True
            parent = self.by_id.get(parent_id or "")
            if parent is None:
                return False
            parent_id = parent.parent_id
        return False

    def _roots(self, site: Site) -> Iterator[Finding]:
        roots = [circuit for circuit in site.circuits if circuit.parent_id is None]
        if site.circuits and not roots:
            yield _error(
                "site/circuits", "no circuit is the grid connection, the one without a parent"
            )
        for circuit in roots if len(roots) > 1 else ():
            yield _error(
                f"circuits/{circuit.id}/parent_id",
                f"{' and '.join(map(_name, roots))} have no parent: a site has one grid "
                "connection; name what feeds the other, or in `feeds` what a new one feeds",
            )


def _site(site: Site) -> Iterator[Finding]:
    if not (isfinite(site.voltage_v) and site.voltage_v > 0):
        yield _error("site/voltage_v", f"{site.voltage_v:g} V is no voltage")
    for name, value in (("max_meter_age_s", site.max_meter_age_s), ("slot_s", site.slot_s)):
        if not (isfinite(value) and value > 0):
            yield _error(f"site/{name}", f"{value:g} s is no time")
    factor = site.unattended_factor
    if factor is not None and not (isfinite(factor) and factor >= 1):
        yield _error(
            "site/unattended_factor", f"{factor:g} times its rating is less than a breaker"
        )
    cap_w = site.demand_cap_w
    if cap_w is not None:
        if not (isfinite(cap_w) and cap_w > 0):
            yield _error("site/demand_cap_w", f"{cap_w:g} W is no power")
        elif not any(c.has_meter for c in site.circuits if c.parent_id is None):
            yield _warning(
                "site/demand_cap_w",
                "the grid connection has no meter, so the quarter-hour mean counts assumed load",
            )


def _circuit(site: Site, circuit: Circuit) -> Iterator[Finding]:
    """What one circuit says by itself."""
    at = f"circuits/{circuit.id}"
    amps = {
        "breaker_a": circuit.breaker_a,
        "operating_limit_a": circuit.operating_limit_a,
        "assumed_load_a": circuit.assumed_load_a,
    }
    for name, value in amps.items():
        if value is not None and not all(isfinite(a) and a >= 0 for a in value):
            yield _error(f"{at}/{name}", "a current is 0 A or more on each phase")
    if not any(circuit.breaker_a):
        yield _error(f"{at}/breaker_a", "a breaker carries more than 0 A on one phase at least")
    if site.network is Network.SINGLE_PHASE and any(circuit.breaker_a[1:]):
        yield _error(f"{at}/breaker_a", "the site has phase L1 alone, so L2 and L3 are 0 A")
    if not 0 <= circuit.margin < 1:
        yield _error(f"{at}/margin", "a margin is a share from 0 to below 1")
    for name, limit in (
        ("max_power_w", circuit.max_power_w),
        ("max_imbalance_a", circuit.max_imbalance_a),
        ("signal", None if circuit.signal is None else circuit.signal.failsafe_power_w),
    ):
        if limit is not None and not (isfinite(limit) and limit >= 0):
            yield _error(f"{at}/{name}", "a limit is 0 or more")
    operating = circuit.operating_limit_a
    if operating is not None and _above(operating, circuit.breaker_a):
        yield _warning(f"{at}/operating_limit_a", "is above the breaker, which limits first")


def _evse(site: Site, evse: Evse) -> Iterator[Finding]:
    """What one EVSE says by itself."""
    at = _at(evse.key)
    if evse.circuit_id not in {circuit.id for circuit in site.circuits}:
        yield _error(
            f"{at}/circuit_id", f"there is no circuit {evse.circuit_id!r} at site {site.id!r}"
        )
    if not (isfinite(evse.rated_a) and evse.rated_a >= MIN_CURRENT_A):
        yield _error(f"{at}/rated_a", f"no EVSE charges with less than {MIN_CURRENT_A:g} A")
    if not evse.min_a >= MIN_CURRENT_A:
        yield _error(f"{at}/min_a", f"no car charges with less than {MIN_CURRENT_A:g} A")
    if not evse.min_a <= evse.rated_a:
        yield _error(f"{at}/min_a", f"{evse.min_a:g} A is above rated_a, {evse.rated_a:g} A")
    if not (isfinite(evse.step_a) and evse.step_a > 0):
        yield _error(f"{at}/step_a", "a step is more than 0 A")
    if not (isfinite(evse.weight) and evse.weight > 0):
        yield _error(f"{at}/weight", "a weight is more than 0")
    wrong = _wrong_wiring(site.network, evse)
    if wrong is not None:
        yield _error(f"{at}/phases", wrong)
    if evse.can_switch_phases and len(evse.wiring.phases) < 3:
        yield _warning(f"{at}/can_switch_phases", f"has no effect on {evse.wiring}")


def _wrong_wiring(network: Network, evse: Evse) -> str | None:
    wiring = evse.wiring
    if wiring.between_lines:
        if network is not Network.IT:
            return (
                f"{wiring} hangs between two lines, which is for IT nets; here it is L1, L2 or L3"
            )
    elif network is Network.IT and len(wiring.phases) != 3:
        return f"an IT net has no neutral: write L1-L2, L2-L3, L3-L1 or three phases, not {wiring}"
    elif network is Network.SINGLE_PHASE and wiring.phases != (Phase.L1,):
        return f"the site has phase L1 alone, not {wiring}"
    return None


def _twice(site: Site) -> Iterator[Finding]:
    seen: set[object] = set()
    for circuit in site.circuits:
        if circuit.id in seen:
            yield _error(f"circuits/{circuit.id}/id", f"there are two circuits {circuit.id!r}")
        seen.add(circuit.id)
    for evse in site.evses:
        if evse.key in seen:
            yield _error(f"{_at(evse.key)}/evse_id", f"EVSE {evse.key} is connected twice")
        seen.add(evse.key)


def _connected(site: Site, tree: _Tree) -> Iterator[Finding]:
    """What circuits and EVSEs say together; each by itself is right."""
    load = UnmanagedLoad(site)
    below = _controllable_below(site, tree)
    for circuit in site.circuits:
        if circuit.parent_id is not None:
            yield from _smaller_than_parent(circuit, tree.by_id[circuit.parent_id])
        yield from _uncontrollable(site, circuit, load)
        yield from _other_load(circuit, load, below[circuit.id])
        if site.country == "DE":
            yield from _below_14a(site, circuit, below[circuit.id])
    for evse in site.evses:
        yield from _evse_on_its_path(evse, tree)


def _controllable_below(site: Site, tree: _Tree) -> dict[str, list[Evse]]:
    below: dict[str, list[Evse]] = {circuit.id: [] for circuit in site.circuits}
    for evse in site.evses:
        if evse.controllable:
            for circuit in tree.path(evse.circuit_id):
                below[circuit.id].append(evse)
    return below


def _smaller_than_parent(circuit: Circuit, parent: Circuit) -> Iterator[Finding]:
    larger = _above(circuit.breaker_a, parent.breaker_a)
    if larger:
        phase = larger[0]
        yield _warning(
            f"circuits/{circuit.id}/breaker_a",
            f"{circuit.breaker_a[phase]:g} A on {phase.name} is more than the "
            f"{parent.breaker_a[phase]:g} A of {_name(parent)}, which feeds it",
        )


def _uncontrollable(site: Site, circuit: Circuit, load: UnmanagedLoad) -> Iterator[Finding]:
    """A circuit that its uncontrollable EVSEs alone may overload."""
    drawn_a, limit_a = load.of(circuit.id), circuit.limit_a
    over = _above(drawn_a, limit_a)
    if over:
        phase = over[0]
        # the operating limit or the margin may be what is too low, but all come down to this one
        lowered = circuit.operating_limit_a is not None and not _above(drawn_a, circuit.breaker_a)
        yield _error(
            f"circuits/{circuit.id}/{'operating_limit_a' if lowered else 'breaker_a'}",
            f"{_name(circuit)} may carry {limit_a[phase]:g} A on {phase.name}, but its EVSEs that "
            f"can't be controlled may draw {drawn_a[phase]:g} A there",
        )
    drawn_w = load.power_w(circuit.id)
    if circuit.max_power_w is not None and drawn_w > circuit.max_power_w:
        yield _error(
            f"circuits/{circuit.id}/max_power_w",
            f"{_name(circuit)} may carry {circuit.max_power_w:g} W, but its EVSEs that can't be "
            f"controlled may draw {drawn_w:g} W",
        )
    imbalance_a = max(drawn_a) - min(drawn_a)
    if (
        site.network is Network.THREE_PHASE
        and circuit.max_imbalance_a is not None
        and imbalance_a > circuit.max_imbalance_a
    ):
        yield _warning(
            f"circuits/{circuit.id}/max_imbalance_a",
            f"EVSEs that can't be controlled may draw {imbalance_a:g} A more on one phase than on "
            f"another; {circuit.max_imbalance_a:g} A are allowed",
        )


def _other_load(circuit: Circuit, load: UnmanagedLoad, evses: list[Evse]) -> Iterator[Finding]:
    at = f"circuits/{circuit.id}/assumed_load_a"
    assumes_nothing = not any(circuit.assumed_load_a)
    if circuit.has_meter and assumes_nothing:
        yield _warning(at, "while the meter is silent no other load than chargers is counted")
    elif circuit.parent_id is None and not circuit.has_meter and assumes_nothing:
        yield _warning(at, "without a meter no other load than chargers is counted")
    free_a = circuit.limit_a.minus(circuit.assumed_load_a).minus(load.of(circuit.id))
    if evses and not any(_fits(evse, free_a) for evse in evses):
        yield _warning(
            at,
            f"while the server or the meter is away no EVSE of {_name(circuit)} may charge: "
            f"the assumed load leaves less than {min(evse.min_a for evse in evses):g} A",
        )


def _below_14a(site: Site, circuit: Circuit, evses: list[Evse]) -> Iterator[Finding]:
    """A failsafe limit that is lower than the grid operator may ask for (§ 14a EnWG)."""
    if circuit.signal is None:
        return
    power_w = (site.voltage_v * evse.rated_a * len(evse.wiring.phases) for evse in evses)
    devices = sum(watts > MINIMUM_14A_W for watts in power_w)
    least_w = p_min_14a(devices)
    if circuit.signal.failsafe_power_w < least_w:
        yield _warning(
            f"circuits/{circuit.id}/signal",
            f"the failsafe limit of {circuit.signal.failsafe_power_w:g} W is less than the "
            f"{least_w:g} W that § 14a EnWG leaves an energy manager with {devices} controllable "
            "EVSEs",
        )


def _fits(evse: Evse, free_a: PerPhase) -> bool:
    phases = evse.wiring.phases[:1] if evse.can_switch_phases else evse.wiring.phases
    return all(free_a[phase] >= evse.min_a for phase in phases)


def _evse_on_its_path(evse: Evse, tree: _Tree) -> Iterator[Finding]:
    for circuit in tree.path(evse.circuit_id):
        lacking = [phase for phase in evse.wiring.phases if not circuit.breaker_a[phase]]
        if lacking:
            has = " ".join(phase.name for phase in Phase if circuit.breaker_a[phase])
            yield _error(
                f"{_at(evse.key)}/phases",
                f"{evse.key} is on {lacking[0].name}, but {_name(circuit)} has {has} alone",
            )
    for circuit in tree.path(evse.circuit_id):
        least_a = min(circuit.limit_a[phase] for phase in evse.wiring.phases)
        if least_a < evse.min_a:
            yield _warning(
                f"{_at(evse.key)}/min_a",
                f"{evse.key} can't charge: {_name(circuit)} carries {least_a:g} A, "
                f"it needs {evse.min_a:g} A",
            )
            return
        if least_a < evse.rated_a:
            yield _warning(
                f"{_at(evse.key)}/rated_a",
                f"{evse.rated_a:g} A is more than the {least_a:g} A of {_name(circuit)}",
            )
            return


def _above(value_a: PerPhase, limit_a: PerPhase) -> list[Phase]:
    """The phases on which a current is above a limit, rounding apart."""
    return [phase for phase in Phase if value_a[phase] > limit_a[phase] + 1e-9]


def _at(key: EvseKey) -> str:
    return f"evses/{key.charge_point_id}/{key.evse_id}"


def _name(circuit: Circuit) -> str:
    return f"circuit {circuit.name!r}"


def _error(field: str, message: str) -> Finding:
    return Finding("error", field, message)


def _warning(field: str, message: str) -> Finding:
    return Finding("warning", field, message)
