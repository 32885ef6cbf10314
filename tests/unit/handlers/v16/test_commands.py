from __future__ import annotations

from typing import Any

import pytest
from unit.handlers.v16.conversation import check, say
from unit.world import NOON, World

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers.v16.commands import translate
from csms.model import Authorization, AuthorizationStatus, IdToken
from csms.services.charge_point import ChargePoint
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
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    SendData,
    SendLocalList,
    SetPassword,
    Trigger,
    Unlock,
)
from csms.services.local_list.words import ListEntry, SentList, UpdateType
from csms.services.provisioning.words import (
    SetConfiguration,
    VariableName,
)
from csms.smart_charging.profiles import Purpose

CARD = IdToken("CARD-1")
FAMILY_CARD = ListEntry(
    "CARD-1", "ISO15693", Authorization(AuthorizationStatus.ACCEPTED, NOON, "FAMILY")
)
LOST_CARD = ListEntry("CARD-2", "ISO14443")
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
    },
}


async def shows(world: World, charge_point: ChargePoint, *connector_ids: int) -> None:
    for connector_id in connector_ids:
        status = {"connectorId": connector_id, "errorCode": "NoError", "status": "Available"}
        await say(world, charge_point, "StatusNotification", status)


@pytest.mark.parametrize(
    ("command", "action", "payload"),
    [
        (
            RemoteStart(CARD, 2, PROFILE),
            "RemoteStartTransaction",
            {"connectorId": 2, "idTag": "CARD-1", "chargingProfile": PROFILE},
        ),
        (RemoteStop(7, "7"), "RemoteStopTransaction", {"transactionId": 7}),
        (Reset(), "Reset", {"type": "Soft"}),
        (Reset(immediate=True, evse_id=0), "Reset", {"type": "Hard"}),
        (Unlock(2), "UnlockConnector", {"connectorId": 2}),
        (
            ChangeAvailability(operative=False),
            "ChangeAvailability",
            {"connectorId": 0, "type": "Inoperative"},
        ),
        (
            ChangeAvailability(operative=True, evse_id=2, connector_id=1),
            "ChangeAvailability",
            {"connectorId": 2, "type": "Operative"},
        ),
        (GetConfiguration(), "GetConfiguration", {}),
        (
            GetConfiguration((VariableName("HeartbeatInterval"), VariableName("Foo"))),
            "GetConfiguration",
            {"key": ["HeartbeatInterval", "Foo"]},
        ),
        (
            SetConfiguration(VariableName("HeartbeatInterval", attribute="Actual"), "60"),
            "ChangeConfiguration",
            {"key": "HeartbeatInterval", "value": "60"},
        ),
        (
            SetPassword("sixteen-or-more-"),
            "ChangeConfiguration",
            {"key": "AuthorizationKey", "value": "sixteen-or-more-"},
        ),
        (
            Trigger("StatusNotification", 1),
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "connectorId": 1},
        ),
        (Trigger("Heartbeat"), "TriggerMessage", {"requestedMessage": "Heartbeat"}),
        (
            Trigger("LogStatusNotification"),
            "ExtendedTriggerMessage",
            {"requestedMessage": "LogStatusNotification"},
        ),
        (
            Trigger("SignCertificate"),
            "ExtendedTriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
        ),
        (
            Trigger("SignedFirmwareStatusNotification"),
            "ExtendedTriggerMessage",
            {"requestedMessage": "FirmwareStatusNotification"},
        ),
        (ClearCache(), "ClearCache", {}),
        (
            SendData("acme.com", "Ping", {"a": 1}),
            "DataTransfer",
            {"vendorId": "acme.com", "messageId": "Ping", "data": '{"a":1}'},
        ),
        (
            SendData("acme.com", data="text"),
            "DataTransfer",
            {"vendorId": "acme.com", "data": "text"},
        ),
        (
            Reserve(reservation_id=7, id_token=CARD, expires_at=NOON),
            "ReserveNow",
            {
                "connectorId": 0,
                "expiryDate": "2026-06-15T12:00:00Z",
                "idTag": "CARD-1",
                "reservationId": 7,
            },
        ),
        (
            Reserve(reservation_id=7, id_token=CARD, expires_at=NOON, evse_id=2, group_id="FAMILY"),
            "ReserveNow",
            {
                "connectorId": 2,
                "expiryDate": "2026-06-15T12:00:00Z",
                "idTag": "CARD-1",
                "parentIdTag": "FAMILY",
                "reservationId": 7,
            },
        ),
        (CancelReservation(7), "CancelReservation", {"reservationId": 7}),
        (GetLocalListVersion(), "GetLocalListVersion", {}),
        (
            SendLocalList(SentList(4, UpdateType.DIFFERENTIAL, (FAMILY_CARD,), (LOST_CARD,))),
            "SendLocalList",
            {
                "listVersion": 4,
                "localAuthorizationList": [
                    {
                        "idTag": "CARD-1",
                        "idTagInfo": {
                            "expiryDate": "2026-06-15T12:00:00Z",
                            "parentIdTag": "FAMILY",
                            "status": "Accepted",
                        },
                    },
                    {"idTag": "CARD-2"},
                ],
                "updateType": "Differential",
            },
        ),
        (
            SendLocalList(SentList(5, UpdateType.FULL)),
            "SendLocalList",
            {"listVersion": 5, "updateType": "Full"},
        ),
        (ClearChargingProfile(), "ClearChargingProfile", {}),
        (ClearChargingProfile(profile_id=9, evse_id=1), "ClearChargingProfile", {"id": 9}),
        (
            ClearChargingProfile(evse_id=1, purpose=Purpose.TX_DEFAULT, stack_level=0),
            "ClearChargingProfile",
            {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0},
        ),
        (
            GetCompositeSchedule(1, 300),
            "GetCompositeSchedule",
            {"connectorId": 1, "duration": 300},
        ),
        (
            GetCompositeSchedule(0, 300, "W"),
            "GetCompositeSchedule",
            {"connectorId": 0, "duration": 300, "chargingRateUnit": "W"},
        ),
    ],
)
def test_each_command_has_its_words_in_1_6(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    outgoing = translate(charge_point, command)
    assert (outgoing.action, outgoing.payload) == (action, payload)
    check(action, outgoing.payload)


async def test_a_remote_start_names_the_only_connector_though_nobody_asked(
    world: World, charge_point: ChargePoint
) -> None:
    await shows(world, charge_point, 0, 1)
    outgoing = translate(charge_point, RemoteStart(CARD))
    assert outgoing.payload == {"connectorId": 1, "idTag": "CARD-1"}


async def test_a_remote_start_leaves_the_choice_between_two_connectors_to_the_charger(
    world: World, charge_point: ChargePoint
) -> None:
    await shows(world, charge_point, 0, 1, 2)
    assert translate(charge_point, RemoteStart(CARD)).payload == {"idTag": "CARD-1"}


async def test_a_remote_stop_uses_the_id_that_the_charger_made_up(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-1")
    start = {
        "connectorId": 1,
        "idTag": "CARD-1",
        "meterStart": 0,
        "timestamp": world.clock.text(),
    }
    answer = await say(world, charge_point, "StartTransaction", start)
    number = answer["transactionId"]
    world.clock.advance(60)
    reading = {"timestamp": world.clock.text(), "sampledValue": [{"value": "5"}]}
    await say(
        world,
        charge_point,
        "MeterValues",
        {"connectorId": 1, "transactionId": 99887, "meterValue": [reading]},
    )
    outgoing = translate(charge_point, RemoteStop(number, str(number)))
    assert outgoing.payload == {"transactionId": 99887}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (RemoteStart(IdToken("A" * 21), 1), "id_token: .* at most 20 characters"),
        (RemoteStart(CARD, 0), "evse_id: 0"),
        (RemoteStart(CARD, 2**31), "evse_id: 2147483648"),
        (RemoteStop(7, "6f9619ff-8b86"), "ocpp_transaction_id: .* 32-bit integer"),
        (RemoteStop(7, "99999999999"), "ocpp_transaction_id: .* 32-bit integer"),
        (Unlock(1, 2), "connector_id: 2 .* each connector is an EVSE"),
        (ChangeAvailability(operative=True, evse_id=1, connector_id=3), "connector_id: 3"),
        (ChangeAvailability(operative=True, evse_id=-1), "evse_id: -1"),
        (GetConfiguration((VariableName("X", "OCPPCommCtrlr"),)), "component: 'OCPPCommCtrlr'"),
        (SetConfiguration(VariableName("X", attribute="Target"), "1"), "attribute: 'Target'"),
        (SetConfiguration(VariableName("X" * 51), "1"), "variable: .* at most 50"),
        (SetConfiguration(VariableName("X"), "1" * 501), "value: .* at most 500"),
        (SendData("v" * 256), "vendor_id: .* at most 255"),
        (SendData("v", "m" * 51), "message_id: .* at most 50"),
        (
            Reserve(reservation_id=7, id_token=IdToken("A" * 21), expires_at=NOON),
            "id_token: .* at most 20 characters",
        ),
        (ClearChargingProfile(evse_id=-1), "evse_id: -1"),
        (GetCompositeSchedule(2**31, 60), "evse_id: 2147483648"),
    ],
)
def test_a_value_that_1_6_cannot_carry_is_refused_with_the_reason(
    charge_point: ChargePoint, command: Command, why: str
) -> None:
    with pytest.raises(InvalidValueError, match=why):
        translate(charge_point, command)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Reset(evse_id=1), "CP-1: OCPP 1.6 has no reset of a single EVSE"),
        (
            GetChargingProfiles(profile_ids=(1,)),
            "CP-1: OCPP 1.6 has no list of charging profiles",
        ),
        (Trigger("TransactionEvent"), "CP-1: OCPP 1.6 has no trigger for TransactionEvent"),
    ],
)
def test_what_1_6_does_not_have_is_not_supported(
    charge_point: ChargePoint, command: Command, why: str
) -> None:
    with pytest.raises(NotSupportedError, match=why):
        translate(charge_point, command)


