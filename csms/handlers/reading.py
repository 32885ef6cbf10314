"""Sampled values into `MeterValue`s: the mechanics that all OCPP versions share.

A version says where it keeps the parts of a sample (`AddSample`); this module knows what they
mean. What is hot goes into fields, found with one look-up once a kind of sample was seen;
everything else, and whatever can't be read as a number, is kept in `others` as the charger sent
it. Nothing that a charger writes here raises.

Two things chargers do are mended at the end of each meter value: a total that came only by phase
(also the register of a one-phase box that is tagged L1) is put together, and readings taken at
the cable or in the body stand in for the outlet's where it gave none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from csms.handlers.numbers import WATT_HOURS, read_energy_wh, read_float, split_unit
from csms.model import MeterValue
from csms.services.clocks import ChargerClock
from csms.units import normalise_unit

DEFAULT_CONTEXT: Final = "Sample.Periodic"
DEFAULT_MEASURAND: Final = "energy.active.import.register"
MAX_MULTIPLIER: Final = 24
KINDS_KEPT: Final = 512
"""Kinds of samples whose meaning is remembered; a charger has about a dozen, most the same."""


class _Target(NamedTuple):
    """Where a measurand goes: its field without a phase, those by phase, how to total these."""

    field: str
    unit: str
    by_phase: dict[str, str]
    total: Callable[[Iterable[Any]], Any] = sum


_TARGETS: Final[dict[str, _Target]] = {
    "energy.active.import.register": _Target("energy_wh", "Wh", {}),
    "energy.active.export.register": _Target("energy_export_wh", "Wh", {}),
    "power.active.import": _Target("power_w", "W", {}),
    "power.offered": _Target("power_offered_w", "W", {}),
    "power.import.offered": _Target("power_offered_w", "W", {}),
    "current.import": _Target(
        "current_a", "A", {"l1": "current_l1_a", "l2": "current_l2_a", "l3": "current_l3_a"}
    ),
    "current.offered": _Target("current_offered_a", "A", {}, max),
    "current.import.offered": _Target("current_offered_a", "A", {}, max),
    "voltage": _Target(
        "voltage_v", "V", {"l1": "voltage_l1_v", "l2": "voltage_l2_v", "l3": "voltage_l3_v"}
    ),
    "soc": _Target("soc_percent", "Percent", {}),
    "display.presentsoc": _Target("soc_percent", "Percent", {}),
}

_PHASES: Final = {"": ""} | {
    name: phase
    for phase, names in {
        "l1": ("l1", "l1-n", "l1n", "1", "a", "r"),
        "l2": ("l2", "l2-n", "l2n", "2", "b", "s"),
        "l3": ("l3", "l3-n", "l3n", "3", "c", "t"),
    }.items()
    for name in names
}
_LOCATION_RANKS: Final = {"": 0, "outlet": 0, "cable": 2, "body": 2}


class _Slot(NamedTuple):
    """What one kind of sample means.

    Rank 0 fills its field at once; a higher rank only stands in when nothing better came.
    """

    field: str
    rank: int
    phase: str
    energy_factor: Decimal | None
    """Set for energies alone, which are exact; None in `factor` is 1."""
    factor: float | None
    offset: float
    total: Callable[[Iterable[Any]], Any]


def _word(part: object) -> str | None:
    """Fold a word of the charger's; None if it is none."""
    if part is None:
        return ""
    if not isinstance(part, str):
        return None
    word = part.strip().casefold()
    return "" if word == "null" else word


def _multiplier(part: object) -> int | None:
    """The exponent of a multiplier, or None for one no meter has."""
    if part is None:
        return 0
    if isinstance(part, int | float) and part == part // 1 and abs(part) <= MAX_MULTIPLIER:
        return int(part)
    return None


def _slot(
    measurand: object, phase: object, location: object, unit: object, multiplier: object
) -> _Slot | None:
    """Find out what a kind of sample means; None if it has no field."""
    name, phase, location, unit = map(_word, (measurand, phase, location, unit))
    exponent = _multiplier(multiplier)
    target = None if name is None else _TARGETS.get(name or DEFAULT_MEASURAND)
    if target is None or phase is None or location is None or unit is None or exponent is None:
        return None
    scale = normalise_unit(unit or target.unit)
    if scale is None or scale.name != target.unit:
        return None
    field, rank = target.field, 0
    if field != "soc_percent":  # a car has one state of charge, wherever it is read
        phase_name = _PHASES.get(phase)
        location_rank = _LOCATION_RANKS.get(location)
        if phase_name is None or location_rank is None:
            return None
        phase = phase_name
        field = target.by_phase.get(phase, field)
        rank = location_rank + (phase != "" and not target.by_phase)
    factor = scale.factor * 10.0**exponent
    energy_factor = None
    if target.unit == "Wh":
        energy_factor = WATT_HOURS if factor == 1.0 else Decimal(int(scale.factor)).scaleb(exponent)
    return _Slot(
        field,
        rank,
        phase,
        energy_factor,
        None if factor == 1.0 else factor,
        scale.offset,
        target.total,
    )


_known_slot = lru_cache(KINDS_KEPT)(_slot)


