"""Orders about variables, reports and monitors: 2.0.1 has them, 1.6 says that it has not."""

from __future__ import annotations

from typing import Any

import pytest
from unit.handlers.v201.conversation import check

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v201.commands import translate as translate_v201
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.commands import Command
from csms.services.provisioning.words import (
    ClearMonitors,
    ComponentCriterion,
    GetBaseReport,
    GetMonitoringReport,
    GetReport,
    MonitoringBase,
    MonitoringCriterion,
    MonitorKind,
    NewMonitor,
    ReportBase,
    SetConfiguration,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetMonitors,
    SetVariables,
    VariableName,
)

CHARGE_POINT = ChargePoint(1, "CP-1", RegistrationStatus.ACCEPTED)
STATE = VariableName("AvailabilityState", "EVSE", evse_id=1)
STATE_WRITTEN = {
    "component": {"evse": {"id": 1}, "name": "EVSE"},
    "variable": {"name": "AvailabilityState"},
}
SAID: list[tuple[Command, str, dict[str, Any]]] = [
    (
        SetVariables((SetConfiguration(STATE, "1"), SetConfiguration(STATE, "2"))),
        "SetVariables",
        {
            "setVariableData": [
                {"attributeValue": "1", **STATE_WRITTEN},
                {"attributeValue": "2", **STATE_WRITTEN},
            ]
        },
    ),
    (
        GetBaseReport(7, ReportBase.SUMMARY),
        "GetBaseReport",
        {"requestId": 7, "reportBase": "SummaryInventory"},
    ),
    (
        GetReport(7, (ComponentCriterion.PROBLEM,), (STATE, VariableName("", "EVSE"))),
        "GetReport",
        {
            "componentVariable": [STATE_WRITTEN, {"component": {"name": "EVSE"}}],
            "requestId": 7,
            "componentCriteria": ["Problem"],
        },
    ),
    (GetMonitoringReport(7), "GetMonitoringReport", {"requestId": 7}),
    (
        GetMonitoringReport(7, (MonitoringCriterion.DELTA,), (STATE,)),
        "GetMonitoringReport",
        {
            "componentVariable": [STATE_WRITTEN],
            "requestId": 7,
            "monitoringCriteria": ["DeltaMonitoring"],
        },
    ),
    (
        SetMonitoringBase(MonitoringBase.FACTORY_DEFAULT),
        "SetMonitoringBase",
        {"monitoringBase": "FactoryDefault"},
    ),
    (SetMonitoringLevel(4), "SetMonitoringLevel", {"severity": 4}),
    (
        SetMonitors(
            (
                NewMonitor(name=STATE, kind=MonitorKind.DELTA, value=1.0, severity=8),
                NewMonitor(
                    name=STATE,
                    kind=MonitorKind.UPPER_THRESHOLD,
                    value=0.5,
                    severity=3,
                    transaction=True,
                    monitor_id=9,
                ),
            )
        ),
        "SetVariableMonitoring",
        {
            "setMonitoringData": [
                {"value": 1, "type": "Delta", "severity": 8, **STATE_WRITTEN},
                {
                    "id": 9,
                    "transaction": True,
                    "value": 0.5,
                    "type": "UpperThreshold",
                    "severity": 3,
                    **STATE_WRITTEN,
                },
            ]
        },
    ),
    (ClearMonitors((1, 2)), "ClearVariableMonitoring", {"id": [1, 2]}),
]


@pytest.mark.parametrize(("command", "action", "payload"), SAID)
def test_2_0_1_has_words_for_it(command: Command, action: str, payload: dict[str, Any]) -> None:
    outgoing = translate_v201(CHARGE_POINT, command)
    check(f"{action}Request", outgoing.payload)
    assert (outgoing.action, outgoing.payload) == (action, payload)


@pytest.mark.parametrize("command", [command for command, _, _ in SAID])
def test_1_6_says_that_it_has_no_such_thing(command: Command) -> None:
    with pytest.raises(NotSupportedError, match=r"OCPP 1.6 has no"):
        translate_v16(CHARGE_POINT, command)


@pytest.mark.parametrize("severity", [-1, 10])
def test_a_severity_that_ocpp_does_not_know_is_refused(severity: int) -> None:
    with pytest.raises(InvalidValueError, match=r"severity: .* 0 \(danger\) to 9 \(debug\)"):
        translate_v201(CHARGE_POINT, SetMonitoringLevel(severity))