@pytest.mark.parametrize(
    ("command", "status", "accepted"),
    [
        (RemoteStart(CARD, 1), "Accepted", True),
        (RemoteStart(CARD, 1), "accepted", True),
        (RemoteStart(CARD, 1), "Rejected", False),
        (RemoteStop(7, "7"), "Accepted", True),
        (Reset(), "Rejected", False),
        (Unlock(1), "Unlocked", True),
        (Unlock(1), "UnlockFailed", False),
        (Unlock(1), "NotSupported", False),
        (ChangeAvailability(operative=True), "Scheduled", True),
        (ChangeAvailability(operative=True), "Rejected", False),
        (SetConfiguration(VariableName("X"), "1"), "RebootRequired", True),
        (SetConfiguration(VariableName("X"), "1"), "NotSupported", False),
        (Trigger("Heartbeat"), "NotImplemented", False),
        (ClearCache(), "Accepted", True),
        (SendData("v"), "UnknownVendorId", False),
    ],
)
def test_an_answer_is_read_as_yes_or_no(
    charge_point: ChargePoint, command: Command, status: str, *, accepted: bool
) -> None:
    answer = translate(charge_point, command).read({"status": status}, NOON)
    assert (answer.status, answer.accepted) == (status, accepted)
    assert answer.response == {"status": status}


