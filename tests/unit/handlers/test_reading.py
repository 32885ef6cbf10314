from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.handlers.numbers import MAX_ENERGY_WH, read_energy_wh, read_float
from csms.handlers.reading import MeterValueBuilder, read_meter_values
from csms.model import MeterValue
from csms.services.clocks import ChargerClock

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
NOW_TEXT = "2026-06-15T12:00:00Z"


def add(builder: MeterValueBuilder, sample: dict[str, Any]) -> None:
    """As OCPP 1.6 lays a sample out, with a multiplier besides."""
    get = sample.get
    builder.add(
        get("measurand"),
        get("phase"),
        get("location"),
        get("unit"),
        get("multiplier", 0),
        get("value"),
        sample,
    )


def read(raw: object) -> tuple[MeterValue, ...]:
    return read_meter_values(raw, ChargerClock(), NOW, add)


def one(*samples: object) -> MeterValue:
    (meter_value,) = read([{"timestamp": NOW_TEXT, "sampledValue": list(samples)}])
    return meter_value


def sample(measurand: str | None, value: object, **parts: object) -> dict[str, Any]:
    named = {} if measurand is None else {"measurand": measurand}
    return {"value": value, **named, **parts}


ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"


@pytest.mark.parametrize(
    ("given_sample", "field", "number"),
    [
        (sample(None, "1500"), "energy_wh", Decimal(1500)),
        (sample(ENERGY, "1500", unit="Wh", location="Outlet"), "energy_wh", Decimal(1500)),
        (sample(ENERGY, "0.001234567", unit="kWh"), "energy_wh", Decimal("1.234567")),
        (sample(ENERGY, 12.3456, unit="kWh"), "energy_wh", Decimal("12345.6")),
        (sample(ENERGY, "2", unit="MWh"), "energy_wh", Decimal(2_000_000)),
        (sample(ENERGY, "6.5 kWh"), "energy_wh", Decimal(6500)),
        (sample(ENERGY, "6,5kWh", unit="kWh"), "energy_wh", Decimal(6500)),
        (sample(ENERGY, "6500 Wh", unit=""), "energy_wh", Decimal(6500)),
        (sample(ENERGY, "6 500"), "energy_wh", Decimal(6500)),
        (sample(ENERGY, "6.500.000,5"), "energy_wh", Decimal("6500000.5")),
        (sample(ENERGY, "6,500,000.5"), "energy_wh", Decimal("6500000.5")),
        (sample(ENERGY, "1.5", unit="kW*h"), "energy_wh", Decimal(1500)),
        (sample(ENERGY, "1.5", unit="kilowatt hours"), "energy_wh", Decimal(1500)),
        (sample("Voltage", "230.1V"), "voltage_v", 230.1),
        (sample("Voltage", "230", phase="L2N"), "voltage_l2_v", 230.0),
        (sample("Current.Import", "5", phase="3"), "current_l3_a", 5.0),
        (sample("Current.Import", "5", phase="R"), "current_l1_a", 5.0),
        (sample("SoC", "55 %"), "soc_percent", 55.0),
        (sample(ENERGY, 15, multiplier=2), "energy_wh", Decimal(1500)),
        (sample(ENERGY, 15, multiplier=-1), "energy_wh", Decimal("1.5")),
        (sample("Energy.Active.Export.Register", "7"), "energy_export_wh", Decimal(7)),
        (sample(POWER, "11.04", unit="kW"), "power_w", 11040.0),
        (sample(POWER, 11040), "power_w", 11040.0),
        (sample("Power.Offered", "22000", unit="W"), "power_offered_w", 22000.0),
        (sample("Current.Import", "16", unit="A"), "current_a", 16.0),
        (sample("Current.Import", "15.5", phase="L1"), "current_l1_a", 15.5),
        (sample("Current.Import", "15500", phase="L2-N", unit="mA"), "current_l2_a", 15.5),
        (sample("Current.Import", "1", phase="l3"), "current_l3_a", 1.0),
        (sample("Current.Offered", "32"), "current_offered_a", 32.0),
        (sample("Voltage", "230.4", unit="V"), "voltage_v", 230.4),
        (sample("Voltage", "231", phase="L1-N"), "voltage_l1_v", 231.0),
        (sample("Voltage", "232", phase="L2"), "voltage_l2_v", 232.0),
        (sample("Voltage", "0.233", phase="L3", unit="kV"), "voltage_l3_v", 233.0),
        (sample("SoC", "55", unit="Percent", location="EV"), "soc_percent", 55.0),
        (sample("SOC", "55", unit="%"), "soc_percent", 55.0),
        (sample(" energy.active.import.register ", "5"), "energy_wh", Decimal(5)),
        (sample("", "5", unit="", phase="", location="null"), "energy_wh", Decimal(5)),
        (sample(POWER, "7,4", unit="kW"), "power_w", 7400.0),
        (sample(ENERGY, "1234,5"), "energy_wh", Decimal("1234.5")),
    ],
)
def test_what_has_a_field_goes_into_it_in_si_units(
    given_sample: dict[str, Any], field: str, number: object
) -> None:
    meter_value = one(given_sample)
    assert getattr(meter_value, field) == number
    assert meter_value.others == []


