"""A whole server in the test's own process: real sockets, a real database, any free ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.web_app import _cached_build_middleware
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint

from csms.app import Application
from csms.clock import Clock
from csms.config import Settings
from csms.services.certificates.contract_pool import ContractPool
from csms.store import api_keys

V16_BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
V201_BOOT = {
    "reason": "PowerUp",
    "chargingStation": {"model": "Model", "vendorName": "Vendor"},
}


sharing_a_server = pytest.mark.asyncio(loop_scope="module")
"""Marks tests that live in the loop of their module's `shared_server`."""


@dataclass(frozen=True)
class Response:
    """An answer of the admin API."""

    status: int
    body: Any


@dataclass
class Running:
    """A running server with an operator's key to it."""

    app: Application
    settings: Settings
    url: str
    api_url: str
    http: aiohttp.ClientSession

    async def api(self, method: str, path: str, body: Any = None) -> Response:
        """Ask the admin API; `path` is below /api/v1."""
        url = f"{self.api_url}/api/v1{path}"
        async with self.http.request(method, url, json=body) as response:
            text = await response.text()
            return Response(
                response.status, await response.json(content_type=None) if text else None
            )

    async def get(self, path: str) -> Any:
        """Read a resource that must be there."""
        response = await self.api("GET", path)
        assert response.status == 200, response
        return response.body

    async def eventually(self, path: str, condition: Callable[[Any], bool]) -> Any:
        """Read a resource until it is as it shall be; for what is written behind."""
        async with asyncio.timeout(10):
            while not condition(body := await self.get(path)):
                await asyncio.sleep(0.02)
        return body

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = await self.api("POST", path, {} if body is None else body)
        assert response.status == status, response
        return response.body

    async def put(self, path: str, body: Any) -> Any:
        response = await self.api("PUT", path, body)
        assert response.status in (200, 201), response
        return response.body

    async def patch(self, path: str, body: Any) -> Any:
        response = await self.api("PATCH", path, body)
        assert response.status == 200, response
        return response.body

    async def add_token(self, id_token: str, **fields: Any) -> None:
        await self.put(f"/id-tokens/{id_token}", {"id_token": id_token, **fields})

    async def accept(self, charge_point_id: str, **fields: Any) -> None:
        """Let the operator approve a charge point before or after it connected."""
        body = {"registration_status": "accepted", **fields}
        await self.put(f"/charge-points/{charge_point_id}", body)

    async def transactions(self, **filters: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        items: list[dict[str, Any]] = (await self.get(f"/transactions?{query}"))["items"]
        return items

    def charge_point(
        self, identity: str = "CP-1", version: str = "ocpp1.6", **options: Any
    ) -> ScriptedChargePoint:
        """A scripted charge point, to be entered."""
        link = LinkOptions(self.url, identity, subprotocols=(version,), **options)
        return ScriptedChargePoint(link)

    async def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        async with self.app.database.raw() as connection:
            return [dict(row) for row in await connection.fetch(query, *parameters)]


@asynccontextmanager
async def running_app(
    database_url: str,
    data_dir: Path,
    clock: Clock | None = None,
    operator: str = "tests",
    contract_pool: ContractPool | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Start a server on the database and enter an operator's key."""
    options = Settings(
        **{
            "database_url": database_url,
            "database_pool_size": 2,  # connecting is most of a start, and tests start often
            "data_dir": data_dir,
            "ocpp_host": "127.0.0.1",
            "api_host": "127.0.0.1",
            "ocpp_port": 0,
            "api_port": 0,
            "unknown_charge_points": "accept",
            **settings,
        }
    )
    try:
        async with Application(options, clock, contract_pool=contract_pool) as app:
            async with app.database.begin() as connection:
                _, key = await api_keys.create(connection, operator, "admin")
            headers = {"Authorization": f"Bearer {key}"}
            async with aiohttp.ClientSession(headers=headers) as http:
                yield Running(
                    app=app,
                    settings=options,
                    url=f"ws://127.0.0.1:{app.ocpp_port}/ocpp",
                    api_url=f"http://127.0.0.1:{app.api_port}",
                    http=http,
                )
    finally:
        # Else aiohttp remembers the handlers of a thousand servers, and with them all of each.
        _cached_build_middleware.cache_clear()
