"""Mutated frames at a running server: it must stay well, and go on answering."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import orjson
import psutil
from fuzzing.messages import CALL, WITNESS_WH, random_answer, random_frame, witness
from fuzzing.mutations import mutated
from running import V16_BOOT, V201_BOOT, Running
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from csms.model import OcppVersion

BATCH: Final = 50
BOOTS: Final = {
    OcppVersion.V16: V16_BOOT,
    OcppVersion.V201: V201_BOOT,
    OcppVersion.V21: V201_BOOT,
}
STORED: Final = """
SELECT m.energy_wh FROM meter_values m JOIN charge_points c ON c.key = m.charge_point_key
WHERE c.id = $1 AND m.energy_wh >= $2
"""
SETTINGS: Final[dict[str, Any]] = {"messages_per_second": 1e6, "messages_burst": 1_000_000}


class Trouble(logging.Handler):
    """Keeps what the server logs as failed: an exception, or an error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.seen.append(self.format(record))

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger().removeHandler(self)


@dataclass
class Campaign:
    """How it went: `failures` is what must not be."""

    sent: int = 0
    batches: int = 0
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)
    """Of the server's process, after each batch."""


async def bombard(server: Running, version: OcppVersion, frames: int, seed: int) -> Campaign:
    """Send so many mutated frames to a server that accepts the charge point FUZZ-<version>.

    After every batch the same connection has to answer a Heartbeat, and a reading that came with
    it must be stored.
    """
    chance, campaign, process = random.Random(seed), Campaign(), psutil.Process()
    identity = f"FUZZ-{version.value}"
    url = f"{server.url}/{identity}"
    protocol = Subprotocol(version.value)
    with Trouble() as trouble:
        async with connect(url, subprotocols=[protocol], compression=None) as socket:
            await socket.send(
                orjson.dumps([2, "boot", "BootNotification", BOOTS[version]]), text=True
            )
            while campaign.sent < frames:
                batch = [_frame(version, chance) for _ in range(min(BATCH, frames - campaign.sent))]
                for raw in batch:
                    await socket.send(raw, text=_is_text(raw))
                campaign.sent += len(batch)
                campaign.batches += 1
                await socket.send(orjson.dumps(witness(version, campaign.batches)), text=True)
                await _heartbeat(socket, campaign, version, chance)
                campaign.memory_bytes.append(process.memory_info().rss)
        campaign.failures += trouble.seen
    campaign.failures += await _lost(server, identity, campaign.batches)
    return campaign


async def _lost(server: Running, identity: str, batches: int) -> list[str]:
    """Return what was answered and is not in the database."""
    stored = {row["energy_wh"] for row in await server.rows(STORED, identity, WITNESS_WH)}
    wanted = range(WITNESS_WH + 1, WITNESS_WH + batches + 1)
    return [f"a reading of {wh} Wh is not stored" for wh in wanted if wh not in stored]


def _frame(version: OcppVersion, chance: random.Random) -> bytes:
    return mutated(random_frame(version, chance), chance)


def _is_text(raw: bytes) -> bool:
    """A text message that is no UTF-8 ends a WebSocket (RFC 6455 8.1); a binary one need not."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


async def _heartbeat(
    socket: ClientConnection, campaign: Campaign, version: OcppVersion, chance: random.Random
) -> None:
    """Read answers until that of a Heartbeat; calls of the server are answered by chance."""
    message_id = f"alive-{campaign.sent}"
    await socket.send(orjson.dumps([2, message_id, "Heartbeat", {}]), text=True)
    while True:
        answer = orjson.loads(await socket.recv())
        if answer[0] == CALL:
            reply = random_answer(version, answer[1], answer[2], chance)
            await socket.send(orjson.dumps(reply), text=True)
        if answer[0] == 4 and answer[2] == "InternalError":
            campaign.failures.append(f"answered {answer!r}")
        if answer[0] == 3 and answer[1] == message_id:
            return
        campaign.answered += 1
