"""The device model of an OCPP 2.0.1 charging station: components and their variables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..frames import Payload
from ..readings import default_measurands
from ..wallbox import WallboxModel

DataType = Literal[
    "string", "decimal", "integer", "dateTime", "boolean", "OptionList", "MemberList"
]
Address = tuple[str, str, int, int, str, str]
"""Component, its instance, EVSE, connector (0: none), variable, its instance; lower case."""


@dataclass(slots=True)
class Variable:
    """One variable with its Actual value. `evse_id` and `connector_id` 0 mean the station."""

    component: str
    name: str
    value: str
    kind: DataType = "string"
    access: Literal["ReadOnly", "ReadWrite"] = "ReadOnly"
    reboot: bool = False
    unit: str | None = None
    instance: str | None = None
    evse_id: int = 0
    connector_id: int = 0
    values: str | None = None

    @property
    def writable(self) -> bool:
        return self.access == "ReadWrite"

    @property
    def address(self) -> Address:
        return (
            self.component.lower(),
            "",
            self.evse_id,
            self.connector_id,
            self.name.lower(),
            (self.instance or "").lower(),
        )

    def accepts(self, value: str) -> bool:
        """Whether the value is of the variable's type."""
        if self.kind == "integer":
            return value.lstrip("-").isdigit()
        if self.kind == "boolean":
            return value.lower() in ("true", "false")
        if self.kind in ("OptionList", "MemberList") and self.values:
            return all(item in self.values.split(",") for item in value.split(",") if item)
        return True

    def report(self) -> Payload:
        """The reportData entry of this variable."""
        component: Payload = {"name": self.component}
        if self.evse_id:
            component["evse"] = {"id": self.evse_id}
            if self.connector_id:
                component["evse"]["connectorId"] = self.connector_id
        variable: Payload = {"name": self.name}
        if self.instance:
            variable["instance"] = self.instance
        characteristics: Payload = {"dataType": self.kind, "supportsMonitoring": False}
        if self.unit:
            characteristics = {"unit": self.unit, **characteristics}
        if self.values:
            characteristics["valuesList"] = self.values
        return {
            "component": component,
            "variable": variable,
            "variableAttribute": [
                {"type": "Actual", "value": self.value, "mutability": self.access}
            ],
            "variableCharacteristics": characteristics,
        }


def address_of(component: Payload, variable: Payload) -> Address:
    """The address that a component and a variable on the wire mean."""
    evse = component.get("evse", {})
    return (
        component["name"].lower(),
        component.get("instance", "").lower(),
        evse.get("id", 0),
        evse.get("connectorId", 0),
        variable["name"].lower(),
        variable.get("instance", "").lower(),
    )


