"""The cable between a server and a meter: it can be pulled, muted, bitten and patched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Forwards TCP connections to a meter.

    Attributes that may be changed at any time:
    mute: the connection stands, but nothing passes (half-open).
    pieces: everything arrives byte by byte.
    """

    def __init__(self, meter_port: int) -> None:
        self.port = 0
        self.meter_port = meter_port
        self.mute = False
        self.pieces = False
        self.connections = 0
        self.connected = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def open_connections(self) -> int:
        return len(self._writers)

    async def plug(self) -> None:
        """Accept connections (again), on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Reset all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def inject(self, data: bytes) -> None:
        """Send something to whoever reads the meter, as if the meter had."""
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.connected.set()
        self._writers.add(writer)
        try:
            meter_reader, meter_writer = await asyncio.open_connection("127.0.0.1", self.meter_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, meter_writer))
                both.create_task(self._forward(meter_reader, writer))
        except* (OSError, EOFError):
            pass
        finally:
            self._writers.discard(writer)
            for each in (writer, meter_writer):
                each.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            if self.mute:
                continue
            for piece in [data[i : i + 1] for i in range(len(data))] if self.pieces else [data]:
                writer.write(piece)
                await writer.drain()
                if self.pieces:
                    await asyncio.sleep(0)
        raise EOFError


@asynccontextmanager
async def wire_to(meter_port: int) -> AsyncIterator[Wire]:
    wire = Wire(meter_port)
    await wire.plug()
    try:
        yield wire
    finally:
        with contextlib.suppress(OSError):
            await wire.unplug()
