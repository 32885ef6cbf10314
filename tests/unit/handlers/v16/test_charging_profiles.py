"""Charging profiles by the letter of 1.6, and composite schedules read from its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from unit.handlers.v16.conversation import check, say
from unit.world import NOON, World

from csms.errors import InvalidValueError
from csms.handlers.v16.commands import translate
from csms.services.charge_point import ChargePoint
from csms.services.commands import CompositeSchedule, GetCompositeSchedule, SetChargingProfile
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

TX = ChargingProfile(
    profile_id=3,
    purpose=Purpose.TX,
    stack_level=2,
    kind=Kind.ABSOLUTE,
    unit="A",
    periods=(Period(0, 16.0, 3), Period(360, 6.25, 1)),
    start_at=NOON - timedelta(seconds=60),
    duration_s=900,
    valid_from=NOON,
    valid_to=NOON + timedelta(hours=1),
    transaction_id=7,
    ocpp_transaction_id="7",
)
DEFAULT = ChargingProfile(
    profile_id=1,
    purpose=Purpose.TX_DEFAULT,
    stack_level=0,
    kind=Kind.RELATIVE,
    unit="W",
    periods=(Period(0, 4140.0),),
)


def installed(charge_point: ChargePoint, evse_id: int, profile: ChargingProfile) -> dict[str, Any]:
    """What is sent to install a profile: valid, its keys in order."""
    outgoing = translate(charge_point, SetChargingProfile(evse_id, profile))
    assert outgoing.action == "SetChargingProfile"
    check("SetChargingProfile", outgoing.payload)
    written: dict[str, Any] = outgoing.payload["csChargingProfiles"]
    return written


def test_a_profile_of_a_transaction_is_written_by_the_letter(charge_point: ChargePoint) -> None:
    outgoing = translate(charge_point, SetChargingProfile(2, TX))
    check("SetChargingProfile", outgoing.payload)
    assert outgoing.payload == {
        "connectorId": 2,
        "csChargingProfiles": {
            "chargingProfileId": 3,
            "transactionId": 7,
            "stackLevel": 2,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "validFrom": "2026-06-15T12:00:00Z",
            "validTo": "2026-06-15T13:00:00Z",
            "chargingSchedule": {
                "duration": 900,
                "startSchedule": "2026-06-15T11:59:00Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16, "numberPhases": 3},
                    {"startPeriod": 360, "limit": 6.2, "numberPhases": 1},
                ],
            },
        },
    }


def test_a_relative_profile_has_no_start_and_a_default_one_no_transaction(
    charge_point: ChargePoint,
) -> None:
    profile = replace(DEFAULT, start_at=NOON, transaction_id=7, ocpp_transaction_id="7")
    assert installed(charge_point, 0, profile) == {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4140}],
        },
    }


def test_the_limit_of_a_whole_charge_point_is_for_connector_0(charge_point: ChargePoint) -> None:
    profile = replace(DEFAULT, purpose=Purpose.STATION_MAX)
    written = installed(charge_point, 0, profile)
    assert written["chargingProfilePurpose"] == "ChargePointMaxProfile"
    with pytest.raises(InvalidValueError, match="evse_id: 1"):
        translate(charge_point, SetChargingProfile(1, profile))


async def test_a_profile_names_the_transaction_as_the_charger_calls_it(
    world: World, charge_point: ChargePoint
) -> None:
    start = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": world.clock.text()}
    answer = await say(world, charge_point, "StartTransaction", start)
    world.clock.advance(60)
    reading = {"timestamp": world.clock.text(), "sampledValue": [{"value": "5"}]}
    values = {"connectorId": 1, "transactionId": 99887, "meterValue": [reading]}
    await say(world, charge_point, "MeterValues", values)
    number = answer["transactionId"]
    profile = replace(TX, transaction_id=number, ocpp_transaction_id=str(number))
    assert installed(charge_point, 1, profile)["transactionId"] == 99887


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        (replace(TX, transaction_id=None, ocpp_transaction_id=None), "transaction_id"),
        (replace(TX, ocpp_transaction_id="6f9619ff"), "ocpp_transaction_id"),
        (replace(TX, periods=(Period(0, 16.0, 1, 2),)), "phase_to_use"),
        (replace(TX, periods=(Period(0, -1.0),)), "limit"),
    ],
)
def test_what_1_6_cannot_say_of_a_profile_is_refused_by_its_field(
    charge_point: ChargePoint, profile: ChargingProfile, field: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        translate(charge_point, SetChargingProfile(1, profile))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("status", "accepted"), [("Accepted", True), ("Rejected", False), ("NotSupported", False)]
)
def test_whether_a_profile_was_taken_is_understood(
    charge_point: ChargePoint, status: str, *, accepted: bool
) -> None:
    outgoing = translate(charge_point, SetChargingProfile(1, TX))
    assert outgoing.read({"status": status}, NOON).accepted is accepted


def test_a_composite_schedule_is_read(charge_point: ChargePoint) -> None:
    answer = translate(charge_point, GetCompositeSchedule(1, 300, "A")).read(
        {
            "status": "Accepted",
            "connectorId": 1,
            "scheduleStart": "2026-06-15T12:00:00Z",
            "chargingSchedule": {
                "duration": 300,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11040.0}],
            },
        },
        NOON,
    )
    assert answer.accepted
    assert answer.composite_schedule == CompositeSchedule(NOON, "W", (Period(0, 11040.0),), 300)


@pytest.mark.parametrize(
    "response",
    [
        {"status": "Accepted"},
        {"status": "Accepted", "chargingSchedule": None},
        {"status": "Accepted", "chargingSchedule": {"chargingRateUnit": "A"}},
        {"status": "Rejected", "chargingSchedule": {"chargingSchedulePeriod": [{"limit": 6}]}},
    ],
)
def test_an_answer_without_a_schedule_has_none(
    charge_point: ChargePoint, response: dict[str, Any]
) -> None:
    answer = translate(charge_point, GetCompositeSchedule(1, 300)).read(response, NOON)
    assert answer.composite_schedule is None
    assert answer.accepted is (response["status"] == "Accepted")
