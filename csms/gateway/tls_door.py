"""Where TLS begins: who fails at it is told of, with the address and the reason.

An event loop that is given a TLS context itself drops a failed handshake without a word. So it
accepts plain connections here, and each is handed over to a task that sees its handshake through.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

HANDSHAKE_TIMEOUT_S: Final = 20.0
SHUTDOWN_TIMEOUT_S: Final = 5.0

Refused: TypeAlias = Callable[[str, str | None], None]
"""Is told the address and the reason; None if the other side went without beginning with TLS."""


@dataclass(slots=True)
class _Handshake:
    has_begun: bool = False


_handshake: ContextVar[_Handshake] = ContextVar("handshake")
"""The one that a callback of the TLS context belongs to."""


class TlsDoor:
    """Makes connections that arrive at a plain listener ones with TLS."""

    def __init__(self, context: ssl.SSLContext, refused: Refused) -> None:
        context.sni_callback = _has_begun
        self._context = context
        self._refused = refused
        self._handshakes: set[asyncio.Task[None]] = set()

    def before(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return what a plain listener shall make, so that `make` is used once TLS is agreed on."""
        return lambda: _Arrival(self, make)

    def take(
        self, arrived: socket.socket, address: str, make: Callable[[], asyncio.Protocol]
    ) -> None:
        """See a connection through its handshake."""
        task = asyncio.get_running_loop().create_task(self._shake_hands(arrived, address, make))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(
        self, arrived: socket.socket, address: str, make: Callable[[], asyncio.Protocol]
    ) -> None:
        handshake = _Handshake()
        _handshake.set(handshake)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                make,
                arrived,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            )
        except OSError as error:
            self.failed(address, error, has_begun=handshake.has_begun)

    def failed(self, address: str, error: OSError, *, has_begun: bool) -> None:
        """Tell of a connection that has ended, unless nobody meant it."""
        if isinstance(error, ssl.SSLError):
            self._refused(address, _reason(error))
        elif has_begun:
            why = str(error) or "connection reset"
            self._refused(address, f"it gave up during the handshake ({why})")
        else:
            self._refused(address, None)

    def close(self) -> None:
        """Give up all handshakes that are under way."""
        for task in self._handshakes:
            task.cancel()


class _Arrival(asyncio.Protocol):
    """A connection of which nothing was read yet."""

    def __init__(self, door: TlsDoor, make: Callable[[], asyncio.Protocol]) -> None:
        self._door = door
        self._make = make

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket out of its transport, which never begins to read."""
        address = address_of(transport)
        try:
            arrived = transport.get_extra_info("socket").dup()
        except OSError as error:  # no more files may be open
            self._door.failed(address, error, has_begun=False)
        else:
            self._door.take(arrived, address, self._make)
        finally:
            cast("asyncio.Transport", transport).abort()


def address_of(transport: asyncio.BaseTransport) -> str:
    """Return where a connection comes from, for the log."""
    peer = transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unknown"


def _reason(error: ssl.SSLError) -> str:
    """Return what OpenSSL says, without its brackets and line numbers."""
    said = re.sub(r"^\[[^]]*\] ", "", error.strerror or str(error))
    return re.sub(r" \(_ssl\.c:\d+\)$", "", said)


def _has_begun(_socket: object, _name: str | None, _context: ssl.SSLContext) -> None:
    """Is called by OpenSSL when it has read what a client begins with."""
    _handshake.get(_Handshake()).has_begun = True
