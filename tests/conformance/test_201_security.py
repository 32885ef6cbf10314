"""OCPP 2.0.1, block A (and its 1.6 counterpart): passwords, and how they are changed."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED
from fake_chargepoints.errors import ConnectRefusedError
from running import V16_BOOT, V201_BOOT, Running

OLD = "the-old-password"
NEW = "the-new-password-is-longer"
OLD_KEY = "4f43415f4f4354545f61646d696e5f7465737400"
NEW_KEY = "00112233445566778899aabbccddeeff00112233"
VARIABLE = {
    "component": {"name": "SecurityCtrlr"},
    "variable": {"name": "BasicAuthPassword"},
}


async def may_log_in(server: Running, version: str, password: str | bytes | None) -> bool:
    station = server.charge_point("CP-1", version, password=password)
    try:
        await station.link.open()
    except ConnectRefusedError as refused:
        if refused.status != 401:
            raise
        return False
    await station.link.close()
    return True


async def test_tc_a_01_the_right_password_lets_in(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", "ocpp2.0.1", password=OLD) as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)


async def test_tc_a_03_a_wrong_password_does_not(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    assert not await may_log_in(server, "ocpp2.0.1", NEW)
    assert not await may_log_in(server, "ocpp2.0.1", None)


@pytest.mark.parametrize("taken", [True, False])  # TC_A_09, TC_A_10
@pytest.mark.parametrize("door", ["calls/SetVariables", "configuration", "password"])
async def test_tc_a_09_the_next_login_wants_the_password_that_the_station_has_taken(
    server: Running, door: str, taken: bool
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    status = "Accepted" if taken else "Rejected"
    async with server.charge_point("CP-1", "ocpp2.0.1", password=OLD) as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        answer = {"setVariableResult": [{**VARIABLE, "attributeStatus": status}]}
        station.expect("SetVariables", answer, check={"setVariableData": [VARIABLE]})
        await set_password(server, door)
    assert await may_log_in(server, "ocpp2.0.1", NEW) is taken
    assert await may_log_in(server, "ocpp2.0.1", OLD) is not taken


async def set_password(server: Running, door: str) -> None:
    if door == "password":
        await server.post("/charge-points/CP-1/password", {"password": NEW})
    elif door == "configuration":
        body = {"component": "SecurityCtrlr", "variable": "BasicAuthPassword", "value": NEW}
        await server.put("/charge-points/CP-1/configuration", body)
    else:
        raw = {"setVariableData": [{**VARIABLE, "attributeValue": NEW}]}
        await server.post(f"/charge-points/CP-1/{door}", raw)


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired", "Rejected", "NotSupported"])
async def test_tc_073_update_charge_point_password_for_http_basic_authentication(
    server: Running, status: str
) -> None:
    """The 1.6 security extension's case; the key travels as hexadecimal digits."""
    await server.accept("CP-1", security_profile=1, password=OLD_KEY)
    async with server.charge_point(password=bytes.fromhex(OLD_KEY)) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        order: dict[str, Any] = {"key": "AuthorizationKey", "value": NEW_KEY}
        station.expect("ChangeConfiguration", {"status": status}, check=order)
        await server.post("/charge-points/CP-1/calls/ChangeConfiguration", order)
    taken = status in ("Accepted", "RebootRequired")
    assert await may_log_in(server, "ocpp1.6", bytes.fromhex(NEW_KEY)) is taken
    assert await may_log_in(server, "ocpp1.6", bytes.fromhex(OLD_KEY)) is not taken


async def test_other_settings_leave_the_password_alone(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point(password=OLD) as station:
        order = {"key": "HeartbeatInterval", "value": "60"}
        station.expect("ChangeConfiguration", check=order)
        await server.post("/charge-points/CP-1/calls/ChangeConfiguration", order)
    assert await may_log_in(server, "ocpp1.6", OLD)
