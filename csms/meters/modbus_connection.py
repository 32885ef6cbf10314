"""A connection to a Modbus TCP device, plain or with TLS.

pymodbus makes and reads the frames; the socket is asyncio's own, so that the reason of every
failure reaches the installer and a frame that arrives in pieces is put together over TLS too.
"""

from __future__ import annotations

import asyncio
from typing import Final

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ReadHoldingRegistersRequest
from pymodbus.pdu.register_message import ReadInputRegistersRequest

from csms.meters.errors import MeterError
from csms.meters.streams import Streams

HEADER_BYTES: Final = 6
"""Transaction, protocol, length of what follows."""
MAX_FRAME_BYTES: Final = 260
UNADDRESSED: Final = (0, 255)
"""Unit ids that mean the device itself, which may answer by any."""
ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2

_REQUESTS: Final = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}
_EXCEPTIONS: Final = {
    ILLEGAL_FUNCTION: "has no such function",
    ILLEGAL_ADDRESS: "has no such register",
    3: "refuses the request",
    4: "is faulty",
    5: "is busy",
    6: "is busy",
    8: "has a memory error",
    10: "can't be reached by its gateway: is the unit id right?",
    11: "does not answer its gateway: is the unit id right?",
}


class RefusedError(MeterError):
    """The device answered with an exception."""

    def __init__(self, unit_id: int, address: int, code: int) -> None:
        why = _EXCEPTIONS.get(code, f"answers exception {code}")
        super().__init__(f"unit {unit_id} {why} (asked for register {address})")
        self.code = code


class ModbusConnection:
    """One question at a time; after any failure but a refusal the connection is of no use."""

    def __init__(self, streams: Streams, unit_id: int, timeout_s: float) -> None:
        self._reader, self._writer = streams
        self._unit_id = unit_id
        self._timeout_s = timeout_s
        self._framer = FramerSocket(DecodePDU(is_server=False))
        self._transaction_id = 0

    async def read(self, function: int, address: int, count: int) -> list[int]:
        """Return the registers. Raises RefusedError, MeterError, OSError."""
        self._transaction_id = self._transaction_id % 0xFFFF + 1
        request = _REQUESTS[function](
            dev_id=self._unit_id,
            transaction_id=self._transaction_id,
            address=address,
            count=count,
        )
        self._writer.write(self._framer.buildFrame(request))
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._writer.drain()
                frame = await self._answer()
        except TimeoutError:
            raise MeterError(
                f"unit {self._unit_id} does not answer within {self._timeout_s:g} s: "
                "is the unit id right?"
            ) from None
        except asyncio.IncompleteReadError:
            raise MeterError("the device closed the connection") from None
        return self._registers(frame, address, count)

    async def _answer(self) -> bytes:
        """Return the frame that answers; late answers to earlier questions are passed over."""
        while True:
            header = await self._reader.readexactly(HEADER_BYTES)
            transaction_id, protocol, length = (
                int.from_bytes(header[start : start + 2], "big") for start in (0, 2, 4)
            )
            if protocol != 0 or not 2 < length <= MAX_FRAME_BYTES - HEADER_BYTES:
                raise MeterError("what answers does not speak Modbus TCP")
            frame = header + await self._reader.readexactly(length)
            if transaction_id == self._transaction_id:
                return frame

    def _registers(self, frame: bytes, address: int, count: int) -> list[int]:
        try:
            _, answer = self._framer.handleFrame(frame, 0, 0)
        except ModbusException as error:
            raise MeterError(f"an answer can't be read: {error.string}") from None
        strict = self._unit_id not in UNADDRESSED
        if answer is None or (strict and answer.dev_id != self._unit_id):
            raise MeterError(f"another unit than {self._unit_id} answered")
        if isinstance(answer, ExceptionResponse):
            raise RefusedError(self._unit_id, address, answer.exception_code)
        if len(answer.registers) != count:
            raise MeterError(f"{len(answer.registers)} registers came where {count} were asked for")
        return list(answer.registers)
