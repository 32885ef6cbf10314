"""For whom transactions are started from here: charging stations need not say it again.

A transaction names the request that began it (F01.FR.25); some name no id token beside it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Protocol

from csms.model import IdToken, OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.ports import Link

REMEMBERED: Final = 10_000


class RemoteStarts:
    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[int, int], IdToken] = OrderedDict()

    def ordered(self, charge_point: ChargePoint, remote_start_id: int, id_token: IdToken) -> None:
        self._tokens[charge_point.key, remote_start_id] = id_token
        if len(self._tokens) > REMEMBERED:
            self._tokens.popitem(last=False)

    def token_of(self, charge_point: ChargePoint, remote_start_id: int) -> IdToken | None:
        """Return whom a request was for, None if it is not known (any more)."""
        return self._tokens.get((charge_point.key, remote_start_id))


class RemoteStartReader(Protocol):
    """Returns a request's number and whom it is for; None if it starts nothing."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], /
    ) -> tuple[int, IdToken] | None: ...


class RemoteStartWatch:
    """Implements `csms.services.commanding.RequestWatcher`."""

    def __init__(
        self, starts: RemoteStarts, readers: Mapping[OcppVersion, RemoteStartReader]
    ) -> None:
        self._starts = starts
        self._readers = readers

    def sending(self, link: Link, action: str, payload: Mapping[str, Any]) -> None:
        read = self._readers.get(link.version)
        found = None if read is None else read(action, payload)
        if found is not None:
            self._starts.ordered(link.charge_point, *found)
