"""What an EVSE may draw by its owner's choice, by the sun and by the hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import Evse, EvseKey, Mode, Network, Site, parse_wiring
from csms.smart_charging.modes import ModeGovernor, Permit, mode_at, start_w
from csms.smart_charging.wishes import ModeSettings, SolarPlusSettings, StartSetting

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)  # a Monday
BERLIN = Site(id="home", name="Home", time_zone="Europe/Berlin")
WALLBOX = Evse(key=EvseKey("A", 1), circuit_id="root", wiring=parse_wiring("RST"), rated_a=16.0)
PURE = ModeSettings(mode=Mode.SOLAR_PURE)


def plus(floor: StartSetting = "min", solar_share: float = 0.0) -> ModeSettings:
    return ModeSettings(
        mode=Mode.SOLAR_PLUS, solar_plus=SolarPlusSettings(floor=floor, solar_share=solar_share)
    )


@dataclass
class Wallbox:
    """An EVSE that does as its mode permits."""

    settings: ModeSettings
    phases: int = 1
    governor: ModeGovernor = field(default_factory=ModeGovernor)
    is_charging: bool = False

    def permit(self, at_s: float, surplus_w: float | None) -> Permit:
        permit = self.governor.permit(
            NOON + timedelta(seconds=at_s),
            self.settings,
            WALLBOX,
            BERLIN,
            surplus_w=surplus_w,
            phases=self.phases,
            is_charging=self.is_charging,
        )
        self.is_charging = permit.may_charge
        return permit


def test_a_locked_evse_may_not_charge_and_says_so() -> None:
    permit = Wallbox(ModeSettings(mode=Mode.LOCK)).permit(0, 9000.0)

    assert not permit.may_charge
    assert str(permit.reason) == "locked"


def test_power_gives_all_there_is_sun_or_none() -> None:
    permit = Wallbox(ModeSettings(mode=Mode.POWER)).permit(0, None)

    assert (permit.may_charge, permit.min_a, permit.max_a) == (True, 6.0, 16.0)
    assert (permit.in_pool, permit.reason) == (False, None)


class TestSolarPure:
    @pytest.mark.parametrize(
        ("phases", "surplus_w", "may"),
        [(1, 1399.0, False), (1, 1400.0, True), (3, 4099.0, False), (3, 4100.0, True)],
    )
    def test_starts_at_1_4_kw_on_one_phase_and_4_1_kw_on_three(
        self, phases: int, surplus_w: float, may: bool
    ) -> None:
        assert Wallbox(PURE, phases).permit(0, surplus_w).may_charge is may

    def test_follows_the_sun(self) -> None:
        permit = Wallbox(PURE, phases=3).permit(0, 6900.0)

        assert permit.max_a == pytest.approx(10.0)
        assert permit.in_pool
        assert str(permit.reason) == "solar surplus, 6900 W"

    def test_goes_no_higher_than_the_evse(self) -> None:
        permit = Wallbox(PURE).permit(0, 9000.0)

        assert (permit.max_a, permit.reason) == (16.0, None)

    def test_gives_the_minimum_where_it_is_a_little_more_than_the_start(self) -> None:
        permit = Wallbox(PURE, phases=3).permit(0, 4100.0)

        assert (permit.min_a, permit.max_a) == (6.0, 6.0)
        assert permit.floor_w == pytest.approx(40.0)

    def test_keeps_the_minimum_for_5_minutes_of_clouds_then_pauses_for_8(self) -> None:
        wallbox = Wallbox(PURE)
        wallbox.permit(0, 3000.0)

        cloud = wallbox.permit(10, 500.0)
        assert (cloud.may_charge, cloud.max_a, cloud.in_pool) == (True, 6.0, False)
        assert cloud.wake_at == NOON + timedelta(seconds=310)
        assert wallbox.permit(309, 500.0).may_charge
        stopped = wallbox.permit(310, 500.0)
        assert not stopped.may_charge
        assert stopped.wake_at == NOON + timedelta(seconds=310 + 480)
        assert not wallbox.permit(789, 3000.0).may_charge
        assert wallbox.permit(790, 3000.0).may_charge

    def test_goes_on_where_the_sun_comes_back_within_5_minutes(self) -> None:
        wallbox = Wallbox(PURE)
        wallbox.permit(0, 3000.0)
        wallbox.permit(10, 500.0)
        wallbox.permit(200, 3000.0)
        wallbox.permit(210, 500.0)

        assert wallbox.permit(500, 500.0).may_charge
        assert not wallbox.permit(510, 500.0).may_charge

    def test_means_a_cloud_where_the_meter_is_silent(self) -> None:
        wallbox = Wallbox(PURE)
        wallbox.permit(0, 3000.0)

        assert wallbox.permit(10, None).max_a == 6.0
        assert str(wallbox.permit(310, None).reason) == "no fresh meter tells the solar surplus"

    def test_doesnt_keep_the_minimum_for_a_car_that_wasnt_charging(self) -> None:
        wallbox = Wallbox(PURE)
        wallbox.permit(0, 3000.0)
        wallbox.is_charging = False

        assert not wallbox.permit(10, 500.0).may_charge
        assert wallbox.permit(20, 3000.0).may_charge

    def test_one_that_can_switch_to_one_phase_isnt_stopped_while_that_is_enough(self) -> None:
        governor = ModeGovernor()

        def permit(at_s: float, surplus_w: float) -> Permit:
            return governor.permit(
                NOON + timedelta(seconds=at_s),
                PURE,
                WALLBOX,
                BERLIN,
                surplus_w=surplus_w,
                phases=3,
                is_charging=True,
                least_phases=1,
            )

        weak = permit(0, 3000.0)
        assert weak.max_a == 6.0
        assert weak.floor_w == pytest.approx(1140.0)
        assert permit(600, 3000.0).may_charge
        permit(610, 1000.0)
        assert not permit(910, 1000.0).may_charge

    def test_the_next_car_doesnt_pay_for_the_pause_of_the_last(self) -> None:
        wallbox = Wallbox(PURE)
        for at_s in (0, 10, 310):
            wallbox.permit(at_s, 3000.0 if at_s == 0 else 0.0)
        wallbox.governor.reset()

        assert wallbox.permit(320, 3000.0).may_charge

    def test_a_car_that_needs_more_starts_later(self) -> None:
        zoe = Evse(
            key=EvseKey("A", 1),
            circuit_id="root",
            wiring=parse_wiring("RST"),
            rated_a=32.0,
            min_a=10.0,
        )

        assert start_w(Mode.SOLAR_PURE, PURE, zoe, BERLIN, 3) == 6900.0

    def test_between_two_lines_of_an_it_net_one_voltage_counts(self) -> None:
        site = Site(id="no", name="No", network=Network.IT)
        evse = Evse(
            key=EvseKey("A", 1), circuit_id="root", wiring=parse_wiring("L1-L2"), rated_a=32.0
        )

        assert start_w(Mode.SOLAR_PURE, PURE, evse, site, 2) == 1400.0


class TestSolarPlus:
    @pytest.mark.parametrize(
        ("floor", "expected_a"), [("min", 6.0), ("50%", 8.0), ("75%", 12.0), ("max", 16.0)]
    )
    def test_always_gives_its_floor(self, floor: StartSetting, expected_a: float) -> None:
        permit = Wallbox(plus(floor), phases=3).permit(0, None)

        assert (permit.may_charge, permit.max_a) == (True, expected_a)
        assert permit.floor_w == pytest.approx(expected_a * 690.0)

    def test_gives_the_surplus_where_it_is_more(self) -> None:
        assert Wallbox(plus("50%"), phases=3).permit(0, 6900.0).max_a == pytest.approx(10.0)

    def test_starts_when_enough_of_its_floor_is_sun(self) -> None:
        half_of_11_kw = plus("50%", solar_share=0.6)

        assert not Wallbox(half_of_11_kw, phases=3).permit(0, 3300.0).may_charge
        permit = Wallbox(half_of_11_kw, phases=3).permit(0, 3312.0)
        assert (permit.may_charge, permit.max_a) == (True, 8.0)

    def test_keeps_the_minimum_through_a_cloud_where_a_share_must_be_sun(self) -> None:
        wallbox = Wallbox(plus("50%", solar_share=0.6), phases=3)
        wallbox.permit(0, 4000.0)

        assert wallbox.permit(10, 1000.0).max_a == 6.0
        assert not wallbox.permit(310, 1000.0).may_charge


class TestTimePlan:
    NIGHTS = ModeSettings(
        mode=Mode.TIME_PLAN,
        time_plan=tuple(
            tuple(Mode.POWER if hour < 6 else Mode.LOCK for hour in range(24)) for _ in range(7)
        ),
    )

    @pytest.mark.parametrize(
        ("utc", "expected"),
        [
            (datetime(2026, 6, 1, 3, 59, tzinfo=UTC), Mode.POWER),
            (datetime(2026, 6, 1, 4, 0, tzinfo=UTC), Mode.LOCK),
            (datetime(2026, 1, 5, 4, 59, tzinfo=UTC), Mode.POWER),
            (datetime(2026, 1, 5, 5, 0, tzinfo=UTC), Mode.LOCK),
            (datetime(2026, 3, 29, 3, 59, tzinfo=UTC), Mode.POWER),  # the clocks go forward
            (datetime(2026, 3, 29, 4, 0, tzinfo=UTC), Mode.LOCK),
            (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), Mode.POWER),  # the clocks go back
            (datetime(2026, 10, 25, 5, 0, tzinfo=UTC), Mode.LOCK),
        ],
    )
    def test_goes_by_the_sites_own_time(self, utc: datetime, expected: Mode) -> None:
        assert mode_at(self.NIGHTS, BERLIN, utc) is expected

    def test_goes_by_the_weekday(self) -> None:
        sundays = ModeSettings(
            mode=Mode.TIME_PLAN,
            time_plan=((Mode.LOCK,) * 24,) * 6 + ((Mode.SOLAR_PURE,) * 24,),
        )

        assert mode_at(sundays, BERLIN, NOON) is Mode.LOCK
        assert mode_at(sundays, BERLIN, NOON - timedelta(days=1)) is Mode.SOLAR_PURE

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
    def test_is_looked_at_again_when_the_next_hour_begins(self, zone: str) -> None:
        site = Site(id="x", name="X", time_zone=zone)
        now = datetime(2026, 3, 29, 0, 47, 3, tzinfo=UTC)
        permit = ModeGovernor().permit(
            now, self.NIGHTS, WALLBOX, site, surplus_w=None, phases=3, is_charging=False
        )

        half_past = zone == "Asia/Kolkata"
        assert permit.wake_at == datetime(2026, 3, 29, 1, 30 if half_past else 0, tzinfo=UTC)

    def test_an_empty_plan_gives_power(self) -> None:
        assert mode_at(ModeSettings(mode=Mode.TIME_PLAN), BERLIN, NOON) is Mode.POWER


@settings(deadline=None)
@given(
    weather=st.lists(
        st.tuples(
            st.integers(1, 40), st.none() | st.sampled_from([0.0, 1000.0, 1380.0, 1400.0, 5000.0])
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_weather_makes_a_car_start_and_stop_faster_than_5_and_8_minutes(
    weather: list[tuple[int, float | None]],
) -> None:
    wallbox, at_s = Wallbox(PURE), 0
    history: list[tuple[bool, int]] = []
    for cycles, surplus_w in weather:
        for _ in range(cycles):
            history.append((wallbox.permit(at_s, surplus_w).may_charge, at_s))
            at_s += 10

    spans = [(runs, [at for _, at in times]) for runs, times in groupby(history, lambda h: h[0])]
    lengths = [(runs, times[-1] + 10 - times[0]) for runs, times in spans]
    assert all(length >= 300 for runs, length in lengths[:-1] if runs)
    assert all(length >= 480 for runs, length in lengths[1:-1] if not runs)
