"""/sites/{id}/rotation-advice: which outlets an electrician should connect otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.route import Asked, Nothing, Route, get
from csms.smart_charging.grid import EvseKey, PerPhase, Site
from csms.smart_charging.other_load import OtherLoad
from csms.smart_charging.rotation_advice import Usage, advise_rotations
from csms.store.admin import evse_usage, sites
from csms.store.admin.evse_usage import Seen

TAG: Final = "Sites"


class AdviceQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    days: Annotated[
        int, Meta(ge=1, le=90, description="How far back readings of the chargers are looked at.")
    ] = 30
    assumed_phases: Annotated[
        int,
        Meta(ge=1, le=3, description="On how many phases a car charges where none was seen yet."),
    ] = 1


class TurnView(Struct, kw_only=True):
    """Connect one outlet otherwise, after those before it in the list."""

    charge_point_id: str
    evse_id: int
    phases_now: str
    better_phases: str
    gain_a: Annotated[
        float, Meta(description="How much more all chargers may draw, summed over the phases.")
    ]
    reason: str
    is_seen: Annotated[
        bool, Meta(description="Whether cars were seen here; else one at full power is assumed.")
    ]


class RotationAdviceView(Struct, kw_only=True):
    """No items: nothing is lost by how the outlets are connected."""

    items: list[TurnView]
    since: datetime


class RotationAdvice:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/sites/{site_id}/rotation-advice",
                self.read,
                "Which outlets to connect otherwise where one phase is full and others are not",
                tag=TAG,
                query=AdviceQuery,
                answer=RotationAdviceView,
            )
        ]

    async def read(self, asked: Asked[AdviceQuery, Nothing]) -> RotationAdviceView:
        site_id, query = str(asked.path["site_id"]), asked.query
        since = self._context.clock.now() - timedelta(days=query.days)
        async with self._context.database.begin() as connection:
            site = (await sites.installation(connection, site_id)).site
            seen = await evse_usage.usage_since(connection, site_id, since)
        if not site.circuits:
            return RotationAdviceView(items=[], since=since)
        usage = _usage(site, seen, query.assumed_phases)
        load_a = self._other_load_a(site)
        advice = await asyncio.to_thread(advise_rotations, site, usage, load_a)
        turns = [
            TurnView(
                charge_point_id=one.key.charge_point_id,
                evse_id=one.key.evse_id,
                phases_now=str(one.now),
                better_phases=str(one.better),
                gain_a=one.gain_a,
                reason=one.reason,
                is_seen=one.key in seen,
            )
            for one in advice
        ]
        return RotationAdviceView(items=turns, since=since)

    def _other_load_a(self, site: Site) -> Mapping[str, PerPhase]:
        """What others draw now if the site is steered here, else what is assumed of them."""
        loads = self._context.loads
        found = None if loads is None else loads.allocation(site.id)
        if found is not None and found.circuits:
            return {status.circuit_id: status.load_a for status in found.circuits}
        assumed = OtherLoad(site).load(datetime.min.replace(tzinfo=UTC))
        return {circuit_id: load.load_a for circuit_id, load in assumed.items()}


def _usage(site: Site, seen: Mapping[EvseKey, Seen], assumed_phases: int) -> dict[EvseKey, Usage]:
    usage: dict[EvseKey, Usage] = {}
    for evse in site.evses:
        found = seen.get(evse.key)
        if found is None:
            usage[evse.key] = Usage(current_a=evse.rated_a, phases=assumed_phases)
        else:
            current_a = min(found.current_a, evse.rated_a)
            usage[evse.key] = Usage(current_a=current_a, phases=max(1, found.phases))
    return usage
