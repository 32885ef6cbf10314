"""Energy that flows where no transaction is known: some chargers never tell of a start.

Watches the register of an EVSE without an open transaction. Enough of a rise in enough time is a
transaction; a jump, a drop and the slow consumption of the charger itself are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from csms.model import MeterValue
from csms.services.charge_point import MAX_CONNECTORS
from csms.services.transactions.energy import most_wh

MIN_RISE_WH: Final = Decimal(100)
MIN_RISE_TIME: Final = timedelta(minutes=5)
WINDOW: Final = timedelta(hours=1)
"""A slower rise is not charging, unless the readings themselves are further apart."""


class Rise(NamedTuple):
    """Where a rise began."""

    since_at: datetime
    since_wh: Decimal


@dataclass(slots=True)
class IdleRegister:
    """What is remembered of one EVSE's register."""

    since_at: datetime
    since_wh: Decimal
    last_at: datetime
    last_wh: Decimal
    rose_at: datetime
    """When it rose last; before it did, when it was first seen."""
    sure: bool = True
    """Whether one rise is enough: after a drop it may only be the way back."""


class IdleWatch:
    """The registers of EVSEs without a transaction, as far as charge points send them."""

    def __init__(self) -> None:
        self._registers: dict[int, dict[int, IdleRegister]] = {}

    def note(
        self, charge_point_key: int, evse_id: int, values: Iterable[MeterValue], max_power_w: int
    ) -> Rise | None:
        """Note an EVSE's readings; returns where a rise began that only charging can explain."""
        registers = self._registers.setdefault(charge_point_key, {})
        rise = None
        for value in sorted(values, key=lambda value: value.sampled_at):
            at, register_wh = value.sampled_at, value.energy_wh
            if register_wh is None:
                continue
            register = registers.get(evse_id)
            if register is not None:
                rise = note_idle(register, at, register_wh, max_power_w) or rise
            elif len(registers) < MAX_CONNECTORS:
                registers[evse_id] = watch_register(at, register_wh)
        return rise

    def rose_at(self, charge_point_key: int, evse_id: int) -> datetime | None:
        """When an EVSE's register rose last; None if nothing is known of it."""
        register = self._registers.get(charge_point_key, {}).get(evse_id)
        return None if register is None else register.rose_at

    def begin_after(
        self, charge_point_key: int, evse_id: int, ended_at: datetime, register_wh: Decimal | None
    ) -> None:
        """Let a rise at an EVSE begin after a transaction that accounts for all before its end.

        `register_wh` is where the register stood at the end, if that was told.
        """
        register = self._registers.get(charge_point_key, {}).get(evse_id)
        if register is None or register.since_at >= ended_at:
            return
        if register.last_at <= ended_at:
            self.forget(charge_point_key, evse_id)
        else:
            leave_out(register, ended_at, register_wh)

    def forget(self, charge_point_key: int, evse_id: int | None = None) -> None:
        """Forget an EVSE because a transaction accounts for its register, or a charge point."""
        if evse_id is None:
            self._registers.pop(charge_point_key, None)
        elif charge_point_key in self._registers:
            self._registers[charge_point_key].pop(evse_id, None)


def watch_register(at: datetime, register_wh: Decimal) -> IdleRegister:
    return IdleRegister(at, register_wh, at, register_wh, at)


def note_idle(
    register: IdleRegister, at: datetime, register_wh: Decimal, max_power_w: int
) -> Rise | None:
    """Note the next reading; returns where the rise began once there is one. Late ones are ignored.

    The rise is told once; the next one counts from here.
    """
    if at <= register.last_at:
        return None
    step = register_wh - register.last_wh
    if not 0 <= step <= most_wh(at - register.last_at, max_power_w):
        _restart(register, at, register_wh, sure=False)
        return None
    if register.since_wh == register.last_wh:  # it stood still until now
        register.since_at = register.last_at
    elif at - register.since_at > WINDOW and not _risen(register, register.last_at):
        register.since_at, register.since_wh = register.last_at, register.last_wh
    register.last_at, register.last_wh = at, register_wh
    if step:
        register.rose_at = at
        if not register.sure:  # the way back from a drop, or the first step up from a new base
            _restart(register, at, register_wh, sure=True)
            return None
    if not _risen(register, at):
        return None
    rise = Rise(register.since_at, register.since_wh)
    register.since_at, register.since_wh = at, register_wh
    return rise


def leave_out(register: IdleRegister, until_at: datetime, until_wh: Decimal | None) -> None:
    """Leave out the beginning of a rise, which something else accounts for.

    A register that is not known then, or on another scale, counts from its latest reading.
    """
    if until_wh is not None and register.since_wh <= until_wh <= register.last_wh:
        register.since_at, register.since_wh = until_at, until_wh
    else:
        register.since_at, register.since_wh = register.last_at, register.last_wh


def _risen(register: IdleRegister, at: datetime) -> bool:
    return (
        register.last_wh - register.since_wh >= MIN_RISE_WH
        and at - register.since_at >= MIN_RISE_TIME
    )


def _restart(register: IdleRegister, at: datetime, register_wh: Decimal, *, sure: bool) -> None:
    register.since_at = register.last_at = register.rose_at = at
    register.since_wh = register.last_wh = register_wh
    register.sure = sure
