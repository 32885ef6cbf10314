"""Which places were taken in or out of use, whoever ordered it (G03, G04).

A charger that is charging says Scheduled and does it when the transaction is over. Whether an order
is in effect is seen from the statuses of the connectors it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.model import ConnectorStatus, OcppVersion
from csms.services.ports import Link
from csms.services.records import AvailabilityOrder, Recorder


@dataclass(frozen=True, slots=True)
class ToldAvailability:
    """EVSE 0: the whole charge point; connector 0: the whole EVSE."""

    evse_id: int
    connector_id: int
    operative: bool


class AvailabilityReader(Protocol):
    """Reads an order out of a CALL that was sent; None if no charge point has such a place."""

    def __call__(self, payload: Mapping[str, Any], /) -> ToldAvailability | None: ...


class AvailabilityMemory:
    """Implements `csms.services.commands.AnswerWatcher`."""

    def __init__(
        self, recorder: Recorder, readers: Mapping[OcppVersion, AvailabilityReader], clock: Clock
    ) -> None:
        self._recorder = recorder
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep the order and what the charge point said to it."""
        if action != "ChangeAvailability":
            return
        told = self._readers[link.version](payload)
        if told is None:
            return
        await self._recorder.commit(
            AvailabilityOrder(
                link.charge_point.key,
                told.evse_id,
                told.connector_id,
                told.operative,
                str(answer.get("status", "")),
                self._clock.now(),
            )
        )


_OUT_OF_USE: Final = ConnectorStatus.UNAVAILABLE.value


def is_in_effect(
    evse_id: int, connector_id: int, operative: bool, statuses: Iterable[tuple[int, int, str]]
) -> bool | None:
    """Whether the connectors of a place are as ordered; None if none of them is known.

    `statuses` are those of the charge point's connectors: EVSE, connector, status.
    """
    about = [
        status == _OUT_OF_USE
        for evse, connector, status in statuses
        if evse > 0 and evse_id in (0, evse) and connector_id in (0, connector)
    ]
    if not about:
        return None
    return not any(about) if operative else all(about)
