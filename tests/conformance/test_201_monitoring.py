"""OCPP 2.0.1, block N: monitors of variables, their reports, and the events that they tell."""

from __future__ import annotations

from typing import Any

from conformance.stations import now, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

STATE_OF_EVSE = {
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "AvailabilityState"},
}
STATE_OF_STATION = {
    "component": {"name": "ChargingStation"},
    "variable": {"name": "AvailabilityState"},
}
POWER = {"component": {"name": "ChargingStation"}, "variable": {"name": "Power"}}

EVSE_BODY: dict[str, Any] = {"component": "EVSE", "evse_id": 1, "variable": "AvailabilityState"}
STATION_BODY: dict[str, Any] = {"component": "ChargingStation", "variable": "AvailabilityState"}
POWER_BODY: dict[str, Any] = {"component": "ChargingStation", "variable": "Power"}

REPORTS = "/charge-points/CS-1/monitoring-reports"
MONITORS = "/charge-points/CS-1/monitors"


def monitor(number: int, kind: str, severity: int = 5) -> dict[str, Any]:
    return {"id": number, "transaction": False, "value": 1, "type": kind, "severity": severity}


async def ask(
    server: Running,
    station: ScriptedChargePoint,
    body: dict[str, Any],
    wanted: dict[str, Any],
    told: list[tuple[dict[str, Any], dict[str, Any]]],
) -> dict[str, Any]:
    """Ask for a report of monitors; each that is told makes a part, none an empty result."""

    async def report(asked: dict[str, Any]) -> None:
        for number, (variable, held) in enumerate(told):
            part = {
                "monitor": [{**variable, "variableMonitoring": [held]}],
                "requestId": asked["requestId"],
                "tbc": number + 1 < len(told),
                "seqNo": number,
                "generatedAt": now(),
            }
            await station.send("NotifyMonitoringReport", part, reply={})

    answer = {"status": "Accepted" if told else "EmptyResultSet"}
    order = station.expect("GetMonitoringReport", answer, check=wanted, after=report)
    asked = await server.post(REPORTS, body, status=201)
    await order.happened()
    found: dict[str, Any] = await server.get(f"/charge-points/CS-1/reports/{asked['request_id']}")
    return found


async def shown(server: Running) -> list[tuple[int, str, str, int, str]]:
    return [
        (each["monitor_id"], each["component"], each["variable"], each["evse_id"], each["kind"])
        for each in (await server.get(MONITORS))["items"]
    ]


async def test_tc_n_01_monitors_are_reported_by_their_kind(server: Running) -> None:
    async with station_201(server) as station:
        delta = {"criteria": ["DeltaMonitoring"]}
        empty = await ask(server, station, delta, {"monitoringCriteria": ["DeltaMonitoring"]}, [])
        threshold = {"criteria": ["ThresholdMonitoring"]}
        told = [(POWER, monitor(1, "UpperThreshold")), (POWER, monitor(2, "LowerThreshold"))]
        full = await ask(
            server, station, threshold, {"monitoringCriteria": ["ThresholdMonitoring"]}, told
        )
    assert (empty["status"], full["status"], full["parts"]) == ("empty", "complete", 2)
    assert await shown(server) == [
        (1, "ChargingStation", "Power", 0, "UpperThreshold"),
        (2, "ChargingStation", "Power", 0, "LowerThreshold"),
    ]


async def test_tc_n_02_monitors_of_chosen_variables_are_reported(server: Running) -> None:
    async with station_201(server) as station:
        body = {"variables": [POWER_BODY]}
        empty = await ask(server, station, body, {"componentVariable": [POWER]}, [])
        body = {"variables": [EVSE_BODY]}
        told = [(STATE_OF_EVSE, monitor(1, "Delta"))]
        full = await ask(server, station, body, {"componentVariable": [STATE_OF_EVSE]}, told)
    assert (empty["status"], full["status"]) == ("empty", "complete")
    assert await shown(server) == [(1, "EVSE", "AvailabilityState", 1, "Delta")]


async def test_tc_n_03_monitors_are_reported_by_kind_and_variable(server: Running) -> None:
    async with station_201(server) as station:
        body = {"criteria": ["DeltaMonitoring"], "variables": [EVSE_BODY]}
        wanted = {"monitoringCriteria": ["DeltaMonitoring"], "componentVariable": [STATE_OF_EVSE]}
        empty = await ask(server, station, body, wanted, [])
        body = {"criteria": ["ThresholdMonitoring"], "variables": [POWER_BODY]}
        wanted = {"monitoringCriteria": ["ThresholdMonitoring"], "componentVariable": [POWER]}
        told = [(POWER, monitor(4, "UpperThreshold"))]
        full = await ask(server, station, body, wanted, told)
    assert (empty["status"], full["status"]) == ("empty", "complete")
    assert await shown(server) == [(4, "ChargingStation", "Power", 0, "UpperThreshold")]


