"""Pull the plug on the server while it is busy: whatever it answered is in the database."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fake_chargepoints.errors import LinkError
from fake_chargepoints.link import Link, LinkOptions
from running import V16_BOOT, V201_BOOT

CHARGERS = 24
ANSWERS_BEFORE_THE_END = 600
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


@dataclass
class Answered:
    """What the server said yes to."""

    count: int = 0
    started: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    readings: list[tuple[str, datetime]] = field(default_factory=list)
    events: list[tuple[str, int]] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def one_more(self) -> None:
        self.count += 1
        if self.count >= ANSWERS_BEFORE_THE_END:
            self.enough.set()


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def charge_v16(link: Link, identity: str, answered: Answered) -> None:
    """Charge again and again, noting down each answer as it comes."""
    await link.call("BootNotification", V16_BOOT)
    moment = BEGAN
    for wh in range(0, 1_000_000, 100):
        start = {"connectorId": 1, "idTag": "CARD", "meterStart": wh, "timestamp": text(moment)}
        number = (await link.call("StartTransaction", start))["transactionId"]
        answered.started.append(number)
        answered.one_more()
        for step in range(1, 4):
            moment += timedelta(seconds=1)
            value = {"timestamp": text(moment), "sampledValue": [{"value": str(wh + step)}]}
            report = {"connectorId": 1, "transactionId": number, "meterValue": [value]}
            await link.call("MeterValues", report)
            answered.readings.append((identity, moment))
            answered.one_more()
        moment += timedelta(seconds=1)
        stop = {"transactionId": number, "meterStop": wh + 10, "timestamp": text(moment)}
        await link.call("StopTransaction", stop)
        answered.stopped.append(number)
        answered.one_more()


async def charge_v201(link: Link, identity: str, answered: Answered) -> None:
    await link.call("BootNotification", V201_BOOT)
    moment = BEGAN
    for number in range(1_000_000):
        transaction = f"{identity}-{number}"
        for seq_no, kind in enumerate(("Started", "Updated", "Updated", "Ended")):
            moment += timedelta(seconds=1)
            value = {"timestamp": text(moment), "sampledValue": [{"value": number * 10 + seq_no}]}
            event: dict[str, Any] = {
                "eventType": kind,
                "timestamp": text(moment),
                "triggerReason": "MeterValuePeriodic",
                "seqNo": seq_no,
                "transactionInfo": {"transactionId": transaction},
                "evse": {"id": 1, "connectorId": 1},
                "meterValue": [value],
            }
            await link.call("TransactionEvent", event)
            answered.events.append((transaction, seq_no))
            answered.readings.append((identity, moment))
            answered.one_more()


async def charge_until_the_plug_is_pulled(url: str, number: int, answered: Answered) -> None:
    v16 = number % 2 == 0
    identity = f"CP-{number}"
    version = "ocpp1.6" if v16 else "ocpp2.0.1"
    link = Link(LinkOptions(url, identity, subprotocols=(version,), journal_limit=10))
    try:
        async with link:
            await (charge_v16 if v16 else charge_v201)(link, identity, answered)
    except LinkError:
        return  # the server is gone; what it had not answered does not count


@asynccontextmanager
async def server_process(
    database_url: str, data_dir: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`csms serve` as a process of its own; also yields where chargers connect."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "CSMS_DATABASE_URL": database_url,
        "CSMS_DATA_DIR": str(data_dir),
        "CSMS_OCPP_HOST": "127.0.0.1",
        "CSMS_OCPP_PORT": str(port),
        "CSMS_API_HOST": "127.0.0.1",
        "CSMS_API_PORT": "0",
        "CSMS_UNKNOWN_CHARGE_POINTS": "accept",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "csms",
        "serve",
        env=os.environ | settings,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_listening(port)
        yield process, f"ws://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_listening(port: int) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.timeout(300)
async def test_everything_that_was_answered_survives_kill_9(
    database_url: str, tmp_path: Path
) -> None:
    answered = Answered()
    async with (
        server_process(database_url, tmp_path) as (process, url),
        asyncio.TaskGroup() as chargers,
    ):
        for number in range(CHARGERS):
            chargers.create_task(charge_until_the_plug_is_pulled(url, number, answered))
        await asyncio.wait_for(answered.enough.wait(), 120)
        process.kill()
    assert answered.count >= ANSWERS_BEFORE_THE_END
    connection = await asyncpg.connect(database_url)
    try:
        stored = await connection.fetch("SELECT * FROM transactions")
        readings = await connection.fetch(
            "SELECT c.id, m.sampled_at FROM meter_values m "
            "JOIN charge_points c ON c.key = m.charge_point_key"
        )
    finally:
        await connection.close()
    assert set(answered.started) <= {row["id"] for row in stored}
    assert set(answered.stopped) <= {row["id"] for row in stored if row["stopped_at"]}
    assert set(answered.readings) <= {(row["id"], row["sampled_at"]) for row in readings}
    seen = {
        (row["ocpp_transaction_id"], seq_no)
        for row in stored
        for first, last in json.loads(row["evidence"])["seen_seq"]
        for seq_no in range(first, last + 1)
    }
    assert set(answered.events) <= seen
