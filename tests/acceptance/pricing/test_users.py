"""An operator keeps who pays."""

from __future__ import annotations

from running import Running


async def test_a_user_has_groups_and_tokens(server: Running) -> None:
    await server.post("/user-groups", {"id": "Owners", "name": "Flat owners"}, status=201)
    body = {"id": "Ana", "name": "Ana Silva", "tax_number": "123456789", "group_ids": ["OWNERS"]}
    await server.post("/users", body, status=201)
    await server.add_token("04a2", user_id="ANA")

    user = await server.get("/users/ana")

    assert (user["id"], user["group_ids"], user["id_tokens"]) == ("Ana", ["Owners"], ["04A2"])
    assert [each["id"] for each in (await server.get("/users?user_group_id=owners"))["items"]] == [
        "Ana"
    ]
    assert (await server.get("/id-tokens/04a2"))["user_id"] == "Ana"


async def test_a_user_is_made_only_once_whatever_the_case(server: Running) -> None:
    await server.post("/users", {"id": "ana", "name": "Ana"}, status=201)
    again = await server.api("POST", "/users", {"id": "ANA", "name": "Other"})
    assert (again.status, again.body["detail"]) == (409, "there is a user 'ana' already")


async def test_a_user_in_no_such_group_and_a_token_of_no_such_user_are_refused(
    server: Running,
) -> None:
    body = {"id": "ana", "name": "Ana", "group_ids": ["ghosts"]}
    refused = await server.api("POST", "/users", body)
    assert refused.body["errors"][0]["field"] == "group_ids.0"
    assert (await server.get("/users"))["items"] == []
    refused = await server.api("PUT", "/id-tokens/card", {"user_id": "ghost"})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "user_id")


async def test_deleting_a_user_leaves_its_tokens_without_one(server: Running) -> None:
    await server.post("/users", {"id": "ana", "name": "Ana"}, status=201)
    await server.add_token("card", user_id="ana")
    assert (await server.api("DELETE", "/users/ANA")).status == 204
    assert (await server.get("/id-tokens/card"))["user_id"] is None