@pytest.mark.parametrize(
    "odd",
    [
        sample("Temperature", "41", unit="Celcius", location="Body"),
        sample("Frequency", "50.0", unit="Hertz"),
        sample("Power.Factor", "0.99"),
        sample("Acme.Fan.Speed", "1200", unit="rpm"),
        sample("Voltage", "400", phase="L1-L2"),
        sample("Voltage", "1.2", phase="N"),
        sample("Current.Import", "0.1", phase="N"),
        sample(ENERGY, "5", location="Inlet"),
        sample("Current.Import", "5", location="EV"),
        sample(ENERGY, "5", unit="W"),
        sample(POWER, "5", unit="VA"),
        sample(ENERGY, "5", unit="furlongs"),
        sample(ENERGY, "5", phase="L4"),
        sample(ENERGY, "5", multiplier=9000),
        sample(ENERGY, "5", multiplier="many"),
        sample(ENERGY, "NaN"),
        sample(ENERGY, "sNaN"),
        sample(ENERGY, "Infinity"),
        sample(ENERGY, "1e999999999999999999999"),
        sample(ENERGY, str(MAX_ENERGY_WH)),
        sample(ENERGY, "999999999999", unit="kWh"),
        sample(ENERGY, ""),
        sample(ENERGY, None),
        sample(ENERGY, ["5"]),
        sample(POWER, "nan"),
        sample(POWER, "1e308", unit="kW"),
        sample(POWER, "--"),
        {"measurand": POWER, "value": True},
        sample(POWER, "1,234,567"),
        sample(POWER, "5 A"),
        sample(POWER, "5 kW", unit="W"),
        sample(POWER, "5 apples"),
        {"measurand": [], "value": "5"},
        {"unit": {}, "value": "5"},
        {"phase": 1, "value": "5"},
        {},
    ],
)
def test_what_has_no_field_is_kept_as_it_came(odd: dict[str, Any]) -> None:
    assert one(odd) == MeterValue(NOW, others=[odd])


def test_a_number_among_the_others_is_kept_as_text() -> None:
    assert one(sample("Frequency", 50.1)).others == [{"measurand": "Frequency", "value": "50.1"}]


def test_the_first_reading_of_a_field_stands_and_a_second_one_is_kept_besides() -> None:
    second = sample("Current.Import", "17", phase="L1-N")
    meter_value = one(sample("Current.Import", "16", phase="L1"), second)
    assert (meter_value.current_l1_a, meter_value.others) == (16.0, [second])


def test_power_that_comes_by_phase_alone_is_added_up_and_kept() -> None:
    phases = [sample(POWER, value, phase=f"L{n}") for n, value in ((1, "1.5"), (2, 2), (3, "3"))]
    meter_value = one(*phases)
    assert meter_value.power_w == 6.5
    assert [other["phase"] for other in meter_value.others] == ["L1", "L2", "L3"]


def test_a_total_is_believed_before_the_sum_of_the_phases() -> None:
    meter_value = one(sample(POWER, "1", phase="L1"), sample(POWER, "10"))
    assert meter_value.power_w == 10.0


def test_the_register_of_a_one_phase_box_may_be_tagged_with_its_phase() -> None:
    assert one(sample(ENERGY, "1.5", phase="L1", unit="kWh")).energy_wh == 1500


def test_a_register_by_phase_with_one_phase_unreadable_gives_no_total() -> None:
    meter_value = one(sample(ENERGY, "100", phase="L1"), sample(ENERGY, "?", phase="L2"))
    assert meter_value.energy_wh is None


def test_the_current_offered_by_phase_is_not_added_up() -> None:
    offered = [sample("Current.Offered", "16", phase=phase) for phase in ("L1", "L2", "L3")]
    assert one(*offered).current_offered_a == 16.0


def test_a_reading_in_the_body_stands_in_for_the_outlets() -> None:
    inside = sample("Current.Import", "16", phase="L1", location="Body")
    meter_value = one(inside)
    assert (meter_value.current_l1_a, meter_value.others) == (16.0, [inside])


