"""Templates: whom they are about, what they mean to each version, how far a charger is off."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from csms.model import OcppVersion
from csms.services.provisioning.setting_names import format_name, parse_name
from csms.services.provisioning.templates import (
    GOOD_DEFAULTS,
    Known,
    SettingState,
    Template,
    drift,
    dump_setting,
    load_setting,
    matches,
    same_value,
    settings_for,
)
from csms.services.provisioning.words import SetConfiguration, VariableName

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def template(**fields: str) -> Template:
    about = {"vendor": "*", "model": "*", "firmware_version": "*", **fields}
    return Template(
        id="t",
        version=1,
        vendor=about["vendor"],
        model=about["model"],
        firmware_version=about["firmware_version"],
        settings=(),
        apply_on_approval=False,
        restart_if_needed=False,
    )


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("alfen*", "Alfen BV", True),
        ("alfen*", "Not Alfen", False),
        ("*eve*", "Alfen Eve Single", True),
        ("v?.2", "V1.2", True),
        ("v?.2", "V12.2", False),
        ("a*b*c", "aXbXbXc", True),
        ("a*b*c", "aXbX", False),
        ("exact", "exactly", False),
        ("[ab]", "a", False),
    ],
)
def test_a_pattern_fits_or_does_not(pattern: str, text: str, *, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_no_pattern_takes_long() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 50 + "b", "a" * 255)
    assert time.perf_counter() - began < 1


def test_a_template_is_about_vendor_model_and_firmware() -> None:
    wanted = template(vendor="Alfen*", model="Eve*", firmware_version="6.*")
    assert wanted.fits("Alfen BV", "Eve Double", "6.5.1")
    assert not wanted.fits("Alfen BV", "Eve Double", "5.9")
    assert not wanted.fits("Other", "Eve Double", "6.5.1")


def test_a_charger_that_has_not_said_what_it_is_fits_nothing() -> None:
    assert not template().fits("", "", None)


@pytest.mark.parametrize(
    "text",
    [
        "MeterValueSampleInterval",
        "OCPPCommCtrlr.OfflineThreshold",
        "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
        "ConnectedEV[left].Available",
        "EVSE@1.AvailabilityState",
        "Connector@1:2.AvailabilityState",
        "EVSE@1.Power/MaxSet",
    ],
)
def test_a_name_is_written_as_it_was_read(text: str) -> None:
    assert format_name(parse_name(text)) == text


def test_a_key_of_a_vendor_may_have_any_characters() -> None:
    assert parse_name("Vendor Key[1]") == VariableName("Vendor Key[1]")


def setting(name: str, value: str = "60") -> SetConfiguration:
    return SetConfiguration(parse_name(name), value)


def names(version: OcppVersion, *settings: SetConfiguration) -> dict[str, str]:
    return {format_name(each.name): each.value for each in settings_for(version, settings)}


def test_what_both_versions_have_needs_one_name() -> None:
    wanted = (setting("SampledDataCtrlr.TxUpdatedInterval"), setting("HeartbeatInterval", "300"))
    assert names(OcppVersion.V16, *wanted) == {
        "MeterValueSampleInterval": "60",
        "HeartbeatInterval": "300",
    }
    assert names(OcppVersion.V201, *wanted) == {
        "SampledDataCtrlr.TxUpdatedInterval": "60",
        "OCPPCommCtrlr.HeartbeatInterval": "300",
    }


def test_what_a_version_does_not_have_is_left_out() -> None:
    wanted = (setting("VendorKey"), setting("VendorCtrlr.Variable"))
    assert names(OcppVersion.V16, *wanted) == {"VendorKey": "60"}
    assert names(OcppVersion.V21, *wanted) == {"VendorCtrlr.Variable": "60"}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_name_of_the_chargers_own_version_wins(*, is_first: bool) -> None:
    own, other = (
        setting("MeterValueSampleInterval", "10"),
        setting("SampledDataCtrlr.TxUpdatedInterval", "99"),
    )
    wanted = (own, other) if is_first else (other, own)
    assert names(OcppVersion.V16, *wanted) == {"MeterValueSampleInterval": "10"}


@pytest.mark.parametrize(
    ("wanted", "told", "same"),
    [
        ("true", "True", True),
        ("60", "60.0", True),
        ("60", "6", False),
        ("A,B", "A, B", True),
        ("A,B", "B,A", False),
        (" x", "x", True),
    ],
)
def test_values_are_compared_by_what_they_mean(wanted: str, told: str, *, same: bool) -> None:
    assert same_value(wanted, told) is same


def test_drift_tells_what_is_right_what_is_not_and_what_nobody_knows() -> None:
    wanted = [setting("A"), setting("B"), setting("C")]
    known = {"a": Known("60", NOON), "b": Known("30", NOON)}
    states = [each.state for each in drift(wanted, known)]
    assert states == [SettingState.MATCHES, SettingState.DIFFERS, SettingState.UNKNOWN]


@pytest.mark.parametrize("version", list(OcppVersion))
def test_the_good_defaults_mean_something_in_every_version(version: OcppVersion) -> None:
    wanted = [setting(name, value) for name, value in GOOD_DEFAULTS.items()]
    assert len(settings_for(version, wanted)) == len(wanted)


@pytest.mark.parametrize("name", ["Key", "A[i]@1:2.B[j]/Target"])
def test_a_stored_setting_is_the_same_when_read_back(name: str) -> None:
    assert load_setting(dump_setting(setting(name))) == setting(name)
