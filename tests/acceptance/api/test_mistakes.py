"""Who makes a mistake learns all of it, and what would have been right."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from running import Running, sharing_a_server
from yarl import URL

pytestmark = sharing_a_server


@pytest.fixture
def server(shared_server: Running) -> Running:
    """Mistakes leave a server as it was."""
    return shared_server


async def problem(
    server: Running, method: str, path: str, body: bytes, content_type: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": content_type}
    url = f"{server.api_url}/api/v1{path}"
    async with server.http.request(method, url, data=BytesIO(body), headers=headers) as response:
        assert response.content_type == "application/problem+json"
        return response.status, await response.json(content_type=None)


async def test_every_mistake_in_a_body_is_named_at_once(server: Running) -> None:
    status, found = await problem(
        server,
        "POST",
        "/id-tokens",
        b'{"status": "Maybe", "max_concurrent_transactions": -1, "expire_at": 1}',
    )
    assert (status, found["type"]) == (422, "urn:csms:problem:invalid")
    errors = {error["field"]: error for error in found["errors"]}
    assert set(errors) == {"id_token", "status", "max_concurrent_transactions", "expire_at"}
    assert errors["status"] == {
        "field": "status",
        "value": "Maybe",
        "allowed": "one of Accepted, Blocked, Expired, Invalid",
    }
    assert errors["expire_at"]["allowed"] == "a known field; did you mean expires_at?"
    assert errors["id_token"]["allowed"].endswith("(required)")


async def test_a_mistake_inside_a_list_is_named_where_it_is(server: Running) -> None:
    _, found = await problem(server, "PUT", "/id-tokens/a", b'{"allowed_sites": ["north", "", 7]}')
    assert [error["field"] for error in found["errors"]] == ["allowed_sites.1", "allowed_sites.2"]


async def test_a_wrong_password_is_not_repeated(server: Running) -> None:
    _, found = await problem(server, "PUT", "/charge-points/CP-1", b'{"password": "hunter2"}')
    assert found["errors"][0]["value"] == "(not shown)"
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"note": "\\ud800"}', 400),
        (b"[" * 100 + b"]" * 100, 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"a": 1' + b" " * 1_100_000 + b"}", 413),
        (b"[]", 422),
        (b'{"note": "a\\u0000b"}', 422),
        (b'{"expires_at": "2026-02-30T00:00:00Z"}', 422),
        (b'{"expires_at": "2026-01-31T12:00:00"}', 422),
        (b'{"expires_at": "0001-01-01T00:00:00+23:59"}', 422),
        (b'{"max_concurrent_transactions": 1e400}', 400),
        (b'{"max_concurrent_transactions": 123456789012345678901234567890}', 422),
    ],
    ids=[
        "cut short",
        "not UTF-8",
        "half a character",
        "deep",
        "very deep",
        "long",
        "a list",
        "NUL",
        "no such day",
        "no zone",
        "before time",
        "infinite",
        "huge",
    ],
)
async def test_a_broken_body_is_refused(server: Running, body: bytes, status: int) -> None:
    assert (await problem(server, "PUT", "/id-tokens/a", body))[0] == status
    assert (await server.get("/id-tokens"))["items"] == []


async def test_an_integer_that_can_not_be_kept_is_named_wherever_it_is(server: Running) -> None:
    body = b'{"data": {"numbers": [1, 18446744073709551615, 18446744073709551616]}}'
    status, found = await problem(server, "POST", "/charge-points/CP-1/calls/DataTransfer", body)
    assert status == 422
    assert [error["field"] for error in found["errors"]] == ["data.numbers.2"]


async def test_a_body_of_another_kind_is_refused(server: Running) -> None:
    form = "application/x-www-form-urlencoded"
    status, found = await problem(server, "PUT", "/id-tokens/a", b"status=Blocked", form)
    assert status == 415
    assert "application/json" in found["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("actve=true", "actve"),
        ("active=maybe", "active"),
        ("active=true&active=false", "active"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("from=yesterday", "from"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WzEsMl0=", "cursor"),
        ("id_token=%00", "id_token"),
    ],
)
async def test_a_wrong_query_is_refused(server: Running, query: str, field: str) -> None:
    answer = await server.api("GET", f"/transactions?{query}")
    assert answer.status == 400
    assert [error["field"] for error in answer.body["errors"]] == [field]


async def test_a_wrong_method_names_the_right_ones(server: Running) -> None:
    async with server.http.delete(f"{server.api_url}/api/v1/transactions") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize("path", ["/transactions/1", "/transactions/x", "/id-tokens/x", "/nothing"])
async def test_what_is_not_there_is_not_found(server: Running, path: str) -> None:
    answer = await server.api("GET", path)
    assert (answer.status, answer.body["type"]) == (404, "urn:csms:problem:not-found")


@pytest.mark.parametrize(
    "identity",
    ["%00", "a%2Fb", "%C3%BC%E2%80%AE", "CP%25201", "%7Bcp%7D", "x" * 49],
    ids=["NUL", "a slash", "a sign that turns text around", "an escape", "braces", "too long"],
)
async def test_an_identity_that_no_charger_can_connect_with_is_refused(
    server: Running, identity: str
) -> None:
    url = URL(f"{server.api_url}/api/v1/charge-points/{identity}", encoded=True)
    async with server.http.put(url, json={}) as response:
        assert response.status == 422
        detail = (await response.json(content_type=None))["detail"]
    assert "letters, digits, spaces" in detail
    assert (await server.get("/charge-points"))["items"] == []


async def test_an_identity_may_hold_spaces_and_letters_of_any_script(server: Running) -> None:
    answer = await server.api("PUT", "/charge-points/S%C3%BCd%201", {})
    assert (answer.status, answer.body["id"]) == (201, "Süd 1")
    assert (await server.api("DELETE", "/charge-points/S%C3%BCd%201")).status == 204


async def test_a_body_that_is_not_in_its_encoding_is_refused(server: Running) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    url = f"{server.api_url}/api/v1/id-tokens"
    async with server.http.post(url, data=BytesIO(b"{}"), headers=headers) as response:
        assert response.status == 400
        assert "Content-Encoding" in (await response.json(content_type=None))["detail"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "2026-12-31T23:59:60Z"])
async def test_a_time_that_cannot_be_kept_is_named_by_its_field(
    server: Running, moment: str
) -> None:
    answer = await server.api("PUT", "/id-tokens/a", {"expires_at": moment})
    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["expires_at"]
    assert "RFC 3339" in answer.body["detail"]


async def test_a_time_that_cannot_be_kept_is_named_as_in_the_query(server: Running) -> None:
    answer = await server.api("GET", "/transactions?from=9999-12-31T23:59:59-14:00")
    assert answer.status == 400
    assert [error["field"] for error in answer.body["errors"]] == ["from"]
    assert "RFC 3339" in answer.body["errors"][0]["allowed"]


async def test_what_a_text_may_hold_is_said_in_words(server: Running) -> None:
    answer = await server.api("PUT", "/id-tokens/a", {"group_id": "ü"})
    assert answer.body["errors"][0]["allowed"] == (
        "text of 1 to 255 characters in printable ASCII, without spaces around it, or null"
    )
