"""The live connections: for each identity, the newest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.gateway.connection import Connection


class LiveLinks:
    """Which connection stands for a charge point; implements `services.ports.Links`."""

    def __init__(self) -> None:
        self._links: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._links.values()))

    def get(self, charge_point_id: str) -> Connection | None:
        """Return the newest live connection of a charge point, or None."""
        connection = self._links.get(charge_point_id.casefold())
        return connection if connection is not None and connection.alive else None

    def put(self, connection: Connection) -> Connection | None:
        """Let a new connection stand for its charge point; returns the one it replaces."""
        identity = connection.charge_point.id.casefold()
        replaced = self._links.get(identity)
        self._links[identity] = connection
        return replaced

    def remove(self, connection: Connection) -> None:
        """Forget a connection, unless a newer one stands in its place already."""
        identity = connection.charge_point.id.casefold()
        if self._links.get(identity) is connection:
            del self._links[identity]