def test_a_reading_at_the_outlet_goes_before_one_in_the_body() -> None:
    meter_value = one(sample(ENERGY, "9", location="Body"), sample(ENERGY, "5", location="Outlet"))
    assert meter_value.energy_wh == 5


def test_a_phase_at_the_outlet_goes_before_a_total_at_the_cable() -> None:
    meter_value = one(sample(POWER, "9", location="Cable"), sample(POWER, "5", phase="L1"))
    assert meter_value.power_w == 5.0


def test_samples_of_different_contexts_are_different_meter_values() -> None:
    begin, end = read(
        [
            {
                "timestamp": NOW_TEXT,
                "sampledValue": [
                    sample(ENERGY, "1", context="Transaction.Begin"),
                    sample(ENERGY, "9", context="Transaction.End"),
                    sample(POWER, "0", context="Transaction.Begin"),
                ],
            }
        ]
    )
    assert (begin.context, begin.energy_wh) == ("Transaction.Begin", Decimal(1))
    assert (end.context, end.energy_wh) == ("Transaction.End", Decimal(9))
    assert (begin.power_w, end.power_w) == (0.0, None)


@pytest.mark.parametrize("context", [None, "", " ", 7, [], "a\x00b"])
def test_without_a_usable_context_a_sample_is_a_periodic_one(context: object) -> None:
    assert one(sample(ENERGY, "1", context=context)).context == "Sample.Periodic"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {"timestamp": NOW_TEXT, "sampledValue": []},
        [{"timestamp": NOW_TEXT, "sampledValue": None}],
        [{"timestamp": NOW_TEXT}],
        [{}],
    ],
)
def test_without_samples_there_is_no_meter_value(raw: object) -> None:
    assert read(raw) == ()


@pytest.mark.parametrize(
    "raw",
    [
        [{"timestamp": NOW_TEXT, "sampledValue": [{"value": "5"}]}],
        {"timestamp": NOW_TEXT, "sampledValue": {"value": "5"}},
        [{"timestamp": NOW_TEXT, "value": "5"}],
    ],
)
def test_brackets_may_be_missing(raw: object) -> None:
    assert read(raw) == (MeterValue(NOW, energy_wh=Decimal(5)),)


def test_a_sample_that_is_no_object_is_kept() -> None:
    assert one("5", 7).others == [{"value": "5"}, {"value": "7"}]


def test_a_meter_value_keeps_the_chargers_own_time_where_it_was_corrected() -> None:
    future = (NOW + timedelta(days=1)).isoformat()
    (value,) = read([{"timestamp": future, "sampledValue": [{"value": "5"}]}])
    assert (value.sampled_at, value.charger_sampled_at) == (NOW, future)


@pytest.mark.parametrize("timestamp", [None, 12, "soon", "1970-01-01T00:00:00Z", []])
def test_an_unusable_time_is_replaced_by_the_arrival(timestamp: object) -> None:
    (value,) = read([{"timestamp": timestamp, "sampledValue": [{"value": "5"}]}])
    assert value.sampled_at == NOW
    assert value.charger_sampled_at is not None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["1e400", "NaN", "-0", "9" * 500, "1_0", "L1", "kWh", ENERGY, POWER, "SoC"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "timestamp",
                    "sampledValue",
                    "value",
                    "measurand",
                    "phase",
                    "location",
                    "unit",
                    "context",
                    "multiplier",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(raw=json_values)
def test_no_json_at_all_makes_the_reader_fail(raw: object) -> None:
    for value in read(raw):
        assert isinstance(value, MeterValue)


@settings(max_examples=200, deadline=None)
@given(samples=st.lists(json_values, min_size=1, max_size=5))
def test_no_sample_is_lost(samples: list[object]) -> None:
    values = read([{"timestamp": NOW_TEXT, "sampledValue": samples}])
    fields = [name for name in MeterValue.__slots__ if name.endswith(("_wh", "_w", "_a", "_v"))]
    fields.append("soc_percent")
    kept = sum(len(value.others) for value in values)
    filled = sum(getattr(value, name) is not None for value in values for name in fields)
    assert kept + filled >= len(samples)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**8, places=6))
def test_kilowatt_hours_become_watt_hours_exactly(kwh: Decimal) -> None:
    assert read_energy_wh(format(kwh, "f"), Decimal(1000)) == kwh * 1000


@given(st.floats(allow_nan=False, min_value=-1e14, max_value=1e14))
def test_a_number_and_its_text_read_the_same(number: float) -> None:
    assert read_float(number) == read_float(str(number)) == number
