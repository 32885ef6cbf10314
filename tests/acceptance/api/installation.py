"""A garage set up by API, for the tests of what installers and owners do."""

from __future__ import annotations

from typing import Any

from running import Response, Running

BREAKER = {"site_id": "garage", "breaker_a": 63}


async def set_up(server: Running) -> None:
    """A garage of three levels with one charger."""
    await server.post("/sites", {"id": "garage", "name": "Garage"}, status=201)
    await server.put("/circuits/main", {**BREAKER, "breaker_a": 100, "assumed_load_a": 40})
    await server.put("/circuits/floor-3", {**BREAKER, "parent_id": "main", "name": "Piso -3"})
    await server.put(
        "/circuits/floor-3-2",
        {**BREAKER, "parent_id": "floor-3", "breaker_a": 32, "name": "Piso -3 Circuito 2"},
    )
    await server.accept("CP-1")
    await server.put("/evses/CP-1/1", EVSE)


async def once_set_up(server: Running) -> None:
    """The same garage on a server that others share, who leave it as it is."""
    if (await server.api("GET", "/sites/garage")).status == 404:
        await set_up(server)


EVSE: dict[str, Any] = {"circuit_id": "floor-3-2", "phases": "STR", "rated_a": 16}


def refused(answer: Response, status: int, field: str | None = None) -> str:
    assert answer.status == status, answer
    if field is not None:
        assert [error["field"] for error in answer.body["errors"]] == [field]
    return str(answer.body["detail"])
