"""How each version says what takes a charge point time: firmware, logs, customers, displays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from unit.handlers.v16.conversation import check as check_v16
from unit.handlers.v201.conversation import check as check_v201

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v201.commands import translate as translate_v201
from csms.model import IdToken, RegistrationStatus
from csms.services.certificates.words import CertificateHash, HashAlgorithm
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    ClearDisplayMessage,
    Command,
    CustomerInformation,
    GetDisplayMessages,
    GetLog,
    PublishFirmware,
    SetDisplayMessage,
    UnpublishFirmware,
    UpdateFirmware,
)

NIGHT = datetime(2026, 6, 16, 2, 0, tzinfo=UTC)
MORNING = datetime(2026, 6, 16, 5, 30, tzinfo=UTC)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PLACE = "https://example.org/f"
MD5 = "0123456789abcdef0123456789abcdef"
HASH = CertificateHash(HashAlgorithm.SHA384, "a1", "b2", "c3")
PLAIN = UpdateFirmware(
    request_id=7, location=PLACE, retrieve_at=NIGHT, retries=3, retry_interval_s=60
)
SIGNED = UpdateFirmware(
    request_id=7,
    location=PLACE,
    retrieve_at=NIGHT,
    install_at=MORNING,
    signing_certificate=PEM,
    signature="c2ln",
)
LOG = GetLog(request_id=7, location=PLACE, since=NIGHT, until=MORNING, retries=1)
SECURITY_LOG = GetLog(request_id=7, location=PLACE, is_security_log=True)
MESSAGE = SetDisplayMessage(message_id=5, priority="InFront", format="UTF8", content="Olá")
SIGNED_FIRMWARE: dict[str, Any] = {
    "location": PLACE,
    "retrieveDateTime": "2026-06-16T02:00:00Z",
    "installDateTime": "2026-06-16T05:30:00Z",
    "signingCertificate": PEM,
    "signature": "c2ln",
}

IN_V201: Final[list[tuple[Command, str, dict[str, Any]]]] = [
    (
        PLAIN,
        "UpdateFirmware",
        {
            "retries": 3,
            "retryInterval": 60,
            "requestId": 7,
            "firmware": {"location": PLACE, "retrieveDateTime": "2026-06-16T02:00:00Z"},
        },
    ),
    (SIGNED, "UpdateFirmware", {"requestId": 7, "firmware": SIGNED_FIRMWARE}),
    (
        PublishFirmware(request_id=7, location=PLACE, md5=MD5, retries=2, retry_interval_s=9),
        "PublishFirmware",
        {"location": PLACE, "retries": 2, "checksum": MD5, "requestId": 7, "retryInterval": 9},
    ),
    (UnpublishFirmware(MD5), "UnpublishFirmware", {"checksum": MD5}),
    (
        LOG,
        "GetLog",
        {
            "log": {
                "remoteLocation": PLACE,
                "oldestTimestamp": "2026-06-16T02:00:00Z",
                "latestTimestamp": "2026-06-16T05:30:00Z",
            },
            "logType": "DiagnosticsLog",
            "requestId": 7,
            "retries": 1,
        },
    ),
    (
        SECURITY_LOG,
        "GetLog",
        {"log": {"remoteLocation": PLACE}, "logType": "SecurityLog", "requestId": 7},
    ),
    (
        CustomerInformation(request_id=7, report=True, clear=False, id_token=IdToken("CARD-1")),
        "CustomerInformation",
        {
            "idToken": {"idToken": "CARD-1", "type": "Central"},
            "requestId": 7,
            "report": True,
            "clear": False,
        },
    ),
    (
        CustomerInformation(request_id=7, report=False, clear=True, certificate=HASH),
        "CustomerInformation",
        {
            "customerCertificate": {
                "hashAlgorithm": "SHA384",
                "issuerNameHash": "a1",
                "issuerKeyHash": "b2",
                "serialNumber": "c3",
            },
            "requestId": 7,
            "report": False,
            "clear": True,
        },
    ),
    (
        MESSAGE,
        "SetDisplayMessage",
        {
            "message": {
                "id": 5,
                "priority": "InFront",
                "message": {"format": "UTF8", "content": "Olá"},
            }
        },
    ),
    (ClearDisplayMessage(5), "ClearDisplayMessage", {"id": 5}),
    (
        GetDisplayMessages(request_id=7, message_ids=(5,), priority="InFront", state="Idle"),
        "GetDisplayMessages",
        {"id": [5], "requestId": 7, "priority": "InFront", "state": "Idle"},
    ),
]
IN_V16: Final[list[tuple[Command, str, dict[str, Any]]]] = [
    (
        PLAIN,
        "UpdateFirmware",
        {
            "location": PLACE,
            "retries": 3,
            "retrieveDate": "2026-06-16T02:00:00Z",
            "retryInterval": 60,
        },
    ),
    (SIGNED, "SignedUpdateFirmware", {"requestId": 7, "firmware": SIGNED_FIRMWARE}),
    (
        LOG,
        "GetDiagnostics",
        {
            "location": PLACE,
            "retries": 1,
            "startTime": "2026-06-16T02:00:00Z",
            "stopTime": "2026-06-16T05:30:00Z",
        },
    ),
    (
        SECURITY_LOG,
        "GetLog",
        {"log": {"remoteLocation": PLACE}, "logType": "SecurityLog", "requestId": 7},
    ),
]
NOT_IN_V16: Final[list[Command]] = [
    MESSAGE,
    ClearDisplayMessage(5),
    GetDisplayMessages(request_id=7),
    CustomerInformation(request_id=7, report=True, clear=False, customer_id="me"),
    PublishFirmware(request_id=7, location=PLACE, md5=MD5),
    UnpublishFirmware(MD5),
    UpdateFirmware(request_id=7, location=PLACE, retrieve_at=NIGHT, install_at=MORNING),
]


@pytest.fixture
def charge_point() -> ChargePoint:
    return ChargePoint(1, "CP-1", RegistrationStatus.ACCEPTED)


@pytest.mark.parametrize(("command", "action", "payload"), IN_V201)
def test_2_0_1_says_it_in_valid_words_and_in_the_schemas_order(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    outgoing = translate_v201(charge_point, command)
    check_v201(f"{outgoing.action}Request", outgoing.payload)
    assert (outgoing.action, outgoing.payload) == (action, payload)
    assert list(outgoing.payload) == list(payload)


@pytest.mark.parametrize(("command", "action", "payload"), IN_V16)
def test_1_6_says_it_in_valid_words_and_in_the_schemas_order(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    outgoing = translate_v16(charge_point, command)
    check_v16(outgoing.action, outgoing.payload)
    assert (outgoing.action, outgoing.payload) == (action, payload)
    assert list(outgoing.payload) == list(payload)


@pytest.mark.parametrize("command", NOT_IN_V16)
def test_1_6_has_no_words_for_the_rest(charge_point: ChargePoint, command: Command) -> None:
    with pytest.raises(NotSupportedError):
        translate_v16(charge_point, command)


@pytest.mark.parametrize(
    "command",
    [
        CustomerInformation(request_id=7, report=True, clear=False),
        CustomerInformation(
            request_id=7, report=True, clear=False, customer_id="me", certificate=HASH
        ),
        GetLog(request_id=7, location="http://x/" + "y" * 512),
        SetDisplayMessage(message_id=5, priority="InFront", format="UTF8", content="x" * 513),
    ],
)
def test_what_2_0_1_cannot_carry_is_refused(charge_point: ChargePoint, command: Command) -> None:
    with pytest.raises(InvalidValueError):
        translate_v201(charge_point, command)


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [({"fileName": "diag.zip"}, True), ({}, False), ({"fileName": ""}, False)],
)
def test_1_6_diagnostics_without_a_file_name_are_none(
    charge_point: ChargePoint, answer: dict[str, Any], accepted: bool
) -> None:
    assert translate_v16(charge_point, LOG).read(answer, NIGHT).accepted is accepted


def test_an_update_that_replaces_another_is_accepted(charge_point: ChargePoint) -> None:
    answer = translate_v201(charge_point, SIGNED).read({"status": "AcceptedCanceled"}, NIGHT)
    assert (answer.accepted, answer.status) == (True, "AcceptedCanceled")
