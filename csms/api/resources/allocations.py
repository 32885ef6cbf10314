"""/sites/{id}/allocation and /dry-run: who gets what and why, now or if things were different."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.amps import Amps, AmpsView, per_phase
from csms.api.context import Context
from csms.api.fields import ChargePointId, CircuitId, Name, OutletId, Text
from csms.api.installation_change import FindingView, views
from csms.api.resources.circuits import Power
from csms.api.resources.evses import Current
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import ConflictError, InvalidValueError
from csms.services.load_management.views import SiteView
from csms.smart_charging.checking import check
from csms.smart_charging.grid import EvseKey, PerPhase, Phase, Site, parse_wiring
from csms.smart_charging.instructions import CircuitStatus, EvseStatus
from csms.smart_charging.trial import Car, Tried, try_out
from csms.store.admin import sites
from csms.store.installations import Installation

TAG: Final = "Allocation"
MAX_THINGS: Final = 2000


class CircuitAllocation(Struct, kw_only=True):
    """A per phase. `limit_reason` says what limits it now, `stale` that its meter is silent."""

    circuit_id: str
    name: str
    limit_a: AmpsView
    max_power_w: float | None
    limit_reason: str
    other_load_a: AmpsView
    measured_chargers_a: AmpsView
    may_draw_a: AmpsView
    stale: bool


class EvseAllocation(Struct, kw_only=True):
    """A per phase.

    `limit_a` is its share now, `confirmed_a` the limit that the charger last confirmed; `binding`
    what keeps it from more, or from its share. `may_draw_a` is what it may draw in the worst case,
    whatever message was lost; `phases` where it draws, or may draw while that is unknown.
    """

    charge_point_id: str
    evse_id: int
    state: str
    limit_a: float
    confirmed_a: float | None
    phases: str
    binding: str | None
    may_draw_a: float
    measured_a: AmpsView | None
    waiting: bool
    transaction_id: int | None


class AllocationView(Struct):
    site_id: str
    at: datetime
    circuits: list[CircuitAllocation]
    evses: list[EvseAllocation]


class TriedCircuitBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of a circuit, or a new one; what is left out stays as it is."""

    id: CircuitId
    name: Name | UnsetType = UNSET
    parent_id: CircuitId | UnsetType | None = UNSET
    breaker_a: Amps | UnsetType = UNSET
    operating_limit_a: Amps | UnsetType | None = UNSET
    max_power_w: Power | UnsetType | None = UNSET
    max_imbalance_a: Current | UnsetType | None = UNSET
    margin: Annotated[float, Meta(ge=0, lt=1)] | UnsetType = UNSET
    assumed_load_a: Amps | UnsetType = UNSET


class TriedEvseBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of an EVSE, or a new one; what is left out stays as it is."""

    charge_point_id: ChargePointId
    evse_id: OutletId
    circuit_id: CircuitId | UnsetType = UNSET
    phases: Text | UnsetType = UNSET
    rated_a: Current | UnsetType = UNSET
    min_a: Current | UnsetType = UNSET
    step_a: Current | UnsetType = UNSET
    controllable: bool | UnsetType = UNSET
    can_switch_phases: bool | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=-1000, le=1000)] | UnsetType = UNSET
    weight: Annotated[float, Meta(gt=0, le=1000)] | UnsetType = UNSET


class CarBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A car that wants to charge; without `phases` it may draw on all that there are."""

    charge_point_id: ChargePointId
    evse_id: OutletId
    phases: Annotated[int, Meta(ge=1, le=3)] | None = None
    max_current_a: Annotated[float, Meta(gt=0, le=10_000)] | None = None


class OtherLoadBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a circuit carries besides its chargers."""

    circuit_id: CircuitId
    load_a: Amps


class DryRun(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes to try out. Without `cars` one wants to charge at every EVSE."""

    circuits: Annotated[list[TriedCircuitBody], Meta(max_length=MAX_THINGS)] = []
    evses: Annotated[list[TriedEvseBody], Meta(max_length=MAX_THINGS)] = []
    cars: Annotated[list[CarBody], Meta(max_length=MAX_THINGS)] | None = None
    other_loads: Annotated[list[OtherLoadBody], Meta(max_length=MAX_THINGS)] = []


