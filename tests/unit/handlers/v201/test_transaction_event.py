"""A transaction told event by event, in order and out of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import REQUESTS
from unit.world import NOON, World

from csms.model import AuthorizationStatus, Flag
from csms.services.charge_point import ChargePoint


def energy(world: World, wh: float, context: str = "Sample.Periodic") -> dict[str, Any]:
    return {
        "timestamp": world.clock.text(),
        "sampledValue": [{"value": wh, "context": context}],
    }


def event(world: World, kind: str, seq_no: int, **fields: Any) -> dict[str, Any]:
    info = {"transactionId": "tx-1"} | fields.pop("info", {})
    return {
        "eventType": kind,
        "timestamp": world.clock.text(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": info,
    } | fields


def token(value: str, kind: str = "ISO14443") -> dict[str, Any]:
    return {"idToken": value, "type": kind}


async def charge(world: World, charge_point: ChargePoint) -> dict[str, Any]:
    """Charge 2 kWh in an hour with CARD-1; returns the answer to the last event."""
    started = event(
        world,
        "Started",
        0,
        evse={"id": 2, "connectorId": 1},
        idToken=token("CARD-1"),
        meterValue=[energy(world, 1000, "Transaction.Begin")],
        info={"chargingState": "EVConnected"},
    )
    await say(world, charge_point, "TransactionEvent", started)
    world.clock.advance(1800)
    updated = event(world, "Updated", 1, meterValue=[energy(world, 2000)])
    await say(world, charge_point, "TransactionEvent", updated)
    world.clock.advance(1800)
    ended = event(
        world,
        "Ended",
        2,
        meterValue=[energy(world, 3000, "Transaction.End")],
        info={"stoppedReason": "EVDisconnected"},
    )
    return await say(world, charge_point, "TransactionEvent", ended)


async def test_a_whole_transaction_is_recorded(world: World, charge_point: ChargePoint) -> None:
    assert await charge(world, charge_point) == {}
    transaction = world.store.transaction()
    assert (transaction.ocpp_transaction_id, transaction.evse_id) == ("tx-1", 2)
    assert transaction.id_token == "CARD-1"
    assert (transaction.started_at, transaction.stopped_at) == (NOON, NOON + timedelta(hours=1))
    assert (transaction.stop_reason, transaction.energy_wh) == ("EVDisconnected", Decimal(2000))
    assert transaction.flags == set()


async def test_only_an_event_with_a_token_is_answered_with_its_standing(
    world: World, charge_point: ChargePoint
) -> None:
    first = event(world, "Started", 0, evse={"id": 1})
    assert await say(world, charge_point, "TransactionEvent", first) == {}
    second = event(world, "Updated", 1, idToken=token("CARD-1"))
    assert await say(world, charge_point, "TransactionEvent", second) == {
        "idTokenInfo": {"status": "Accepted"}
    }
    third = event(world, "Updated", 2)
    assert await say(world, charge_point, "TransactionEvent", third) == {}


async def test_the_groups_of_both_cards_are_told_when_a_friend_stops(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("MINE", group_id="FAMILY")
    world.add_token("YOURS", group_id="FAMILY")
    started = event(world, "Started", 0, evse={"id": 1}, idToken=token("MINE"))
    stopped = event(world, "Updated", 1, idToken=token("YOURS"), triggerReason="StopAuthorized")
    answers = [
        await say(world, charge_point, "TransactionEvent", each) for each in (started, stopped)
    ]
    told = {
        "status": "Accepted",
        "groupIdToken": {"idToken": "FAMILY", "type": "Central"},
    }
    assert answers == [{"idTokenInfo": told}, {"idTokenInfo": told}]
    assert world.store.transaction().id_token == "MINE"


async def test_a_master_pass_ends_a_strangers_transaction(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("POLICE", group_id="MASTER", master_pass=True)
    started = event(world, "Started", 0, evse={"id": 1}, idToken=token("CARD-1"))
    await say(world, charge_point, "TransactionEvent", started)
    ended = event(world, "Ended", 1, idToken=token("POLICE"), info={"stoppedReason": "MasterPass"})
    answer = await say(world, charge_point, "TransactionEvent", ended)
    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "MASTER"
    transaction = world.store.transaction()
    assert (transaction.id_token, transaction.stop_id_token) == ("CARD-1", "POLICE")
    assert transaction.stop_reason == "MasterPass"


async def test_a_blocked_card_is_refused_but_its_transaction_is_recorded(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("LOST", status=AuthorizationStatus.BLOCKED)
    started = event(world, "Started", 0, evse={"id": 1}, idToken=token("LOST"))
    answer = await say(world, charge_point, "TransactionEvent", started)
    assert answer == {"idTokenInfo": {"status": "Blocked"}}
    assert Flag.NOT_AUTHORIZED in world.store.transaction().flags


async def test_a_start_button_is_always_accepted(world: World, charge_point: ChargePoint) -> None:
    started = event(world, "Started", 0, evse={"id": 1}, idToken=token("", "NoAuthorization"))
    answer = await say(world, charge_point, "TransactionEvent", started)
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


async def test_a_token_nobody_can_read_is_invalid_and_its_energy_is_not_lost(
    world: World, charge_point: ChargePoint
) -> None:
    started = event(world, "Started", 0, evse={"id": 1}, idToken=[7], meterValue=[energy(world, 5)])
    answer = await mumble(world, charge_point, "TransactionEvent", started)
    assert answer == {"idTokenInfo": {"status": "Invalid"}}
    assert world.store.transaction().meter_start_wh == Decimal(5)


async def test_the_place_is_named_once_and_kept(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "TransactionEvent", event(world, "Started", 0))
    named = event(world, "Updated", 1, evse={"id": 2, "connectorId": 3})
    await say(world, charge_point, "TransactionEvent", named)
    await say(world, charge_point, "TransactionEvent", event(world, "Updated", 2))
    transaction = world.store.transaction()
    assert (transaction.evse_id, transaction.connector_id) == (2, 3)


async def test_an_evse_without_a_connector_is_its_first(
    world: World, charge_point: ChargePoint
) -> None:
    started = event(world, "Started", 0, evse={"id": 4})
    await say(world, charge_point, "TransactionEvent", started)
    transaction = world.store.transaction()
    assert (transaction.evse_id, transaction.connector_id) == (4, 1)


async def test_repeated_events_change_nothing(world: World, charge_point: ChargePoint) -> None:
    await charge(world, charge_point)
    before = world.store.transaction()
    repeat = event(world, "Ended", 2, info={"stoppedReason": "Other"})
    await say(world, charge_point, "TransactionEvent", repeat)
    after = world.store.transaction()
    assert (after.stopped_at, after.stop_reason) == (before.stopped_at, before.stop_reason)
    assert after.energy_wh == before.energy_wh


async def test_events_of_an_offline_period_are_flagged_and_keep_their_time(
    world: World, charge_point: ChargePoint
) -> None:
    started = event(world, "Started", 0, evse={"id": 1}, offline=True, idToken=token("CARD-1"))
    world.clock.advance(7200)
    await say(world, charge_point, "TransactionEvent", started)
    transaction = world.store.transaction()
    assert transaction.started_at == NOON
    assert Flag.OFFLINE in transaction.flags


async def test_an_end_that_overtakes_its_start_makes_one_transaction(
    world: World, charge_point: ChargePoint
) -> None:
    started = event(
        world, "Started", 0, evse={"id": 1}, idToken=token("CARD-1"), meterValue=[energy(world, 10)]
    )
    world.clock.advance(600)
    ended = event(world, "Ended", 1, meterValue=[energy(world, 110)])
    await say(world, charge_point, "TransactionEvent", ended)
    await say(world, charge_point, "TransactionEvent", started)
    transaction = world.store.transaction()
    assert (transaction.started_at, transaction.stopped_at) == (NOON, world.clock.now())
    assert (transaction.id_token, transaction.energy_wh) == ("CARD-1", Decimal(100))


async def test_what_a_remote_start_and_a_reservation_left_is_kept(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "TransactionEvent", REQUESTS["TransactionEvent"])
    transaction = world.store.transaction()
    assert (transaction.remote_start_id, transaction.reservation_id) == (77, 9)
    assert transaction.charging_state == "Charging"


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        ({"eventType": "ENDED"}, True),
        ({"transactionInfo": {"transactionId": "tx-1", "stoppedReason": "Local"}}, True),
        ({}, False),
        ({"eventType": 7}, False),
    ],
)
async def test_an_event_without_a_clear_kind_is_recorded_as_what_it_must_be(
    world: World, charge_point: ChargePoint, said: dict[str, Any], ended: bool
) -> None:
    request = {"transactionInfo": {"transactionId": "tx-1"}, "seqNo": 4} | said
    await mumble(world, charge_point, "TransactionEvent", request)
    assert (world.store.transaction().stopped_at is not None) is ended


async def test_the_readings_of_an_event_without_a_kind_tell_what_it_is(
    world: World, charge_point: ChargePoint
) -> None:
    for wh, context in ((1000, "Transaction.Begin"), (4000, "Transaction.End")):
        request = event(world, "?", 0, meterValue=[energy(world, wh, context)])
        del request["seqNo"], request["eventType"]
        await mumble(world, charge_point, "TransactionEvent", request)
        world.clock.advance(3600)
    transaction = world.store.transaction()
    assert (transaction.start_known, transaction.stop_known) == (True, True)
    assert transaction.energy_wh == Decimal(3000)


async def test_events_without_sequence_numbers_are_no_repeats_of_each_other(
    world: World, charge_point: ChargePoint
) -> None:
    for kind, wh in (("Started", 100), ("Updated", 200), ("Ended", 300)):
        request = event(world, kind, 0, evse={"id": 1}, meterValue=[energy(world, wh)])
        del request["seqNo"]
        await mumble(world, charge_point, "TransactionEvent", request)
        world.clock.advance(60)
    transaction = world.store.transaction()
    assert transaction.energy_wh == Decimal(200)
    assert transaction.stopped_at is not None


async def test_a_transaction_id_that_is_a_number_is_still_one(
    world: World, charge_point: ChargePoint
) -> None:
    for kind in ("Started", "Updated"):
        request = event(world, kind, 0, info={"transactionId": 4711})
        await mumble(world, charge_point, "TransactionEvent", request)
    assert world.store.transaction().ocpp_transaction_id == "4711"
