"""Configuration templates: the settings that an operator wants for a vendor, model and firmware.

A setting is written with the name that it has in 1.6 or 2.0.1; where both have it, one of them will
do for chargers of either version. A name of the charger's own version wins over a translated one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from csms.model import OcppVersion
from csms.services.provisioning.key_names import as_key, as_variable
from csms.services.provisioning.setting_names import format_name
from csms.services.provisioning.words import SetConfiguration, VariableName

_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`vendor`, `model` and `firmware_version` are patterns: * is any text, ? any character."""

    id: str
    version: int
    vendor: str
    model: str
    firmware_version: str
    settings: tuple[SetConfiguration, ...]
    apply_on_approval: bool
    restart_if_needed: bool

    def fits(self, vendor: str, model: str, firmware_version: str | None) -> bool:
        """Whether it is about such a charge point; nobody is before it has told what it is."""
        return bool(vendor or model) and (
            matches(self.vendor, vendor)
            and matches(self.model, model)
            and matches(self.firmware_version, firmware_version or "")
        )


def matches(pattern: str, text: str) -> bool:
    """Compare without case; * stands for any text, ? for any character."""
    pattern, text = pattern.casefold(), text.casefold()
    here = at = 0
    star, resumed = -1, 0
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            star, resumed = here, at
            here += 1
        elif here < len(pattern) and pattern[here] in ("?", text[at]):
            here, at = here + 1, at + 1
        elif star >= 0:  # the last star takes one character more; earlier ones need not
            resumed += 1
            here, at = star + 1, resumed
        else:
            return False
    return not pattern[here:].strip("*")


def settings_for(
    version: OcppVersion, settings: Iterable[SetConfiguration]
) -> tuple[SetConfiguration, ...]:
    """Return the settings that a charge point of this version can have, in its own names."""
    is_v16 = version is OcppVersion.V16
    found: dict[str, SetConfiguration] = {}
    native: set[str] = set()
    for setting in settings:
        name = as_key(setting.name) if is_v16 else as_variable(setting.name)
        if name is None:
            continue
        key, is_native = format_name(name).casefold(), name == setting.name
        if is_native or key not in native:
            found[key] = SetConfiguration(name, setting.value)
        if is_native:
            native.add(key)
    return tuple(found.values())


def same_value(wanted: str, told: str) -> bool:
    """Whether two texts mean the same: without case, spaces in lists, and zeros of numbers."""
    return _plain(wanted) == _plain(told)


def _plain(value: str) -> object:
    value = value.strip().casefold()
    if _NUMBER.fullmatch(value):
        return float(value)
    return tuple(part.strip() for part in value.split(","))


class SettingState(StrEnum):
    """How a setting is, as far as is known."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """The charge point never told."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a charge point last told of a variable."""

    value: str | None
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class SettingDrift:
    name: str
    wanted: str
    value: str | None
    state: SettingState
    reported_at: datetime | None


def drift(
    settings: Sequence[SetConfiguration], known: Mapping[str, Known]
) -> tuple[SettingDrift, ...]:
    """Compare wanted settings, in the charge point's names, with what it told.

    `known` is by name as `format_name` writes it, in lower case.
    """
    found = []
    for setting in settings:
        name = format_name(setting.name)
        told = known.get(name.casefold())
        value = told.value if told else None
        if told is None or value is None:
            state = SettingState.UNKNOWN
        else:
            same = same_value(setting.value, value)
            state = SettingState.MATCHES if same else SettingState.DIFFERS
        at = told.reported_at if told else None
        found.append(SettingDrift(name, setting.value, value, state, at))
    return tuple(found)


def dump_setting(setting: SetConfiguration) -> dict[str, Any]:
    """Write a setting as it is stored and shown: without what is not said."""
    name = setting.name
    parts: dict[str, Any] = {
        "component": name.component or None,
        "component_instance": name.component_instance,
        "evse_id": name.evse_id,
        "connector_id": name.connector_id,
        "variable": name.variable,
        "variable_instance": name.variable_instance,
        "attribute": name.attribute,
        "value": setting.value,
    }
    return {key: held for key, held in parts.items() if held is not None}


def load_setting(parts: Mapping[str, Any]) -> SetConfiguration:
    """Read back what `dump_setting` wrote."""
    name = VariableName(
        parts["variable"],
        parts.get("component", ""),
        parts.get("component_instance"),
        parts.get("variable_instance"),
        parts.get("evse_id"),
        parts.get("connector_id"),
        parts.get("attribute"),
    )
    return SetConfiguration(name, parts["value"])


_MEASURANDS: Final = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Current.Offered"
)
GOOD_DEFAULTS: Final[Mapping[str, str]] = {
    "SampledDataCtrlr.TxUpdatedInterval": "60",
    "SampledDataCtrlr.TxUpdatedMeasurands": _MEASURANDS,
    "AlignedDataCtrlr.Interval": "900",
    "AlignedDataCtrlr.Measurands": "Energy.Active.Import.Register",
    "TxCtrlr.StopTxOnEVSideDisconnect": "true",
    "AuthCtrlr.LocalAuthorizeOffline": "true",
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "10",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "60",
}
"""What most sites want: live figures each minute, quarter hours for the bill, nothing lost."""