def standard_variables(evses: Iterable[WallboxModel], **texts: str) -> list[Variable]:
    """The variables that a full charging station has after leaving the factory."""
    # 2.0.1 has no measurand for the temperature: it is a variable there.
    measurands = ",".join(name for name in default_measurands if name != "Temperature")
    station = [
        Variable("ChargingStation", "Available", "true", "boolean"),
        Variable("ChargingStation", "AvailabilityState", "Available"),
        Variable("ChargingStation", "SupplyPhases", "3", "integer"),
        *(Variable("ChargingStation", name, text) for name, text in texts.items()),
        Variable("OCPPCommCtrlr", "HeartbeatInterval", "300", "integer", "ReadWrite", unit="s"),
        Variable("OCPPCommCtrlr", "WebSocketPingInterval", "0", "integer", "ReadWrite", unit="s"),
        Variable("OCPPCommCtrlr", "MessageTimeout", "30", "integer", unit="s", instance="Default"),
        Variable("OCPPCommCtrlr", "NetworkConfigurationPriority", "0", access="ReadWrite"),
        Variable("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "3", "integer", "ReadWrite"),
        Variable("OCPPCommCtrlr", "OfflineThreshold", "60", "integer", "ReadWrite", unit="s"),
        Variable(
            "OCPPCommCtrlr",
            "MessageAttempts",
            "3",
            "integer",
            "ReadWrite",
            instance="TransactionEvent",
        ),
        Variable("AuthCtrlr", "AuthorizeRemoteStart", "false", "boolean", "ReadWrite"),
        Variable("AuthCtrlr", "LocalAuthorizeOffline", "true", "boolean", "ReadWrite"),
        Variable("AuthCtrlr", "LocalPreAuthorize", "false", "boolean", "ReadWrite"),
        Variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false", "boolean", "ReadWrite"),
        Variable("AuthCtrlr", "MasterPassGroupId", "", access="ReadWrite"),
        Variable("AuthCacheCtrlr", "Enabled", "true", "boolean", "ReadWrite"),
        Variable("LocalAuthListCtrlr", "Enabled", "true", "boolean", "ReadWrite"),
        Variable("LocalAuthListCtrlr", "Entries", "0", "integer"),
        Variable("LocalAuthListCtrlr", "ItemsPerMessage", "100", "integer"),
        Variable("TxCtrlr", "EVConnectionTimeOut", "60", "integer", "ReadWrite", unit="s"),
        Variable("TxCtrlr", "StopTxOnEVSideDisconnect", "true", "boolean", "ReadWrite"),
        Variable("TxCtrlr", "StopTxOnInvalidId", "true", "boolean", "ReadWrite"),
        Variable("TxCtrlr", "TxStartPoint", "PowerPathClosed", "MemberList", "ReadWrite"),
        Variable("TxCtrlr", "TxStopPoint", "PowerPathClosed", "MemberList", "ReadWrite"),
        Variable("SampledDataCtrlr", "Enabled", "true", "boolean", "ReadWrite"),
        Variable("SampledDataCtrlr", "TxStartedMeasurands", measurands, "MemberList", "ReadWrite"),
        Variable("SampledDataCtrlr", "TxUpdatedInterval", "60", "integer", "ReadWrite", unit="s"),
        Variable("SampledDataCtrlr", "TxUpdatedMeasurands", measurands, "MemberList", "ReadWrite"),
        Variable("SampledDataCtrlr", "TxEndedInterval", "0", "integer", "ReadWrite", unit="s"),
        Variable("SampledDataCtrlr", "TxEndedMeasurands", measurands, "MemberList", "ReadWrite"),
        Variable("AlignedDataCtrlr", "Interval", "0", "integer", "ReadWrite", unit="s"),
        Variable("AlignedDataCtrlr", "Measurands", measurands, "MemberList", "ReadWrite"),
        Variable("ReservationCtrlr", "Enabled", "true", "boolean", "ReadWrite"),
        Variable("ReservationCtrlr", "NonEvseSpecific", "true", "boolean"),
        Variable("SmartChargingCtrlr", "Available", "true", "boolean"),
        Variable("SmartChargingCtrlr", "Enabled", "true", "boolean", "ReadWrite"),
        Variable("SmartChargingCtrlr", "Entries", "32", "integer", instance="ChargingProfiles"),
        Variable("SmartChargingCtrlr", "LimitChangeSignificance", "5", "decimal", "ReadWrite"),
        Variable("SmartChargingCtrlr", "PeriodsPerSchedule", "24", "integer"),
        Variable("SmartChargingCtrlr", "Phases3to1", _phases_3_to_1(evses), "boolean"),
        Variable("SmartChargingCtrlr", "ProfileStackLevel", "8", "integer"),
        Variable("SmartChargingCtrlr", "RateUnit", "A,W", "MemberList"),
        Variable("SecurityCtrlr", "BasicAuthPassword", "", access="ReadWrite", reboot=True),
        Variable("SecurityCtrlr", "CertificateEntries", "0", "integer"),
        Variable("SecurityCtrlr", "Identity", texts.get("SerialNumber", ""), access="ReadWrite"),
        Variable("SecurityCtrlr", "OrganizationName", "", access="ReadWrite"),
        Variable("SecurityCtrlr", "SecurityProfile", "0", "integer"),
        Variable("ClockCtrlr", "DateTime", "", "dateTime"),
        Variable("ClockCtrlr", "TimeSource", "Heartbeat", access="ReadWrite"),
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "4", "integer", instance="GetReport"),
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "20", "integer", instance="GetVariables"),
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "20", "integer", instance="SetVariables"),
        Variable("DisplayMessageCtrlr", "Available", "true", "boolean"),
        Variable("MonitoringCtrlr", "Available", "true", "boolean"),
    ]
    for number, box in enumerate(evses, start=1):
        station += _evse_variables(number, box)
    return station


def _phases_3_to_1(evses: Iterable[WallboxModel]) -> str:
    can = any(box.switches_phases and box.phases > 1 and not box.is_dc for box in evses)
    return "true" if can else "false"


def _evse_variables(number: int, box: WallboxModel) -> list[Variable]:
    power, phases = str(round(box.max_power_w)), str(3 if box.is_dc else box.phases)
    plug = "cCCS2" if box.is_dc else "sType2"
    return [
        Variable("EVSE", "Available", "true", "boolean", evse_id=number),
        Variable("EVSE", "AvailabilityState", "Available", evse_id=number),
        Variable("EVSE", "SupplyPhases", phases, "integer", evse_id=number),
        Variable("EVSE", "Power", power, "decimal", unit="W", evse_id=number),
        Variable("Connector", "Available", "true", "boolean", evse_id=number, connector_id=1),
        Variable("Connector", "ConnectorType", plug, evse_id=number, connector_id=1),
        Variable("Connector", "SupplyPhases", phases, "integer", evse_id=number, connector_id=1),
    ]


class DeviceModel:
    """The variables by address; case does not matter."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._variables = {variable.address: variable for variable in variables}

    def all(self) -> list[Variable]:
        return list(self._variables.values())

    def find(self, address: Address) -> Variable | None:
        return self._variables.get(address)

    def has_component(self, address: Address) -> bool:
        """Whether the component exists, whatever the variable."""
        return any(known[:4] == address[:4] for known in self._variables)

    def text(self, component: str, name: str) -> str:
        """The value of a standard variable of the station; raises KeyError for others."""
        return self._variables[(component.lower(), "", 0, 0, name.lower(), "")].value

    def integer(self, component: str, name: str) -> int:
        return int(self.text(component, name))

    def boolean(self, component: str, name: str) -> bool:
        return self.text(component, name).lower() == "true"

    def items(self, component: str, name: str) -> list[str]:
        """The value of a list variable, split."""
        return [item.strip() for item in self.text(component, name).split(",") if item.strip()]

    def put(self, component: str, name: str, value: str) -> None:
        """Set a standard variable from the inside."""
        self._variables[(component.lower(), "", 0, 0, name.lower(), "")].value = value
