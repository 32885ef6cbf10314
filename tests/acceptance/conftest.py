"""A running server for every acceptance test that asks for one, and surroundings for commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Running, running_app
from surroundings import environment_of


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that accepts unknown charge points and refuses unknown id tokens."""
    async with running_app(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    """An environment with settings of the test's own."""
    return environment_of(data_dir)
