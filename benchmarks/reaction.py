"""From an event to the limit on the wire: 500 chargers at a site, one car after the other.

Each StartTransaction makes load management share anew; the time runs until the SetChargingProfile
for that very transaction has come in at the charger.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.charger import ChargerSocket, connect
from benchmarks.mix import ID_TOKEN
from benchmarks.processes import Server, csms_server
from csms.cli.entering import Entry, enter

CHARGERS: Final = 500
ROWS: Final = 25
STARTS_PER_S: Final = 5.0
GOAL_MS: Final = 250.0
_SETTLING_S: Final = 20.0


@dataclass
class Box:
    """A charger that accepts every profile and knows when one for its transaction came."""

    number: int
    socket: ChargerSocket
    latencies_ms: list[float]
    started_s: float | None = None
    _ids: Any = field(default_factory=itertools.count)
    _answers: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        message_id = f"{self.number}-{next(self._ids)}"
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        self.socket.send(orjson.dumps([2, message_id, action, payload]))
        result: dict[str, Any] = await answer
        return result

    def on_text(self, text: bytes) -> None:
        kind, message_id, *rest = orjson.loads(text)
        if kind == 3:
            self._answers.pop(message_id).set_result(rest[0])
        elif kind == 2:
            action, payload = rest
            self._note(action, payload)
            self.socket.send(orjson.dumps([3, message_id, _answer(action, payload)]))

    def _note(self, action: str, payload: dict[str, Any]) -> None:
        profile = payload.get("csChargingProfiles", {})
        is_ours = action == "SetChargingProfile" and "transactionId" in profile
        if is_ours and self.started_s is not None:
            self.latencies_ms.append((time.perf_counter() - self.started_s) * 1000)
            self.started_s = None

    async def boot(self) -> None:
        await self.call(
            "BootNotification", {"chargePointVendor": "Bench", "chargePointModel": "Box"}
        )
        await self.status("Available")

    async def status(self, status: str) -> None:
        await self.call(
            "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": status}
        )

    async def start(self) -> None:
        await self.status("Preparing")
        self.started_s = time.perf_counter()
        await self.call(
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": ID_TOKEN,
                "meterStart": 0,
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            },
        )


def _answer(action: str, payload: dict[str, Any]) -> dict[str, Any]:
    if action == "GetConfiguration":
        return {"configurationKey": [], "unknownKey": payload.get("key", [])}
    if action == "GetCompositeSchedule":
        return {"status": "Rejected"}
    return {"status": "Accepted"}


def _entries(identities: list[str]) -> list[Entry]:
    entries = [
        Entry("sites/bench", {"name": "Bench"}),
        Entry("circuits/bench", {"site_id": "bench", "name": "Main", "breaker_a": 2500}),
    ]
    for row in range(ROWS):
        body = {"site_id": "bench", "name": f"Row {row}", "parent_id": "bench", "breaker_a": 160}
        entries.append(Entry(f"circuits/row-{row}", body))
    rotations = ("RST", "STR", "TRS")
    for number, identity in enumerate(identities):
        entries.append(Entry(f"charge-points/{identity}", {"registration_status": "accepted"}))
        body = {
            "circuit_id": f"row-{number % ROWS}",
            "phases": rotations[number % 3],
            "rated_a": 32,
        }
        entries.append(Entry(f"evses/{identity}/1", body))
    return entries


async def _measure(server: Server, starts: int) -> list[float]:
    identities = [f"BOX-{number:03d}" for number in range(CHARGERS)]
    assert server.api_key is not None
    await enter(f"http://127.0.0.1:{server.api_port}", server.api_key, _entries(identities))
    latencies_ms: list[float] = []
    boxes: list[Box] = []
    for number, identity in enumerate(identities):
        socket = await connect("127.0.0.1", server.port, f"/{identity}", "ocpp1.6")
        box = Box(number, socket, latencies_ms)
        socket.on_text = box.on_text
        boxes.append(box)
        await box.boot()
    await asyncio.sleep(_SETTLING_S)
    for box in boxes[:starts]:
        await box.start()
        await asyncio.sleep(1 / STARTS_PER_S)
    await asyncio.sleep(2.0)
    for box in boxes:
        box.socket.close()
    if len(latencies_ms) < starts:
        raise RuntimeError(f"{starts - len(latencies_ms)} of {starts} cars never got a limit")
    return latencies_ms


def show_reaction(console: Console, starts: int = 300) -> None:
    """Print how fast limits follow events."""
    with csms_server() as server:
        latencies_ms = asyncio.run(_measure(server, starts))
    percentiles = statistics.quantiles(latencies_ms, n=100)
    table = Table(title="From StartTransaction to its SetChargingProfile at the charger")
    for heading in ("chargers at the site", "starts/s", "starts", "p50 ms", "p99 ms", "goal p99"):
        table.add_column(heading, justify="right")
    table.add_row(
        str(CHARGERS),
        f"{STARTS_PER_S:g}",
        str(starts),
        f"{percentiles[49]:.0f}",
        f"{percentiles[98]:.0f}",
        f"{GOAL_MS:.0f}",
    )
    console.print(table)
