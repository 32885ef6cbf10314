"""A smart meter's P1 port behind a TCP bridge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def telegram(
    *,
    header: str = "/FLU5\\253769484_A",
    current_a: Sequence[str] = (),
    voltage_v: Sequence[str] = (),
    import_kw: Sequence[str] = (),
    export_kw: Sequence[str] = (),
    total_import_kw: str = "00.000",
    total_export_kw: str = "00.000",
) -> bytes:
    """Return a telegram; values are as the meter writes them, one for each phase it has."""
    lines = [
        header,
        "",
        "0-0:96.1.4(50217)",
        "0-0:1.0.0(240115120000W)",
        "1-0:1.8.1(000123.456*kWh)",
        f"1-0:1.7.0({total_import_kw}*kW)",
        f"1-0:2.7.0({total_export_kw}*kW)",
        "1-0:99.97.0(1)(0-0:96.7.19)(231231235959W)(0000000240*s)",
    ]
    for code, values, unit in (
        (31, current_a, "A"),
        (32, voltage_v, "V"),
        (21, import_kw, "kW"),
        (22, export_kw, "kW"),
    ):
        lines += [
            f"1-0:{code + 20 * phase}.7.0({value}*{unit})" for phase, value in enumerate(values)
        ]
    body = "\r\n".join([*lines, "!"]).encode("ascii")
    return body + f"{crc16(body):04X}\r\n".encode("ascii")


def crc16(data: bytes) -> int:
    """CRC-16/ARC, as DSMR P1 wants it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def damaged(whole: bytes) -> bytes:
    """Return a telegram in which a digit was turned on the way."""
    place = whole.index(b"*A)") - 1
    return whole[:place] + (b"1" if whole[place : place + 1] != b"1" else b"2") + whole[place + 1 :]


SYSTEM_TITLE = b"SAG\x00\x01\x02\x03\x04"
AUTHENTICATION_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
"""Fixed and public in Luxembourg."""


def encrypted(whole: bytes, key: bytes, counter: int = 1) -> bytes:
    """Return a telegram as Luxembourg's meters send it."""
    frame_counter = counter.to_bytes(4, "big")
    sealed = AESGCM(key).encrypt(SYSTEM_TITLE + frame_counter, whole, b"\x30" + AUTHENTICATION_KEY)[
        :-4
    ]  # a tag of 12 bytes
    rest = b"\x30" + frame_counter + sealed
    return b"\xdb\x08" + SYSTEM_TITLE + b"\x82" + len(rest).to_bytes(2, "big") + rest


class P1Bridge:
    """Gives everybody who connects what the meter says."""

    def __init__(self) -> None:
        self.port = 0
        self.connected = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connected.set()
        await reader.read()
        self._writers.discard(writer)
        writer.transport.abort()

    def say(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def p1_bridge() -> AsyncIterator[P1Bridge]:
    bridge = P1Bridge()
    server = await asyncio.start_server(bridge.serve, "127.0.0.1", 0)
    bridge.port = server.sockets[0].getsockname()[1]
    try:
        yield bridge
    finally:
        server.close()
        bridge.hang_up()
        await server.wait_closed()
