"""TCP connections to meters; what fails is said in words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

from csms.meters.errors import MeterError

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(
    host: str,
    port: int,
    *,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> AsyncIterator[Streams]:
    """Connect, and hang up at the end. Raises MeterError if there is no connection.

    `server_name` is what the certificate must say where that isn't the host.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=tls, server_hostname=(server_name or host) if tls else None
            )
    except TimeoutError:
        raise MeterError(f"no connection to {host}:{port} within {timeout_s:g} s") from None
    except OSError as error:
        raise MeterError(f"no connection to {host}:{port}: {reason(error)}") from None
    try:
        yield reader, writer
    finally:
        writer.transport.abort()  # a half-open socket must not keep anybody waiting
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def reason(error: OSError) -> str:
    """Return why, without asyncio's repetition of the address."""
    named = isinstance(error, ssl.SSLError | socket.gaierror) or error.errno is None
    return str(error) if named else os.strerror(error.errno or 0)
