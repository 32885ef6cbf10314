"""An operator keeps charge points, and what is set counts at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fake_chargepoints.errors import ConnectRefusedError
from running import V16_BOOT, V201_BOOT, Running

PASSWORD = "correct-horse-battery"


async def ids(server: Running, query: str) -> list[str]:
    return [one["id"] for one in (await server.get(f"/charge-points?{query}"))["items"]]


async def test_a_charge_point_can_be_known_before_it_ever_connects(server: Running) -> None:
    made = await server.api("PUT", "/charge-points/CP-1", {"name": "Left of the gate"})
    assert made.status == 201
    shown = await server.get("/charge-points/CP-1")
    assert shown == made.body
    assert shown["registration_status"] == "accepted"
    assert (shown["connected"], shown["boot_count"], shown["connectors"]) == (False, 0, [])


async def test_what_is_left_out_stays_as_it_is(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"name": "Gate", "rated_power_w": 22000})
    changed = await server.api("PUT", "/charge-points/CP-1", {"name": None})
    assert changed.status == 200
    assert (changed.body["name"], changed.body["rated_power_w"]) == (None, 22000)
    patched = await server.api("PATCH", "/charge-points/CP-1", {"site_id": "garage"})
    assert (patched.body["site_id"], patched.body["rated_power_w"]) == ("garage", 22000)


async def test_patch_does_not_create(server: Running) -> None:
    assert (await server.api("PATCH", "/charge-points/CP-1", {"ping": False})).status == 404


async def test_an_identity_is_the_same_in_any_case(server: Running) -> None:
    await server.put("/charge-points/Cp-One", {})
    assert (await server.get("/charge-points/cP-oNE"))["id"] == "Cp-One"
    assert (await server.api("PUT", "/charge-points/CP-ONE", {})).status == 200
    assert await ids(server, "") == ["Cp-One"]


async def test_an_identity_may_hold_what_a_url_must_encode(server: Running) -> None:
    made = await server.put("/charge-points/Halle%207%3A%20B%C3%BChne", {})
    assert made["id"] == "Halle 7: Bühne"
    assert (await server.get("/charge-points/halle%207%3A%20B%C3%BChne"))["id"] == made["id"]


async def test_what_a_charge_point_tells_of_itself_is_shown(server: Running) -> None:
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT)
        await charger.send(
            "StatusNotification",
            {
                "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "connectorStatus": "Occupied",
                "evseId": 2,
                "connectorId": 1,
            },
        )
        shown = await server.eventually("/charge-points/CP-1", lambda one: one["vendor"])
        assert (shown["connected"], shown["ocpp_version"]) == (True, "ocpp2.0.1")
        assert (shown["vendor"], shown["boot_reason"]) == ("Vendor", "PowerUp")
        (connector,) = shown["connectors"]
        assert (connector["evse_id"], connector["status"]) == (2, "Occupied")
        assert (await server.get("/charge-points/CP-1/connectors"))["items"] == [connector]
        history = await server.get("/charge-points/CP-1/connector-statuses?evse_id=2")
        assert [one["status"] for one in history["items"]] == ["Occupied"]
        told = await server.get("/charge-points/CP-1/notifications?kind=boot")
        assert told["items"][0]["data"]["reason"] == "PowerUp"


async def test_charge_points_can_be_filtered(server: Running) -> None:
    await server.put("/charge-points/A-1", {"site_id": "north", "name": "Gate"})
    await server.put("/charge-points/A-2", {"site_id": "south", "registration_status": "rejected"})
    async with server.charge_point("B_1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        assert await ids(server, "connected=true") == ["B_1"]
        assert await ids(server, "connected=false") == ["A-1", "A-2"]
    assert await ids(server, "site_id=south") == ["A-2"]
    assert await ids(server, "registration_status=rejected") == ["A-2"]
    assert await ids(server, "vendor=VENDOR") == ["B_1"]
    assert await ids(server, "search=gate") == ["A-1"]
    assert await ids(server, "search=_") == ["B_1"]


async def test_pages_hold_every_charge_point_once(server: Running) -> None:
    names = [f"cp-{number:02}" for number in range(7)]
    for name in reversed(names):
        await server.put(f"/charge-points/{name.upper()}", {})
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = await server.get(f"/charge-points?limit=3{more}")
        assert len(page["items"]) <= 3
        found += [one["id"].lower() for one in page["items"]]
        cursor = page["next_cursor"]
    assert found == names


async def test_a_password_lets_its_charge_point_in_and_is_never_shown(server: Running) -> None:
    made = await server.put("/charge-points/CP-1", {"security_profile": 1, "password": PASSWORD})
    assert (made["has_password"], made["security_profile"]) == (True, 1)
    assert PASSWORD not in str(made)
    async with server.charge_point("CP-1", password=PASSWORD) as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
    with pytest.raises(ConnectRefusedError):
        await server.charge_point("CP-1", password="wrong-horse-battery").__aenter__()


async def test_a_password_that_is_set_is_asked_for(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"password": "a-long-random-password"})
    with pytest.raises(ConnectRefusedError):
        async with server.charge_point("CP-1"):
            pass
    async with server.charge_point("CP-1", password="a-long-random-password") as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})


async def test_a_new_password_counts_at_once(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"security_profile": 1, "password": PASSWORD})
    async with server.charge_point("CP-1", password=PASSWORD) as charger:
        await charger.send("BootNotification", V16_BOOT)
        await server.put("/charge-points/CP-1", {"password": PASSWORD + "-2"})
        with pytest.raises(ConnectRefusedError):
            await server.charge_point("CP-1", password=PASSWORD).__aenter__()


async def test_a_profile_that_needs_a_password_is_refused_without_one(server: Running) -> None:
    refused = await server.api("PUT", "/charge-points/CP-1", {"security_profile": 1})
    assert refused.status == 409
    assert "needs a password" in refused.body["detail"]
    assert await ids(server, "") == []


async def test_a_charge_point_that_never_charged_can_be_deleted(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        refused = await server.api("DELETE", "/charge-points/CP-1")
        assert refused.status == 409
    await server.eventually("/charge-points/CP-1", lambda one: not one["connected"])
    assert (await server.api("DELETE", "/charge-points/CP-1")).status == 204
    assert (await server.api("GET", "/charge-points/CP-1")).status == 404
    assert (await server.api("DELETE", "/charge-points/CP-1")).status == 404


async def test_a_deleted_charge_point_may_come_back_as_a_new_one(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
    await server.eventually("/charge-points/CP-1", lambda one: not one["connected"])
    await server.api("DELETE", "/charge-points/CP-1")
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        assert (await server.get("/charge-points/CP-1"))["boot_count"] == 1


async def test_a_charge_point_with_transactions_stays(server: Running) -> None:
    start = {
        "connectorId": 1,
        "idTag": "A",
        "meterStart": 0,
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        await charger.send("StartTransaction", start)
    await server.eventually("/charge-points/CP-1", lambda one: not one["connected"])
    refused = await server.api("DELETE", "/charge-points/CP-1")
    assert refused.status == 409
    assert "transactions" in refused.body["detail"]


async def test_a_wrong_change_changes_nothing_and_is_not_in_the_audit_log(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"name": "Gate"})
    body = {"name": "Other", "security_profile": 2}
    assert (await server.api("PATCH", "/charge-points/CP-1", body)).status == 409
    assert (await server.get("/charge-points/CP-1"))["name"] == "Gate"
    log = await server.get("/audit-log?target=charge-points/CP-1")
    assert [line["data"] for line in log["items"]] == [{"name": "Gate"}]


async def test_a_password_is_not_in_the_audit_log(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"password": PASSWORD})
    (line,) = (await server.get("/audit-log"))["items"]
    assert (line["actor"], line["action"], line["data"]) == (
        "tests",
        "change",
        {"password": "changed"},
    )


async def test_a_charger_may_be_pinned_to_any_version_that_is_spoken(server: Running) -> None:
    pinned = await server.put("/charge-points/CP-1", {"pinned_version": "ocpp2.1"})
    assert pinned["pinned_version"] == "ocpp2.1"
    async with server.charge_point("CP-1", "ocpp2.1") as station:
        await station.send("Heartbeat", {})
