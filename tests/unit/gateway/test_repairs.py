"""Each family of quirks: what is mended, what is left out, what stays wrong."""

from __future__ import annotations

from typing import Any

import pytest

from csms.gateway.repairs import LONGEST_TEXT, LONGEST_WORD, Mending, mend
from csms.gateway.schemas import Schemas, schemas_of
from csms.handlers.contract import Refusal
from csms.model import OcppVersion

V16 = schemas_of(OcppVersion.V16)
V201 = schemas_of(OcppVersion.V201)
NOW = "2026-01-01T12:00:00Z"


def repaired(
    action: str, payload: dict[str, Any], schemas: Schemas = V16, *, whole: bool = False
) -> Mending:
    schema = schemas.requests[action]
    assert not schema.is_valid(payload), "nothing to repair"
    return mend(schema.shape, payload, received_at=NOW, whole=whole)


def meter_values(**sampled: Any) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": NOW, "sampledValue": [{"value": "1", **sampled}]}],
    }


def sampled(mending: Mending) -> dict[str, Any]:
    value: dict[str, Any] = mending.payload["meterValue"][0]["sampledValue"][0]
    return value


def test_unknown_fields_are_left_out() -> None:
    mending = repaired("Authorize", {"idTag": "A", "connectorId": 1})
    assert mending == Mending({"idTag": "A"}, ["unknown_field"])


@pytest.mark.parametrize("name", ["idtag", "IDTAG", "id_tag", "id-tag", "Id Tag"])
def test_a_field_in_another_spelling_is_the_field(name: str) -> None:
    assert repaired("Authorize", {name: "A"}) == Mending({"idTag": "A"}, ["field_name"])


def test_a_single_object_becomes_the_list_it_should_be() -> None:
    payload = {
        "connectorId": 1,
        "meterValue": {"timestamp": NOW, "sampledValue": {"value": "1"}},
    }
    mending = repaired("MeterValues", payload)
    assert mending == Mending(meter_values(), ["wrapped"])


def test_a_list_of_one_becomes_the_object_it_should_be() -> None:
    mending = repaired(
        "StatusNotification",
        {"connectorStatus": "Available", "evseId": 1, "connectorId": 1, "timestamp": NOW}
        | {"customData": [{"vendorId": "V"}]},
        V201,
    )
    assert mending.payload["customData"] == {"vendorId": "V"}


@pytest.mark.parametrize(("value", "text"), [(230, "230"), (16.25, "16.25"), (True, "true")])
def test_numbers_become_texts(value: object, text: str) -> None:
    mending = repaired("MeterValues", meter_values(value=value))
    assert (sampled(mending)["value"], mending.repairs) == (text, ["number_as_text"])


@pytest.mark.parametrize(("text", "number"), [("7", 7), (" 7 ", 7), ("7.0", 7), ("-1", -1)])
def test_texts_become_numbers(text: str, number: int) -> None:
    payload = {"transactionId": text, "meterStop": 1, "timestamp": NOW}
    mending = repaired("StopTransaction", payload)
    assert mending.payload["transactionId"] == number
    assert "text_as_number" in mending.repairs


def test_a_fraction_becomes_a_whole_number() -> None:
    payload = {"transactionId": 1.2, "meterStop": 1234.0, "timestamp": NOW}
    mended = repaired("StopTransaction", payload).payload
    assert (mended["transactionId"], mended["meterStop"]) == (1, 1234)


@pytest.mark.parametrize("told", [1234.6, "1234.6", "1234,6"])
def test_a_register_that_is_more_exact_than_the_schema_stays_so(told: object) -> None:
    payload = {"transactionId": 1, "meterStop": told, "timestamp": NOW}
    assert repaired("StopTransaction", payload).payload["meterStop"] == 1234.6


def test_a_value_that_is_no_number_is_kept_for_whoever_can_read_it() -> None:
    assert reading_of({"value": "6.0 kWh"}, V201)["value"] == "6.0 kWh"


