"""An EVSE that is no longer steered gets rid of our limits: it is its owner's again."""

from __future__ import annotations

import logging

from csms.errors import CommandError, InvalidValueError
from csms.services.commanding import CommandService
from csms.services.commands import ClearChargingProfile
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.profile_building import profile_id
from csms.smart_charging.profiles import Register

log = logging.getLogger(__name__)


async def hand_back(commands: CommandService, key: EvseKey) -> None:
    """Clear our profiles, the lasting one last; what can't be cleared is said in the log."""
    for register in (Register.TX, Register.IDLE, Register.STANDING):
        clear = ClearChargingProfile(profile_id=profile_id(key.evse_id, register))
        try:
            answer = await commands.execute(key.charge_point_id, clear)
        except (CommandError, InvalidValueError) as error:
            log.warning("%s is no longer steered, but keeps its limit: %s", key, error)
            return
        log.info("%s is no longer steered: %s limit %s", key, register, answer.status)
