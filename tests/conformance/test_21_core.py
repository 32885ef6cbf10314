"""OCPP 2.1: what changed for every charging station, and the frames that are new."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import (
    ACCEPTED,
    Session,
    notifications,
    now,
    reading,
    station_21,
    station_201,
    tell_status,
    token,
)
from fake_chargepoints.errors import CallError
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running

CALLS = "/charge-points/CS-1/calls"
SAID = {"idTokenInfo": ACCEPTED}


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (("ocpp2.1",), "ocpp2.1"),
        (("ocpp1.6", "ocpp2.0.1", "ocpp2.1"), "ocpp2.1"),
        (("ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1"),
    ],
)
async def test_the_newest_version_of_both_is_agreed_on(
    server: Running, offered: tuple[str, ...], agreed: str
) -> None:
    station = ScriptedChargePoint(LinkOptions(server.url, "CS-1", subprotocols=offered))
    async with station:
        assert station.link.subprotocol == agreed
    shown = await server.get("/charge-points/CS-1")
    assert shown["ocpp_version"] == agreed


async def test_a_station_that_is_pinned_to_201_gets_201(server: Running) -> None:
    await server.accept("CS-1", pinned_version="ocpp2.0.1")
    options = LinkOptions(server.url, "CS-1", subprotocols=("ocpp2.1", "ocpp2.0.1"))
    async with ScriptedChargePoint(options) as station:
        assert station.link.subprotocol == "ocpp2.0.1"


async def test_a_station_boots_authorises_charges_and_its_transaction_is_recorded(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_21(server) as station:
        await tell_status(station, "Occupied")
        session = Session(station)
        await session.start("CARD-1")
        begin = reading(1000.0, "Transaction.Begin")
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[begin], reply={})
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(5000.0)])
        await session.finish()
    (transaction,) = await server.transactions()
    assert (transaction["id_token"], transaction["energy_wh"]) == ("CARD-1", 4000)
    assert transaction["stop_reason"] == "EVDisconnected"


async def test_what_a_station_of_21_charged_has_its_price(server: Running) -> None:
    await server.add_token("CARD-1")
    await server.put("/sites/garage", {"name": "Garage"})
    await server.accept("CS-1", site_id="garage")
    version = {
        "valid_from": "2020-01-01",
        "elements": [{"components": [{"type": "ENERGY", "price": 0.30}]}],
    }
    flat = {"id": "flat", "name": "Flat", "currency": "EUR", "versions": [version]}
    await server.post("/tariffs", flat, status=201)
    assignment = {"tariff_id": "flat", "scope": "site", "subject_id": "garage"}
    await server.post("/tariff-assignments", assignment, status=201)
    async with station_21(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        begin = reading(1000.0, "Transaction.Begin")
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[begin])
        await session.tell("Updated", "MeterValuePeriodic", meterValue=[reading(5000.0)])
        await session.finish()
    (transaction,) = await server.transactions()
    path = f"/transactions/{transaction['id']}"
    priced = await server.eventually(path, lambda one: one["cost"]["revision"] is not None)
    assert (priced["cost"]["gross"], priced["cost"]["currency"]) == (1.2, "EUR")


async def test_a_card_of_255_characters_and_a_type_of_its_own_may_charge(server: Running) -> None:
    long = "A" * 255
    await server.put(f"/id-tokens/{long}", {"id_token": long})
    async with station_21(server) as station:
        await station.send("Authorize", {"idToken": token(long, "VendorsOwn")}, reply=SAID)


async def test_who_paid_at_the_terminal_of_the_station_may_charge(server: Running) -> None:
    async with station_21(server) as station:
        paid = token("PSP-4711", "DirectPayment")
        await station.send("Authorize", {"idToken": paid}, reply=SAID)
        session = Session(station)
        await session.tell("Started", "Authorized", idToken=paid, reply=SAID)
        await session.finish()
    (transaction,) = await server.transactions()
    assert transaction["id_token"] == "PSP-4711"
    assert "not_authorized" not in transaction["flags"]


async def test_the_measurands_of_21_find_their_place(server: Running) -> None:
    async with station_21(server) as station:
        samples = [
            {"value": 16.0, "measurand": "Current.Import.Offered", "unitOfMeasure": {"unit": "A"}},
            {"value": 11.0, "measurand": "Power.Import.Offered", "unitOfMeasure": {"unit": "kW"}},
            {"value": 6.0, "measurand": "Current.Import.Minimum", "location": "Upstream"},
        ]
        told = {"evseId": 1, "meterValue": [{"timestamp": now(), "sampledValue": samples}]}
        await station.send("MeterValues", told, reply={})
    (row,) = await server.rows(
        "SELECT current_offered_a, power_offered_w, others::text FROM meter_values"
    )
    assert (row["current_offered_a"], row["power_offered_w"]) == (16.0, 11000.0)
    assert "Current.Import.Minimum" in row["others"]


async def test_new_fields_and_words_that_nobody_knows_yet_break_nothing(server: Running) -> None:
    await server.add_token("CARD-1")
    async with server.charge_point("CS-1", "ocpp2.1") as station:
        boot = {
            **V201_BOOT,
            "reason": "SolarFlare",
            "colour": "red",
            "customData": {"vendorId": "V", "anything": [1, {"x": None}]},
        }
        await station.send("BootNotification", boot, reply=ACCEPTED)
        session = Session(station)
        await session.tell(
            "Started",
            "TeleportedIn",
            idToken={**token("CARD-1"), "aura": "good"},
            info={"chargingState": "Charging", "mood": "happy"},
            preconditioningStatus="Simmering",
            meterValue=[reading(10.0, "Transaction.Begin", measurand="Flux.Import", unit="B")],
            reply=SAID,
        )
        await session.tell("Ended", "TeleportedOut", info={"stoppedReason": "Teleported"})
        with pytest.raises(CallError) as refused:
            await station.send("DoTheImpossible", {})
        assert refused.value.code == "NotImplemented"
        await station.send("Heartbeat", {})
    (transaction,) = await server.transactions()
    assert (transaction["id_token"], transaction["stop_reason"]) == ("CARD-1", "Teleported")


async def test_a_send_is_never_answered_whatever_is_in_it(server: Running) -> None:
    async with station_21(server) as station:
        link = station.link
        received = len(link.journal)
        await link.send_unconfirmed("Heartbeat", {})
        await link.send_unconfirmed("NoSuchAction", {})
        await link.send_unconfirmed("NotifyPeriodicEventStream", {"id": "?"})
        await link.send_raw('[6,"17"]')
        await link.send_raw('[6,"18","NotifyPeriodicEventStream",{"id":1')
        await station.send("Heartbeat", {})
        crossed = list(link.journal)[received:]
        assert [entry.direction for entry in crossed].count("received") == 1


async def test_201_has_no_send(server: Running) -> None:
    async with station_201(server) as station:
        await station.link.send_unconfirmed("Heartbeat", {})
        await station.send("Heartbeat", {})
        (error,) = station.link.journal.errors("received")
        assert error.code == "MessageTypeNotSupported"


@pytest.mark.parametrize(
    ("answer", "code"),
    [('"nothing"', "FormatViolation"), ("{}", "OccurrenceConstraintViolation")],
)
async def test_a_station_is_told_that_its_answer_is_wrong(
    server: Running, answer: str, code: str
) -> None:
    async with station_21(server) as station:

        async def answer_badly(payload: dict[str, Any]) -> None:
            call = station.link.journal.calls("received", "ClearCache")[-1]
            await station.link.send_raw(f'[3,"{call.message_id}",{answer}]')

        station.expect("ClearCache", before=answer_badly)
        await server.api("POST", f"{CALLS}/ClearCache", {})
        await station.settle(5)
        await station.send("Heartbeat", {})
        (error,) = station.link.journal.result_errors("received")
        assert error.code == code


async def test_an_answer_that_a_station_cannot_use_is_shown_to_the_operator_once(
    server: Running,
) -> None:
    async with station_21(server) as station:
        for _ in range(2):
            await station.send("Heartbeat", {}, message_id="hb")
            await station.link.send_raw('[5,"hb","FormatViolation","no time in it",{"a":1}]')
        await station.send("Heartbeat", {})
        assert len(station.link.journal.errors("received")) == 0
    (told,) = await notifications(server, "answer_refused")
    assert told["severity"] == "warning"
    assert told["data"] == {
        "action": "Heartbeat",
        "code": "FormatViolation",
        "description": "no time in it",
        "details": {"a": 1},
    }


async def test_a_raw_call_of_21_is_checked_by_its_own_schema(server: Running) -> None:
    async with station_21(server) as station:
        order = station.expect("AFRRSignal")
        signal = {"timestamp": now(), "signal": -3}
        assert await server.post(f"{CALLS}/AFRRSignal", signal) == ACCEPTED
        assert await order.happened() == signal
        wrong = {**signal, "signal": "up"}
        problem = await server.post(f"{CALLS}/AFRRSignal", wrong, status=422)
        assert [error["field"] for error in problem["errors"]] == ["signal"]


async def test_any_message_may_be_triggered_by_its_vendors_name(server: Running) -> None:
    async with station_21(server) as station:
        order = station.expect("TriggerMessage")
        await server.post("/charge-points/CS-1/trigger", {"message": "Selftest"})
        assert await order.happened() == {
            "requestedMessage": "CustomTrigger",
            "customTrigger": "Selftest",
        }


async def test_a_network_profile_names_the_version(server: Running) -> None:
    async with station_21(server) as station:
        order = station.expect("SetNetworkProfile")
        body = {"slot": 1, "url": "ws://csms.example.org", "security_profile": 0}
        await server.post("/charge-points/CS-1/network-profile", body)
        assert (await order.happened())["connectionData"]["ocppVersion"] == "OCPP21"
