"""Charging profiles by the letter of 2.0.1, and composite schedules read from its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from unit.handlers.v201.conversation import check
from unit.world import NOON

from csms.errors import InvalidValueError
from csms.handlers.v201.commands import translate
from csms.services.charge_point import ChargePoint
from csms.services.commands import CompositeSchedule, GetCompositeSchedule, SetChargingProfile
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

TX = ChargingProfile(
    profile_id=3,
    purpose=Purpose.TX,
    stack_level=2,
    kind=Kind.ABSOLUTE,
    unit="A",
    periods=(Period(0, 16.0, 3), Period(360, 6.25, 1, 2)),
    start_at=NOON - timedelta(seconds=60),
    duration_s=900,
    valid_from=NOON,
    valid_to=NOON + timedelta(hours=1),
    transaction_id=7,
    ocpp_transaction_id="tx-1",
)
DEFAULT = ChargingProfile(
    profile_id=1,
    purpose=Purpose.TX_DEFAULT,
    stack_level=0,
    kind=Kind.RELATIVE,
    unit="W",
    periods=(Period(0, 4140.0),),
)


async def test_a_profile_of_a_transaction_is_written_by_the_letter(
    charge_point: ChargePoint,
) -> None:
    outgoing = translate(charge_point, SetChargingProfile(2, TX))
    check("SetChargingProfileRequest", outgoing.payload)
    assert outgoing.payload == {
        "evseId": 2,
        "chargingProfile": {
            "id": 3,
            "stackLevel": 2,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "validFrom": "2026-06-15T12:00:00Z",
            "validTo": "2026-06-15T13:00:00Z",
            "chargingSchedule": [
                {
                    "id": 3,
                    "startSchedule": "2026-06-15T11:59:00Z",
                    "duration": 900,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16, "numberPhases": 3},
                        {"startPeriod": 360, "limit": 6.2, "numberPhases": 1, "phaseToUse": 2},
                    ],
                }
            ],
            "transactionId": "tx-1",
        },
    }


async def test_a_relative_profile_has_no_start_and_a_default_one_no_transaction(
    charge_point: ChargePoint,
) -> None:
    profile = replace(DEFAULT, start_at=NOON, transaction_id=7, ocpp_transaction_id="tx-1")
    outgoing = translate(charge_point, SetChargingProfile(0, profile))
    check("SetChargingProfileRequest", outgoing.payload)
    written = outgoing.payload["chargingProfile"]
    assert "transactionId" not in written
    assert "startSchedule" not in written["chargingSchedule"][0]


@pytest.mark.parametrize(
    ("evse_id", "profile", "field"),
    [
        (0, TX, "evse_id"),  # K01.FR.16
        (1, replace(TX, ocpp_transaction_id=None), "ocpp_transaction_id"),  # K01.FR.03
        (1, replace(TX, ocpp_transaction_id="t" * 37), "ocpp_transaction_id"),
        (1, replace(TX, start_at=None), "start_at"),  # K01.FR.40
        (1, replace(TX, periods=(Period(0, 16.0, 3, 2),)), "phase_to_use"),  # K01.FR.19
        (1, replace(TX, periods=(Period(0, 16.0, None, 2),)), "phase_to_use"),
        (1, replace(TX, periods=(Period(60, 16.0),)), "periods"),  # K01.FR.31
        (1, replace(TX, periods=(Period(0, 6.0), Period(0, 8.0))), "periods"),  # K01.FR.35
        (1, replace(DEFAULT, purpose=Purpose.STATION_MAX), "evse_id"),
        (0, replace(DEFAULT, purpose=Purpose.STATION_MAX), "kind"),  # K01.FR.38
        (-1, DEFAULT, "evse_id"),
    ],
)
async def test_what_2_0_1_forbids_of_a_profile_is_refused_by_its_field(
    charge_point: ChargePoint, evse_id: int, profile: ChargingProfile, field: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        translate(charge_point, SetChargingProfile(evse_id, profile))
    assert refused.value.field == field


@pytest.mark.parametrize("key", ["schedule", "chargingSchedule"])
async def test_a_composite_schedule_is_read(charge_point: ChargePoint, key: str) -> None:
    schedule = {
        "evseId": 1,
        "duration": 300,
        "scheduleStart": "2026-06-15T12:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 16.0, "numberPhases": 1, "phaseToUse": 3}
        ],
    }
    outgoing = translate(charge_point, GetCompositeSchedule(1, 300, "W"))
    answer = outgoing.read({"status": "Accepted", key: schedule}, NOON)
    assert answer.accepted
    assert answer.composite_schedule == CompositeSchedule(NOON, "A", (Period(0, 16.0, 1, 3),), 300)


@pytest.mark.parametrize(
    "response", [{"status": "Accepted"}, {"status": "Accepted", "schedule": []}]
)
async def test_an_answer_without_a_schedule_has_none(
    charge_point: ChargePoint, response: dict[str, Any]
) -> None:
    answer = translate(charge_point, GetCompositeSchedule(1, 300)).read(response, NOON)
    assert answer.accepted
    assert answer.composite_schedule is None
