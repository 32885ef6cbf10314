"""The quirk makers really bend what they name, and leave the original alone."""

from __future__ import annotations

import copy

import orjson
import pytest
from fake_chargepoints import quirks
from fake_chargepoints.quirks import Quirk, every_quirk

from .schemas import validator
from .stations import noon

within_the_schema = {
    "register drops to zero",
    "tag from a terminal",
    "tag with separators",
    "placeholders",
    "control bytes in the tag",
    "stop of transaction -1",
    "stop of transaction 0",
    "clock was never set",
    "local time says Z",
}


@pytest.mark.parametrize("quirk", every_quirk(noon), ids=lambda quirk: quirk.name)
def test_a_quirk_is_json_and_breaks_the_schema_where_it_says(quirk: Quirk) -> None:
    payload = orjson.loads(orjson.dumps(quirk.payload))
    is_valid = validator("v16", quirk.action).is_valid(payload)
    assert is_valid == (quirk.name in within_the_schema)


def test_the_original_payload_stays_as_it_was() -> None:
    sampled = [{"value": "1", "measurand": "Energy.Active.Import.Register"}]
    meter = {"connectorId": 1, "meterValue": [{"timestamp": "t", "sampledValue": sampled}]}
    before = copy.deepcopy(meter)
    quirks.meter_value_as_object(meter)
    quirks.numeric_values(meter)
    quirks.with_timestamp(meter, "x")
    assert meter == before


def test_every_quirk_has_its_own_name() -> None:
    names = [quirk.name for quirk in every_quirk(noon)]
    assert len(names) == len(set(names))


def test_a_truncated_result_keeps_its_id_readable() -> None:
    text = quirks.truncated_result("abc")
    assert text.startswith('[3,"abc",')
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(text)
