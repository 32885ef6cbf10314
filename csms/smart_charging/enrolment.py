"""How an EVSE comes under load management: with what was remembered, or known before a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from csms.smart_charging.commitments import Commitment
from csms.smart_charging.grid import Evse
from csms.smart_charging.headroom import Headroom
from csms.smart_charging.modes import ModeGovernor
from csms.smart_charging.phase_learning import PhaseLearning
from csms.smart_charging.phase_switching import PhaseSwitching
from csms.smart_charging.profiles import Register
from csms.smart_charging.steered_evse import Remembered, SteeredEvse
from csms.smart_charging.strategies import Strategy, initial
from csms.smart_charging.takeover import leftovers
from csms.smart_charging.wishes import ModeSettings

DEAF: Final = {"scheme": "none"}
"""What is remembered of an EVSE that follows nothing we know."""


def enrolled(
    evse: Evse,
    settings: ModeSettings,
    memory: Remembered,
    before: SteeredEvse | None,
    now: datetime,
) -> SteeredEvse:
    """Return an EVSE as it is known at the start, or again after its installation changed."""
    if before is not None:
        # What it was told since the memory was read counts too.
        last_a = max(memory.last_limit_a or 0.0, before.commitment.to_remember_a)
        memory = replace(memory, standing_a=before.commitment.standing_a, last_limit_a=last_a)
    strategy = _known_strategy(evse, memory)
    registers = strategy.registers if strategy is not None else tuple(Register)
    steered = SteeredEvse(
        evse=evse,
        settings=settings,
        strategy=strategy,
        commitment=Commitment(
            evse,
            now,
            standing_a=memory.standing_a,
            last_limit_a=memory.last_limit_a,
            in_transaction=before is not None and before.transaction is not None,
            registers=registers,
        ),
        headroom=Headroom(evse.min_a, evse.step_a),
        learning=PhaseLearning(evse.wiring),
        switching=PhaseSwitching(
            evse,
            phases=memory.phases or 0,
            switched_at=memory.switched_at,
            switches=memory.switches,
        ),
        governor=ModeGovernor(),
    )
    if evse.controllable and memory.standing_a is None:
        steered.leftovers = leftovers(evse.key.evse_id)
    if before is not None:
        steered.is_online = before.is_online
        steered.leftovers = before.leftovers
        steered.clock = before.clock
        steered.commitment.clock_trusted = not before.clock.is_wrong
        steered.plug, steered.plugged_at = before.plug, before.plugged_at
        steered.transaction = before.transaction
        steered.strategy = before.strategy
    return steered


def _known_strategy(evse: Evse, memory: Remembered) -> Strategy | None:
    if not evse.controllable:
        return None
    if memory.strategy == DEAF:
        return None
    if memory.strategy:
        return Strategy.from_json(memory.strategy)
    return initial("", "", "", {})


def to_remember(steered: SteeredEvse) -> Remembered:
    """Return what has to survive a restart."""
    return Remembered(
        standing_a=steered.commitment.standing_a,
        last_limit_a=steered.commitment.to_remember_a,
        phases=steered.phases,
        switched_at=steered.switching.switched_at,
        switches=steered.switching.switches,
        strategy=DEAF if steered.strategy is None else steered.strategy.to_json(),
    )
