"""Currents per phase, as bodies hold them and answers show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from csms.smart_charging.grid import PerPhase

MAX_AMPS = 10_000

Amp: TypeAlias = Annotated[float, Meta(ge=0, le=MAX_AMPS)]
SignedAmp: TypeAlias = Annotated[float, Meta(ge=-MAX_AMPS, le=MAX_AMPS)]


class PhaseAmps(Struct, forbid_unknown_fields=True):
    """One current for each phase, 0 on those left out."""

    l1: Amp = 0.0
    l2: Amp = 0.0
    l3: Amp = 0.0


class SignedPhaseAmps(Struct, forbid_unknown_fields=True):
    """One current for each phase: positive is drawn from the grid, negative goes there.

    None may be left out: what nobody measured must not count as 0.
    """

    l1: SignedAmp
    l2: SignedAmp
    l3: SignedAmp


Amps: TypeAlias = Amp | PhaseAmps
"""One number is meant for each phase."""
SignedAmps: TypeAlias = SignedAmp | SignedPhaseAmps


class AmpsView(Struct):
    l1: float
    l2: float
    l3: float


def per_phase(amps: float | PhaseAmps | SignedPhaseAmps) -> PerPhase:
    """Return what was meant; the unit is A."""
    if isinstance(amps, PhaseAmps | SignedPhaseAmps):
        return PerPhase(amps.l1, amps.l2, amps.l3)
    return PerPhase.all(amps)


def amps_view(values: Sequence[float] | None) -> AmpsView | None:
    return None if values is None else AmpsView(*values)
