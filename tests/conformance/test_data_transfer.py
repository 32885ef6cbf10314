"""Block P of OCPP 2.0.1, and DataTransfer of 1.6: vendors' own messages and fields."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conformance.stations import OUTLET, now, station_16, station_201, token
from running import Running

CUSTOM = {"vendorId": "org.example", "anything": [1, {"deep": True}]}


async def test_tc_p_02_a_vendor_that_nobody_speaks_for_is_unknown(server: Running) -> None:
    async with station_201(server) as station:
        sent = {"vendorId": "org.example", "messageId": "hello", "data": {"a": 1}}
        await station.send("DataTransfer", sent, reply={"status": "UnknownVendorId"})
    noted = (await server.get("/charge-points/CS-1/notifications?kind=data_transfer"))["items"]
    assert [each["data"]["data"] for each in noted] == [{"a": 1}]


async def test_tc_p_03_custom_data_is_taken_wherever_it_stands(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        told = {
            "timestamp": now(),
            "connectorStatus": "Available",
            "evseId": 1,
            "connectorId": 1,
            "customData": CUSTOM,
        }
        await station.send("StatusNotification", told, reply={})
        event = {
            "eventType": "Started",
            "timestamp": now(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "tx-1", "customData": CUSTOM},
            "evse": OUTLET,
            "idToken": token("CARD-1"),
            "customData": CUSTOM,
        }
        accepted = {"idTokenInfo": {"status": "Accepted"}}
        await station.send("TransactionEvent", event, reply=accepted)
    (transaction,) = await server.transactions()
    assert transaction["ocpp_transaction_id"] == "tx-1"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize(
    ("message_id", "answer"),
    [
        ("Hello", {"status": "Accepted", "data": "welcome"}),
        ("goodbye", {"status": "UnknownMessageId"}),
        (None, {"status": "UnknownMessageId"}),
    ],
)
async def test_an_operator_says_how_a_vendors_messages_are_answered(
    server: Running, version: str, message_id: str | None, answer: dict[str, Any]
) -> None:
    rule = {"message_ids": ["hello"], "data": "welcome"}
    await server.put("/data-transfer-rules/Org.Example", rule)
    sent = {"vendorId": "ORG.example"} | ({"messageId": message_id} if message_id else {})
    async with (station_16 if version == "1.6" else station_201)(server) as station:
        assert await station.send("DataTransfer", sent) == answer


async def test_a_vendor_is_unknown_again_once_its_rule_is_gone(server: Running) -> None:
    await server.put("/data-transfer-rules/org.example", {"status": "Rejected"})
    sent = {"vendorId": "org.example"}
    async with station_201(server) as station:
        await station.send("DataTransfer", sent, reply={"status": "Rejected"})
        assert (await server.api("DELETE", "/data-transfer-rules/ORG.EXAMPLE")).status == 204
        async with asyncio.timeout(10):
            while (await station.send("DataTransfer", sent))["status"] == "Rejected":
                await asyncio.sleep(0.1)
    assert (await server.get("/data-transfer-rules"))["items"] == []
