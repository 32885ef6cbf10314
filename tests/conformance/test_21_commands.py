"""OCPP 2.1: what an operator can do that earlier versions have no word for."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, station_21, station_201, token
from running import Running

CP = "/charge-points/CS-1"
TARIFF = {
    "tariffId": "T-1",
    "currency": "EUR",
    "energy": {"prices": [{"priceKwh": 0.35}]},
}


async def test_the_default_tariff_of_a_station_is_set(server: Running) -> None:
    async with station_21(server) as station:
        order = station.expect("SetDefaultTariff")
        body = {"evse_id": 1, "tariff": TARIFF}
        assert (await server.post(f"{CP}/default-tariff", body))["accepted"] is True
        assert await order.happened() == {"evseId": 1, "tariff": TARIFF}


async def test_a_tariff_that_is_none_is_refused_by_its_schema(server: Running) -> None:
    async with station_21(server):
        body = {"tariff": {"tariffId": "T-1", "price": 1}}
        problem = await server.post(f"{CP}/default-tariff", body, status=422)
    assert problem["errors"][0]["field"].startswith("tariff.")


async def test_the_tariffs_of_a_station_are_shown_and_removed(server: Running) -> None:
    assignment = {"tariffId": "T-1", "tariffKind": "DefaultTariff", "evseIds": [1]}
    async with station_21(server) as station:
        station.expect(
            "GetTariffs", {"status": "Accepted", "tariffAssignments": [assignment]}, check=None
        )
        shown = await server.get(f"{CP}/station-tariffs?evse_id=1")
        (tariff,) = shown["results"]
        assert (tariff["tariff_id"], tariff["kind"]) == ("T-1", "DefaultTariff")
        cleared = {"clearTariffsResult": [{"tariffId": "T-1", "status": "Accepted"}]}
        order = station.expect("ClearTariffs", cleared)
        answer = await server.post(f"{CP}/station-tariffs/clear", {"tariff_ids": ["T-1"]})
        assert answer["accepted"] is True
        assert await order.happened() == {"tariffIds": ["T-1"]}


async def test_a_tariff_that_the_station_did_not_remove_is_told(server: Running) -> None:
    cleared = {"clearTariffsResult": [{"tariffId": "T-1", "status": "Rejected"}]}
    async with station_21(server) as station:
        station.expect("ClearTariffs", cleared)
        answer = await server.post(f"{CP}/station-tariffs/clear", {})
    assert (answer["accepted"], answer["status"]) == (False, "Rejected")


@pytest.mark.parametrize(
    ("verb", "body", "action", "payload"),
    [
        (
            "transaction-tariff",
            {"tariff": TARIFF},
            "ChangeTransactionTariff",
            {"transactionId": "tx-1", "tariff": TARIFF},
        ),
        (
            "priority-charging",
            {},
            "UsePriorityCharging",
            {"transactionId": "tx-1", "activate": True},
        ),
        (
            "allowed-energy-transfer",
            {"allowed": ["DC", "DC_BPT", "DC"]},
            "NotifyAllowedEnergyTransfer",
            {"transactionId": "tx-1", "allowedEnergyTransfer": ["DC", "DC_BPT"]},
        ),
    ],
)
async def test_a_transaction_that_runs_is_named_by_our_id(
    server: Running, verb: str, body: dict[str, Any], action: str, payload: dict[str, Any]
) -> None:
    await server.add_token("CARD-1")
    async with station_21(server) as station:
        await Session(station).tell("Started", "Authorized", idToken=token("CARD-1"))
        (transaction,) = await server.transactions()
        order = station.expect(action)
        whole = {"transaction_id": transaction["id"], **body}
        assert (await server.post(f"{CP}/{verb}", whole))["accepted"] is True
        assert await order.happened() == payload


@pytest.mark.parametrize(
    ("verb", "body", "action", "payload", "answer"),
    [
        (
            "der-control/report",
            {"control_type": "VoltVar"},
            "GetDERControl",
            {"controlType": "VoltVar"},
            ACCEPTED,
        ),
        (
            "afrr-signal",
            {"signal": 5, "at": "2026-06-15T12:00:00Z"},
            "AFRRSignal",
            {"timestamp": "2026-06-15T12:00:00Z", "signal": 5},
            ACCEPTED,
        ),
        (
            "web-payment",
            {"evse_id": 1, "timeout_s": 300},
            "NotifyWebPaymentStarted",
            {"evseId": 1, "timeout": 300},
            {},
        ),
    ],
)
async def test_a_command_is_said_in_21s_words(
    server: Running,
    verb: str,
    body: dict[str, Any],
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    async with station_21(server) as station:
        order = station.expect(action, answer)
        assert (await server.post(f"{CP}/{verb}", body))["accepted"] is True
        sent = await order.happened()
    sent.pop("requestId", None)
    assert sent == payload


async def test_the_streams_of_a_station_are_asked_for(server: Running) -> None:
    stream = {"id": 3, "variableMonitoringId": 7, "params": {"interval": 5}}
    async with station_21(server) as station:
        station.expect("GetPeriodicEventStream", {"constantStreamData": [stream]})
        answer = await server.post(f"{CP}/event-streams/ask")
    (told,) = answer["results"]
    assert (told["stream_id"], told["interval_s"]) == (3, 5)


async def test_earlier_versions_say_that_they_have_no_such_command(server: Running) -> None:
    async with station_201(server):
        problem = await server.post(f"{CP}/default-tariff", {"tariff": TARIFF}, status=409)
    assert "ocpp2.0.1 has no SetDefaultTariff" in problem["detail"]


async def test_a_long_variable_and_a_long_root_fit(server: Running) -> None:
    async with station_21(server) as station:
        order = station.expect(
            "SetVariables",
            {
                "setVariableResult": [
                    {
                        "attributeStatus": "Accepted",
                        "component": {"name": "C"},
                        "variable": {"name": "V"},
                    }
                ]
            },
        )
        body = {"component": "C", "variable": "V", "value": "x" * 2500}
        await server.post(f"{CP}/configuration", body)
        (sent,) = (await order.happened())["setVariableData"]
        assert len(sent["attributeValue"]) == 2500


async def test_a_tariff_with_characters_that_no_database_holds_is_refused_politely(
    server: Running,
) -> None:
    async with station_21(server):
        body = {"tariff": {"tariff\x00Id": "T\x00"}}
        await server.post(f"{CP}/default-tariff", body, status=422)


async def test_a_tariff_of_ours_is_given_to_the_station(server: Running) -> None:
    component = {"type": "ENERGY", "price": 0.30, "vat_percent": 23}
    version = {"valid_from": "2020-01-01", "elements": [{"components": [component]}]}
    await server.put("/tariffs/flat", {"name": "Flat", "currency": "EUR", "versions": [version]})
    async with station_21(server) as station:
        order = station.expect("SetDefaultTariff")
        answer = await server.post(f"{CP}/default-tariff", {"tariff_id": "flat"})
        sent = (await order.happened())["tariff"]
        assert answer["results"] == [{"tariff_id": sent["tariffId"]}]
        assert sent["energy"] == {
            "taxRates": [{"type": "VAT", "tax": 23}],
            "prices": [{"priceKwh": 0.3}],
        }
        both = {"tariff_id": "flat", "tariff": TARIFF}
        await server.post(f"{CP}/default-tariff", both, status=422)
        await server.post(f"{CP}/default-tariff", {"tariff_id": "nobody"}, status=404)
