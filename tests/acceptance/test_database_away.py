"""While the database is away nothing is refused, however little of a message is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from conformance.stations import now
from outages import database_away, database_read_only, disk_full
from running import V16_BOOT, V201_BOOT, Running

Message = tuple[str, dict[str, Any]]


def start(card: str) -> Message:
    return "StartTransaction", {
        "connectorId": 1,
        "idTag": card,
        "meterStart": 0,
        "timestamp": now(),
    }


def event(kind: str, **more: Any) -> Message:
    return "TransactionEvent", {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": f"tx-{kind}"},
        "evse": {"id": 1, "connectorId": 1},
        **more,
    }


def messages_16() -> list[Message]:
    """Each needs something that only the database knows."""
    reading = {"timestamp": now(), "sampledValue": [{"value": "5000"}]}
    return [
        start("CARD-1"),
        ("StopTransaction", {"transactionId": 4711, "meterStop": 7000, "timestamp": now()}),
        (
            "StopTransaction",
            {"transactionId": 4712, "idTag": "CARD-2", "meterStop": 8000, "timestamp": now()},
        ),
        ("MeterValues", {"connectorId": 1, "transactionId": 4713, "meterValue": [reading]}),
        ("Authorize", {"idTag": "CARD-3"}),
    ]


def messages_201() -> list[Message]:
    return [
        event("Started", idToken={"idToken": "CARD-4", "type": "ISO14443"}),
        event("Ended"),
        ("Authorize", {"idToken": {"idToken": "CARD-5", "type": "ISO14443"}}),
    ]


def metric(server: Running, name: str) -> float | None:
    return server.app.metrics.registry.get_sample_value(name)


async def until(server: Running, name: str, value: float) -> None:
    async with asyncio.timeout(20):
        while metric(server, name) != value:
            await asyncio.sleep(0.02)


async def readiness(server: Running) -> tuple[int, list[str]]:
    async with server.http.get(f"{server.api_url}/readyz") as response:
        return response.status, (await response.json())["reasons"]


@pytest.mark.parametrize(
    ("version", "boot", "messages"),
    [("ocpp1.6", V16_BOOT, messages_16), ("ocpp2.0.1", V201_BOOT, messages_201)],
)
async def test_messages_wait_until_it_is_back(
    server: Running,
    database_server: str,
    database_url: str,
    version: str,
    boot: dict[str, Any],
    messages: Callable[[], list[Message]],
) -> None:
    wanted = messages()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        chargers = []
        for number in range(len(wanted)):
            link = server.charge_point(f"CP-{number}", version)
            charger = await stack.enter_async_context(link)
            await charger.send("BootNotification", boot)
            chargers.append(charger)
        async with database_away(database_server, database_url):
            answers = [
                tasks.create_task(charger.send(*message, timeout_s=60))
                for charger, message in zip(chargers, wanted, strict=True)
            ]
            await until(server, "csms_waiting_messages", len(wanted))
            assert not any(answer.done() for answer in answers)
        await asyncio.gather(*answers)
        assert metric(server, "csms_waiting_messages") == 0
        recorded = [action for action, _ in wanted if action != "Authorize"]
        assert len(await server.transactions()) == len(recorded)


async def test_a_server_that_takes_no_writes_is_waited_for(
    server: Running, database_server: str, database_url: str
) -> None:
    async with server.charge_point() as charger, asyncio.TaskGroup() as tasks:
        await charger.send("BootNotification", V16_BOOT)
        async with database_read_only(database_server, database_url):
            answer = tasks.create_task(charger.send(*start("CARD-1"), timeout_s=60))
            await until(server, "csms_database_up", 0)
            status, reasons = await readiness(server)
            assert status == 503
            assert "the database does not answer: it takes no writes" in reasons
    assert answer.result()["transactionId"] > 0
    assert len(await server.transactions()) == 1


async def test_a_database_that_answers_but_takes_nothing_is_no_good(
    server: Running, database_url: str
) -> None:
    async with server.charge_point() as charger, asyncio.TaskGroup() as tasks:
        await charger.send("BootNotification", V16_BOOT)
        async with disk_full(database_url):
            answer = tasks.create_task(charger.send(*start("CARD-1"), timeout_s=60))
            await until(server, "csms_database_up", 0)
            status, reasons = await readiness(server)
            assert (status, len(reasons)) == (503, 1)
            assert "no space left on device" in reasons[0]
    assert answer.result()["transactionId"] > 0
    assert (await readiness(server))[0] == 200
