"""Signed readings are right, or it is said what is wrong with them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ocmf import SigningMeter, in_base64, signed_value

from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.keys import read_public_key, write_public_key
from csms.signed_readings.ocmf import read_record
from csms.signed_readings.samples import signed_samples
from csms.signed_readings.verdict import Judgement, Verdict, judge

CURVES = [
    (ec.SECP192R1(), "secp192r1"),
    (ec.SECP256K1(), "secp256k1"),
    (ec.SECP256R1(), "secp256r1"),
    (ec.SECP384R1(), "secp384r1"),
    (ec.BrainpoolP256R1(), "brainpool256r1"),
    (ec.BrainpoolP384R1(), "brainpool384r1"),
]


def judged(
    *records: str, told: str = "", known: str | None = None, energy_wh: int | None = None
) -> Judgement:
    others = [{"value": 0, "signedMeterValue": signed_value(record, told)} for record in records]
    energy = None if energy_wh is None else Decimal(energy_wh)
    return judge(tuple(signed_samples(others)), known, energy)


@pytest.mark.parametrize(("curve", "name"), CURVES)
def test_a_record_signed_on_any_curve_of_ocmf_is_right(curve: ec.EllipticCurve, name: str) -> None:
    meter = SigningMeter(curve, name)
    found = judged(
        meter.record(("B", 10.5)),
        meter.record(("E", 12.25)),
        known=meter.public_key,
        energy_wh=1750,
    )
    assert (found.verdict, found.begin_wh, found.end_wh) == (
        Verdict.VALID,
        Decimal(10500),
        Decimal(12250),
    )


def test_begin_and_end_may_be_in_one_record() -> None:
    meter = SigningMeter()
    found = judged(meter.record(("B", 1), ("E", 3)), known=meter.public_key, energy_wh=2000)
    assert (found.verdict, found.begin_wh, found.end_wh) == (
        Verdict.VALID,
        Decimal(1000),
        Decimal(3000),
    )


def test_a_reading_that_was_changed_is_seen() -> None:
    meter = SigningMeter()
    record = meter.record(("B", 1), ("E", 3)).replace('"RV":3', '"RV":9')
    assert judged(record, known=meter.public_key).verdict is Verdict.INVALID


def test_what_another_meter_signed_is_seen() -> None:
    record = SigningMeter().record(("B", 1), ("E", 3))
    assert judged(record, known=SigningMeter().public_key).verdict is Verdict.INVALID


def test_a_charger_that_sends_another_key_than_is_known_is_not_believed() -> None:
    meter, other = SigningMeter(), SigningMeter()
    found = judged(meter.record(("E", 3)), told=other.public_key, known=meter.public_key)
    assert (found.verdict, "another public key" in found.reason) == (Verdict.INVALID, True)


def test_without_a_known_key_the_chargers_own_is_taken() -> None:
    meter = SigningMeter()
    found = judged(meter.record(("B", 1), ("E", 3)), told=meter.public_key)
    assert (found.verdict, found.public_key) == (Verdict.VALID, meter.public_key)


def test_without_any_key_it_says_so() -> None:
    found = judged(SigningMeter().record(("E", 3)))
    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.reason == "the meter's public key is not known"


def test_another_energy_than_was_signed_is_seen() -> None:
    meter = SigningMeter()
    found = judged(meter.record(("B", 1), ("E", 3)), known=meter.public_key, energy_wh=2500)
    assert (found.verdict, "the transaction has 2500 Wh" in found.reason) == (Verdict.DIFFERS, True)


@pytest.mark.parametrize("way", ["text", "base64", "hexadecimal", "object"])
def test_1_6_may_write_a_record_in_many_ways(way: str) -> None:
    meter = SigningMeter()
    record = meter.record(("B", 1), ("E", 3))
    value = {
        "text": record,
        "base64": in_base64(record),
        "hexadecimal": record.encode().hex(),
        "object": json.dumps({"signedMeterData": in_base64(record), "publicKey": ""}),
    }[way]
    samples = tuple(signed_samples([{"value": value, "format": "SignedData"}]))
    assert judge(samples, meter.public_key, None).verdict is Verdict.VALID


def test_another_format_is_kept_and_named() -> None:
    signed = {"signedMeterData": "AAAA", "encodingMethod": "EDL"}
    (sample,) = signed_samples([{"signedMeterValue": signed}])
    found = judge((sample,), None, None)
    assert (found.verdict, found.reason) == (
        Verdict.UNVERIFIABLE,
        "the format EDL can't be checked",
    )


@pytest.mark.parametrize("form", ["public_key", "pem", "point"])
def test_a_key_is_read_however_it_is_written(form: str) -> None:
    meter = SigningMeter()
    key = read_public_key(getattr(meter, form), ec.SECP256R1())
    assert write_public_key(key) == meter.public_key


def test_a_key_of_another_kind_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    text = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    with pytest.raises(UnreadableError, match="no elliptic curve"):
        read_public_key(text)


@pytest.mark.parametrize(
    "text",
    ["", "OCMF|", "OCMF|{}", "OCMF|{}|{]", "OCMF|[]|{}", 'OCMF|{}|{"SD":"zz"}', "OCMF|{|{}", "§"],
)
def test_what_is_no_record_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_record(text)


@pytest.mark.parametrize(
    "readings",
    [
        None,
        5,
        [5],
        [{}],
        [{"RV": "much", "RU": "kWh"}],
        [{"RV": True, "RU": "kWh"}],
        [{"RV": "NaN"}],
    ],
)
def test_odd_readings_are_no_energy(readings: Any) -> None:
    record = read_record(SigningMeter().signed(json.dumps({"RD": readings})))
    assert all(reading.value_wh is None for reading in record.readings)


def test_an_unknown_signature_is_said_to_be_one() -> None:
    meter = SigningMeter(name="secp192k1")
    found = judged(meter.record(("E", 3)), known=meter.public_key)
    assert (found.verdict, "secp192k1" in found.reason) == (Verdict.UNVERIFIABLE, True)
