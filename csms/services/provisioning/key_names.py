"""Settings that OCPP 1.6 has as keys and 2.0.1 as variables of the same meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from csms.services.provisioning.setting_names import format_name, parse_name
from csms.services.provisioning.words import VariableName

_VARIABLES: Final[Mapping[str, str]] = {
    "AllowOfflineTxForUnknownId": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr.Enabled",
    "AuthorizeRemoteTxRequests": "AuthCtrlr.AuthorizeRemoteStart",
    "ClockAlignedDataInterval": "AlignedDataCtrlr.Interval",
    "ConnectionTimeOut": "TxCtrlr.EVConnectionTimeOut",
    "HeartbeatInterval": "OCPPCommCtrlr.HeartbeatInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr.Enabled",
    "LocalAuthorizeOffline": "AuthCtrlr.LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr.LocalPreAuthorize",
    "MaxEnergyOnInvalidId": "TxCtrlr.MaxEnergyOnInvalidId",
    "MeterValuesAlignedData": "AlignedDataCtrlr.Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValueSampleInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "ResetRetries": "OCPPCommCtrlr.ResetRetries",
    "StopTransactionOnEVSideDisconnect": "TxCtrlr.StopTxOnEVSideDisconnect",
    "StopTransactionOnInvalidId": "TxCtrlr.StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr.TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr.TxEndedMeasurands",
    "TransactionMessageAttempts": "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "UnlockConnectorOnEVSideDisconnect": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "WebSocketPingInterval": "OCPPCommCtrlr.WebSocketPingInterval",
}
_BY_KEY: Final = {key.casefold(): parse_name(name) for key, name in _VARIABLES.items()}
_BY_NAME: Final = {name.casefold(): VariableName(key) for key, name in _VARIABLES.items()}


def as_key(name: VariableName) -> VariableName | None:
    """Return a setting as a key of 1.6; None if 1.6 has no such thing."""
    return _BY_NAME.get(format_name(name).casefold()) if name.component else name


def as_variable(name: VariableName) -> VariableName | None:
    """Return a setting as a variable of 2.0.1; None for a key that it has no word for."""
    return name if name.component else _BY_KEY.get(name.variable.casefold())
