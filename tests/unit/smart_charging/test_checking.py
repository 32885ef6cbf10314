"""An installer learns what is wrong with an installation, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from csms.smart_charging.checking import check
from csms.smart_charging.grid import (
    Circuit,
    Evse,
    EvseKey,
    GridSignal,
    Network,
    PerPhase,
    Site,
    parse_wiring,
)

KEY = EvseKey("CP-1", 1)


def circuit(id_: str, parent_id: str | None = None, **values: Any) -> Circuit:
    amps = values.pop("breaker_a", 63.0)
    breaker_a = amps if isinstance(amps, PerPhase) else PerPhase.all(amps)
    return Circuit(id=id_, name=id_.title(), parent_id=parent_id, breaker_a=breaker_a, **values)


def evse(
    circuit_id: str = "garage", phases: str = "L1L2L3", key: EvseKey = KEY, **values: Any
) -> Evse:
    options = {"rated_a": 16.0, **values}
    return Evse(key=key, circuit_id=circuit_id, wiring=parse_wiring(phases), **options)


def site(*circuits: Circuit, evses: tuple[Evse, ...] = (), **values: Any) -> Site:
    return Site(id="home", name="Home", circuits=circuits, evses=evses, **values)


ROOT = circuit("main", breaker_a=100.0, has_meter=True, assumed_load_a=PerPhase.all(40.0))
GARAGE = circuit("garage", "main")


def errors(wrong: Site) -> list[tuple[str, str]]:
    return [(found.field, found.message) for found in check(wrong) if found.level == "error"]


def warnings(odd: Site) -> list[tuple[str, str]]:
    assert not errors(odd)
    return [(found.field, found.message) for found in check(odd)]


def test_an_installation_without_faults_has_no_findings() -> None:
    assert check(site(ROOT, GARAGE, evses=(evse(),))) == []


def test_a_site_that_is_only_begun_has_no_findings() -> None:
    assert check(site()) == []


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        (site(ROOT, circuit("a", "b"), circuit("b", "a")), "circuits/a/parent_id", "feed itself"),
        (site(circuit("a", "a")), "circuits/a/parent_id", "feed itself"),
        (site(circuit("a", "b"), circuit("b", "a")), "site/circuits", "grid connection"),
        (
            site(ROOT, circuit("other")),
            "circuits/other/parent_id",
            "circuit 'Main' and circuit 'Other' have no parent",
        ),
        (site(ROOT, circuit("a", "elsewhere")), "circuits/a/parent_id", "no circuit 'elsewhere'"),
        (site(ROOT, ROOT), "circuits/main/id", "two circuits"),
        (site(circuit("a", breaker_a=0.0)), "circuits/a/breaker_a", "more than 0 A"),
        (site(circuit("a", breaker_a=float("nan"))), "circuits/a/breaker_a", "0 A or more"),
        (site(circuit("a", margin=1.0)), "circuits/a/margin", "below 1"),
        (site(circuit("a", max_power_w=-1.0)), "circuits/a/max_power_w", "0 or more"),
        (
            site(circuit("a"), network=Network.SINGLE_PHASE),
            "circuits/a/breaker_a",
            "L1 alone",
        ),
        (site(ROOT, voltage_v=0.0), "site/voltage_v", "no voltage"),
        (site(ROOT, slot_s=float("inf")), "site/slot_s", "no time"),
        (site(ROOT, demand_cap_w=0.0), "site/demand_cap_w", "no power"),
    ],
)
def test_a_wrong_circuit_is_named(wrong: Site, field: str, words: str) -> None:
    found = dict(errors(wrong))
    assert words in found[field]


@pytest.mark.parametrize(
    ("wrong", "network", "field", "words"),
    [
        (evse("cellar"), Network.THREE_PHASE, "circuit_id", "no circuit 'cellar'"),
        (evse(rated_a=5.0), Network.THREE_PHASE, "rated_a", "less than 6 A"),
        (evse(min_a=5.0), Network.THREE_PHASE, "min_a", "less than 6 A"),
        (evse(min_a=20.0), Network.THREE_PHASE, "min_a", "above rated_a, 16 A"),
        (evse(step_a=0.0), Network.THREE_PHASE, "step_a", "more than 0"),
        (evse(weight=0.0), Network.THREE_PHASE, "weight", "more than 0"),
        (evse(phases="L1-L2"), Network.THREE_PHASE, "phases", "for IT nets"),
        (evse(phases="L1"), Network.IT, "phases", "no neutral"),
        (evse(phases="L1L2"), Network.IT, "phases", "no neutral"),
    ],
)
def test_a_wrong_evse_is_named(wrong: Evse, network: Network, field: str, words: str) -> None:
    found = dict(errors(site(ROOT, GARAGE, evses=(wrong,), network=network)))
    assert words in found[f"evses/CP-1/1/{field}"]


def test_on_a_single_phase_site_an_evse_hangs_on_l1() -> None:
    main = circuit("garage", breaker_a=PerPhase(63, 0, 0))
    found = errors(site(main, evses=(evse(phases="L2"),), network=Network.SINGLE_PHASE))
    assert found == [("evses/CP-1/1/phases", "the site has phase L1 alone, not L2")]


def test_one_outlet_is_connected_once() -> None:
    assert (
        "twice" in dict(errors(site(ROOT, GARAGE, evses=(evse(), evse()))))["evses/CP-1/1/evse_id"]
    )


def test_an_evse_on_a_phase_that_its_circuit_lacks_is_an_error() -> None:
    single = circuit("garage", "main", breaker_a=PerPhase(0, 32, 0))
    found = errors(site(ROOT, single, evses=(evse(phases="L1"),)))
    message = "CP-1/1 is on L1, but circuit 'Garage' has L2 alone"
    assert found == [("evses/CP-1/1/phases", message)]


def test_an_evse_on_a_phase_that_a_circuit_above_lacks_is_an_error() -> None:
    main = circuit("main", breaker_a=PerPhase(63, 63, 0))
    found = errors(site(main, GARAGE, evses=(evse(phases="L3"),)))
    message = "CP-1/1 is on L3, but circuit 'Main' has L1 L2 alone"
    assert found == [("evses/CP-1/1/phases", message)]


def uncontrollable(*phases: str, **values: Any) -> tuple[Evse, ...]:
    return tuple(
        evse(phases=wiring, key=EvseKey("CP", n + 1), controllable=False, **values)
        for n, wiring in enumerate(phases)
    )


def test_evses_that_no_profile_reaches_must_fit_below_every_breaker() -> None:
    small = circuit("garage", "main", breaker_a=32.0)
    assert not errors(site(ROOT, small, evses=uncontrollable("L1", "L1", "L2")))
    found = errors(site(ROOT, small, evses=uncontrollable("L1", "L1", "L1")))
    message = (
        "circuit 'Garage' may carry 32 A on L1, but its EVSEs that can't be controlled may draw "
        "48 A there"
    )
    assert found == [("circuits/garage/breaker_a", message)]


def test_the_owners_own_limit_is_named_if_it_is_what_is_too_low() -> None:
    low = replace(GARAGE, operating_limit_a=PerPhase.all(10.0))
    found = errors(site(ROOT, low, evses=uncontrollable("L1")))
    assert [field for field, _ in found] == ["circuits/garage/operating_limit_a"]


def test_evses_that_no_profile_reaches_must_fit_below_contracted_power() -> None:
    weak = replace(GARAGE, max_power_w=10_000.0)
    found = errors(site(ROOT, weak, evses=uncontrollable("L1L2L3")))
    assert [field for field, _ in found] == ["circuits/garage/max_power_w"]
    assert "11040 W" in found[0][1]


def test_between_lines_of_an_it_net_currents_add_as_the_angle_says() -> None:
    cars = uncontrollable("L1-L2", "L2-L3", "L3-L1")  # 16 A each: 27.7 A in each line, not 32 A
    assert not errors(
        site(ROOT, circuit("garage", "main", breaker_a=28.0), evses=cars, network=Network.IT)
    )
    found = errors(
        site(ROOT, circuit("garage", "main", breaker_a=27.0), evses=cars, network=Network.IT)
    )
    assert "27.7128 A" in found[0][1]


@pytest.mark.parametrize(
    ("odd", "field", "words"),
    [
        (
            site(ROOT, circuit("garage", "main", breaker_a=125.0)),
            "circuits/garage/breaker_a",
            "125 A on L1 is more than the 100 A of circuit 'Main', which feeds it",
        ),
        (
            site(replace(ROOT, operating_limit_a=PerPhase.all(120.0))),
            "circuits/main/operating_limit_a",
            "above the breaker",
        ),
        (
            site(ROOT, circuit("garage", "main", breaker_a=16.0), evses=(evse(rated_a=32.0),)),
            "evses/CP-1/1/rated_a",
            "32 A is more than the 16 A of circuit 'Garage'",
        ),
        (
            site(ROOT, GARAGE, evses=(evse(phases="L1", can_switch_phases=True),)),
            "evses/CP-1/1/can_switch_phases",
            "no effect on L1",
        ),
        (
            site(replace(ROOT, assumed_load_a=PerPhase.all(0.0))),
            "circuits/main/assumed_load_a",
            "while the meter is silent",
        ),
        (
            site(circuit("main")),
            "circuits/main/assumed_load_a",
            "without a meter",
        ),
        (
            site(replace(ROOT, has_meter=False), demand_cap_w=50_000.0),
            "site/demand_cap_w",
            "no meter",
        ),
    ],
)
def test_what_is_odd_is_a_warning(odd: Site, field: str, words: str) -> None:
    ((found_field, message),) = warnings(odd)
    assert found_field == field
    assert words in message


def test_a_circuit_that_leaves_nobody_the_minimum_when_all_else_is_gone_is_odd() -> None:
    busy = replace(ROOT, assumed_load_a=PerPhase.all(95.0))
    ((field, message),) = warnings(site(busy, GARAGE, evses=(evse(),)))
    assert field == "circuits/main/assumed_load_a"
    assert "no EVSE of circuit 'Main' may charge" in message


def test_an_evse_that_can_never_charge_is_odd() -> None:
    tiny = circuit("garage", "main", breaker_a=5.0)
    found = dict(warnings(site(ROOT, tiny, evses=(evse(),))))
    assert "CP-1/1 can't charge" in found["evses/CP-1/1/min_a"]


def test_imbalance_of_evses_that_no_profile_reaches_is_odd() -> None:
    strict = replace(ROOT, max_imbalance_a=20.0)
    found = warnings(site(strict, GARAGE, evses=uncontrollable("L1", "L1")))
    assert [field for field, _ in found] == ["circuits/main/max_imbalance_a"]


@pytest.mark.parametrize(
    ("country", "evses", "failsafe_w", "least"),
    [("DE", 5, 12_600.0, "15120 W"), ("DE", 5, 15_120.0, None), ("AT", 5, 12_600.0, None)],
)
def test_in_germany_a_failsafe_limit_below_what_14a_leaves_is_odd(
    country: str, evses: int, failsafe_w: float, least: str | None
) -> None:
    listening = replace(ROOT, signal=GridSignal(failsafe_power_w=failsafe_w))
    garage = tuple(evse(key=EvseKey(f"CP-{number}", 1)) for number in range(evses))
    found = dict(warnings(site(listening, GARAGE, evses=garage, country=country)))
    assert ("circuits/main/signal" in found) == (least is not None)
    assert least is None or least in found["circuits/main/signal"]


def test_errors_come_before_warnings() -> None:
    wrong = site(circuit("main", margin=2.0, operating_limit_a=PerPhase.all(100.0)))
    assert [found.level for found in check(wrong)] == ["error", "warning"]