class TriedCircuitView(Struct, kw_only=True):
    circuit_id: str
    name: str
    limit_a: AmpsView
    max_power_w: float | None
    other_load_a: AmpsView
    chargers_a: AmpsView


class TriedEvseView(Struct, kw_only=True):
    charge_point_id: str
    evse_id: int
    circuit_id: str
    limit_a: float
    phases: str
    binding: str | None
    waiting: bool


class TriedView(Struct):
    """What would be; nothing is shared out where `findings` has an error."""

    findings: list[FindingView]
    circuits: list[TriedCircuitView]
    evses: list[TriedEvseView]


class Allocations:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/sites/{site_id}"
        return [
            get(
                path + "/allocation",
                self.read,
                "Who gets what just now, and what keeps it from more",
                tag=TAG,
                query=Nothing,
                answer=AllocationView,
                problems=(409,),
            ),
            Route(
                method="POST",
                path=path + "/dry-run",
                handler=self.dry_run,
                summary="What would happen if: nothing is kept and no charger hears of it",
                tag=TAG,
                query=Nothing,
                body=DryRun,
                answers={200: TriedView},
            ),
        ]

    async def read(self, asked: Asked[Nothing, Nothing]) -> AllocationView:
        site_id = asked.path["site_id"]
        async with self._context.database.begin() as connection:
            await sites.find(connection, site_id)
        loads = self._context.loads
        found = None if loads is None else loads.allocation(site_id)
        if found is None:
            raise ConflictError(f"site {site_id!r} is not steered here (yet)")
        return _allocation(found)

    async def dry_run(self, asked: Asked[Nothing, DryRun]) -> TriedView:
        body = asked.body
        async with self._context.database.begin() as connection:
            installation = await sites.installation(connection, asked.path["site_id"])
        for number, circuit in enumerate(body.circuits):
            installation = _with_circuit(installation, number, circuit)
        for number, evse in enumerate(body.evses):
            installation = _with_evse(installation, number, evse)
        site = installation.site
        findings = check(site)
        if any(found.level == "error" for found in findings):
            return TriedView(views(findings), [], [])
        tried = try_out(site, _cars(site, body.cars), _other_loads(site, body.other_loads))
        return _tried(tried, views(findings))


def _with_circuit(installation: Installation, number: int, body: TriedCircuitBody) -> Installation:
    values = _given(body, "id")
    for name in ("breaker_a", "operating_limit_a", "assumed_load_a"):
        if values.get(name) is not None:
            values[name] = list(per_phase(values[name]))
    if body.id not in installation.circuits:
        if body.breaker_a is UNSET:
            raise InvalidValueError(
                f"circuits.{number}.breaker_a", None, "the breaker of a new circuit"
            )
        values = {**_NEW_CIRCUIT, "name": body.id, **values}
    return installation.with_circuit(body.id, values)


def _with_evse(installation: Installation, number: int, body: TriedEvseBody) -> Installation:
    key = EvseKey(body.charge_point_id, body.evse_id)
    values = _given(body, "charge_point_id", "evse_id")
    if key not in installation.evses:
        for name in ("circuit_id", "phases", "rated_a"):
            if name not in values:
                raise InvalidValueError(f"evses.{number}.{name}", None, "it, for a new EVSE")
        values = {**_NEW_EVSE, **values}
    if "phases" in values:
        try:
            parse_wiring(values["phases"])
        except ValueError as error:
            allowed = str(error).partition("allowed: ")[2]
            name = f"evses.{number}.phases"
            raise InvalidValueError(name, values["phases"], allowed) from error
    return installation.with_evse(key, values)


