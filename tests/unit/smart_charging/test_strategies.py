"""How a model wants its limits: what it says, what is known, and the search when it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from csms.errors import InvalidValueError
from csms.smart_charging.profiles import Kind, Register
from csms.smart_charging.strategies import Scheme, Strategy, VendorKey, initial
from csms.smart_charging.strategy_search import Failure, next_after

V16, V201 = "ocpp1.6", "ocpp2.0.1"


def path(start: Strategy, failure: Failure) -> Iterator[Strategy]:
    strategy: Strategy | None = start
    while strategy is not None:
        yield strategy
        strategy = next_after(strategy, failure)


def test_an_unknown_model_is_told_by_the_letter() -> None:
    strategy = initial("Acme", "One", V16, {})
    assert (strategy.scheme, strategy.unit, strategy.kind) == (
        Scheme.REGISTERS,
        "A",
        Kind.ABSOLUTE,
    )
    assert strategy.registers == set(Register)


def test_what_it_says_of_itself_is_heeded_in_16() -> None:
    strategy = initial(
        "Acme",
        "One",
        V16,
        {
            "ChargeProfileMaxStackLevel": "5",
            "ChargingScheduleAllowedChargingRateUnit": "Power",
            "ChargingScheduleMaxPeriods": "2",
            "MaxChargingProfilesInstalled": "4",
            "NumberOfConnectors": "2",
            "ConnectorSwitch3to1PhaseSupported": "TRUE",
        },
    )
    assert (strategy.unit, strategy.tx_level, strategy.max_periods) == ("W", 5, 2)
    assert strategy.idle_level is None, "two profiles per EVSE leave none for it"
    assert strategy.switches_phases


def test_what_it_says_of_itself_is_heeded_in_201() -> None:
    told = {"RateUnit": "A,W", "ProfileStackLevel": "0", "PeriodsPerSchedule": "1"}
    strategy = initial("Acme", "One", V201, told | {"ACPhaseSwitchingSupported": "true"})
    assert (strategy.unit, strategy.tx_level, strategy.max_periods) == ("A", 0, 1)
    assert strategy.idle_level is None
    assert strategy.phase_choice


def test_a_single_slot_makes_a_single_default() -> None:
    strategy = initial("Acme", "One", V16, {"MaxChargingProfilesInstalled": "1"})
    assert strategy.scheme is Scheme.ONE_DEFAULT
    assert strategy.registers == {Register.STANDING}


@pytest.mark.parametrize("told", ["", "many", "-1", "1e9", "99999999999"])
def test_nonsense_counts_as_untold(told: str) -> None:
    assert initial("Acme", "One", V16, {"ChargeProfileMaxStackLevel": told}).tx_level == 1


def test_known_models_begin_where_others_ended() -> None:
    assert initial("Wall Box Chargers", "PLP1", V16, {}).kind is Kind.RELATIVE
    assert initial("ABB", "Terra AC W22", V16, {"ChargeProfileMaxStackLevel": "3"}).tx_level == 0
    assert initial("Huawei", "FusionCharge", V16, {}).unit == "W"


@pytest.mark.parametrize("failure", list(Failure))
def test_the_search_tries_nothing_twice_and_ends(failure: Failure) -> None:
    names = [strategy.name for strategy in path(initial("EVBox", "Elvi", V16, {}), failure)]
    assert len(names) == len(set(names))
    assert names[-1].startswith("vendor_key")


ACCEPTED_BY: list[Callable[[Strategy], bool]] = [
    lambda s: s.tx_level == 0,
    lambda s: s.kind is Kind.RELATIVE and s.tx_level == 0,
    lambda s: s.default_kind is Kind.ABSOLUTE,
    lambda s: s.unit == "W",
    lambda s: s.unit == "W" and s.tx_level == 0 and s.decimals == 0,
    lambda s: s.decimals == 0,
    lambda s: not s.explicit_phases,
    lambda s: s.max_periods == 1,
    lambda s: s.scheme is Scheme.ONE_DEFAULT,
    lambda s: s.scheme is Scheme.ONE_DEFAULT and s.evse_zero,
    lambda s: s.scheme is Scheme.STATION_MAX,
]


@pytest.mark.parametrize("accepts", ACCEPTED_BY)
@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.NO_EFFECT, Failure.TIMEOUT])
def test_whatever_a_charge_point_wants_is_found(
    accepts: Callable[[Strategy], bool], failure: Failure
) -> None:
    told = {"ChargeProfileMaxStackLevel": "3", "NumberOfConnectors": "1"}
    assert any(accepts(strategy) for strategy in path(initial("", "", V16, told), failure))


def test_no_limit_for_the_whole_station_where_it_may_have_more_evses() -> None:
    strategies = list(path(initial("Acme", "Two", V16, {}), Failure.REFUSED))
    assert not any(strategy.evse_zero for strategy in strategies)


def test_without_profiles_and_without_a_key_it_can_not_be_controlled() -> None:
    assert next_after(initial("Acme", "One", V16, {}), Failure.NOT_SUPPORTED) is None


def test_without_profiles_the_vendors_key_is_tried() -> None:
    after = next_after(initial("KEBA", "P30", V16, {}), Failure.NOT_SUPPORTED)
    assert after is not None
    assert (after.scheme, after.vendor_key) == (
        Scheme.VENDOR_KEY,
        VendorKey("MaxAvailableCurrent", 1000),
    )
    assert not after.lapses


def test_a_search_goes_on_where_it_stood_when_it_is_kept() -> None:
    strategies = list(path(initial("Acme", "One", V16, {}), Failure.REFUSED))
    kept = json.loads(json.dumps(strategies[3].to_json()))
    assert Strategy.from_json(kept) == strategies[3]
    assert next_after(Strategy.from_json(kept), Failure.REFUSED) == strategies[4]


def test_what_an_older_version_kept_is_read_with_defaults() -> None:
    assert Strategy.from_json({"unit": "W", "unheard_of": 1}) == Strategy(unit="W")


@pytest.mark.parametrize("kept", [{"unit": "kW"}, {"tx_level": -1}, {"kind": 3}, {"decimals": "x"}])
def test_what_was_not_kept_by_us_is_refused(kept: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        Strategy.from_json(kept)
