"""One way to write the name of a setting, for configuration keys and for variables.

MeterValueSampleInterval                      a key of OCPP 1.6
OCPPCommCtrlr.OfflineThreshold                component and variable
DeviceDataCtrlr.ItemsPerMessage[GetReport]    with instances of either
Connector@1:2.AvailabilityState               of EVSE 1, connector 2
SmartChargingCtrlr.LimitChangeSignificance/MaxSet   another attribute than the actual value
"""

from __future__ import annotations

import re
from typing import Final

from csms.services.provisioning.words import VariableName

_NAME: Final = re.compile(
    r"(?P<component>[^.\[\]@/]+)(?:\[(?P<component_instance>[^\]]+)\])?"
    r"(?:@(?P<evse>\d{1,5})(?::(?P<connector>\d{1,5}))?)?"
    r"\.(?P<variable>[^\[\]/]+)(?:\[(?P<variable_instance>[^\]]+)\])?"
    r"(?:/(?P<attribute>Actual|Target|MinSet|MaxSet))?",
    re.ASCII,
)


def parse_name(text: str) -> VariableName:
    """Read a name; what has no component is a configuration key, whatever is in it."""
    found = _NAME.fullmatch(text)
    if found is None:
        return VariableName(text)
    evse, connector = found["evse"], found["connector"]
    return VariableName(
        found["variable"],
        found["component"],
        found["component_instance"],
        found["variable_instance"],
        int(evse) if evse else None,
        int(connector) if connector else None,
        found["attribute"],
    )


def format_name(name: VariableName) -> str:
    """Write a name as `parse_name` reads it."""
    variable = name.variable + (f"[{name.variable_instance}]" if name.variable_instance else "")
    if name.attribute and name.attribute != "Actual":
        variable += f"/{name.attribute}"
    if not name.component:
        return variable
    component = name.component
    if name.component_instance:
        component += f"[{name.component_instance}]"
    if name.evse_id:
        component += f"@{name.evse_id}" + (f":{name.connector_id}" if name.connector_id else "")
    return f"{component}.{variable}"
