"""What a person should look at, in words. One alarm for each kind and subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.circuit_watch import CircuitNow, CircuitWatch
from csms.smart_charging.grid import Phase
from csms.smart_charging.instructions import Alarm
from csms.smart_charging.room import Room
from csms.smart_charging.sign_watch import SignWatch
from csms.smart_charging.steered_evse import SteeredEvse

FIRST_READING: Final = timedelta(seconds=30)
"""So long a new meter may take until it is read for the first time."""


class Alarming:
    def __init__(self) -> None:
        self._rotations: dict[str, str] = {}
        self._unread_since: dict[str, datetime] = {}

    def rotation(self, subject: str, mismatch: str | None) -> None:
        """Take how what a charge point says of its phases differs from the installation."""
        if mismatch is None:
            self._rotations.pop(subject, None)
        else:
            self._rotations[subject] = mismatch

    def alarms(
        self, evses: Sequence[SteeredEvse], circuits: CircuitWatch, room: Room, now: datetime
    ) -> tuple[Alarm, ...]:
        """Return all that are active."""
        found: list[Alarm] = []
        for circuit in circuits.now.values():
            if not self._is_new(circuit, now):
                found.extend(_of_meter(circuit))
            found.extend(_of_circuit(circuit))
            found.extend(_of_signs(circuit, circuits.signs))
        for steered in evses:
            found.extend(_of_evse(steered, room, now))
        found.extend(
            Alarm(kind="phase_rotation_mismatch", subject=subject, severity="warning", message=text)
            for subject, text in self._rotations.items()
        )
        return tuple(found)

    def _is_new(self, circuit: CircuitNow, now: datetime) -> bool:
        """Whether its meter has not had the time to be read; the worst is assumed meanwhile."""
        if circuit.load.measured_at is not None:
            self._unread_since.pop(circuit.circuit.id, None)
            return False
        return now - self._unread_since.setdefault(circuit.circuit.id, now) < FIRST_READING


def _of_meter(now: CircuitNow) -> Iterator[Alarm]:
    circuit = now.circuit
    if now.load.stale:
        age = "was never read"
        if now.load.measured_at is not None:
            age = f"was last read at {now.load.measured_at:%H:%M:%S} UTC"
        yield Alarm(
            kind="meter_silent",
            subject=circuit.id,
            severity="warning",
            message=f"the meter of {circuit.name} {age}; the worst other load is assumed",
        )


def _of_circuit(now: CircuitNow) -> Iterator[Alarm]:
    circuit = now.circuit
    over = [
        f"{phase.name} {now.load.load_a[phase]:.0f} A of {now.limit.limit_a[phase]:g} A"
        for phase in Phase
        if now.load.load_a[phase] > now.limit.limit_a[phase] and not now.load.stale
    ]
    if over:
        yield Alarm(
            kind="overloaded_by_others",
            subject=circuit.id,
            severity="critical",
            message=f"{circuit.name} is overloaded without any charger: {', '.join(over)}",
        )
    if "failsafe" in now.limit.reason:
        yield Alarm(
            kind="grid_signal_lost",
            subject=circuit.id,
            severity="warning",
            message=f"the grid signal of {circuit.name} is lost; its failsafe limit applies",
        )


def _of_signs(now: CircuitNow, signs: SignWatch) -> Iterator[Alarm]:
    phases = signs.reversed_phases(now.circuit.id)
    if phases:
        names = ", ".join(phase.name for phase in phases)
        yield Alarm(
            kind="meter_sign_wrong",
            subject=now.circuit.id,
            severity="critical",
            message=f"the meter of {now.circuit.name} falls on {names} when chargers draw more: "
            "its sign is wrong there, so other load counts too low",
        )


def _of_evse(steered: SteeredEvse, room: Room, now: datetime) -> Iterator[Alarm]:
    key = str(steered.key)
    excess_a = steered.commitment.overdraw(now)
    if excess_a > 0:
        yield Alarm(
            kind="draws_too_much",
            subject=key,
            severity="critical",
            message=f"{key} draws {excess_a:.1f} A more than it may; that much is kept free",
        )
    if not steered.evse.controllable:
        return
    if steered.strategy is None:
        why = f" ({steered.last_failure})" if steered.last_failure else ""
        yield Alarm(
            kind="not_controllable",
            subject=key,
            severity="critical",
            message=f"{key} follows no charging profile{why}; {steered.evse.rated_a:g} A are "
            "kept free for it",
        )
    yield from _of_clock(steered)
    if steered.is_online:
        if steered.timeouts > 0:
            yield Alarm(
                kind="no_answer",
                subject=key,
                severity="warning",
                message=f"{key} does not answer; {steered.may_draw_a(now):.1f} A are kept free",
            )
        return
    reserved_a = max(steered.reserved(now))
    if reserved_a > 0:
        yield Alarm(
            kind="offline",
            subject=key,
            severity="warning",
            message=f"{key} is not connected; {reserved_a:.1f} A are kept free for it",
        )
    obstacle = room.obstacle(steered.evse, steered.loads(now))
    if obstacle is not None:
        yield Alarm(
            kind="may_overload",
            subject=key,
            severity="critical",
            message=f"{key} is not connected and may overload {obstacle}",
        )


def _of_clock(steered: SteeredEvse) -> Iterator[Alarm]:
    """Limits lapse by the charge point's own clock."""
    identity = steered.key.charge_point_id
    if not steered.commitment.clock_trusted:
        yield Alarm(
            kind="clock_wrong",
            subject=identity,
            severity="warning",
            message=f"the clock of {identity} is {steered.clock}; until it is right the charger "
            "gets no more than its safe share",
        )
    if steered.strategy is not None and not steered.strategy.lapses:
        yield Alarm(
            kind="limits_do_not_lapse",
            subject=identity,
            severity="info",
            message=f"{identity} keeps every limit for ever, so it gets no more than its safe "
            "share",
        )