@pytest.mark.parametrize(("word", "value"), [("true", True), ("0", False), (1, True)])
def test_words_become_true_and_false(word: object, value: bool) -> None:
    payload = {
        "eventType": "Updated",
        "timestamp": NOW,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 1,
        "transactionInfo": {"transactionId": "T"},
        "offline": word,
    }
    assert repaired("TransactionEvent", payload, V201).payload["offline"] is value


@pytest.mark.parametrize("placeholder", [None, "", "null", {}, []])
def test_placeholders_in_optional_fields_are_left_out(placeholder: object) -> None:
    payload = {"transactionId": 1, "meterStop": 1, "timestamp": NOW, "reason": placeholder}
    if placeholder == "null":
        payload["transactionData"] = placeholder
        del payload["reason"]
    mending = repaired("StopTransaction", payload)
    assert mending.payload == {"transactionId": 1, "meterStop": 1, "timestamp": NOW}


def test_an_optional_part_that_cannot_be_used_is_left_out_and_the_rest_stays() -> None:
    payload = {
        "eventType": "Started",
        "timestamp": NOW,
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T"},
        "evse": {"connectorId": 1},
    }
    mending = repaired("TransactionEvent", payload, V201)
    assert mending.violation is None
    assert "evse" not in mending.payload
    assert mending.payload["transactionInfo"] == {"transactionId": "T"}


def test_a_reading_without_a_value_is_left_out_and_the_others_stay() -> None:
    payload = meter_values()
    payload["meterValue"][0]["sampledValue"].append({"unit": "Wh"})
    mending = repaired("MeterValues", payload)
    assert mending == Mending(meter_values(), ["broken_part"])


def test_an_empty_list_of_readings_is_accepted() -> None:
    payload = {"evseId": 1, "meterValue": [{"timestamp": NOW, "sampledValue": []}]}
    mending = repaired("MeterValues", payload, V201)
    assert mending == Mending(payload, ["empty_list"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("available", "Available"),
        ("SUSPENDEDEV", "SuspendedEV"),
        ("Suspended EVSE", "SuspendedEVSE"),
        ("suspended_ev", "SuspendedEV"),
    ],
)
def test_words_in_another_spelling_are_understood(written: str, meant: str) -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": written}
    mending = repaired("StatusNotification", payload)
    assert (mending.payload["status"], mending.repairs) == (meant, ["spelling"])


def test_an_unknown_reason_becomes_other() -> None:
    payload = {"transactionId": 1, "meterStop": 1, "timestamp": NOW, "reason": "Blackout"}
    mending = repaired("StopTransaction", payload)
    assert (mending.payload["reason"], mending.repairs) == ("Other", ["unknown_word"])


def test_an_unknown_error_code_becomes_other_error() -> None:
    payload = {"connectorId": 1, "errorCode": "0x0000", "status": "Faulted"}
    assert repaired("StatusNotification", payload).payload["errorCode"] == "OtherError"


@pytest.mark.parametrize(
    ("field", "word"),
    [("unit", "Hz"), ("location", "Roof"), ("measurand", "Energy.Total"), ("phase", "L4")],
)
def test_an_unknown_unit_or_measurand_stays_because_its_absence_would_mean_another(
    field: str, word: str
) -> None:
    mending = repaired("MeterValues", meter_values(**{field: word}))
    assert (sampled(mending)[field], mending.repairs) == (word, ["kept_as_sent"])


def test_control_characters_are_stripped_from_a_tag_that_is_too_long_for_them() -> None:
    tag = "04A1B2C3D4E5F6071819"
    payload = {"transactionId": 1, "meterStop": 1, "timestamp": NOW, "idTag": tag + "\x01\x02"}
    mending = repaired("StopTransaction", payload)
    assert (mending.payload["idTag"], mending.repairs) == (tag, ["control_characters"])


def test_a_tag_that_is_too_long_is_not_cut_to_the_schemas_length() -> None:
    tag = "A" * 25
    mending = repaired("Authorize", {"idTag": tag})
    assert mending == Mending({"idTag": tag}, ["too_long"])


