"""One site's load management, from cars arriving to limits in the chargers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from csms.smart_charging.evse_facts import Measured
from csms.smart_charging.grid import PerPhase
from csms.smart_charging.instructions import Instruction, Outcome, StopTransaction
from csms.smart_charging.profiles import Register
from csms.smart_charging.steering import Installation

from .steered_garage import Car, SteeredGarage, circuit, evse, garage, site, with_circuit


def slow(_: Instruction) -> tuple[float, Outcome]:
    return 15.0, "accepted"


def test_a_lone_car_gets_all_its_evse_can_give() -> None:
    world = garage(evse(1), limit_a=63.0)
    world.run(30)
    world.arrive(1)
    world.run(30)
    assert world.limits() == [32.0]
    assert world.overloads == []


def test_three_cars_share_a_breaker_evenly_and_never_overload_it() -> None:
    world = garage(evse(1), evse(2), evse(3))
    world.run(30)
    for number in (1, 2, 3):
        world.arrive(number)
        world.run(120)
    assert sorted(world.limits()) == [10.0, 11.0, 11.0]
    assert world.overloads == []


def test_who_is_alone_again_gets_the_room_of_who_left() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1)
    world.run(60)
    world.arrive(2)
    world.run(120)
    world.leave(1)
    world.run(120)
    assert world.limit_a(2) == 32.0
    assert world.overloads == []


def test_a_raise_waits_until_the_other_has_gone_down() -> None:
    world = garage(evse(1), evse(2), limit_a=20.0)
    world.run(30)
    world.arrive(1)
    world.run(30)
    world.sent.clear()
    world.arrive(2)
    world.run(60)
    limits = [(i.key.charge_point_id, i.limit_a) for _, i in world.sent if i.limit_a is not None]
    assert limits.index(("CP-1", 10.0)) < limits.index(("CP-2", 10.0))
    assert world.overloads == []


def test_who_has_not_got_his_share_yet_is_told_what_it_waits_for() -> None:
    world = garage(evse(1), evse(2), limit_a=20.0)
    world.run(30)
    world.arrive(1)
    world.run(30)
    world.fate = slow
    world.arrive(2)
    world.run(10)
    second = world.steering.evse_statuses(world.now)[1]
    assert (second.grant.limit_a, second.confirmed_a) == (10.0, None)
    assert str(second.grant.binding) == "main, L1, 20 A"


def test_the_house_comes_first() -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1)], metered))
    world.run(30)
    world.arrive(1)
    world.run(60)
    assert world.limit_a(1) == 32.0
    world.house = PerPhase(20.0, 0.0, 0.0)
    world.run(30)
    assert world.limit_a(1) == 12.0


def test_a_silent_meter_means_the_worst_other_load() -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1)], metered))
    world.run(30)
    world.arrive(1)
    world.run(60)
    world.meter_works = False
    world.run(75)
    assert world.limit_a(1) == 12.0


@pytest.mark.parametrize(("factor", "worst_a"), [(None, 52.0), (1.13, 36.0)])
def test_what_is_lent_may_be_bounded_for_a_house_that_rises_when_the_server_dies(
    factor: float | None, worst_a: float
) -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1)], metered, unattended_factor=factor))
    world.run(30)
    world.arrive(1)
    world.run(60)
    world.die()
    world.run(10)
    drawn = world.stalls[world.key(1)].draws(world.now)
    assert drawn.l1 + 20.0 == worst_a


def test_when_the_server_dies_the_chargers_come_down_by_themselves() -> None:
    world = garage(*(evse(n) for n in range(1, 7)))
    world.run(30)
    for number in range(1, 4):
        world.arrive(number)
    world.run(300)
    world.die()
    for number in range(4, 7):
        world.arrive(number)
    world.run(1800)
    assert world.overloads == []


def test_a_server_that_starts_anew_raises_nobody_before_it_knows_the_chargers() -> None:
    world = garage(evse(1), evse(2), evse(3))
    world.run(30)
    for number in (1, 2, 3):
        world.arrive(number)
    world.run(200)
    world.die()
    world.run(20)
    world.restart()
    world.run(300)
    assert sorted(world.limits()) == [10.0, 11.0, 11.0]
    assert world.overloads == []


def test_a_short_restart_of_the_server_pauses_no_car() -> None:
    """The meter is read before the chargers report; what they drew is in the database."""
    metered = circuit("main", 63.0, has_meter=True, assumed_load_a=PerPhase.all(10.0))
    world = SteeredGarage(site([evse(1), evse(2), evse(3)], metered))
    world.house_changes(PerPhase.all(12.0))
    world.run(30)
    for number in (1, 2, 3):
        world.arrive(number)
    world.run(120)
    assert world.limits() == [17.0, 17.0, 17.0]
    drawn = Measured(at=world.now, terminals_a=(17.0, 17.0, 17.0))
    for number in (1, 2, 3):
        world.lose(number)
    world.die()
    world.run(7)
    world.restart()
    for number in (1, 2, 3):
        world.steering.recall(world.key(number), drawn)
    for second in range(120):
        world.steering.meter("main", PerPhase.all(63.0), world.now, now=world.now)
        if second == 4:
            for number in (1, 2, 3):
                world.find(number)
        world.run(1)
        assert min(world.limits()) >= 16.0
    assert world.overloads == []


def test_a_reading_that_was_kept_while_the_link_was_down_tells_nothing_after_a_newer_one() -> None:
    world = garage(evse(1))
    world.run(30)
    world.arrive(1)
    world.run(30)
    for ago_s, amps in ((1, 0.0), (20, 32.0)):
        sampled_at = world.now - timedelta(seconds=ago_s)
        reading = Measured(at=world.now, terminals_a=(amps,) * 3, sampled_at=sampled_at)
        world.steering.measured(world.key(1), reading, world.now)
    assert world.steering.evse_statuses(world.now)[0].measured_a == PerPhase.all(0.0)


def test_a_lost_charger_keeps_its_amps_until_it_is_back() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1)
    world.arrive(2)
    world.run(120)
    world.lose(1)
    world.run(600)
    world.find(1)
    world.run(300)
    assert world.limits() == [16.0, 16.0]
    assert world.overloads == []


def test_a_car_that_uses_one_phase_leaves_the_others() -> None:
    world = garage(evse(1), evse(2, "L2"), limit_a=16.0)
    world.run(30)
    world.arrive(1, Car(phases=1))
    world.arrive(2, Car(phases=1))
    world.run(30)
    assert world.limits() == [8.0, 8.0]
    world.run(240)
    assert world.limits() == [16.0, 16.0]
    assert world.overloads == []


@pytest.mark.parametrize(("keeping_phases", "phases"), [((), 1), (("CARD",), 3)])
def test_a_car_that_bears_no_switch_keeps_its_phases(
    keeping_phases: tuple[str, ...], phases: int
) -> None:
    metered = circuit("main", 32.0, has_meter=True)
    world = SteeredGarage(site([evse(1, can_switch_phases=True)], metered))
    world.install(Installation(site=world.site, keeping_phases=frozenset(keeping_phases)))
    world.run(30)
    world.arrive(1, Car(id_token="CARD"))
    world.run(60)
    world.house_changes(PerPhase(0.0, 29.0, 0.0))
    world.run(90)
    assert world.steering.memory(world.key(1)).phases == phases


def test_a_transaction_without_credit_gets_nothing_until_it_ends() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1)
    world.run(30)
    key, number = world.key(1), world.stalls[world.key(1)].charger.transaction
    assert number is not None
    world.steering.withhold(key, number, "account acme has no credit left")
    world.run(200)
    assert world.limit_a(1) == 0.0
    assert str(world.steering.grant(key, world.now).binding) == "account acme has no credit left"
    world.leave(1)
    world.arrive(1)
    world.run(60)
    assert world.limit_a(1) == 32.0


def test_unused_headroom_goes_to_others() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1, Car(max_a=6.0))
    world.arrive(2)
    world.run(240)
    assert world.limits() == [7.0, 25.0]
    assert world.overloads == []


def test_who_draws_more_than_he_may_makes_others_give_way_and_is_stopped() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1)
    world.arrive(2)
    world.run(90)
    assert world.limits() == [16.0, 16.0]
    world.stalls[world.key(1)].ignores_profiles = True
    world.run(60)
    assert world.limit_a(2) == 0.0
    world.run(120)
    assert world.stalls[world.key(1)].charger.transaction is None


def test_what_was_drawn_too_much_is_free_again_when_the_transaction_is_over() -> None:
    world = garage(evse(1), evse(2))
    world.run(30)
    world.arrive(1)
    world.arrive(2)
    world.run(90)
    world.stalls[world.key(1)].ignores_profiles = True
    world.run(200)
    assert world.stalls[world.key(1)].charger.transaction is None
    status = world.steering.evse_statuses(world.now)[0]
    assert (status.may_draw_a, status.measured_a) == (0.0, None)
    world.run(400)
    assert world.limit_a(2) == 32.0


def with_a_charger_that_no_longer_confirms(house_a: float) -> SteeredGarage:
    """Two cars share 32 A evenly, then the first goes silent, then the house rises."""
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1), evse(2)], metered))
    world.run(30)
    world.arrive(1)
    world.arrive(2)
    world.run(120)
    assert world.limits() == [16.0, 16.0]

    def fate(instruction: Instruction) -> tuple[float, Outcome]:
        is_stop = isinstance(instruction.action, StopTransaction)
        silent = instruction.key == world.key(1) and not is_stop
        return (30.0, "timeout") if silent else (1.0, "accepted")

    world.fate = fate
    world.house_changes(PerPhase.all(house_a))
    return world


def test_the_others_make_room_for_who_does_not_confirm_a_lower_limit() -> None:
    world = with_a_charger_that_no_longer_confirms(house_a=10.0)
    world.run(45)
    world.overloads.clear()
    assert world.limits() == [16.0, 6.0]
    world.run(60)
    assert world.overloads == []


def test_who_confirms_no_lower_limit_for_long_is_stopped_where_others_lack_what_it_keeps() -> None:
    world = with_a_charger_that_no_longer_confirms(house_a=10.0)
    world.run(150)
    assert world.stalls[world.key(1)].charger.transaction is None
    world.run(120)
    safe_share_a = 6.0
    assert world.limit_a(2) == 32.0 - 10.0 - safe_share_a


def test_a_low_limit_is_renewed_also_where_a_breaker_is_overfull() -> None:
    world = garage(evse(1), evse(2), limit_a=16.0)
    world.run(30)
    world.arrive(1)
    world.arrive(2)
    world.run(90)
    assert world.limits() == [8.0, 8.0]
    world.lose(1)
    world.stalls[world.key(1)].ignores_profiles = True
    world.run(1500)
    assert world.limit_a(2) <= 8.0


def test_a_charger_that_refuses_everything_counts_with_all_it_may_draw() -> None:
    world = garage(evse(1), evse(2), limit_a=40.0)
    deaf = world.key(1)

    def fate(instruction: Instruction) -> tuple[float, Outcome]:
        return 1.0, "not_supported" if instruction.key == deaf else "accepted"

    world.fate = fate
    world.run(60)
    world.arrive(2)
    world.run(60)
    assert world.limit_a(2) == 8.0
    assert world.decision is not None
    assert "not_controllable" in {alarm.kind for alarm in world.decision.alarms}
    world.die()
    world.restart()
    world.run(60)
    assert world.limit_a(2) == 8.0


def test_the_house_may_swing_without_every_car_swinging_with_it() -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1)], metered))
    world.run(30)
    world.arrive(1)
    world.run(120)
    world.sent.clear()
    for swing in range(60):
        world.house = PerPhase.all(6.0 if swing % 2 else 10.0)
        world.run(10)
    limits = [each.limit_a for _, each in world.sent if each.register is Register.TX]
    assert len(limits) <= 8
    assert world.limit_a(1) == 22.0


def test_an_edit_of_the_installation_forgets_no_reading() -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))
    world = SteeredGarage(site([evse(1), evse(2)], metered))
    world.run(30)
    world.arrive(1)
    world.run(60)
    assert world.limit_a(1) == 32.0
    world.install(Installation(site=with_circuit(world.site, "main", name="Renamed")))
    world.run(5)
    assert world.limit_a(1) == 32.0


def test_an_overfull_phase_keeps_nobody_from_another_phase() -> None:
    metered = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase(30.0, 0.0, 0.0))
    world = SteeredGarage(site([evse(1, "L1"), evse(2, "L3")], metered))
    world.run(30)
    world.arrive(1)
    world.run(60)
    assert world.limit_a(1) == 32.0
    world.fate = lambda i: (1.0, "timeout" if i.key == world.key(1) else "accepted")
    world.house_changes(PerPhase(20.0, 0.0, 0.0))
    world.run(20)
    world.arrive(2)
    world.run(30)
    assert world.limit_a(2) == 32.0


def test_a_lost_charger_is_no_danger_to_phases_it_is_not_on() -> None:
    world = garage(evse(1, "L1"), evse(2, "L1"), evse(3, "L3"))
    for number in (1, 2, 3):
        world.lose(number)
    world.run(10)
    assert world.decision is not None
    messages = [a.message for a in world.decision.alarms if a.kind == "may_overload"]
    assert messages == [
        "CP-1/1 is not connected and may overload main, L1, 32 A",
        "CP-2/1 is not connected and may overload main, L1, 32 A",
    ]
