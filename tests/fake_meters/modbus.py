"""Modbus TCP meters: pymodbus' server with a SunSpec map or any registers."""

from __future__ import annotations

import ssl
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

HOLDING = 3
INPUT = 4
ABSENT = 0x8000
BASE = 40000
COMMON_LENGTH = 66
MODEL = BASE + 2 + 2 + COMMON_LENGTH
"""Where the first model behind the common block begins."""


@dataclass(slots=True)
class ModbusMeter:
    server: ModbusTcpServer
    unit_id: int

    @property
    def port(self) -> int:
        port: int = self.server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        return port

    async def set(self, address: int, *words: int, function: int = HOLDING) -> None:
        """Change registers while the meter runs."""
        await self.server.async_setValues(self.unit_id, function, address, list(words))


async def _no_such_unit(*_: object) -> ExcCodes:
    return ExcCodes.GATEWAY_NO_RESPONSE


@asynccontextmanager
async def modbus_meter(
    registers: Mapping[int, Sequence[int]],
    *,
    unit_id: int = 1,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> AsyncIterator[ModbusMeter]:
    """Run a meter with blocks of registers by address; other addresses are refused.

    Other units are answered like a gateway does that has no such meter on its bus.
    """
    blocks = [
        SimData(address, values=list(words), datatype=DataType.REGISTERS)
        for address, words in registers.items()
    ]
    nobody = SimDevice(
        0, [SimData(0, count=65536, datatype=DataType.REGISTERS)], action=_no_such_unit
    )
    devices = [SimDevice(unit_id, blocks), nobody]
    address = ("127.0.0.1", port)
    if tls is None:
        server = ModbusTcpServer(devices, address=address)
    else:
        server = ModbusTlsServer(devices, address=address, sslctx=tls, framer=FramerType.TLS)
    await server.serve_forever(background=True)
    try:
        yield ModbusMeter(server, unit_id)
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it so


def sunspec(*models: Sequence[int], base: int = BASE) -> dict[int, list[int]]:
    """Return a map: the mark, the common block, the models and the end."""
    words = [0x5375, 0x6E53, 1, COMMON_LENGTH, *[0] * COMMON_LENGTH]
    for model in models:
        words += model
    return {base: [*words, 0xFFFF, 0]}


def integer_meter(
    number: int = 203,
    *,
    current_a: Sequence[float | None] = (0, 0, 0),
    voltage_v: Sequence[float | None] = (230, 230, 230),
    power_w: Sequence[float | None] = (None, None, None),
    total_w: float | None = None,
) -> list[int]:
    """Return a model 201-204: currents and voltages in hundredths, powers in tens of watts."""
    words = [number, 105, *[ABSENT] * 105]
    words[6] = words[15] = 0x10000 - 2
    words[22] = 1
    for start, values, factor in ((3, current_a, 100), (8, voltage_v, 100), (19, power_w, 0.1)):
        for position, value in enumerate(values):
            words[start + position] = _int16(value, factor)
    words[18] = _int16(total_w, 0.1)
    return words


def _int16(value: float | None, factor: float) -> int:
    return ABSENT if value is None else round(value * factor) & 0xFFFF


def float_meter(
    number: int = 213,
    *,
    current_a: Sequence[float] = (0, 0, 0),
    voltage_v: Sequence[float] = (230, 230, 230),
    power_w: Sequence[float] = (float("nan"),) * 3,
) -> list[int]:
    """Return a model 211-214."""
    words = [number, 124, *floats(*[float("nan")] * 62)]
    for start, values in ((4, current_a), (12, voltage_v), (30, power_w)):
        words[start : start + 6] = floats(*values)
    return words


def floats(*values: float) -> list[int]:
    """Return the registers of 32-bit floats, high word first."""
    packed = struct.pack(f">{len(values)}f", *values)
    return list(struct.unpack(f">{2 * len(values)}H", packed))
