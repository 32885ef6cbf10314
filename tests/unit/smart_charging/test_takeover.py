"""What others left in a charger is cleared before it is first steered, and never later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from csms.smart_charging.instructions import ClearProfiles, Instruction, Outcome, SetProfile
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose, Register
from csms.smart_charging.steered_evse import Remembered

from .steered_garage import START, SteeredGarage, evse, garage


def left_behind(limit_a: float, *, profile_id: int = 17, level: int = 5) -> ChargingProfile:
    """A default of an earlier central system, above ours."""
    return ChargingProfile(
        profile_id=profile_id,
        purpose=Purpose.TX_DEFAULT,
        stack_level=level,
        kind=Kind.ABSOLUTE,
        unit="A",
        periods=(Period(0, limit_a),),
        start_at=START - timedelta(days=1),
    )


def inherited(world: SteeredGarage, *profiles: ChargingProfile, number: int = 1) -> SteeredGarage:
    for profile in profiles:
        world.stalls[world.key(number)].charger.install(profile, world.now)
    return world


def cleared(world: SteeredGarage) -> list[ClearProfiles]:
    return [i.action for _, i in world.sent if isinstance(i.action, ClearProfiles)]


def held(world: SteeredGarage) -> set[int]:
    profiles = world.stalls[world.key(1)].charger.profiles.values()
    return {profile.profile_id for profile, _ in profiles}


def test_limits_of_an_operator_and_of_an_earlier_system_are_gone() -> None:
    operators = left_behind(10.0, profile_id=6001, level=1)
    world = inherited(garage(evse(1)), operators, left_behind(8.0))
    world.run(60)
    assert held(world) == {7011, 7012}


def test_a_running_transaction_gets_our_limit_before_anything_is_cleared() -> None:
    world = garage(evse(1), evse(2))
    for number in (1, 2):
        inherited(world, left_behind(16.0), number=number)
        world.arrive(number)
    world.run(120)
    actions = [i.action for _, i in world.sent if i.key == world.key(1)]
    assert isinstance(actions[0], SetProfile)
    assert actions[0].profile.purpose is Purpose.TX
    assert ClearProfiles(1, purpose=Purpose.TX) not in actions
    assert 17 not in held(world)
    assert world.limits() == [16.0, 16.0]
    assert world.overloads == []


def test_a_charger_that_held_our_standing_limit_is_left_as_it_is() -> None:
    known = garage(evse(1), remembered={evse(1).key: Remembered(standing_a=32.0)})
    known.run(60)
    assert cleared(known) == []


def test_after_a_restart_nothing_is_cleared_again() -> None:
    world = garage(evse(1))
    world.run(60)
    assert len(cleared(world)) == 5
    world.sent.clear()
    world.restart()
    world.run(60)
    assert cleared(world) == []


def test_until_our_standing_limit_rules_all_that_it_can_draw_stays_reserved() -> None:
    world = garage(evse(1), evse(2), limit_a=40.0)
    inherited(world, left_behind(6.0))
    while Register.STANDING not in world.steering.evses[0].told:
        assert world.steering.evses[0].commitment.may_draw_a(world.now) == 32.0
        world.run(1)
        assert world.now - START < timedelta(seconds=60)


def test_a_charger_that_knows_no_clearing_is_asked_once() -> None:
    def fate(instruction: Instruction) -> tuple[float, Outcome]:
        deaf = isinstance(instruction.action, ClearProfiles)
        return 1.0, "not_supported" if deaf else "accepted"

    world = garage(evse(1), fate=fate)
    world.run(60)
    assert len(cleared(world)) == 1
    assert held(world) == {7011, 7012}


def test_what_a_lost_link_cut_off_is_cleared_after_it() -> None:
    fates: Iterator[Outcome] = iter(("lost", "unsent", "timeout"))

    def fate(instruction: Instruction) -> tuple[float, Outcome]:
        if isinstance(instruction.action, ClearProfiles):
            return 1.0, next(fates, "accepted")
        return 1.0, "accepted"

    world = inherited(garage(evse(1), fate=fate), left_behind(8.0))
    world.run(90)
    assert held(world) == {7011, 7012}
