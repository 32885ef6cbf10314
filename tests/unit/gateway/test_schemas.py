"""The compiled schemas: which there are, what they refuse, in which order they write."""

from __future__ import annotations

import pytest

from csms.errors import InvalidValueError
from csms.gateway.schemas import schemas_of
from csms.model import OcppVersion

V16 = schemas_of(OcppVersion.V16)
V201 = schemas_of(OcppVersion.V201)


@pytest.mark.parametrize("version", list(OcppVersion))
def test_every_action_of_a_version_has_both_schemas(version: OcppVersion) -> None:
    schemas = schemas_of(version)
    one_way = {"NotifyPeriodicEventStream"}

    assert set(schemas.requests) - one_way == set(schemas.responses)
    assert schemas.by_charge_point <= set(schemas.requests)
    assert schemas.by_csms | schemas.by_charge_point == set(schemas.requests)
    assert schemas.by_csms & schemas.by_charge_point == {"DataTransfer"}


@pytest.mark.parametrize(
    ("action", "payload", "complaint"),
    [
        ("Reset", {}, "type: None is not allowed; expected a value, the field is required"),
        ("Reset", {"type": "Now"}, "type: 'Now' is not allowed; expected one of Hard, Soft"),
        ("Reset", {"type": 1}, "type: 1 is not allowed; expected"),
        (
            "Reset",
            {"type": "Soft", "when": "now"},
            "when: 'now' is not allowed; expected no such field, the schema has none",
        ),
        ("RemoteStopTransaction", {"transactionId": "7"}, "transactionId: '7' is not allowed"),
        ("RemoteStartTransaction", {"idTag": "x" * 21}, "expected at most 20 characters"),
        (
            "SendLocalList",
            {
                "listVersion": 1,
                "updateType": "Full",
                "localAuthorizationList": [{"idTag": "A", "idTagInfo": {"status": "Fine"}}],
            },
            "localAuthorizationList.0.idTagInfo.status: 'Fine' is not allowed",
        ),
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": "tomorrow", "idTag": "A", "reservationId": 1},
            "expiryDate: 'tomorrow' is not allowed; expected a date-time",
        ),
    ],
)
def test_an_operators_mistake_is_named(
    action: str, payload: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        V16.requests[action].check(payload)
    assert complaint in str(refused.value)


def test_a_limit_with_a_tenth_of_an_ampere_is_valid() -> None:
    for tenths in range(1, 3201):
        V16.requests["SetChargingProfile"].check(
            {
                "connectorId": 1,
                "csChargingProfiles": {
                    "chargingProfileId": 1,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": tenths / 10}],
                    },
                },
            }
        )


def test_keys_are_written_in_the_schemas_order_at_every_level() -> None:
    payload = {
        "updateType": "Full",
        "localAuthorizationList": [
            {
                "idTagInfo": {"status": "Accepted", "expiryDate": "2030-01-01T00:00:00Z"},
                "idTag": "A",
            }
        ],
        "listVersion": 3,
    }

    written = V16.requests["SendLocalList"].ordered(payload)

    assert list(written) == ["listVersion", "localAuthorizationList", "updateType"]
    entry = written["localAuthorizationList"][0]
    assert list(entry) == ["idTag", "idTagInfo"]
    assert list(entry["idTagInfo"]) == ["expiryDate", "status"]


def test_vendor_data_keeps_its_own_order_behind_the_schemas() -> None:
    payload = {"vendorId": "V", "customData": {"z": 1, "vendorId": "V", "a": 2}}

    written = V201.requests["DataTransfer"].ordered(payload)

    assert list(written) == ["customData", "vendorId"]
    assert list(written["customData"]) == ["vendorId", "z", "a"]


@pytest.mark.parametrize(
    "spelling", ["bootnotification", "BOOTNOTIFICATION", "BootNotificationRequest"]
)
def test_an_action_in_the_wrong_case_is_understood(spelling: str) -> None:
    assert V16.action_like(spelling) == "BootNotification"
