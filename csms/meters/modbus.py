"""Meters read over Modbus TCP: SunSpec by itself, any other by a map of registers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from csms.clock import Clock
from csms.meters import sunspec
from csms.meters.measurement import known
from csms.meters.modbus_connection import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ModbusConnection,
    RefusedError,
)
from csms.meters.registers import Span, decode, spans, width
from csms.meters.secrets import SecretFiles
from csms.meters.settings import ModbusSettings, Register
from csms.meters.sources import Intake
from csms.meters.streams import connected
from csms.meters.tls import client_context

PORT: Final = 502
TLS_PORT: Final = 802
HOLDING: Final = 3


class ModbusLink:
    def __init__(self, settings: ModbusSettings, secrets: SecretFiles, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock

    async def stay(self, intake: Intake) -> None:
        """Ask at every interval. Raises MeterError, OSError."""
        settings = self._settings
        tls = None
        if settings.tls is not None:
            tls = await asyncio.to_thread(client_context, settings.tls, self._secrets)
        async with connected(
            settings.host,
            settings.port or (PORT if tls is None else TLS_PORT),
            timeout_s=settings.timeout_s,
            tls=tls,
            server_name=settings.tls.server_name if settings.tls else None,
        ) as streams:
            connection = ModbusConnection(streams, settings.unit_id, settings.timeout_s)
            if settings.registers is None:
                await self._read_sunspec(connection, intake)
            else:
                await self._read_map(connection, settings.registers.items(), intake)

    async def _read_sunspec(self, connection: ModbusConnection, intake: Intake) -> None:
        async def probe(address: int, count: int) -> Sequence[int] | None:
            try:
                return await connection.read(HOLDING, address, count)
            except RefusedError as refusal:
                if refusal.code in (ILLEGAL_ADDRESS, ILLEGAL_FUNCTION):
                    return None
                raise

        model = await sunspec.find_meter(probe, self._settings.sunspec_address)
        wanted = [Span(HOLDING, model.address, model.length)]
        await self._poll(
            connection, wanted, lambda words: sunspec.read_model(model, words[wanted[0]]), intake
        )

    async def _read_map(
        self, connection: ModbusConnection, registers: dict[str, Register], intake: Intake
    ) -> None:
        places = {name: (register, _span(register)) for name, register in registers.items()}
        wanted = list(spans(span for _, span in places.values()))

        def quantities(words: _Words) -> dict[str, float]:
            return known(
                (name, _value(register, _cut(words, span)))
                for name, (register, span) in places.items()
            )

        await self._poll(connection, wanted, quantities, intake)

    async def _poll(
        self,
        connection: ModbusConnection,
        wanted: Sequence[Span],
        quantities: Callable[[_Words], dict[str, float]],
        intake: Intake,
    ) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            asked_at = self._clock.now()  # not when it is answered: nothing seems newer than it is
            words = {span: await connection.read(*span) for span in wanted}
            intake.take(quantities(words), asked_at)
            due = max(due + self._settings.interval_s, loop.time())
            await asyncio.sleep(due - loop.time())


_Words = dict[Span, list[int]]


def _span(register: Register) -> Span:
    return Span(register.function, register.address, width(register.type))


def _cut(words: _Words, span: Span) -> list[int]:
    """Find a register's words in what was read."""
    for read, content in words.items():
        start = span.address - read.address
        if read.function == span.function and 0 <= start <= read.length - span.length:
            return content[start : start + span.length]
    raise KeyError(span)


def _value(register: Register, words: Sequence[int]) -> float | None:
    raw = decode(words, register.type, register.word_order)
    return None if raw is None else raw * register.scale
