"""Every request in the documents works as it is written there."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_chargepoints.chargepoint import StationOptions
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v21 import ChargePoint21
from fake_chargepoints.vehicle import Vehicle, VehicleModel
from running import Running

ROOT = Path(__file__).resolve().parents[2]
CARD = "04A2B3C4D5E6F8"


@dataclass
class Request:
    """A curl command of a page."""

    url: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    streams: bool = False


def requests_in(page: str, api: str, authorization: str) -> list[Request]:
    """Return the curl commands of a page, its shell variables replaced."""
    text = (ROOT / page).read_text().replace("\\\n", " ")
    variables = {"API": f"{api}/api/v1", "AUTH": authorization, "JSON": CONTENT_TYPE}
    commands = re.findall(r"^ {4,}(curl (?:'[^']*'|[^'\n])+)$", text, re.MULTILINE)
    return [
        _request(re.sub(r"\$(\w+)", lambda name: _quoted(variables[name[1]], name), command))
        for command in commands
    ]


CONTENT_TYPE = "Content-Type: application/json"


def _quoted(value: str, found: re.Match[str]) -> str:
    """A variable outside of quotes holds no space here, so it needs none either."""
    assert " " not in value or found.string[found.start() - 1] == '"'
    return value


def _request(command: str) -> Request:
    words = iter(shlex.split(command)[1:])
    request = Request()
    for word in words:
        if word == "-X":
            request.method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            request.headers[name] = value
        elif word == "-d":
            request.body = next(words)
            json.loads(request.body)
        elif word == "-N":
            request.streams = True
        else:
            assert not request.url, f"{word} is not understood"
            request.url = word
    return request


@asynccontextmanager
async def charging(
    server: Running, identity: str, kind: type[ChargePoint16 | ChargePoint21]
) -> AsyncIterator[ChargePoint16 | ChargePoint21]:
    """A charge point at which a car charges; its transaction has the id 1."""
    await server.add_token(CARD)
    await server.accept(identity)
    async with kind(StationOptions(LinkOptions(server.url, identity))) as charge_point:
        await charge_point.until_ready()
        await charge_point.plug_in(1, Vehicle.at(VehicleModel(), soc=0.2))
        assert await charge_point.present_card(1, IdToken(CARD))
        await charge_point.flush()
        (transaction,) = await server.transactions(active="true")
        assert transaction["id"] == 1
        yield charge_point


async def until_steered(server: Running, request: Request) -> None:
    """Wait until somebody steers the site that was just set up."""
    path = request.url.removeprefix(f"{server.api_url}/api/v1")
    async with asyncio.timeout(10):
        while (await server.api("GET", path)).status == 409:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("page", "identity"),
    [
        ("README.md", "garage-1"),
        ("docs/quick-start.md", "CP-001"),
        ("docs/connect-a-charger.md", "CP-001"),
        ("docs/api.md", "CP-001"),
        ("docs/security.md", "CP-001"),
        ("docs/load-management.md", "CP-001"),
        ("docs/ocpp-2.1.md", "CP-001"),
        ("docs/tariffs.md", "CP-001"),
    ],
)
async def test_every_request_of_a_page_works(server: Running, page: str, identity: str) -> None:
    authorization = f"Authorization: {server.http.headers['Authorization']}"
    requests = requests_in(page, server.api_url, authorization)
    assert requests
    kind = ChargePoint21 if "ocpp-2.1" in page else ChargePoint16
    async with charging(server, identity, kind):
        for request in requests:
            if request.url.endswith("/allocation"):
                await until_steered(server, request)
            await server.eventually(f"/charge-points/{identity}", lambda one: one["connected"])
            async with server.http.request(
                request.method,
                request.url.replace("http://localhost:8080", server.api_url),
                headers=request.headers,
                data=request.body,
            ) as response:
                assert response.status < 300, (request, await response.text())
                if request.streams:
                    assert response.content_type == "text/event-stream"
                else:
                    await response.read()


async def test_the_garage_of_the_page_has_the_meter_whose_plug_its_simulation_pulls(
    server: Running,
) -> None:
    page = "docs/load-management.md"
    text = (ROOT / page).read_text()
    simulation = text.index("    csms simulate --site rua-9")
    assert "--lose-meter-at" in text[simulation:].partition("\n")[0]
    before = text[:simulation].count("\n    curl ")
    authorization = f"Authorization: {server.http.headers['Authorization']}"
    async with charging(server, "CP-001", ChargePoint16):
        for request in requests_in(page, server.api_url, authorization)[:before]:
            async with server.http.request(
                request.method, request.url, headers=request.headers, data=request.body
            ) as response:
                assert response.status < 300, (request, await response.text())
    circuits = (await server.api("GET", "/circuits?site_id=rua-9")).body["items"]
    assert [one["id"] for one in circuits if one["has_meter"]] == ["grid"]
