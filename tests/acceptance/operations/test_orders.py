"""What an operator may not order, and what nobody reads afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import station_201
from running import Running

LINK = "https://store.example.org/fw.bin?X-Amz-Signature=s3cret"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("update-firmware", {"location": "https://store.example.org/a", "signed": True}, "signed"),
        (
            "get-log",
            {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            "until",
        ),
    ],
)
async def test_an_order_that_means_nothing_is_refused_by_field(
    server: Running, verb: str, body: dict[str, Any], field: str
) -> None:
    async with station_201(server):
        answer = await server.api("POST", f"/charge-points/CS-1/{verb}", body)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, field)


async def test_the_signature_in_a_link_reaches_the_charger_alone(server: Running) -> None:
    async with station_201(server) as station:
        sent = station.expect("UpdateFirmware")
        ordered = await server.post("/charge-points/CS-1/update-firmware", {"location": LINK})
        assert (await sent.happened())["firmware"]["location"] == LINK
    assert ordered["operation"]["request"]["location"] == "https://store.example.org/fw.bin?***"
    path = "/charge-points/CS-1/messages?action=UpdateFirmware"
    logged = await server.eventually(path, lambda found: found["items"])
    assert "s3cret" not in str(logged)
    assert "s3cret" not in str(await server.get("/audit-log"))
