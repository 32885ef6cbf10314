"""An operator says who may charge, and chargers hear it at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from acceptance.api.installation import EVSE, set_up
from running import V16_BOOT, Running

from csms.clock import SystemClock
from csms.store.load_management import LoadStore


async def authorized(server: Running, id_tag: str) -> dict[str, Any]:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        answer = await charger.send("Authorize", {"idTag": id_tag})
    info: dict[str, Any] = answer["idTagInfo"]
    return info


async def test_a_new_token_is_kept_in_upper_case(server: Running) -> None:
    made = await server.post("/id-tokens", {"id_token": "abc-1"}, status=201)
    assert (made["id_token"], made["status"]) == ("ABC-1", "Accepted")
    assert await server.get("/id-tokens/Abc-1") == made


async def test_a_token_of_odd_characters_has_an_address(server: Running) -> None:
    made = await server.post("/id-tokens", {"id_token": "{a/b?} #1%"}, status=201)
    assert await server.get("/id-tokens/%7Ba%2Fb%3F%7D%20%231%25") == made


async def test_a_token_can_be_made_only_once(server: Running) -> None:
    await server.post("/id-tokens", {"id_token": "abc"}, status=201)
    again = await server.api("POST", "/id-tokens", {"id_token": "ABC", "status": "Blocked"})
    assert again.status == 409
    assert (await server.get("/id-tokens/abc"))["status"] == "Accepted"


async def test_put_creates_or_replaces_all_of_a_token(server: Running) -> None:
    first = await server.api("PUT", "/id-tokens/a", {"note": "Flat 7", "type": "eMAID"})
    assert first.status == 201
    second = await server.api("PUT", "/id-tokens/A", {"status": "Blocked"})
    assert second.status == 200
    assert (second.body["note"], second.body["type"]) == (None, "ISO14443")


async def test_of_many_who_put_the_same_token_at_once_one_created_it(server: Running) -> None:
    puts = [server.api("PUT", "/id-tokens/card", {"note": str(n)}) for n in range(30)]
    assert Counter(answer.status for answer in await asyncio.gather(*puts)) == {201: 1, 200: 29}


async def test_put_refuses_a_body_about_another_token(server: Running) -> None:
    assert (await server.api("PUT", "/id-tokens/a", {"id_token": "b"})).status == 409


async def test_a_group_comes_into_being_with_its_first_token(server: Running) -> None:
    await server.put("/id-tokens/a", {"group_id": "Family"})
    await server.put("/id-tokens/b", {"group_id": "FAMILY"})
    assert [one["id"] for one in (await server.get("/id-token-groups"))["items"]] == ["Family"]
    listed = await server.get("/id-tokens?group_id=family")
    assert [one["id_token"] for one in listed["items"]] == ["A", "B"]
    assert (await authorized(server, "b"))["parentIdTag"] == "Family"


async def test_tokens_of_a_deleted_group_stay(server: Running) -> None:
    await server.put("/id-tokens/a", {"group_id": "family"})
    assert (await server.api("DELETE", "/id-token-groups/family")).status == 204
    assert (await server.get("/id-tokens/a"))["group_id"] is None


async def test_a_group_can_be_a_master_pass(server: Running) -> None:
    made = await server.post("/id-token-groups", {"id": "g", "master_pass": True}, status=201)
    assert made["master_pass"] is True
    assert (await server.api("POST", "/id-token-groups", {"id": "G"})).status == 409
    replaced = await server.api("PUT", "/id-token-groups/g", {"name": "Guards"})
    assert (replaced.status, replaced.body["master_pass"]) == (200, False)


async def test_a_blocked_token_is_refused_from_that_moment(server: Running) -> None:
    await server.put("/id-tokens/card", {})
    assert (await authorized(server, "CARD"))["status"] == "Accepted"
    await server.put("/id-tokens/card", {"status": "Blocked"})
    assert (await authorized(server, "CARD"))["status"] == "Blocked"


async def test_a_deleted_token_is_unknown_from_that_moment(server: Running) -> None:
    await server.put("/id-tokens/card", {})
    assert (await authorized(server, "CARD"))["status"] == "Accepted"
    assert (await server.api("DELETE", "/id-tokens/CARD")).status == 204
    assert (await authorized(server, "CARD"))["status"] == "Invalid"
    assert (await server.api("DELETE", "/id-tokens/CARD")).status == 404


async def test_a_token_created_after_it_was_refused_is_accepted(server: Running) -> None:
    assert (await authorized(server, "CARD"))["status"] == "Invalid"
    await server.post("/id-tokens", {"id_token": "card"}, status=201)
    assert (await authorized(server, "CARD"))["status"] == "Accepted"


async def test_a_token_may_be_for_some_charge_points_only(server: Running) -> None:
    await server.put("/id-tokens/card", {"allowed_charge_points": ["CP-2"]})
    assert (await authorized(server, "CARD"))["status"] != "Accepted"


async def test_tokens_can_be_searched(server: Running) -> None:
    await server.put("/id-tokens/04aa", {"note": "Flat 7"})
    await server.put("/id-tokens/04bb", {"status": "Blocked"})
    found = await server.get("/id-tokens?search=flat")
    assert [one["id_token"] for one in found["items"]] == ["04AA"]
    found = await server.get("/id-tokens?search=04&status=Blocked")
    assert [one["id_token"] for one in found["items"]] == ["04BB"]


async def test_load_management_hears_whose_car_bears_no_switch_of_phases(server: Running) -> None:
    await set_up(server)
    await server.put("/evses/CP-1/1", {**EVSE, "can_switch_phases": True})
    store = LoadStore(server.app.database, SystemClock())
    before = await store.load("garage")
    await server.put("/id-tokens/04aa", {"keeps_phases": True})
    after = await store.load("garage")
    await store.close()
    assert before is not None
    assert after is not None
    assert (before.keeping_phases, after.keeping_phases) == (frozenset(), frozenset({"04AA"}))
    assert after.version > before.version