def test_texts_have_a_last_limit() -> None:
    word = repaired("Authorize", {"idTag": "A" * 5000}).payload["idTag"]
    assert len(word) == LONGEST_WORD
    certificate = repaired("SignCertificate", {"csr": "A" * 200_000}, V201).payload["csr"]
    assert len(certificate) == LONGEST_TEXT


def test_a_time_without_a_zone_is_accepted_as_it_is() -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    payload["timestamp"] = "2023-10-19T15:28:07"
    assert repaired("StatusNotification", payload) == Mending(payload, ["time_format"])


def test_an_optional_time_that_is_none_is_left_out() -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    mending = repaired("StatusNotification", payload | {"timestamp": "yesterday"})
    assert mending == Mending(payload, ["broken_part"])


def test_a_missing_time_is_the_time_of_arrival() -> None:
    payload = {"connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    mending = repaired("StatusNotification", payload, V201)
    assert mending == Mending(payload | {"timestamp": NOW}, ["missing_field"])


def test_a_message_that_says_nothing_gets_nothing_supplied() -> None:
    mending = repaired("StatusNotification", {}, V201)
    assert (mending.payload, mending.repairs) == ({}, [])


def test_a_token_without_a_type_is_a_card() -> None:
    mending = repaired("Authorize", {"idToken": {"idToken": "A"}}, V201)
    assert mending.payload == {"idToken": {"idToken": "A", "type": "ISO14443"}}


@pytest.mark.parametrize(
    ("action", "payload", "path", "refusal"),
    [
        ("Authorize", {}, "idTag", Refusal.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("Authorize", {"idTag": ["A", "B"]}, "idTag", Refusal.TYPE_CONSTRAINT_VIOLATION),
        ("Authorize", {"idTag": None}, "idTag", Refusal.TYPE_CONSTRAINT_VIOLATION),
        (
            "StatusNotification",
            {"connectorId": "one", "errorCode": "NoError", "status": "Available"},
            "connectorId",
            Refusal.TYPE_CONSTRAINT_VIOLATION,
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": "Sleeping"},
            "status",
            Refusal.PROPERTY_CONSTRAINT_VIOLATION,
        ),
    ],
)
def test_what_cannot_be_mended_is_named_with_its_kind(
    action: str, payload: dict[str, Any], path: str, refusal: Refusal
) -> None:
    violation = repaired(action, payload).violation
    assert violation is not None
    assert (violation.path, violation.refusal) == (path, refusal)


def test_everything_else_is_mended_even_if_one_demanded_field_is_missing() -> None:
    mending = repaired("StartTransaction", {"connectorId": "1", "idTag": "A", "extra": 1})
    assert mending.payload["connectorId"] == 1
    assert mending.payload["idTag"] == "A"
    assert mending.violation is not None


def test_an_answer_is_mended_but_nothing_is_left_out_of_it() -> None:
    schema = V16.responses["GetConfiguration"]
    payload = {
        "configurationKey": {"key": "K", "readonly": "false", "value": 5, "vendorInfo": "x"},
        "unknownKey": None,
    }
    mending = mend(schema.shape, payload, received_at=NOW, whole=True)
    assert mending.payload == {
        "configurationKey": [{"key": "K", "readonly": False, "value": "5", "vendorInfo": "x"}],
        "unknownKey": None,
    }


@pytest.mark.parametrize("number", [2**63, -(2**64), 1e300, "1" * 30, float("inf"), float("nan")])
def test_numbers_beyond_64_bits_are_none(number: object) -> None:
    mending = repaired("StopTransaction", {"transactionId": number, "meterStop": 1, "extra": 1})
    assert mending.violation is not None


def of_201(action: str, payload: dict[str, Any]) -> Mending:
    return repaired(action, payload, V201)


def reading_of(sample: dict[str, Any], schemas: Schemas) -> dict[str, Any]:
    payload = {"meterValue": [{"timestamp": NOW, "sampledValue": [sample]}]}
    place = {"connectorId": 1} if schemas is V16 else {"evseId": 1}
    return sampled(repaired("MeterValues", place | payload, schemas))


@pytest.mark.parametrize(
    "told",
    [
        {"unit": "kWh"},
        {"unitOfMeasure": "kWh"},
        {"unitOfMeasure": ["kWh"]},
        {"unitOfMeasure": {}, "unit": "kWh"},
    ],
)
def test_a_unit_in_the_wrong_place_is_the_readings_unit(told: dict[str, Any]) -> None:
    mended = reading_of({"value": 1.5, **told}, V201)
    assert mended["unitOfMeasure"] == {"unit": "kWh"}


def test_a_newer_versions_unit_is_the_readings_unit() -> None:
    newer = {"unitOfMeasure": {"unit": "kWh", "multiplier": 0}}
    assert reading_of({"value": "1.5", **newer}, V16) == {"value": "1.5", "unit": "kWh"}


@pytest.mark.parametrize("unit", [True, 5, ["Wh", "kWh"]])
def test_a_unit_that_is_none_never_makes_a_reading_one_of_the_default_unit(unit: object) -> None:
    mended = reading_of({"value": 1.5, "unitOfMeasure": unit}, V201)
    assert mended["unitOfMeasure"] in (unit, {"unit": "5"})


def test_a_multiplier_that_is_no_number_stays_as_it_was_sent() -> None:
    mended = reading_of({"value": 1.5, "unitOfMeasure": {"multiplier": "kilo"}}, V201)
    assert mended["unitOfMeasure"] == {"multiplier": "kilo"}


def event(**fields: Any) -> dict[str, Any]:
    return {
        "eventType": "Started",
        "timestamp": NOW,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T"},
        **fields,
    }


@pytest.mark.parametrize(
    ("sent", "field", "meant"),
    [
        ({"idToken": "A"}, "idToken", {"idToken": "A", "type": "ISO14443"}),
        ({"idTag": "A"}, "idToken", {"idToken": "A", "type": "ISO14443"}),
        (
            {"idToken": {"idToken": "A", "type": "RFID"}},
            "idToken",
            {"idToken": "A", "type": "ISO14443"},
        ),
        (
            {"idToken": {"idToken": "A", "type": None}},
            "idToken",
            {"idToken": "A", "type": "ISO14443"},
        ),
        ({"evse": 2}, "evse", {"id": 2}),
        ({"evseId": 2, "connectorId": 1}, "evse", {"id": 2, "connectorId": 1}),
        ({"transactionInfo": "T"}, "transactionInfo", {"transactionId": "T"}),
        (
            {"transactionInfo": {}, "transactionId": "T"},
            "transactionInfo",
            {"transactionId": "T"},
        ),
        ({"eventType": "start"}, "eventType", "Started"),
        ({"eventType": "End"}, "eventType", "Ended"),
        ({"timestamp": "noon"}, "timestamp", "noon"),
        ({"timestamp": None}, "timestamp", None),
    ],
)
def test_what_an_event_says_elsewhere_or_otherwise_is_understood(
    sent: dict[str, Any], field: str, meant: object
) -> None:
    mending = of_201("TransactionEvent", event(**sent))
    assert mending.violation is None
    assert mending.payload.get(field) == meant


def test_who_starts_is_understood_by_the_name_of_another_version() -> None:
    assert repaired("Authorize", {"idToken": "A"}).payload == {"idTag": "A"}
    assert repaired("Authorize", {"idToken": {"idToken": "A"}}).payload == {"idTag": "A"}
    mending = of_201("Authorize", {"idTag": "A"})
    assert mending.payload == {"idToken": {"idToken": "A", "type": "ISO14443"}}


@pytest.mark.parametrize("code", [{}, {"errorCode": None}, {"errorCode": ""}])
def test_a_status_without_an_error_code_has_no_error(code: dict[str, Any]) -> None:
    mending = repaired("StatusNotification", {"connectorId": 1, "status": "Available", **code})
    assert mending.violation is None
    assert mending.payload["errorCode"] == "NoError"


@pytest.mark.parametrize(
    "told",
    [
        {"status": "Occupied"},
        {"connectorStatus": "Charging"},
        {"connectorStatus": "suspended_ev"},
    ],
)
def test_a_status_in_words_of_1_6_is_occupied_later(told: dict[str, Any]) -> None:
    mending = of_201("StatusNotification", {"timestamp": NOW, "evseId": 2, **told})
    occupied = {"timestamp": NOW, "connectorStatus": "Occupied", "evseId": 2, "connectorId": 1}
    assert (mending.violation, mending.payload) == (None, occupied)


def test_an_unreadable_time_refuses_nothing_and_is_kept() -> None:
    payload = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied", "timestamp": "noon"}
    assert of_201("StatusNotification", payload) == Mending(payload, ["unreadable_time"])


def test_a_reading_with_an_unreadable_time_is_kept_beside_others() -> None:
    sample = {"sampledValue": [{"value": "1"}]}
    values = [{"timestamp": "noon", **sample}, {"timestamp": NOW, **sample}]
    mending = repaired("MeterValues", {"connectorId": 1, "meterValue": values})
    assert mending.payload["meterValue"] == values


def test_a_boot_names_what_it_can() -> None:
    boot = {"chargePointVendor": None, "chargePointModel": "M"}
    assert repaired("BootNotification", boot).payload == {
        "chargePointVendor": "",
        "chargePointModel": "M",
    }
    station = {"model": "M", "vendorName": None}
    mending = of_201("BootNotification", {"chargingStation": station, "reason": "Boredom"})
    assert mending.violation is None
    assert mending.payload == {
        "chargingStation": {**station, "vendorName": ""},
        "reason": "Unknown",
    }


def test_a_boot_may_leave_out_who_made_the_charger() -> None:
    mending = repaired("BootNotification", {"chargePointModel": "M"})
    assert (mending.violation, mending.repairs) == (None, ["missing_field"])
    assert mending.payload == {"chargePointVendor": "", "chargePointModel": "M"}
    boot = {"chargingStation": {"vendorName": "V"}, "reason": "PowerUp"}
    mending = of_201("BootNotification", boot)
    assert mending.violation is None
    assert mending.payload["chargingStation"] == {"vendorName": "V", "model": ""}


def test_a_boot_that_says_nothing_is_refused() -> None:
    assert of_201("BootNotification", {}).violation is not None


@pytest.mark.parametrize("samples", [5, "5", [5], ["5"], [{"value": 5}], {"0": {"value": "5"}}])
@pytest.mark.parametrize("schemas", [V16, V201])
def test_a_bare_value_is_a_reading(samples: object, schemas: Schemas) -> None:
    place = {"connectorId": 1} if schemas is V16 else {"evseId": 1}
    payload = {**place, "meterValues": [{"timestamp": NOW, "sampledValue": samples}]}
    mending = repaired("MeterValues", payload, schemas)
    assert mending.violation is None
    assert float(sampled(mending)["value"]) == 5.0


def test_readings_as_1_5_wrote_them_are_readings() -> None:
    value = {"value": "5", "unit": "kWh"}
    payload = {"connectorId": 1, "values": [{"timestamp": NOW, "value": [value]}]}
    mending = repaired("MeterValues", payload)
    assert mending == Mending(meter_values(value="5", unit="kWh"), ["field_name"])


@pytest.mark.parametrize("name", ["id", "type", "Name", "vendorExtra"])
def test_a_field_that_may_mean_anything_is_put_nowhere(name: str) -> None:
    assert of_201("TransactionEvent", event(**{name: 7})) == Mending(event(), ["unknown_field"])


@pytest.mark.parametrize(
    ("data", "text"), [({"a": 1}, '{"a":1}'), ([1, "b"], '[1,"b"]'), (5, "5"), ([], "[]")]
)
def test_free_data_is_kept_as_text(data: object, text: str) -> None:
    mending = repaired("DataTransfer", {"vendorId": "V", "data": data})
    assert mending == Mending({"vendorId": "V", "data": text}, ["number_as_text"])
