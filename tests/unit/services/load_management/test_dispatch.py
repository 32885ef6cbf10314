"""What it means for load management when a limit could not be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from unit.world import make_world

from csms.errors import CommandNotSentError, CommandTimeoutError, ConnectionLostError, CsmsError
from csms.handlers.phrasebook import reader
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.commanding import CommandService
from csms.services.commands import Outgoing
from csms.services.load_management.dispatch import Dispatch
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.instructions import Instruction, Outcome, ReadSchedule


class FailingLink:
    """A connection on which every command ends in the same way."""

    version = OcppVersion.V16

    def __init__(self, charge_point: ChargePoint, error: CsmsError) -> None:
        self.charge_point = charge_point
        self._error = error

    def get(self, charge_point_id: str) -> FailingLink:
        return self

    async def call(
        self, action: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        raise self._error


def in_words(_: ChargePoint, __: object) -> Outgoing:
    return Outgoing("GetCompositeSchedule", {}, reader("Accepted"))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CommandNotSentError("CP-1", "GetCompositeSchedule", 4), "unsent"),
        (CommandTimeoutError("CP-1", "GetCompositeSchedule", 4), "timeout"),
        (ConnectionLostError("CP-1", "GetCompositeSchedule"), "lost"),
    ],
)
async def test_a_limit_that_was_never_sent_is_told_from_one_that_may_have_arrived(
    error: CsmsError, outcome: Outcome
) -> None:
    charge_point = await make_world().connect("CP-1")
    link = FailingLink(charge_point, error)
    dispatch = Dispatch(CommandService(link, {OcppVersion.V16: in_words}, timeout_s=4), 4)
    answer = await dispatch.send(
        Instruction(id=1, key=EvseKey("CP-1", 1), action=ReadSchedule(1, 60))
    )
    assert answer.outcome == outcome
    assert answer.words == str(error)
