"""Which strategy to try when one failed: near ones first, none twice, and an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import Any, Final

from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import Kind
from csms.smart_charging.strategies import Scheme, Strategy


class Failure(StrEnum):
    """How an order came to nothing."""

    REFUSED = "refused"
    NOT_SUPPORTED = "not_supported"
    """The charge point knows no charging profiles at all."""
    NO_EFFECT = "no_effect"
    """Accepted, yet measured above the limit."""
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class _Weights:
    """How far a step leads away, by what it changes; nearer strategies are tried first."""

    plainer: int
    kind: int
    undeclared_unit: int
    declared_unit: int
    scheme: int
    place: int


_WHERE_WRONG: Final = {
    # A refusal is mostly about a detail of the profile.
    Failure.REFUSED: _Weights(1, 1, 2, 4, 4, 2),
    # Silence too: a message that the firmware chokes on.
    Failure.TIMEOUT: _Weights(1, 1, 2, 4, 4, 2),
    # Accepted without effect: something else rules, or the profile is read otherwise.
    Failure.NO_EFFECT: _Weights(3, 1, 2, 2, 1, 1),
}

_KINDS: Final = (
    (Kind.ABSOLUTE, Kind.RELATIVE),
    (Kind.ABSOLUTE, Kind.ABSOLUTE),
    (Kind.RELATIVE, Kind.RELATIVE),
)
_PLAINER: Final[tuple[dict[str, Any], ...]] = (
    {"tx_level": 0},
    {"decimals": 0},
    {"standing_level": 0, "idle_level": None},
    {"explicit_phases": False},
    {"max_periods": 1},
)
_PLACES: Final = (
    (Scheme.REGISTERS, False),
    (Scheme.ONE_DEFAULT, False),
    (Scheme.REGISTERS, True),
    (Scheme.ONE_DEFAULT, True),
    (Scheme.STATION_MAX, True),
)


def next_after(strategy: Strategy, failure: Failure) -> Strategy | None:
    """Return what to try after a strategy failed; None: it can't be controlled.

    What failed on the way is in `tried` of the result, so the search goes on where it stood
    when the strategy is kept and read again.
    """
    tried = (*strategy.tried, strategy.name)
    if failure is not Failure.NOT_SUPPORTED:
        for candidate in _by_distance(strategy, _WHERE_WRONG[failure]):
            if candidate.name not in tried:
                return replace(candidate, tried=tried)
    if strategy.vendor_key is not None:
        last = replace(strategy, scheme=Scheme.VENDOR_KEY, zero_pauses=False)
        if last.name not in tried:
            return replace(last, tried=tried)
    return None


def _by_distance(strategy: Strategy, weights: _Weights) -> list[Strategy]:
    return [candidate for _, candidate in sorted(_all(strategy, weights), key=lambda one: one[0])]


def _all(strategy: Strategy, weights: _Weights) -> Iterator[tuple[int, Strategy]]:
    """Every way that the charge point's offer leaves, and how far it is from the letter."""
    units = _units(strategy, weights)
    for place, plainer, kind, (unit, unit_weight) in product(
        range(len(_PLACES)), range(len(_PLAINER) + 1), range(len(_KINDS)), units
    ):
        scheme, evse_zero = _PLACES[place]
        if scheme is Scheme.REGISTERS and strategy.offer.slots == 1:
            continue
        if evse_zero and strategy.offer.evses != 1:
            continue  # it would hold for its other EVSEs too
        of_steps, of_defaults = _KINDS[kind]
        if scheme is Scheme.STATION_MAX and of_steps is Kind.RELATIVE:
            continue  # K01.FR.38
        candidate = _offered(strategy, scheme, unit, evse_zero)
        candidate = replace(candidate, kind=of_steps, default_kind=of_defaults)
        for changes in _PLAINER[:plainer]:
            candidate = replace(candidate, **changes)
        distance = plainer * weights.plainer + kind * weights.kind + unit_weight
        distance += place * weights.scheme + (weights.place if evse_zero else 0)
        yield distance, candidate


def _units(strategy: Strategy, weights: _Weights) -> list[tuple[Unit, int]]:
    declared = strategy.offer.units
    first: Unit = "W" if declared == ("W",) else "A"
    other: Unit = "A" if first == "W" else "W"
    weight = weights.declared_unit if len(declared) == 1 else weights.undeclared_unit
    return [(first, 0), (other, weight)]


def _offered(strategy: Strategy, scheme: Scheme, unit: Unit, evse_zero: bool) -> Strategy:
    offer = strategy.offer
    return replace(
        strategy,
        scheme=scheme,
        unit=unit,
        evse_zero=evse_zero,
        standing_level=0,
        idle_level=1 if offer.slots > 2 and offer.max_level > 0 else None,
        tx_level=offer.max_level,
        decimals=1,
        max_periods=min(3, offer.max_periods),
        explicit_phases=True,
        tried=(),
    )