async def test_tc_n_60_monitors_of_several_variables_are_reported(server: Running) -> None:
    async with station_201(server) as station:
        both = {"variables": [STATION_BODY, EVSE_BODY]}
        variables = {"componentVariable": [STATE_OF_STATION, STATE_OF_EVSE]}
        empty = await ask(
            server,
            station,
            both | {"criteria": ["ThresholdMonitoring"]},
            variables | {"monitoringCriteria": ["ThresholdMonitoring"]},
            [],
        )
        full = await ask(
            server,
            station,
            both | {"criteria": ["DeltaMonitoring"]},
            variables | {"monitoringCriteria": ["DeltaMonitoring"]},
            [(STATE_OF_STATION, monitor(1, "Delta")), (STATE_OF_EVSE, monitor(2, "Delta"))],
        )
    assert (empty["status"], full["status"]) == ("empty", "complete")
    assert [(number, component) for number, component, *_ in await shown(server)] == [
        (1, "ChargingStation"),
        (2, "EVSE"),
    ]


async def test_tc_n_47_all_monitors_are_reported(server: Running) -> None:
    async with station_201(server) as station:
        await ask(server, station, {}, {}, [(POWER, monitor(9, "UpperThreshold"))])
        (call,) = [
            entry for entry in await sent(server) if entry["action"] == "GetMonitoringReport"
        ]
        # a later report of all that does not tell of a monitor means that it is gone
        await ask(server, station, {}, {}, [(STATE_OF_EVSE, monitor(1, "Delta"))])
    assert '"monitoringCriteria"' not in call["request"]
    assert '"componentVariable"' not in call["request"]
    assert await shown(server) == [(1, "EVSE", "AvailabilityState", 1, "Delta")]


async def sent(server: Running) -> list[dict[str, Any]]:
    path = "/charge-points/CS-1/messages?direction=out"
    found = await server.eventually(path, lambda body: len(body["items"]) > 0)
    items: list[dict[str, Any]] = found["items"]
    return items


async def test_tc_n_05_the_base_of_the_monitors_is_chosen(server: Running) -> None:
    async with station_201(server) as station:
        for base in ("All", "FactoryDefault", "HardWiredOnly"):
            station.expect("SetMonitoringBase", check={"monitoringBase": base})
            answer = await server.post("/charge-points/CS-1/monitoring-base", {"base": base})
            assert answer["accepted"] is True


def set_answer(*results: tuple[dict[str, Any], int]) -> dict[str, Any]:
    return {
        "setMonitoringResult": [
            {"id": number, "status": "Accepted", "type": "Delta", "severity": 8, **variable}
            for variable, number in results
        ]
    }


async def test_tc_n_08_a_monitor_is_set(server: Running) -> None:
    wanted = {"value": 1, "type": "Delta", "severity": 8, **STATE_OF_EVSE}
    async with station_201(server) as station:
        station.expect(
            "SetVariableMonitoring",
            set_answer((STATE_OF_EVSE, 41)),
            check={"setMonitoringData": [wanted]},
        )
        answer = await server.post(
            MONITORS, {"monitors": [{**EVSE_BODY, "kind": "Delta", "value": 1, "severity": 8}]}
        )
    assert answer["results"][0]["monitor_id"] == 41
    (held,) = (await server.get(MONITORS))["items"]
    assert (held["monitor_id"], held["value"], held["severity"], held["is_ours"]) == (
        41,
        1,
        8,
        True,
    )


async def test_tc_n_09_monitors_of_several_variables_are_set_at_once(server: Running) -> None:
    wanted = {"value": 1, "type": "Delta", "severity": 8}
    async with station_201(server) as station:
        station.expect(
            "SetVariableMonitoring",
            set_answer((STATE_OF_EVSE, 1), (STATE_OF_STATION, 2)),
            check={
                "setMonitoringData": [{**wanted, **STATE_OF_EVSE}, {**wanted, **STATE_OF_STATION}]
            },
        )
        delta = {"kind": "Delta", "value": 1, "severity": 8}
        answer = await server.post(
            MONITORS, {"monitors": [{**EVSE_BODY, **delta}, {**STATION_BODY, **delta}]}
        )
    assert answer["accepted"] is True
    assert await shown(server) == [
        (1, "EVSE", "AvailabilityState", 1, "Delta"),
        (2, "ChargingStation", "AvailabilityState", 0, "Delta"),
    ]


