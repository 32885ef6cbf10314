"""How a model of charge point wants to be told its limits: values, and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import Kind, Register

_ONE_REGISTER: Final = frozenset({Register.STANDING})
_TWO_REGISTERS: Final = frozenset({Register.STANDING, Register.TX})
_ALL_REGISTERS: Final = frozenset(Register)


class Scheme(StrEnum):
    """Which profiles are used."""

    REGISTERS = "registers"
    """A standing and an idle TxDefaultProfile and a TxProfile for each transaction."""
    ONE_DEFAULT = "one_default"
    """A single TxDefaultProfile for everything."""
    STATION_MAX = "station_max"
    """The maximum of the charge point alone; only where it has a single EVSE."""
    VENDOR_KEY = "vendor_key"
    """No profile: the vendor's own configuration key. Never lapses."""


@dataclass(frozen=True, slots=True)
class VendorKey:
    """A configuration key that takes a limit, in amperes times `factor`."""

    key: str
    factor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the charge point says it can do; the search keeps it, the strategy may do less."""

    units: tuple[Unit, ...] = ()
    """Empty: it didn't say."""
    max_level: int = 1
    max_periods: int = 3
    slots: int = 3
    """Profiles per EVSE."""
    evses: int | None = None
    """Only with 1 may it be told limits for the whole charge point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to tell a charge point a limit. The defaults are the specification's letter."""

    scheme: Scheme = Scheme.REGISTERS
    unit: Unit = "A"
    kind: Kind = Kind.ABSOLUTE
    """Of what is a staircase or belongs to a transaction. RELATIVE ends by validTo."""
    default_kind: Kind = Kind.RELATIVE
    """Of defaults without steps: relative ones need no right clock."""
    standing_level: int = 0
    idle_level: int | None = 1
    """None: no level free, so an idle allowance replaces the standing profile for a while."""
    tx_level: int = 1
    evse_zero: bool = False
    """Whether defaults are set for EVSE (connector) 0."""
    decimals: int = 1
    """Digits of a limit in amperes: OCPP allows one (K01, 1.6 ChargingSchedulePeriod)."""
    max_periods: int = 3
    zero_pauses: bool = True
    """False: a limit of 0 counts as none, so pausing means stopping the transaction."""
    explicit_phases: bool = True
    phase_choice: bool = False
    """Whether phaseToUse may be told (ACPhaseSwitchingSupported, K01.FR.20)."""
    switches_phases: bool = False
    """It says that it switches between three phases and one during a transaction."""
    vendor_key: VendorKey | None = None
    offer: Offer = Offer()
    tried: tuple[str, ...] = ()
    """Names of the strategies that failed before this one."""

    @property
    def name(self) -> str:
        """What distinguishes it from others, in short."""
        if self.scheme is Scheme.VENDOR_KEY:
            return f"{self.scheme}:{self.vendor_key.key if self.vendor_key else ''}"
        levels = str(self.standing_level)
        if self.scheme is Scheme.REGISTERS:
            levels = f"{self.standing_level},{self.idle_level},{self.tx_level}"
        where = "station" if self.evse_zero else "evse"
        unit = "W" if self.unit == "W" else f"A.{self.decimals}"
        phases = "phases" if self.explicit_phases else "no phases"
        return (
            f"{self.scheme}:{where}:{unit}:{self.kind}/{self.default_kind}"
            f":levels {levels}:{self.max_periods} periods:{phases}"
        )

    @property
    def registers(self) -> frozenset[Register]:
        """The registers that its orders go to."""
        if self.scheme is not Scheme.REGISTERS:
            return _ONE_REGISTER
        return _TWO_REGISTERS if self.idle_level is None else _ALL_REGISTERS

    @property
    def lapses(self) -> bool:
        """Whether a limit of a transaction ends by itself when the server falls silent."""
        if self.scheme is Scheme.VENDOR_KEY:
            return False
        if self.scheme is Scheme.REGISTERS:
            return True
        return self.kind is Kind.ABSOLUTE and self.max_periods > 1

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return asdict(self)

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Strategy:
        """Read what was kept; what is missing is as by default, what is unknown is ignored.

        Raises InvalidValueError.
        """
        known = {field.name for field in fields(Strategy)}
        values = {name: value for name, value in kept.items() if name in known}
        try:
            return Strategy(**{name: _READERS[name](value) for name, value in values.items()})
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidValueError("strategy", dict(kept), f"a strategy ({error})") from error


