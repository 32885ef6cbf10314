"""What an EVSE did: nobody pays for time in which energy was withheld."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from csms.services.pricing.records import Evidence, KnownCircumstances, StoredUsage, Told
from csms.services.pricing.spells import RELEASED, WITHHELD, spells_of
from csms.tariff.assignment import Circumstances
from csms.tariff.usage import Activity

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
END = START + timedelta(minutes=100)


def told(*changes: tuple[int, str]) -> list[Told]:
    return [Told(START + timedelta(minutes=minute), state) for minute, state in changes]


def spells(
    statuses: list[Told] | None = None,
    charging_states: list[Told] | None = None,
    limits: list[Told] | None = None,
) -> list[tuple[int, int, Activity]]:
    evidence = Evidence(
        transaction_id=1,
        known=KnownCircumstances(Circumstances(START, None, "CP-1"), None),
        usage=StoredUsage(
            started_at=START,
            stopped_at=END,
            energy_wh=None,
            meter_start_wh=None,
            meter_stop_wh=None,
            readings=(),
        ),
        statuses=statuses or [],
        charging_states=charging_states or [],
        limits=limits or [],
    )
    minute = timedelta(minutes=1)
    return [
        ((each.start - START) // minute, (each.end - START) // minute, each.activity)
        for each in spells_of(evidence, END)
    ]


def test_statuses_of_the_connector_tell_charging_from_parking() -> None:
    changes = told((-5, "Preparing"), (1, "Charging"), (60, "SuspendedEV"))
    assert spells(changes) == [(1, 60, Activity.CHARGING), (60, 100, Activity.PARKED)]


def test_a_charger_that_suspends_or_is_faulted_withholds() -> None:
    changes = told((0, "Charging"), (10, "SuspendedEVSE"), (20, "Faulted"), (30, "Charging"))
    assert spells(changes) == [
        (0, 10, Activity.CHARGING),
        (10, 30, Activity.WITHHELD),
        (30, 100, Activity.CHARGING),
    ]


def test_a_pause_of_load_management_is_nobody_s_parking_whatever_the_charger_calls_it() -> None:
    found = spells(
        statuses=told((0, "Charging"), (20, "SuspendedEV")),
        limits=told((-30, RELEASED), (20, WITHHELD), (50, RELEASED)),
    )
    assert found == [
        (0, 20, Activity.CHARGING),
        (20, 50, Activity.WITHHELD),
        (50, 100, Activity.PARKED),
    ]


def test_a_car_that_charges_is_charging_though_a_pause_was_ordered() -> None:
    assert spells(told((0, "Charging")), limits=told((20, WITHHELD))) == [
        (0, 100, Activity.CHARGING)
    ]


def test_a_charging_state_says_more_than_a_status() -> None:
    found = spells(
        statuses=told((0, "Occupied")),
        charging_states=told((0, "EVConnected"), (5, "Charging"), (70, "EVConnected")),
    )
    assert found == [(5, 70, Activity.CHARGING), (70, 100, Activity.PARKED)]


def test_before_energy_flowed_a_connected_car_waits_and_pays_nothing() -> None:
    assert spells(charging_states=told((0, "EVConnected"))) == []


def test_where_nothing_is_told_readings_decide() -> None:
    assert spells(told((0, "Occupied"), (50, "Finishing"))) == []
