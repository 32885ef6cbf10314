"""The yardstick: a bare websockets loop that answers every CALL with a fixed CALLRESULT."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import orjson
import uvloop
from websockets.asyncio.server import ServerConnection, serve

ANSWERS: dict[str, dict[str, Any]] = {
    "BootNotification": {
        "status": "Accepted",
        "currentTime": "2026-01-01T00:00:00Z",
        "interval": 300,
    },
    "StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Accepted"}},
}


async def _answer(connection: ServerConnection) -> None:
    async for message in connection:
        _, message_id, action, _ = orjson.loads(message)
        reply = orjson.dumps([3, message_id, ANSWERS.get(action, {})])
        await connection.send(reply, text=True)


async def _main() -> None:
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # clients leave without a word
    server = await serve(
        _answer,
        "127.0.0.1",
        0,
        subprotocols=["ocpp1.6", "ocpp2.0.1"],  # type: ignore[list-item]
        compression=None,
        ping_interval=None,
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_main())
