"""/sites/{id}/commissioning-checks: whether a meter is wired as it is set up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.amps import AmpsView
from csms.api.context import Context
from csms.api.fields import CircuitId, Text
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.meters.commissioning import MIN_STEP_A, Finding
from csms.meters.guided_check import CheckOrder, GuidedCheck, GuidedChecks, State
from csms.meters.measurement import ALL_PHASES
from csms.meters.settings import ApiSettings, read_settings
from csms.smart_charging.grid import Evse, EvseKey, Phase, Site
from csms.store.admin import audit_log, sites
from csms.store.admin import meters as meter_store

TAG: Final = "Commissioning checks"


class CheckBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """With a car that charges at this EVSE, or a test load; on one phase it tells most."""

    charge_point_id: Text
    evse_id: Annotated[int, Meta(ge=1, le=1_000_000)]
    circuit_id: (
        Annotated[
            CircuitId, Meta(description="Whose meter; the nearest one above the EVSE if left out.")
        ]
        | UnsetType
    ) = UNSET
    current_a: (
        Annotated[
            float,
            Meta(
                ge=MIN_STEP_A,
                le=10_000,
                description="By how much the car is lowered; to its minimum if left out. It pauses "
                "for a moment where that is less than the minimum, or too little to be seen.",
            ),
        ]
        | UnsetType
    ) = UNSET
    seconds: Annotated[
        float,
        Meta(
            ge=5,
            le=600,
            description="How long to wait for readings of the meter, and for the car to follow.",
        ),
    ] = 60.0


class CheckView(Struct, kw_only=True):
    """`state` ends as done or failed; `findings` is [ok] for a meter that is right."""

    id: int
    site_id: str
    charge_point_id: str
    evse_id: int
    circuit_id: str
    state: State
    message: str
    findings: list[Finding]
    meter_change_a: AmpsView | None
    """By how much the meter showed less when the car drew less."""
    car_change_a: AmpsView | None
    phase_seen: str | None
    proposed_phases: Annotated[
        str | None,
        Meta(description="What the meter's `phases` should be; null: as it is, or unknown."),
    ]
    started_at: datetime
    finished_at: datetime | None


class Checks(Struct):
    items: list[CheckView]


class CommissioningChecks:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/sites/{site_id}/commissioning-checks"
        return [
            get(
                path,
                self.list_all,
                "List the checks since the server started, the newest first",
                tag=TAG,
                query=Nothing,
                answer=Checks,
            ),
            Route(
                method="POST",
                path=path,
                handler=self.start,
                summary="Check a meter: lower a charging car for a moment, the meter has to follow",
                tag=TAG,
                query=Nothing,
                body=CheckBody,
                answers={202: CheckView},
                problems=(404, 409),
            ),
            get(
                path + "/{check_id}",
                self.read,
                "Show how far a check is, and what it found",
                tag=TAG,
                query=Nothing,
                answer=CheckView,
            ),
        ]

    async def list_all(self, asked: Asked[Nothing, Nothing]) -> Checks:
        site_id = str(asked.path["site_id"])
        async with self._context.database.begin() as connection:
            await sites.find(connection, site_id)
        return Checks([_view(check) for check in self._checks.of_site(site_id)])

    async def read(self, asked: Asked[Nothing, Nothing]) -> CheckView:
        for check in self._checks.of_site(str(asked.path["site_id"])):
            if check.id == asked.path["check_id"]:
                return _view(check)
        raise NotFoundError("commissioning check", asked.path["check_id"])

    async def start(self, asked: Asked[Nothing, CheckBody]) -> CheckView:
        site_id, actor = str(asked.path["site_id"]), asked.actor.name
        target = f"sites/{site_id}/commissioning-checks"

        async def record(check: GuidedCheck) -> None:
            shown = {
                "circuit_id": check.order.circuit_id,
                "with": str(check.order.key),
                "state": check.state.value,
                "message": check.message,
            }
            async with self._context.database.begin() as connection:
                await audit_log.record(connection, actor, "result", f"{target}/{check.id}", shown)

        order = await self._order(site_id, asked.body)
        shown = {"circuit_id": order.circuit_id, "with": str(order.key)}
        async with self._context.change(actor, "check meter", target, shown):
            return _view(self._checks.start(order, record))

    async def _order(self, site_id: str, body: CheckBody) -> CheckOrder:
        """Raises NotFoundError, InvalidValueError."""
        key = EvseKey(body.charge_point_id, body.evse_id)
        async with self._context.database.begin() as connection:
            site = (await sites.installation(connection, site_id)).site
            evse = next((one for one in site.evses if one.key == key), None)
            if evse is None:
                raise InvalidValueError("charge_point_id", str(key), "an EVSE of the site")
            circuit_id = _metered(site, evse, body.circuit_id or None)
            meter = await meter_store.enabled_kind(connection, circuit_id)
            row = None if meter is None else await meter_store.find(connection, meter[0])
        settings = ApiSettings() if row is None else read_settings(row["kind"], row["settings"])
        placed: tuple[Phase, ...] = ALL_PHASES
        if not isinstance(settings, ApiSettings):
            placed = settings.placement(circuit_id).phases
        return CheckOrder(
            site_id=site_id,
            key=key,
            circuit_id=circuit_id,
            min_a=evse.min_a,
            meter_phases=placed,
            current_a=None if body.current_a is UNSET else body.current_a,
            patience_s=body.seconds,
        )

    @property
    def _checks(self) -> GuidedChecks:
        checks = self._context.checks
        if checks is None:
            raise ConflictError("meters are not checked here")
        return checks


def _metered(site: Site, evse: Evse, circuit_id: str | None) -> str:
    """Return the circuit whose meter is checked; raises InvalidValueError."""
    path = [circuit for circuit in site.path(evse.circuit_id) if circuit.has_meter]
    if circuit_id is None and path:
        return path[0].id
    if circuit_id is not None and circuit_id in {circuit.id for circuit in path}:
        return circuit_id
    names = ", ".join(circuit.id for circuit in path) or "none has one"
    allowed = f"a circuit with a meter above {evse.key}: {names}"
    raise InvalidValueError("circuit_id", circuit_id, allowed)


def _view(check: GuidedCheck) -> CheckView:
    order, verdict = check.order, check.verdict
    seen = None if verdict is None else verdict.phase_seen
    return CheckView(
        id=check.id,
        site_id=order.site_id,
        charge_point_id=order.key.charge_point_id,
        evse_id=order.key.evse_id,
        circuit_id=order.circuit_id,
        state=check.state,
        message=check.message,
        findings=[] if verdict is None else list(verdict.findings),
        meter_change_a=None if verdict is None else AmpsView(*verdict.change_a),
        car_change_a=None if check.step_a is None else AmpsView(*check.step_a),
        phase_seen=None if seen is None else seen.name,
        proposed_phases=_phases(check.proposed_phases),
        started_at=check.started_at,
        finished_at=check.finished_at,
    )


def _phases(phases: tuple[Phase, ...] | None) -> str | None:
    return None if phases is None else "".join(phase.name for phase in phases)
