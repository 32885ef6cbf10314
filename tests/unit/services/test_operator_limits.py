"""An operator's own limit as a charging profile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.world import NOON

from csms.errors import ConflictError
from csms.model import OcppVersion, RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.operator_limits import (
    OperatorLimit,
    default_profile,
    running_transaction,
    stack_levels,
    transaction_profile,
)
from csms.services.transactions.model import Transaction
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

LIMIT = OperatorLimit(evse_id=1, limit=10.0, unit="A", phases=3, duration_s=600)


def transaction(number: int, evse_id: int) -> Transaction:
    return Transaction(
        id=number,
        charge_point_key=1,
        evse_id=evse_id,
        connector_id=1,
        ocpp_version=OcppVersion.V201,
        ocpp_transaction_id=f"tx-{number}",
        started_at=NOON + timedelta(minutes=number),
    )


def charging_at(*evse_ids: int) -> ChargePoint:
    charge_point = ChargePoint(1, "CP-1", RegistrationStatus.ACCEPTED)
    for number, evse_id in enumerate(evse_ids, start=1):
        charge_point.open_transactions[number] = transaction(number, evse_id)
    return charge_point


def test_a_limit_begins_a_minute_ago_and_lasts_as_long_as_was_said_from_now() -> None:
    assert default_profile(LIMIT, 1, NOON) == ChargingProfile(
        profile_id=6001,
        purpose=Purpose.TX_DEFAULT,
        stack_level=1,
        kind=Kind.ABSOLUTE,
        unit="A",
        periods=(Period(0, 10.0, 3),),
        start_at=NOON - timedelta(seconds=60),
        duration_s=660,
    )


def test_a_limit_for_a_transaction_names_it_and_replaces_that_of_the_evse() -> None:
    profile = transaction_profile(LIMIT, transaction(7, 1), NOON)
    assert (profile.purpose, profile.stack_level) == (Purpose.TX, 0)
    assert (profile.transaction_id, profile.ocpp_transaction_id) == (7, "tx-7")
    assert profile.profile_id == default_profile(LIMIT, 1, NOON).profile_id


def test_the_limit_of_an_evse_lies_above_that_of_all_where_it_can() -> None:
    assert stack_levels(1)[0] > stack_levels(0)[0]
    assert stack_levels(1)[-1] == 0


@pytest.mark.parametrize(
    ("evse_ids", "asked", "found"), [((1, 2), 2, 2), ((2,), 0, 1), ((1, 1), 0, 2), ((1, 1), 1, 2)]
)
def test_the_transaction_that_runs_is_found(
    evse_ids: tuple[int, ...], asked: int, found: int
) -> None:
    assert running_transaction(charging_at(*evse_ids), asked).id == found


@pytest.mark.parametrize(
    ("evse_ids", "asked", "why"),
    [
        ((), 0, "no transaction runs at CP-1"),
        ((2,), 1, "no transaction runs at EVSE 1 of CP-1"),
        ((1, 2), 0, "several transactions run at CP-1: name the evse_id"),
    ],
)
def test_without_one_certain_transaction_there_is_nothing_to_limit(
    evse_ids: tuple[int, ...], asked: int, why: str
) -> None:
    with pytest.raises(ConflictError, match=why):
        running_transaction(charging_at(*evse_ids), asked)