def _agreed_unit(unit: object, behind: str) -> str | None:
    """Return the unit of a value that has one behind it; None if the sample names another."""
    written = _word(unit)
    if written is None or normalise_unit(behind) is None:
        return None
    return behind if not written or normalise_unit(written) == normalise_unit(behind) else None


class MeterValueBuilder:
    """Collects the samples of one moment and one context."""

    __slots__ = ("_shares", "meter_value")

    def __init__(self, meter_value: MeterValue) -> None:
        self.meter_value = meter_value
        self._shares: dict[str, tuple[_Slot, dict[str, Decimal | float | None]]] | None = None

    def add(
        self,
        measurand: object,
        phase: object,
        location: object,
        unit: object,
        multiplier: object,
        value: object,
        sample: dict[str, Any],
    ) -> None:
        """Put one sample where it belongs; `sample` is what to keep if that is `others`.

        The parts are as the charger wrote them, None where absent; the value is multiplied by
        ten to the power of `multiplier`.
        """
        try:
            slot = _known_slot(measurand, phase, location, unit, multiplier)
        except TypeError:  # something unhashable where a word belongs
            slot = _slot(measurand, phase, location, unit, multiplier)
        if slot is None:
            self.keep(sample)
            return
        field, rank, _, energy_factor, factor, offset, _ = slot
        number: Decimal | float | None
        if energy_factor is not None:
            number = read_energy_wh(value, energy_factor)
        else:
            number = read_float(value)
            if number is not None and factor is not None:
                number = read_float(round(number * factor + offset, 6))
        if number is None and (parts := split_unit(value)) is not None:
            told = _agreed_unit(unit, parts.unit)
            if told is not None:
                self.add(measurand, phase, location, told, multiplier, parts.number, sample)
                return
        if rank == 0 and number is not None and getattr(self.meter_value, field) is None:
            setattr(self.meter_value, field, number)
            return
        self.keep(sample)
        if rank > 0:
            self._share(slot, number)

    def keep(self, sample: object) -> None:
        """Keep a sample as the charger sent it, its value as text."""
        if not isinstance(sample, dict):
            sample = {"value": sample}
        value = sample.get("value")
        if type(value) in (int, float):
            sample = {**sample, "value": str(value)}
        self.meter_value.others.append(sample)

    def _share(self, slot: _Slot, number: Decimal | float | None) -> None:
        if self._shares is None:
            self._shares = {}
        known = self._shares.get(slot.field)
        if known is None or slot.rank < known[0].rank:
            self._shares[slot.field] = (slot, {slot.phase: number})
        elif slot.rank == known[0].rank:
            known[1].setdefault(slot.phase, number)

    def build(self) -> MeterValue:
        """Finish: totals and stand-ins go where no direct reading came."""
        meter_value = self.meter_value
        if self._shares is not None:
            for field, (slot, by_phase) in self._shares.items():
                numbers = by_phase.values()
                if getattr(meter_value, field) is None and None not in numbers:
                    setattr(meter_value, field, slot.total(numbers))
        return meter_value


AddSample: TypeAlias = Callable[[MeterValueBuilder, dict[str, Any]], None]
"""How a version gives one of its samples to the builder."""


def listed(raw: object) -> list[Any]:
    """A list, even where a charger forgot the brackets."""
    if isinstance(raw, list):
        return raw
    return [] if raw is None else [raw]


def _samples(raw: object) -> list[Any]:
    """The samples of one meter value; a bare sample in its place counts as one."""
    if not isinstance(raw, dict):
        return [raw]
    if "sampledValue" not in raw and "value" in raw:
        return [raw]
    return listed(raw.get("sampledValue"))


def _context(raw: object) -> str:
    if isinstance(raw, str) and raw.isprintable() and (name := raw.strip()):
        return name
    return DEFAULT_CONTEXT


def _add_all(
    samples: list[Any], add: AddSample, at: datetime, charger_sampled_at: str | None
) -> Iterable[MeterValueBuilder]:
    """Sort samples by their context: each is a meter value of its own."""
    builders: dict[str, MeterValueBuilder] = {}
    latest: str | None = None
    builder: MeterValueBuilder | None = None
    for sample in samples:
        usable = isinstance(sample, dict)
        context = sample.get("context") if usable else None
        if builder is None or context != latest:
            latest = context
            name = _context(context)
            builder = builders.get(name)
            if builder is None:
                builder = builders[name] = MeterValueBuilder(
                    MeterValue(at, name, charger_sampled_at=charger_sampled_at)
                )
        if usable:
            add(builder, sample)
        else:
            builder.keep(sample)
    return builders.values()


def read_meter_values(
    raw: object, clock: ChargerClock, received_at: datetime, add: AddSample
) -> tuple[MeterValue, ...]:
    """Read the `meterValue` or `transactionData` of a message, whatever is in it.

    One without samples gives nothing; samples of different contexts give several.
    """
    found: list[MeterValue] = []
    for item in listed(raw):
        samples = _samples(item)
        if not samples:
            continue
        timestamp = item.get("timestamp") if isinstance(item, dict) else None
        at, told = clock.read(timestamp if isinstance(timestamp, str) else None, received_at)
        found += [builder.build() for builder in _add_all(samples, add, at, told)]
    return tuple(found)
