"""Each command in 2.0.1's words: valid by its schema, keys in order, answers understood."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from unit.handlers.test_certificate_commands import IN_V201
from unit.handlers.test_operation_commands import IN_V201 as OPERATIONS
from unit.handlers.test_provisioning_commands import SAID as PROVISIONING
from unit.handlers.v201.conversation import check
from unit.world import NOON, World

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers.v201.commands import translate
from csms.model import Authorization, AuthorizationStatus, ConnectorStatus, IdToken, Place
from csms.services.charge_point import ChargePoint, Connector
from csms.services.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    ClearChargingProfile,
    Command,
    GetChargingProfiles,
    GetCompositeSchedule,
    GetConfiguration,
    GetLocalListVersion,
    GetTransactionStatus,
    Outgoing,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    SendData,
    SendLocalList,
    SetChargingProfile,
    SetPassword,
    TellCost,
    Trigger,
    Unlock,
)
from csms.services.local_list.words import ListEntry, SentList, UpdateType
from csms.services.provisioning.words import (
    SetConfiguration,
    VariableName,
)
from csms.services.station_commands import StationCommand
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

CARD = IdToken("CARD-1", "ISO14443")
FAMILY_CARD = ListEntry(
    "CARD-1", "ISO14443", Authorization(AuthorizationStatus.ACCEPTED, NOON, "family")
)
LOST_CARD = ListEntry("CARD-2", "eMAID")
INTERVAL = VariableName("HeartbeatInterval", "OCPPCommCtrlr")
POWER = VariableName(
    "Power",
    "EVSE",
    component_instance="left",
    variable_instance="max",
    evse_id=1,
    connector_id=2,
    attribute="MaxSet",
)
LIMIT = ChargingProfile(
    profile_id=5,
    purpose=Purpose.TX_DEFAULT,
    stack_level=1,
    kind=Kind.RELATIVE,
    unit="A",
    periods=(Period(0, 16.0),),
)

SAID: list[tuple[Command, str, dict[str, Any]]] = [
    (RemoteStop(7, "tx-1"), "RequestStopTransaction", {"transactionId": "tx-1"}),
    (Reset(), "Reset", {"type": "OnIdle"}),
    (Reset(immediate=True, evse_id=2), "Reset", {"type": "Immediate", "evseId": 2}),
    (Unlock(2, 3), "UnlockConnector", {"evseId": 2, "connectorId": 3}),
    (ChangeAvailability(operative=True), "ChangeAvailability", {"operationalStatus": "Operative"}),
    (
        ChangeAvailability(operative=False, evse_id=2, connector_id=1),
        "ChangeAvailability",
        {"evse": {"id": 2, "connectorId": 1}, "operationalStatus": "Inoperative"},
    ),
    (
        GetConfiguration((INTERVAL, POWER)),
        "GetVariables",
        {
            "getVariableData": [
                {
                    "component": {"name": "OCPPCommCtrlr"},
                    "variable": {"name": "HeartbeatInterval"},
                },
                {
                    "attributeType": "MaxSet",
                    "component": {
                        "evse": {"id": 1, "connectorId": 2},
                        "name": "EVSE",
                        "instance": "left",
                    },
                    "variable": {"name": "Power", "instance": "max"},
                },
            ]
        },
    ),
    (
        SetConfiguration(INTERVAL, "60"),
        "SetVariables",
        {
            "setVariableData": [
                {
                    "attributeValue": "60",
                    "component": {"name": "OCPPCommCtrlr"},
                    "variable": {"name": "HeartbeatInterval"},
                }
            ]
        },
    ),
    (
        SetPassword("sixteen-or-more-"),
        "SetVariables",
        {
            "setVariableData": [
                {
                    "attributeValue": "sixteen-or-more-",
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                }
            ]
        },
    ),
    (
        SetConfiguration(POWER, "11000"),
        "SetVariables",
        {
            "setVariableData": [
                {
                    "attributeType": "MaxSet",
                    "attributeValue": "11000",
                    "component": {
                        "evse": {"id": 1, "connectorId": 2},
                        "name": "EVSE",
                        "instance": "left",
                    },
                    "variable": {"name": "Power", "instance": "max"},
                }
            ]
        },
    ),
    (Trigger("Heartbeat"), "TriggerMessage", {"requestedMessage": "Heartbeat"}),
    (
        Trigger("MeterValues", evse_id=2),
        "TriggerMessage",
        {"evse": {"id": 2}, "requestedMessage": "MeterValues"},
    ),
    (
        Trigger("StatusNotification", evse_id=2),
        "TriggerMessage",
        {"evse": {"id": 2, "connectorId": 1}, "requestedMessage": "StatusNotification"},
    ),
    (
        Trigger("SignCertificate"),
        "TriggerMessage",
        {"requestedMessage": "SignChargingStationCertificate"},
    ),
    (ClearCache(), "ClearCache", {}),
    (SendData("org.example"), "DataTransfer", {"vendorId": "org.example"}),
    (
        TellCost("tx-1", Decimal("3.70")),
        "CostUpdated",
        {"totalCost": 3.7, "transactionId": "tx-1"},
    ),
    (
        SendData("org.example", "hello", {"a": 1}),
        "DataTransfer",
        {"messageId": "hello", "data": {"a": 1}, "vendorId": "org.example"},
    ),
    (
        Reserve(reservation_id=7, id_token=CARD, expires_at=NOON, evse_id=2, group_id="family"),
        "ReserveNow",
        {
            "id": 7,
            "expiryDateTime": "2026-06-15T12:00:00Z",
            "idToken": {"idToken": "CARD-1", "type": "ISO14443"},
            "evseId": 2,
            "groupIdToken": {"idToken": "family", "type": "Central"},
        },
    ),
    (
        Reserve(reservation_id=7, id_token=CARD, expires_at=NOON, connector_type="cType2"),
        "ReserveNow",
        {
            "id": 7,
            "expiryDateTime": "2026-06-15T12:00:00Z",
            "connectorType": "cType2",
            "idToken": {"idToken": "CARD-1", "type": "ISO14443"},
        },
    ),
    (CancelReservation(7), "CancelReservation", {"reservationId": 7}),
    (GetLocalListVersion(), "GetLocalListVersion", {}),
    (
        SendLocalList(SentList(4, UpdateType.DIFFERENTIAL, (FAMILY_CARD,), (LOST_CARD,))),
        "SendLocalList",
        {
            "localAuthorizationList": [
                {
                    "idToken": {"idToken": "CARD-1", "type": "ISO14443"},
                    "idTokenInfo": {
                        "status": "Accepted",
                        "cacheExpiryDateTime": "2026-06-15T12:00:00Z",
                        "groupIdToken": {"idToken": "family", "type": "Central"},
                    },
                },
                {"idToken": {"idToken": "CARD-2", "type": "eMAID"}},
            ],
            "versionNumber": 4,
            "updateType": "Differential",
        },
    ),
    (
        SendLocalList(SentList(5, UpdateType.FULL)),
        "SendLocalList",
        {"versionNumber": 5, "updateType": "Full"},
    ),
    (GetTransactionStatus("tx-1"), "GetTransactionStatus", {"transactionId": "tx-1"}),
    (GetTransactionStatus(), "GetTransactionStatus", {}),
    (
        SetChargingProfile(1, LIMIT),
        "SetChargingProfile",
        {
            "evseId": 1,
            "chargingProfile": {
                "id": 5,
                "stackLevel": 1,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": [
                    {
                        "id": 5,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
                    }
                ],
            },
        },
    ),
    (ClearChargingProfile(), "ClearChargingProfile", {}),
    (
        ClearChargingProfile(profile_id=9, evse_id=1),
        "ClearChargingProfile",
        {"chargingProfileId": 9},
    ),
    (
        ClearChargingProfile(evse_id=1, purpose=Purpose.TX_DEFAULT, stack_level=0),
        "ClearChargingProfile",
        {
            "chargingProfileCriteria": {
                "evseId": 1,
                "chargingProfilePurpose": "TxDefaultProfile",
                "stackLevel": 0,
            }
        },
    ),
    (
        GetCompositeSchedule(1, 300, "A"),
        "GetCompositeSchedule",
        {"duration": 300, "chargingRateUnit": "A", "evseId": 1},
    ),
    (GetCompositeSchedule(0, 300), "GetCompositeSchedule", {"duration": 300, "evseId": 0}),
]
ASKED: list[tuple[GetChargingProfiles, dict[str, Any]]] = [
    (GetChargingProfiles(profile_ids=(1, 2)), {"chargingProfile": {"chargingProfileId": [1, 2]}}),
    (
        GetChargingProfiles(evse_id=1),  # K09.FR.03: without any criterion it would be wrong
        {"evseId": 1, "chargingProfile": {"chargingLimitSource": ["CSO", "EMS", "SO", "Other"]}},
    ),
    (
        GetChargingProfiles(evse_id=0, purpose=Purpose.STATION_MAX),
        {
            "evseId": 0,
            "chargingProfile": {"chargingProfilePurpose": "ChargingStationMaxProfile"},
        },
    ),
    (
        GetChargingProfiles(evse_id=1, purpose=Purpose.TX, stack_level=0),
        {
            "evseId": 1,
            "chargingProfile": {"chargingProfilePurpose": "TxProfile", "stackLevel": 0},
        },
    ),
]


def say(charge_point: ChargePoint, command: Command) -> Outgoing:
    outgoing = translate(charge_point, command)
    check(f"{outgoing.action}Request", outgoing.payload)
    return outgoing


def test_no_command_is_without_words() -> None:
    said = {type(command) for command, _, _ in SAID} | {RemoteStart, GetChargingProfiles}
    said |= {type(command) for command, _, _ in [*IN_V201, *PROVISIONING, *OPERATIONS]}
    assert said == set(get_args(Command)) - set(get_args(StationCommand))


@pytest.mark.parametrize(("command", "action", "payload"), SAID)
async def test_a_command_is_said_in_valid_words(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    outgoing = say(charge_point, command)
    assert (outgoing.action, outgoing.payload) == (action, payload)


async def test_a_remote_start_names_token_and_place_and_passes_the_profile_on(
    charge_point: ChargePoint,
) -> None:
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
            }
        ],
    }
    outgoing = say(charge_point, RemoteStart(CARD, 2, profile))
    assert outgoing.action == "RequestStartTransaction"
    assert outgoing.payload["evseId"] == 2
    assert outgoing.payload["idToken"] == {"idToken": "CARD-1", "type": "ISO14443"}
    assert outgoing.payload["chargingProfile"] == profile


async def test_every_remote_start_has_an_id_of_its_own(charge_point: ChargePoint) -> None:
    ids = {say(charge_point, RemoteStart(CARD)).payload["remoteStartId"] for _ in range(20)}
    assert len(ids) == 20
    assert all(0 < each < 2**31 for each in ids)


async def test_a_remote_start_tells_the_id_that_comes_back_with_the_transaction(
    charge_point: ChargePoint,
) -> None:
    outgoing = say(charge_point, RemoteStart(CARD))
    answer = outgoing.read({"status": "Accepted", "transactionId": "tx-9"}, NOON)
    assert answer.accepted
    assert answer.results == [
        {
            "remote_start_id": outgoing.payload["remoteStartId"],
            "ocpp_transaction_id": "tx-9",
        }
    ]


async def test_a_remote_start_names_the_only_evse_there_is(
    world: World, charge_point: ChargePoint
) -> None:
    assert "evseId" not in say(charge_point, RemoteStart(CARD)).payload
    connector = Connector(ConnectorStatus.AVAILABLE, world.clock.now())
    charge_point.connectors[Place(3, 1)] = charge_point.connectors[Place(3, 2)] = connector
    assert say(charge_point, RemoteStart(CARD)).payload["evseId"] == 3
    charge_point.connectors[Place(4, 1)] = connector
    assert "evseId" not in say(charge_point, RemoteStart(CARD)).payload


async def test_without_names_the_whole_inventory_is_asked_for(charge_point: ChargePoint) -> None:
    outgoing = say(charge_point, GetConfiguration())
    assert outgoing.action == "GetBaseReport"
    assert outgoing.payload["reportBase"] == "FullInventory"
    answer = outgoing.read({"status": "Accepted"}, NOON)
    assert answer.accepted
    assert answer.results == [{"request_id": outgoing.payload["requestId"]}]


@pytest.mark.parametrize(("command", "payload"), ASKED)
async def test_profiles_are_asked_for_by_ids_or_by_what_they_have_in_common(
    charge_point: ChargePoint, command: GetChargingProfiles, payload: dict[str, Any]
) -> None:
    outgoing = say(charge_point, command)
    request_id = outgoing.payload["requestId"]
    assert outgoing.payload == {"requestId": request_id} | payload
    answer = outgoing.read({"status": "Accepted"}, NOON)
    assert answer.results == [{"request_id": request_id}]


@pytest.mark.parametrize(
    ("command", "status", "accepted"),
    [
        (RemoteStart(CARD), "Rejected", False),
        (RemoteStop(7, "tx-1"), "Accepted", True),
        (RemoteStop(7, "tx-1"), "Rejected", False),
        (Reset(), "Accepted", True),
        (Reset(), "Scheduled", True),
        (Reset(), "Rejected", False),
        (Unlock(1), "Unlocked", True),
        (Unlock(1), "UnlockFailed", False),
        (Unlock(1), "OngoingAuthorizedTransaction", False),
        (Unlock(1), "UnknownConnector", False),
        (ChangeAvailability(operative=True), "Accepted", True),
        (ChangeAvailability(operative=True), "Scheduled", True),
        (ChangeAvailability(operative=True), "Rejected", False),
        (GetConfiguration(), "NotSupported", False),
        (GetConfiguration(), "EmptyResultSet", False),
        (Trigger("Heartbeat"), "Accepted", True),
        (Trigger("Heartbeat"), "NotImplemented", False),
        (ClearCache(), "Accepted", True),
        (ClearCache(), "Rejected", False),
        (SendData("org.example"), "Accepted", True),
        (SendData("org.example"), "UnknownVendorId", False),
    ],
)
async def test_a_stations_word_is_told_and_understood(
    charge_point: ChargePoint, command: Command, status: str, accepted: bool
) -> None:
    answer = translate(charge_point, command).read({"status": status}, NOON)
    assert (answer.status, answer.accepted) == (status, accepted)
    assert answer.response == {"status": status}


@pytest.mark.parametrize(
    "command", [command for command, _, _ in SAID if not isinstance(command, TellCost)]
)
@pytest.mark.parametrize(
    "response",
    [{}, {"status": 7}, {"getVariableResult": "?", "setVariableResult": [None, {"variable": 1}]}],
)
async def test_an_answer_that_makes_no_sense_is_not_a_yes(
    charge_point: ChargePoint, command: Command, response: dict[str, Any]
) -> None:
    assert not translate(charge_point, command).read(response, NOON).accepted


async def test_data_that_a_vendor_answers_is_given_back(charge_point: ChargePoint) -> None:
    answer = translate(charge_point, SendData("org.example")).read(
        {"status": "Accepted", "data": [1, 2]}, NOON
    )
    assert answer.results == [{"data": [1, 2]}]


def result(name: str, status: str, **fields: Any) -> dict[str, Any]:
    return {
        "attributeStatus": status,
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": name},
    } | fields


async def test_values_that_were_read_are_given_back_in_neutral_words(
    charge_point: ChargePoint,
) -> None:
    read = translate(charge_point, GetConfiguration((INTERVAL,))).read
    info = {"reasonCode": "NotFound", "additionalInfo": "no such thing"}
    answer = read(
        {
            "getVariableResult": [
                result("HeartbeatInterval", "Accepted", attributeValue="300"),
                result("Colour", "UnknownVariable", attributeStatusInfo=info),
            ]
        },
        NOON,
    )
    assert (answer.status, answer.accepted) == ("Accepted", True)
    assert answer.results[0] == {
        "component": "OCPPCommCtrlr",
        "component_instance": None,
        "evse_id": None,
        "connector_id": None,
        "variable": "HeartbeatInterval",
        "variable_instance": None,
        "attribute": "Actual",
        "value": "300",
        "status": "Accepted",
    }
    assert answer.results[1]["value"] is None
    assert answer.results[1]["status"] == "UnknownVariable"
    assert answer.results[1]["reason"] == "NotFound: no such thing"


@pytest.mark.parametrize("value", ["", " null ", "a,\tb"])
async def test_a_value_is_given_back_as_it_is(charge_point: ChargePoint, value: str) -> None:
    read = translate(charge_point, GetConfiguration((INTERVAL,))).read
    answer = read({"getVariableResult": [result("X", "Accepted", attributeValue=value)]}, NOON)
    assert answer.results[0]["value"] == value


async def test_if_nothing_asked_for_is_known_that_is_no_yes(charge_point: ChargePoint) -> None:
    read = translate(charge_point, GetConfiguration((INTERVAL,))).read
    answer = read({"getVariableResult": [result("X", "UnknownComponent")]}, NOON)
    assert (answer.status, answer.accepted) == ("UnknownComponent", False)


@pytest.mark.parametrize(
    ("statuses", "status", "accepted"),
    [
        (["Accepted"], "Accepted", True),
        (["RebootRequired"], "RebootRequired", True),
        (["Accepted", "RebootRequired"], "RebootRequired", True),
        (["Rejected"], "Rejected", False),
        (["Accepted", "UnknownVariable"], "UnknownVariable", False),
    ],
)
async def test_a_setting_counts_if_all_of_it_was_taken(
    charge_point: ChargePoint, statuses: list[str], status: str, accepted: bool
) -> None:
    answer = translate(charge_point, SetConfiguration(INTERVAL, "60")).read(
        {"setVariableResult": [result("HeartbeatInterval", each) for each in statuses]}, NOON
    )
    assert (answer.status, answer.accepted) == (status, accepted)
    assert [each["status"] for each in answer.results] == statuses


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (RemoteStart(CARD, 0), "evse_id"),
        (RemoteStart(IdToken("C" * 37)), "id_token"),
        (RemoteStart(IdToken("CARD-1", "Plastic")), "type"),
        (RemoteStop(7, "t" * 37), "ocpp_transaction_id"),
        (Reset(evse_id=-1), "evse_id"),
        (Unlock(0), "evse_id"),
        (Unlock(1, 0), "connector_id"),
        (Unlock(2**31), "evse_id"),
        (ChangeAvailability(operative=True, connector_id=1), "connector_id"),
        (ChangeAvailability(operative=True, evse_id=1, connector_id=-1), "connector_id"),
        (GetConfiguration((VariableName("HeartbeatInterval"),)), "component"),
        (GetConfiguration((VariableName("", "OCPPCommCtrlr"),)), "variable"),
        (GetConfiguration((VariableName("V" * 51, "C"),)), "variable"),
        (GetConfiguration((VariableName("V", "C" * 51),)), "component"),
        (GetConfiguration((VariableName("V", "C", connector_id=1),)), "connector_id"),
        (GetConfiguration((VariableName("V", "C", attribute="Best"),)), "attribute"),
        (SetConfiguration(VariableName("HeartbeatInterval"), "60"), "component"),
        (SetConfiguration(INTERVAL, "6" * 1001), "value"),
        (Trigger("MeterValues", connector_id=1), "connector_id"),
        (SendData("v" * 256), "vendor_id"),
        (SendData("v", "m" * 51), "message_id"),
        (Reserve(reservation_id=7, id_token=IdToken("C" * 37), expires_at=NOON), "id_token"),
        (
            Reserve(reservation_id=7, id_token=IdToken("C", "Plastic"), expires_at=NOON),
            "type",
        ),
        (ClearChargingProfile(evse_id=-1), "evse_id"),
    ],
)
async def test_a_value_that_cannot_be_said_names_its_field(
    charge_point: ChargePoint, command: Command, field: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        translate(charge_point, command)
    assert refused.value.field == field


async def test_a_message_that_cannot_be_triggered_is_named(charge_point: ChargePoint) -> None:
    with pytest.raises(NotSupportedError, match=r"OCPP 2\.0\.1 has no trigger for Authorize"):
        translate(charge_point, Trigger("Authorize"))