@pytest.mark.parametrize("response", [{}, {"status": None}, {"status": 1}])
def test_an_answer_without_a_status_is_a_no(
    charge_point: ChargePoint, response: dict[str, Any]
) -> None:
    assert not translate(charge_point, Reset()).read(response, NOON).accepted


def test_configuration_comes_back_in_version_neutral_words(charge_point: ChargePoint) -> None:
    answer = translate(charge_point, GetConfiguration()).read(
        {
            "configurationKey": [
                {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
                {"key": "AuthorizationKey", "readonly": True},
            ],
            "unknownKey": ["Foo"],
        },
        NOON,
    )
    assert answer.accepted
    assert answer.results == [
        {
            "variable": "HeartbeatInterval",
            "value": "300",
            "readonly": False,
            "status": "Accepted",
        },
        {"variable": "AuthorizationKey", "value": None, "readonly": True, "status": "Accepted"},
        {"variable": "Foo", "value": None, "readonly": None, "status": "UnknownVariable"},
    ]


def test_configuration_of_which_no_key_is_known_is_a_no(charge_point: ChargePoint) -> None:
    command = GetConfiguration((VariableName("Foo"),))
    answer = translate(charge_point, command).read({"unknownKey": ["Foo"]}, NOON)
    assert (answer.status, answer.accepted) == ("UnknownKey", False)


def test_configuration_is_read_however_oddly_it_is_written(charge_point: ChargePoint) -> None:
    answer = translate(charge_point, GetConfiguration()).read(
        {
            "configurationKey": [
                {"key": "Interval", "readonly": "False", "value": 30},
                {"key": "Flag", "readonly": 7, "value": True},
                {"value": "no key"},
                "no object",
            ],
            "unknownKey": [None],
        },
        NOON,
    )
    assert answer.results == [
        {"variable": "Interval", "value": "30", "readonly": False, "status": "Accepted"},
        {"variable": "Flag", "value": "true", "readonly": None, "status": "Accepted"},
    ]


def test_the_data_a_charger_answers_with_is_given_back(charge_point: ChargePoint) -> None:
    answer = translate(charge_point, SendData("v")).read(
        {"status": "Accepted", "data": "pong"}, NOON
    )
    assert answer.results == [{"data": "pong"}]