_NEW_CIRCUIT: Final = {
    "parent_id": None,
    "operating_limit_a": None,
    "max_power_w": None,
    "max_imbalance_a": None,
    "margin": 0.0,
    "assumed_load_a": [0.0, 0.0, 0.0],
    "signal_failsafe_power_w": None,
}
_NEW_EVSE: Final = {
    "min_a": 6.0,
    "step_a": 1.0,
    "unit": "A",
    "controllable": True,
    "can_switch_phases": False,
    "priority": 0,
    "weight": 1.0,
}


def _given(body: Struct, *left_out: str) -> dict[str, Any]:
    names = [name for name in body.__struct_fields__ if name not in left_out]
    return {name: held for name in names if (held := getattr(body, name)) is not UNSET}


def _cars(site: Site, bodies: list[CarBody] | None) -> list[Car] | None:
    if bodies is None:
        return None
    keys = {evse.key for evse in site.evses}
    cars = []
    for number, body in enumerate(bodies):
        key = EvseKey(body.charge_point_id, body.evse_id)
        if key not in keys:
            raise InvalidValueError(f"cars.{number}", str(key), "an EVSE of the site")
        cars.append(Car(key=key, phases=body.phases, max_current_a=body.max_current_a))
    return cars


def _other_loads(site: Site, bodies: list[OtherLoadBody]) -> dict[str, PerPhase]:
    ids = {circuit.id for circuit in site.circuits}
    for number, body in enumerate(bodies):
        if body.circuit_id not in ids:
            name = f"other_loads.{number}.circuit_id"
            raise InvalidValueError(name, body.circuit_id, "a circuit of the site")
    return {body.circuit_id: per_phase(body.load_a) for body in bodies}


def _allocation(found: SiteView) -> AllocationView:
    return AllocationView(
        found.site_id,
        found.at,
        [_circuit(status) for status in found.circuits],
        [_evse(status) for status in found.evses],
    )


def _circuit(status: CircuitStatus) -> CircuitAllocation:
    return CircuitAllocation(
        circuit_id=status.circuit_id,
        name=status.name,
        limit_a=AmpsView(*status.limit_a),
        max_power_w=status.max_power_w,
        limit_reason=status.limit_reason,
        other_load_a=AmpsView(*status.load_a),
        measured_chargers_a=AmpsView(*status.chargers_a),
        may_draw_a=AmpsView(*status.may_draw_a),
        stale=status.is_stale,
    )


def _evse(status: EvseStatus) -> EvseAllocation:
    grant = status.grant
    return EvseAllocation(
        charge_point_id=status.key.charge_point_id,
        evse_id=status.key.evse_id,
        state=status.state,
        limit_a=grant.limit_a,
        confirmed_a=status.confirmed_a,
        phases=_phases(status.draws_on or grant.phases),
        binding=None if grant.binding is None else str(grant.binding),
        may_draw_a=status.may_draw_a,
        measured_a=None if status.measured_a is None else AmpsView(*status.measured_a),
        waiting=status.is_waiting,
        transaction_id=status.transaction_id,
    )


def _tried(tried: Tried, findings: list[FindingView]) -> TriedView:
    return TriedView(
        findings,
        [
            TriedCircuitView(
                circuit_id=circuit.id,
                name=circuit.name,
                limit_a=AmpsView(*circuit.limit_a),
                max_power_w=circuit.max_power_w,
                other_load_a=AmpsView(*circuit.load_a),
                chargers_a=AmpsView(*circuit.chargers_a),
            )
            for circuit in tried.circuits
        ],
        [
            TriedEvseView(
                charge_point_id=evse.key.charge_point_id,
                evse_id=evse.key.evse_id,
                circuit_id=evse.circuit_id,
                limit_a=evse.limit_a,
                phases=_phases(evse.phases),
                binding=None if evse.binding is None else str(evse.binding),
                waiting=evse.waiting,
            )
            for evse in tried.evses
        ],
    )


def _phases(phases: Iterable[Phase]) -> str:
    return "".join(phase.name for phase in sorted(phases))
