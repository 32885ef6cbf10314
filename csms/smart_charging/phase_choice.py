"""One phase or three, for the EVSEs that can switch: by what the last shares left of the room."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from math import inf

from csms.smart_charging.grid import Site
from csms.smart_charging.instructions import Switch
from csms.smart_charging.modes import mode_at, watts_per_amp
from csms.smart_charging.phase_switching import Outlook
from csms.smart_charging.room import Room
from csms.smart_charging.steered_evse import SteeredEvse
from csms.smart_charging.wanting import SOLAR


def switchable(evses: Sequence[SteeredEvse]) -> list[SteeredEvse]:
    """Return who charges now and can be switched."""
    return [
        steered
        for steered in evses
        if steered.evse.can_switch_phases
        and steered.transaction is not None
        and steered.is_steerable
    ]


def switch_phases(
    able: Sequence[SteeredEvse],
    room: Room,
    site: Site,
    keeping_phases: Collection[str],
    now: datetime,
) -> tuple[Switch, ...]:
    """Choose for all who are able, and begin what is to be switched now.

    `room` is what is left beside everybody's share; `keeping_phases` are the id tokens whose car
    doesn't bear a switch.
    """
    switches: list[Switch] = []
    for steered in able:
        transaction = steered.transaction
        is_locked = transaction is not None and transaction.id_token in keeping_phases
        step = steered.choose_phases(now, _outlook(steered, room, site, now), is_locked=is_locked)
        if step.change is None:
            continue
        steered.learning.switched(now)
        switches.append(
            Switch(
                key=steered.key,
                from_phases=step.change.from_phases,
                to_phases=step.change.to_phases,
                reason=step.change.reason,
            )
        )
    return tuple(switches)


def _outlook(steered: SteeredEvse, room: Room, site: Site, now: datetime) -> Outlook:
    evse = steered.evse
    room.take(evse, -steered.target_a, steered.draws_on(now))
    one_a, _ = room.most(evse, 0.0, evse.rated_a, evse.wiring.first(1))
    three_a, _ = room.most(evse, 0.0, evse.rated_a, evse.wiring.phases)
    room.take(evse, steered.target_a, steered.draws_on(now))
    learned = steered.learning.phases(now)
    is_solar = mode_at(steered.settings, site, now) in SOLAR
    return Outlook(
        one_phase_a=one_a,
        three_phase_a=three_a,
        surplus_w=steered.surplus_w if is_solar else inf,
        watts_per_amp=watts_per_amp(evse, site, 1),
        car_phases=len(learned) if learned is not None and steered.phases == 3 else None,
    )
