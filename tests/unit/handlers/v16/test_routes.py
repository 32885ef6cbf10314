from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.handlers.v16.conversation import say, schema
from unit.world import make_world

from csms.handlers.contract import CallRefusedError
from csms.handlers.v16 import ROUTES

FROM_CHARGE_POINTS = {
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
}

garbage = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["NaN", "1e999", "", "\x00", "\ud800", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_every_message_a_charge_point_can_start_has_a_handler() -> None:
    assert set(ROUTES) == FROM_CHARGE_POINTS


@pytest.mark.parametrize("action", sorted(set(ROUTES) - {"Authorize"}))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_a_message_full_of_garbage_gets_a_valid_answer(
    action: str, data: st.DataObject
) -> None:
    keys = sorted(schema(action)["properties"]) or ["x"]
    payload: dict[str, Any] = data.draw(
        st.dictionaries(st.sampled_from(keys), garbage, max_size=len(keys))
    )
    world = make_world()
    charge_point = await world.connect()
    answer = await say(world, charge_point, action, payload)
    assert isinstance(answer, dict)


@settings(max_examples=30, deadline=None)
@given(id_tag=garbage)
async def test_a_garbled_id_tag_is_invalid_or_refused(id_tag: object) -> None:
    world = make_world()
    charge_point = await world.connect()
    answer = None
    with suppress(CallRefusedError):
        answer = await say(world, charge_point, "Authorize", {"idTag": id_tag})
    assert answer in (None, {"idTagInfo": {"status": "Invalid"}})
