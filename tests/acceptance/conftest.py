"""A running server for every acceptance test that asks for one, and surroundings for commands."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Running, running_app


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that accepts unknown charge points and refuses unknown id tokens."""
    async with running_app(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    """An environment with settings of the test's own."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CSMS_")}
    return others | {
        "CSMS_DATA_DIR": str(data_dir),
        "CSMS_OCPP_HOST": "127.0.0.1",
        "CSMS_API_HOST": "127.0.0.1",
        "CSMS_OCPP_PORT": "0",
        "CSMS_API_PORT": "0",
    }
