"""Instructions of steering as commands to chargers, and how it went."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from csms.errors import (
    CommandError,
    CommandNotSentError,
    CommandRefusedError,
    CommandTimeoutError,
    InvalidValueError,
    NotAcceptedError,
    NotConnectedError,
    NotSupportedError,
    TooManyCommandsError,
)
from csms.services.commanding import CommandService
from csms.services.commands import (
    ClearChargingProfile,
    Command,
    CompositeSchedule,
    GetCompositeSchedule,
    RemoteStop,
    SetChargingProfile,
)
from csms.services.provisioning.words import (
    SetConfiguration,
    VariableName,
)
from csms.smart_charging.instructions import (
    Action,
    ClearProfiles,
    Instruction,
    Outcome,
    ReadSchedule,
    SetKey,
    SetProfile,
    StopTransaction,
)

log = logging.getLogger(__name__)

_NOT_SUPPORTED_CODES = frozenset({"NotSupported", "NotImplemented"})


@dataclass(frozen=True, slots=True)
class Answer:
    """How an instruction went; the schedule is there if one was asked for and given."""

    outcome: Outcome
    words: str
    schedule: CompositeSchedule | None = None


def _command(action: Action) -> Command:
    match action:
        case SetProfile():
            return SetChargingProfile(action.evse_id, action.profile)
        case SetKey():
            return SetConfiguration(VariableName(action.key), action.value)
        case ReadSchedule():
            return GetCompositeSchedule(action.evse_id, action.duration_s)
        case ClearProfiles() if action.profile_id is not None:
            return ClearChargingProfile(profile_id=action.profile_id)
        case ClearProfiles():
            return ClearChargingProfile(evse_id=action.evse_id, purpose=action.purpose)
        case StopTransaction():
            return RemoteStop(action.transaction_id, action.ocpp_transaction_id)


class Dispatch:
    def __init__(self, commands: CommandService, timeout_s: float) -> None:
        self._commands = commands
        self._timeout_s = timeout_s

    async def send(self, instruction: Instruction) -> Answer:
        """Carry out an instruction; every way it may go is an answer."""
        identity = instruction.key.charge_point_id
        try:
            answer = await self._commands.execute(
                identity, _command(instruction.action), self._timeout_s
            )
        except CommandError as error:
            return Answer(_outcome_of(error), str(error))
        except InvalidValueError as error:
            log.warning("%s: an instruction can't be said: %s", identity, error)
            return Answer("refused", str(error))
        if answer.accepted:
            return Answer("accepted", answer.status, answer.composite_schedule)
        outcome: Outcome = "not_supported" if answer.status == "NotSupported" else "refused"
        return Answer(outcome, answer.status)


def _outcome_of(error: CommandError) -> Outcome:
    match error:
        case CommandRefusedError():
            return "not_supported" if error.code in _NOT_SUPPORTED_CODES else "refused"
        case NotSupportedError():
            return "not_supported"
        case CommandTimeoutError():
            return "timeout"
        case (
            NotConnectedError()
            | NotAcceptedError()
            | TooManyCommandsError()
            | CommandNotSentError()
        ):
            return "unsent"
        case _:
            return "lost"
