"""Applying settings to one charge point: read, set what differs, read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from csms.services.commands import CommandAnswer
from csms.services.provisioning.device_models import DeviceModels, is_taken
from csms.services.provisioning.setting_names import format_name
from csms.services.provisioning.templates import same_value
from csms.services.provisioning.words import SetConfiguration, VariableName

_KNOWN: Final = "accepted"


class SettingResult(StrEnum):
    UNCHANGED = "unchanged"
    SET = "set"
    """It was set, and the charge point says so when asked again."""
    REBOOT_REQUIRED = "reboot_required"
    REFUSED = "refused"
    NOT_KEPT = "not_kept"
    """It was accepted, and the charge point has another value all the same."""
    UNKNOWN = "unknown"
    """The charge point has no such thing."""
    READ_ONLY = "read_only"


WELL: Final = frozenset({SettingResult.UNCHANGED, SettingResult.SET})


@dataclass(frozen=True, slots=True)
class Applied:
    name: str
    wanted: str
    before: str | None
    after: str | None
    result: SettingResult
    reason: str | None = None

    def dump(self) -> dict[str, Any]:
        return {**asdict(self), "result": self.result.value}


@dataclass(frozen=True, slots=True)
class _Told:
    value: str | None
    known: bool
    read_only: bool


async def apply(
    models: DeviceModels, charge_point_id: str, settings: Sequence[SetConfiguration]
) -> tuple[Applied, ...]:
    """Bring settings about; what is right already is not set again.

    Raises CommandError at the first message that fails.
    """
    before = await _read(models, charge_point_id, settings)
    to_set = [each for each in settings if _is_open(each, before)]
    said: Mapping[str, Mapping[str, Any]] = {}
    after = before
    if to_set:
        said = _by_name(await models.write(charge_point_id, to_set))
        taken = [each for each in to_set if is_taken(_status(each, said))]
        after = {**before, **await _read(models, charge_point_id, taken)} if taken else before
    return tuple(_applied(each, before, said, after) for each in settings)


async def verify(
    models: DeviceModels, charge_point_id: str, settings: Sequence[SetConfiguration]
) -> tuple[Applied, ...]:
    """See how settings are, and set nothing. Raises CommandError."""
    now = await _read(models, charge_point_id, settings)
    found = []
    for setting in settings:
        told = now.get(_key(setting.name))
        right = (
            told is not None and told.value is not None and same_value(setting.value, told.value)
        )
        value = told.value if told else None
        result = SettingResult.SET if right else SettingResult.NOT_KEPT
        found.append(Applied(format_name(setting.name), setting.value, None, value, result))
    return tuple(found)


async def _read(
    models: DeviceModels, charge_point_id: str, settings: Sequence[SetConfiguration]
) -> dict[str, _Told]:
    answer = await models.read(charge_point_id, [setting.name for setting in settings])
    return {
        name: _Told(
            result.get("value"),
            str(result.get("status", "")).casefold() == _KNOWN,
            result.get("readonly") is True,
        )
        for name, result in _by_name(answer).items()
    }


def _is_open(setting: SetConfiguration, before: Mapping[str, _Told]) -> bool:
    told = before.get(_key(setting.name))
    if told is None or told.read_only or not told.known:
        return told is None  # some chargers leave out what they don't want to tell
    return told.value is None or not same_value(setting.value, told.value)


def _applied(
    setting: SetConfiguration,
    before: Mapping[str, _Told],
    said: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, _Told],
) -> Applied:
    key, name = _key(setting.name), format_name(setting.name)
    was, now = before.get(key), after.get(key)
    old, new = (was.value if was else None), (now.value if now else None)
    right = new is not None and same_value(setting.value, new)
    reason: str | None = None
    if key not in said:
        if right:
            result = SettingResult.UNCHANGED
        elif was is not None and was.read_only:
            result = SettingResult.READ_ONLY
        else:
            result = SettingResult.UNKNOWN
    elif not is_taken(status := _status(setting, said)):
        result = SettingResult.REFUSED
        reason = str(said[key].get("reason") or status)
    elif status.casefold() == "rebootrequired":
        result = SettingResult.REBOOT_REQUIRED
    else:
        result = SettingResult.SET if right else SettingResult.NOT_KEPT
    return Applied(name, setting.value, old, new, result, reason)


def _status(setting: SetConfiguration, said: Mapping[str, Mapping[str, Any]]) -> str:
    return str(said.get(_key(setting.name), {}).get("status", ""))


def _by_name(answer: CommandAnswer) -> dict[str, Mapping[str, Any]]:
    return {
        _key(
            VariableName(
                result["variable"],
                result.get("component") or "",
                result.get("component_instance"),
                result.get("variable_instance"),
                result.get("evse_id"),
                result.get("connector_id"),
                result.get("attribute"),
            )
        ): result
        for result in answer.results
    }


def _key(name: VariableName) -> str:
    return format_name(name).casefold()