def initial(vendor: str, model: str, version: str, capabilities: Mapping[str, str]) -> Strategy:
    """Return where to begin with a charge point: what it says of itself, what is known of it.

    `version` is OCPP's by subprotocol, `capabilities` are 1.6 configuration keys or variables
    of 2.0.1's SmartChargingCtrlr by name, as far as it told.
    """
    offer = _read_offer(capabilities)
    strategy = Strategy(
        scheme=Scheme.ONE_DEFAULT if offer.slots == 1 else Scheme.REGISTERS,
        unit="W" if offer.units == ("W",) else "A",
        idle_level=1 if offer.slots > 2 and offer.max_level > 0 else None,
        tx_level=offer.max_level,
        max_periods=min(3, offer.max_periods),
        phase_choice=version != "ocpp1.6" and _is_true(capabilities, "ACPhaseSwitchingSupported"),
        switches_phases=_is_true(capabilities, "ConnectorSwitch3to1PhaseSupported")
        or _is_true(capabilities, "Phases3to1"),
        offer=offer,
    )
    for known in KNOWN_MODELS:
        if known.is_it(vendor, model):
            strategy = replace(strategy, **known.differs)
    return strategy


@dataclass(frozen=True, slots=True)
class KnownModel:
    """What others have found out about a model; only where a search begins."""

    vendor: str
    model: str
    """Both as regular expressions, anywhere in the name, in any case."""
    differs: Mapping[str, Any]

    def is_it(self, vendor: str, model: str) -> bool:
        return all(
            re.search(pattern, name, re.IGNORECASE)
            for pattern, name in ((self.vendor, vendor), (self.model, model))
        )


_LEVEL_ZERO: Final = {"standing_level": 0, "idle_level": None, "tx_level": 0}
KNOWN_MODELS: Final = (
    KnownModel("wall ?box", "", _LEVEL_ZERO),
    KnownModel(
        "wall ?box", "pulsar|PLP|PUP", {"kind": Kind.RELATIVE, "default_kind": Kind.RELATIVE}
    ),
    KnownModel("abb", "terra ?ac|tac", {"tx_level": 0}),
    KnownModel("huawei", "", {"unit": "W"}),
    KnownModel("ev-?box", "", {"vendor_key": VendorKey("evb_MaximumStationCurrent", 10)}),
    KnownModel("keba", "", {"vendor_key": VendorKey("MaxAvailableCurrent", 1000)}),
)


def _read_offer(capabilities: Mapping[str, str]) -> Offer:
    told = capabilities.get("ChargingScheduleAllowedChargingRateUnit") or capabilities.get(
        "RateUnit", ""
    )
    words = {word.strip().lower() for word in told.split(",")}
    units: list[Unit] = []
    if words & {"a", "current"}:
        units.append("A")
    if words & {"w", "power"}:
        units.append("W")
    installed = _number(capabilities, "MaxChargingProfilesInstalled")
    evses = _number(capabilities, "NumberOfConnectors")
    level = _number(capabilities, "ChargeProfileMaxStackLevel", "ProfileStackLevel")
    periods = _number(capabilities, "ChargingScheduleMaxPeriods", "PeriodsPerSchedule")
    return Offer(
        units=tuple(units),
        max_level=1 if level is None else level,
        max_periods=periods or 3,
        slots=max(1, installed // (evses or 1)) if installed else 3,
        evses=evses,
    )


def _number(capabilities: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        text = capabilities.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}", text):
            return int(text)
    return None


def _is_true(capabilities: Mapping[str, str], name: str) -> bool:
    return capabilities.get(name, "").strip().lower() == "true"


def _read_unit(value: Any) -> Unit:
    if value == "A":
        return "A"
    if value == "W":
        return "W"
    raise ValueError(f"unit {value!r}")


def _read_whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no whole number")
    return value


def _read_whole_or_none(value: Any) -> int | None:
    return None if value is None else _read_whole(value)


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _read_key(value: Any) -> VendorKey | None:
    return None if value is None else VendorKey(str(value["key"]), _read_whole(value["factor"]))


def _read_kept_offer(value: Any) -> Offer:
    return Offer(
        units=tuple(_read_unit(unit) for unit in value["units"]),
        max_level=_read_whole(value["max_level"]),
        max_periods=_read_whole(value["max_periods"]),
        slots=_read_whole(value["slots"]),
        evses=_read_whole_or_none(value.get("evses")),
    )


def _read_names(value: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in value)


_READERS: Final[Mapping[str, Any]] = {
    "scheme": Scheme,
    "unit": _read_unit,
    "kind": Kind,
    "default_kind": Kind,
    "standing_level": _read_whole,
    "idle_level": _read_whole_or_none,
    "tx_level": _read_whole,
    "evse_zero": _read_flag,
    "decimals": _read_whole,
    "max_periods": _read_whole,
    "zero_pauses": _read_flag,
    "explicit_phases": _read_flag,
    "phase_choice": _read_flag,
    "switches_phases": _read_flag,
    "vendor_key": _read_key,
    "offer": _read_kept_offer,
    "tried": _read_names,
}
