"""Nobody gets in without a key, and no further than its role goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from running import Running, sharing_a_server

from csms.store import api_keys


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def status_of(
    server: Running, path: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.request(method, f"{server.api_url}{path}", headers=headers) as response,
    ):
        return response.status, response.headers.get("WWW-Authenticate", "")


async def new_key(server: Running, role: str, **fields: str) -> tuple[int, str]:
    made = await server.post(
        "/api-keys", {"name": f"a {role} key", "role": role, **fields}, status=201
    )
    return made["id"], made["key"]


@sharing_a_server
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer csms_" + "x" * 43},
        {"Authorization": "Bearer csms_" + "x" * 5000},
    ],
    ids=["none", "empty", "basic", "nonsense", "unknown", "endless"],
)
async def test_without_a_valid_key_nothing_opens(
    shared_server: Running, headers: dict[str, str]
) -> None:
    status, challenge = await status_of(shared_server, "/api/v1/charge-points", headers)
    assert status == 401
    assert challenge.startswith("Bearer ")


@sharing_a_server
async def test_a_stranger_does_not_learn_what_exists(shared_server: Running) -> None:
    assert (await status_of(shared_server, "/api/v1/no-such-thing", {}))[0] == 401


@sharing_a_server
@pytest.mark.parametrize(
    "path", ["/", "/static/home.js", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"]
)
async def test_the_public_pages_need_no_key(shared_server: Running, path: str) -> None:
    assert (await status_of(shared_server, path, {}))[0] == 200


async def test_a_read_only_key_reads_but_changes_nothing(server: Running) -> None:
    _, key = await new_key(server, "read-only")
    assert (await status_of(server, "/api/v1/charge-points", bearer(key)))[0] == 200
    status, _ = await status_of(server, "/api/v1/id-tokens/A", bearer(key), "DELETE")
    assert status == 403


@pytest.mark.parametrize("path", ["/api/v1/api-keys", "/api/v1/audit-log"])
async def test_a_read_only_key_does_not_see_who_else_has_one(server: Running, path: str) -> None:
    _, key = await new_key(server, "read-only")
    assert (await status_of(server, path, bearer(key)))[0] == 403


async def test_a_revoked_key_opens_nothing_from_that_moment(server: Running) -> None:
    number, key = await new_key(server, "admin")
    assert (await status_of(server, "/api/v1/charge-points", bearer(key)))[0] == 200
    assert (await server.api("DELETE", f"/api-keys/{number}")).status == 204
    assert (await status_of(server, "/api/v1/charge-points", bearer(key)))[0] == 401


async def test_an_expired_key_opens_nothing(server: Running) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with server.app.database.begin() as connection:
        _, key = await api_keys.create(connection, "late", "admin", expires_at=past)
    assert (await status_of(server, "/api/v1/charge-points", bearer(key)))[0] == 401


async def test_a_key_that_would_be_expired_from_the_start_is_not_made(server: Running) -> None:
    body = {"name": "late", "role": "admin", "expires_at": "2020-01-01T00:00:00Z"}
    answer = await server.api("POST", "/api-keys", body)
    assert answer.status == 422
    assert answer.body["errors"][0]["allowed"] == "a time in the future"


async def test_a_key_made_on_the_command_line_works_at_once(server: Running) -> None:
    async with server.app.database.begin() as connection:
        _, key = await api_keys.create(connection, "made elsewhere", "admin")
    assert (await status_of(server, "/api/v1/charge-points", bearer(key)))[0] == 200


async def test_a_key_is_shown_once(server: Running) -> None:
    number, key = await new_key(server, "read-only")
    listed = await server.get("/api-keys")
    (shown,) = [one for one in listed["items"] if one["id"] == number]
    assert key not in str(listed)
    assert key.startswith(shown["prefix"])


async def test_two_keys_cannot_have_the_same_name(server: Running) -> None:
    await new_key(server, "admin")
    again = await server.api("POST", "/api-keys", {"name": "a admin key", "role": "admin"})
    assert again.status == 409
