"""The configuration keys of an OCPP 1.6 charge point: a sane table, checked on change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..readings import default_measurands

Kind = Literal["integer", "boolean", "text", "list"]
Outcome = Literal["Accepted", "Rejected", "RebootRequired", "NotSupported"]


@dataclass(slots=True)
class Key:
    """One key. `secret` ones are written but never read."""

    name: str
    value: str
    kind: Kind = "text"
    readonly: bool = False
    reboot: bool = False
    secret: bool = False

    def accepts(self, value: str) -> bool:
        """Whether the value is of the key's kind."""
        if self.kind == "integer":
            return value.isascii() and value.isdigit()
        if self.kind == "boolean":
            return value.lower() in ("true", "false")
        return True


profiles = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"


def standard_keys(connectors: int) -> list[Key]:
    """The keys that a full charge point has after leaving the factory."""
    measurands = ",".join(default_measurands)
    return [
        Key("AllowOfflineTxForUnknownId", "false", "boolean"),
        Key("AuthorizationCacheEnabled", "true", "boolean"),
        Key("AuthorizeRemoteTxRequests", "false", "boolean"),
        Key("ClockAlignedDataInterval", "0", "integer"),
        Key("ConnectionTimeOut", "60", "integer"),
        Key("ConnectorPhaseRotation", "NotApplicable", "list"),
        Key("GetConfigurationMaxKeys", "50", "integer", readonly=True),
        Key("HeartbeatInterval", "300", "integer"),
        Key("LocalAuthorizeOffline", "true", "boolean"),
        Key("LocalPreAuthorize", "false", "boolean"),
        Key("MeterValuesAlignedData", measurands, "list"),
        Key("MeterValuesSampledData", measurands, "list"),
        Key("MeterValueSampleInterval", "60", "integer"),
        Key("NumberOfConnectors", str(connectors), "integer", readonly=True),
        Key("ResetRetries", "1", "integer"),
        Key("StopTransactionOnEVSideDisconnect", "true", "boolean"),
        Key("StopTransactionOnInvalidId", "true", "boolean"),
        Key("StopTxnAlignedData", "", "list"),
        Key("StopTxnSampledData", "Energy.Active.Import.Register", "list"),
        Key("SupportedFeatureProfiles", profiles, "list", readonly=True),
        Key("TransactionMessageAttempts", "3", "integer"),
        Key("TransactionMessageRetryInterval", "1", "integer"),
        Key("UnlockConnectorOnEVSideDisconnect", "true", "boolean"),
        Key("WebSocketPingInterval", "0", "integer"),
        Key("LocalAuthListEnabled", "true", "boolean"),
        Key("LocalAuthListMaxLength", "1000", "integer", readonly=True),
        Key("SendLocalListMaxLength", "100", "integer", readonly=True),
        Key("ReserveConnectorZeroSupported", "true", "boolean", readonly=True),
        Key("ChargeProfileMaxStackLevel", "8", "integer", readonly=True),
        Key("ChargingScheduleAllowedChargingRateUnit", "Current,Power", "list", readonly=True),
        Key("ChargingScheduleMaxPeriods", "24", "integer", readonly=True),
        Key("MaxChargingProfilesInstalled", "32", "integer", readonly=True),
        Key("ConnectorSwitch3to1PhaseSupported", "false", "boolean", readonly=True),
        Key("AuthorizationKey", "", secret=True, reboot=True),
        Key("SecurityProfile", "0", "integer", reboot=True),
        Key("CpoName", ""),
        Key("AdditionalRootCertificateCheck", "false", "boolean", readonly=True),
        Key("CertificateStoreMaxLength", "16", "integer", readonly=True),
    ]


class Configuration:
    """The keys by name; case does not matter."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.name.lower(): key for key in keys}

    def find(self, name: str) -> Key | None:
        return self._keys.get(name.lower())

    def text(self, name: str) -> str:
        """The value of a standard key; raises KeyError for others."""
        return self._keys[name.lower()].value

    def integer(self, name: str) -> int:
        return int(self.text(name))

    def boolean(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def items(self, name: str) -> list[str]:
        """The value of a list key, split."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def readable(self) -> list[Key]:
        return [key for key in self._keys.values() if not key.secret]

    def change(self, name: str, value: str) -> Outcome:
        """ChangeConfiguration, 1.6 section 5.3."""
        key = self.find(name)
        if key is None:
            return "NotSupported"
        if key.readonly or not key.accepts(value):
            return "Rejected"
        key.value = value
        return "RebootRequired" if key.reboot else "Accepted"
