"""Cards that were shown and that nobody has entered: listed, taken over, put aside."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import station_16, station_201, token
from running import Running


async def unknown(server: Running, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await server.get(f"/unknown-id-tokens?{query}"))["items"]
    return items


async def test_a_card_that_nobody_entered_is_noted_with_when_and_where(server: Running) -> None:
    async with station_16(server) as station:
        await station.send("Authorize", {"idTag": "stranger"})
    (seen,) = await unknown(server)
    assert (seen["id_token"], seen["charge_point_id"], seen["times"]) == ("STRANGER", "CP-1", 1)
    assert seen["first_seen_at"] == seen["last_seen_at"]


async def test_a_card_that_is_asked_about_twice_was_shown_once(server: Running) -> None:
    async with station_201(server) as station, station_201(server, "CS-2") as other:
        for _ in range(2):
            await station.send("Authorize", {"idToken": token("CARD-1")})
        await other.send("Authorize", {"idToken": token("CARD-1")})
    (seen,) = await unknown(server)
    assert (seen["times"], seen["charge_point_id"]) == (2, "CS-2")


async def test_a_card_is_taken_over_as_it_was_shown(server: Running) -> None:
    async with station_201(server) as station:
        shown = {"idToken": token("CAR-1", "MacAddress")}
        await station.send("Authorize", shown, reply={"idTokenInfo": {"status": "Invalid"}})
        body = {"note": "the blue one"}
        adopted = await server.post("/unknown-id-tokens/car-1/adopt", body, status=201)
        await station.send("Authorize", shown, reply={"idTokenInfo": {"status": "Accepted"}})
    assert (adopted["type"], adopted["note"]) == ("MacAddress", "the blue one")
    assert await unknown(server) == []


async def test_a_card_that_was_entered_otherwise_is_not_unknown_any_more(server: Running) -> None:
    async with station_16(server) as station:
        await station.send("Authorize", {"idTag": "CARD-1"})
    await server.add_token("CARD-1")
    assert await unknown(server) == []


async def test_a_card_that_was_put_aside_is_not_listed_again(server: Running) -> None:
    async with station_16(server) as station, station_16(server, "CP-2") as other:
        await station.send("Authorize", {"idTag": "CARD-1"})
        assert (await server.api("DELETE", "/unknown-id-tokens/CARD-1")).status == 204
        await other.send("Authorize", {"idTag": "CARD-1"})
    assert await unknown(server) == []
    (aside,) = await unknown(server, "dismissed=true")
    assert aside["times"] == 2


async def test_only_what_was_shown_can_be_taken_over(server: Running) -> None:
    answer = await server.api("POST", "/unknown-id-tokens/NEVER-SEEN/adopt", {})
    assert answer.status == 404
    assert (await server.api("GET", "/id-tokens/NEVER-SEEN")).status == 404


async def test_the_latest_come_first_and_in_pages(server: Running) -> None:
    async with station_16(server) as station:
        for number in range(3):
            await station.send("Authorize", {"idTag": f"CARD-{number}"})
    first = await server.get("/unknown-id-tokens?limit=2")
    (last,) = await unknown(server, f"limit=2&cursor={first['next_cursor']}")
    names = [each["id_token"] for each in first["items"]]
    assert [*names, last["id_token"]] == ["CARD-2", "CARD-1", "CARD-0"]


@pytest.mark.parametrize(
    ("entered", "shown"),
    [
        ("04A2B3C4D5E680", "80E6D5C4B3A204"),
        ("04A2B3C4D5E680", "04A2B3C4D5E6"),
        ("04A2B3C4D5E6", "04A2B3C4D5E680"),
        ("A2B3C4D5E680", "01A2B3C4D5E680"),
        ("2069C021", "543801377"),
        ("543801377", "2069C021"),
        ("20:69:C0:21", "21C06920"),
    ],
)
async def test_a_card_that_another_reader_would_read_otherwise_is_recognised(
    server: Running, entered: str, shown: str
) -> None:
    await server.add_token(entered)
    await server.add_token("04A2B3C4D5E6FF00")
    async with station_16(server) as station:
        await station.send(
            "Authorize", {"idTag": shown}, reply={"idTagInfo": {"status": "Invalid"}}
        )
        await station.send("Authorize", {"idTag": "NOBODY"})
    nobody, seen = sorted(await unknown(server), key=lambda each: each["id_token"] == shown)
    assert (seen["id_token"], seen["resembles"]) == (shown, [entered])
    assert nobody["resembles"] == []