async def test_tc_n_16_the_level_of_monitoring_is_chosen(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("SetMonitoringLevel", check={"severity": 4})
        answer = await server.post("/charge-points/CS-1/monitoring-level", {"severity": 4})
    assert answer["accepted"] is True


async def test_tc_n_17_a_level_of_monitoring_that_is_refused_is_shown_so(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("SetMonitoringLevel", {"status": "Rejected"}, check={"severity": 4})
        answer = await server.post("/charge-points/CS-1/monitoring-level", {"severity": 4})
    assert (answer["status"], answer["accepted"]) == ("Rejected", False)


async def test_tc_n_18_no_more_monitors_are_cleared_at_once_than_the_station_takes(
    server: Running,
) -> None:
    limit = {
        "component": {"name": "MonitoringCtrlr"},
        "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
    }
    told = {**limit, "attributeStatus": "Accepted", "attributeValue": "2"}

    def cleared(*numbers: int) -> dict[str, Any]:
        return {
            "clearMonitoringResult": [{"status": "NotFound", "id": number} for number in numbers]
        }

    name = "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]"
    async with station_201(server) as station:
        station.expect(
            "GetVariables", {"getVariableResult": [told]}, check={"getVariableData": [limit]}
        )
        await server.get(f"/charge-points/CS-1/configuration?name={name}")
        station.expect("ClearVariableMonitoring", cleared(1, 2), check={"id": [1, 2]})
        station.expect("ClearVariableMonitoring", cleared(3), check={"id": [3]})
        answer = await server.post("/charge-points/CS-1/clear-monitors", {"monitor_ids": [1, 2, 3]})
    assert [each["monitor_id"] for each in answer["results"]] == [1, 2, 3]


async def test_tc_n_44_a_monitor_that_cannot_be_cleared_stays(server: Running) -> None:
    async with station_201(server) as station:
        await ask(server, station, {}, {}, [(POWER, monitor(7, "UpperThreshold"))])
        refused = {"clearMonitoringResult": [{"status": "Rejected", "id": 7}]}
        station.expect("ClearVariableMonitoring", refused, check={"id": [7]})
        answer = await server.post("/charge-points/CS-1/clear-monitors", {"monitor_ids": [7]})
    assert (answer["status"], answer["accepted"]) == ("Rejected", False)
    assert [number for number, *_ in await shown(server)] == [7]


async def tell(station: ScriptedChargePoint, **fields: Any) -> None:
    event = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Alerting",
        "actualValue": "1",
        "eventNotificationType": "CustomMonitor",
        **POWER,
        **fields,
    }
    told = {"generatedAt": now(), "seqNo": 0, "eventData": [event]}
    await station.send("NotifyEvent", told, reply={})


async def events(server: Running) -> list[tuple[str, str]]:
    found = await server.get("/charge-points/CS-1/notifications?kind=event")
    return [(each["severity"], each["data"]["eventData"][0]["trigger"]) for each in found["items"]]


async def test_tc_n_24_periodic_events_are_kept(server: Running) -> None:
    async with station_201(server) as station:
        for number in range(3):
            await tell(station, trigger="Periodic", eventId=number)
    assert await events(server) == [("info", "Periodic")] * 3


async def test_tc_n_48_an_alert_of_a_write_only_variable_has_no_value(server: Running) -> None:
    async with station_201(server) as station:
        await tell(station, actualValue="")
    assert await events(server) == [("warning", "Alerting")]


async def test_tc_n_49_a_threshold_that_is_kept_again_after_a_reboot_is_no_alert(
    server: Running,
) -> None:
    async with station_201(server) as station:
        await tell(station, cleared=True)
    assert await events(server) == [("info", "Alerting")]


async def test_tc_n_50_an_event_of_a_periodic_monitor_is_kept(server: Running) -> None:
    async with station_201(server) as station:
        await ask(server, station, {}, {}, [(POWER, monitor(7, "Periodic"))])
        await tell(station, trigger="Periodic", variableMonitoringId=7)
    assert await events(server) == [("info", "Periodic")]


async def test_tc_n_21_an_alert_is_kept_and_is_as_severe_as_its_monitor(server: Running) -> None:
    async with station_201(server) as station:
        dangerous = (POWER, monitor(7, "UpperThreshold", severity=0))
        await ask(server, station, {}, {}, [dangerous])
        await tell(station, variableMonitoringId=7)
    assert await events(server) == [("critical", "Alerting")]
