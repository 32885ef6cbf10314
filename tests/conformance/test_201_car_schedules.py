"""OCPP 2.0.1, block K: cars that tell their needs and schedules, at a steered EVSE."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from acceptance.api.installation import set_up
from conformance.stations import ACCEPTED, Session, now, station_201
from fake_chargepoints.frames import Call
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running

NEEDS = {
    "maxScheduleTuples": 3,
    "chargingNeeds": {
        "acChargingParameters": {
            "energyAmount": 20000,
            "evMinCurrent": 6,
            "evMaxCurrent": 16,
            "evMaxVoltage": 230,
        },
        "requestedEnergyTransfer": "AC_three_phase",
    },
    "evseId": 1,
}


def tx_profiles(station: ScriptedChargePoint) -> list[dict[str, Any]]:
    """The profiles that the running transaction was told so far."""
    calls = [entry.frame for entry in station.link.journal if isinstance(entry.frame, Call)]
    told = [call.payload for call in calls if call.action == "SetChargingProfile"]
    return [
        each["chargingProfile"]
        for each in told
        if each["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    ]


async def next_profile(station: ScriptedChargePoint, known: int) -> dict[str, Any]:
    """The profile that comes after so many."""
    async with asyncio.timeout(30):
        while len(tx_profiles(station)) <= known:
            await asyncio.sleep(0.02)
    told = tx_profiles(station)[known]
    assert told["transactionId"] == "tx-1"
    return told


@asynccontextmanager
async def charging(
    server: Running, version: str = "ocpp2.0.1"
) -> AsyncIterator[ScriptedChargePoint]:
    """A steered station with a running transaction that has its first profile."""
    await server.add_token("CARD-1")
    await set_up(server)
    async with asyncio.timeout(30):
        while (await server.api("GET", "/sites/garage/allocation")).status != 200:
            await asyncio.sleep(0.02)
    station = server.charge_point("CP-1", version)
    for order in ("SetChargingProfile", "ClearChargingProfile"):
        station.tolerate(order, ACCEPTED)
    station.tolerate("GetVariables", {"getVariableResult": []})
    for question in ("GetChargingProfiles", "GetCompositeSchedule"):
        station.tolerate(question, {"status": "Rejected"})
    async with station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        await Session(station).start("CARD-1")
        await next_profile(station, 0)
        yield station


def set_by_hand(limit: float) -> dict[str, Any]:
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 158,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "transactionId": "tx-1",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
                }
            ],
        },
    }


@asynccontextmanager
async def charging_unsteered(server: Running) -> AsyncIterator[ScriptedChargePoint]:
    """A station that nobody steers, with a transaction whose profile was set by the raw door."""
    await server.add_token("CARD-1")
    async with station_201(server, "CP-1") as station:
        await Session(station).start("CARD-1")
        station.expect("SetChargingProfile")
        path = "/charge-points/CP-1/calls/SetChargingProfile"
        await server.post(path, set_by_hand(10))
        yield station


async def test_tc_k_55_so_it_is_with_a_profile_that_was_set_by_hand(server: Running) -> None:
    async with charging_unsteered(server) as station:
        again = station.expect("SetChargingProfile", check=set_by_hand(10))
        schedule = set_by_hand(12)["chargingProfile"]["chargingSchedule"][0]
        await tell_schedule(station, schedule, "Rejected")
        told = (await again.happened())["chargingProfile"]
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")


async def test_tc_k_59_a_profile_that_was_set_by_hand_answers_the_needs_of_its_car(
    server: Running,
) -> None:
    async with charging_unsteered(server) as station:
        again = station.expect("SetChargingProfile", check=set_by_hand(10))
        await station.send("NotifyEVChargingNeeds", NEEDS, reply=ACCEPTED)
        await again.happened()


async def test_a_profile_of_an_earlier_transaction_promises_nothing(server: Running) -> None:
    async with charging_unsteered(server) as station:
        session = Session(station)
        session.skip(9)
        await session.finish()
        await Session(station, "tx-2").start("CARD-1")
        await station.send("NotifyEVChargingNeeds", NEEDS, reply={"status": "Rejected"})


async def test_a_profile_that_was_cleared_promises_nothing(server: Running) -> None:
    async with charging_unsteered(server) as station:
        station.expect("ClearChargingProfile")
        await server.post("/charge-points/CP-1/charging-profiles/clear", {"profile_id": 158})
        await station.send("NotifyEVChargingNeeds", NEEDS, reply={"status": "Rejected"})


async def tell_schedule(
    station: ScriptedChargePoint, schedule: dict[str, Any], status: str
) -> None:
    told = {"timeBase": now(), "chargingSchedule": schedule, "evseId": 1}
    await station.send("NotifyEVChargingSchedule", told, reply={"status": status})


def highest(schedule: dict[str, Any]) -> dict[str, Any]:
    """A schedule at the highest limit of another."""
    limit = max(period["limit"] for period in schedule["chargingSchedulePeriod"])
    period = {"startPeriod": 0, "limit": limit}
    return {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}


async def test_tc_k_53_a_car_that_tells_its_needs_gets_a_profile_and_keeps_within_it(
    server: Running,
) -> None:
    async with charging(server) as station:
        known = len(tx_profiles(station))
        await station.send("NotifyEVChargingNeeds", NEEDS, reply=ACCEPTED)
        told = await next_profile(station, known)
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")


async def test_tc_k_55_a_schedule_above_the_limit_is_rejected_and_the_limit_told_again(
    server: Running,
) -> None:
    async with charging(server) as station:
        too_much = {
            "id": 1,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 22_000, "numberPhases": 3}],
        }
        known = len(tx_profiles(station))
        await tell_schedule(station, too_much, "Rejected")  # K15.FR.12, K17.FR.12
        told = await next_profile(station, known)
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")


async def test_in_2_1_what_a_car_means_to_draw_on_each_phase_counts_together(
    server: Running,
) -> None:
    async with charging(server, "ocpp2.1") as station:
        for limit, status in ((2_000, "Accepted"), (8_000, "Rejected")):
            phases = {"limit": limit, "limit_L2": limit, "limit_L3": limit}
            schedule = {
                "id": 1,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, **phases}],
            }
            await tell_schedule(station, schedule, status)


async def test_tc_k_57_a_car_that_tells_its_needs_again_gets_another_profile(
    server: Running,
) -> None:
    async with charging(server) as station:
        for _ in range(2):
            known = len(tx_profiles(station))
            await station.send("NotifyEVChargingNeeds", NEEDS, reply=ACCEPTED)
            told = await next_profile(station, known)
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")


async def test_tc_k_58_a_schedule_is_changed_while_a_car_charges(server: Running) -> None:
    """Also TC_K_59: the car answers with its needs, and gets a profile once more."""
    async with charging(server) as station:
        known = len(tx_profiles(station))
        main = {"site_id": "garage", "breaker_a": 10}
        await server.put("/circuits/main", main)
        told = await next_profile(station, known)
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")
        known = len(tx_profiles(station))
        await station.send("NotifyEVChargingNeeds", NEEDS, reply=ACCEPTED)
        told = await next_profile(station, known)
        await tell_schedule(station, highest(told["chargingSchedule"][0]), "Accepted")
    assert highest(told["chargingSchedule"][0])["chargingSchedulePeriod"][0]["limit"] <= 10
