"""A running server for every acceptance test that asks for one, and surroundings for commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from database import cloned
from running import Running, running_app
from surroundings import environment_of


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that accepts unknown charge points and refuses unknown id tokens."""
    async with running_app(database_url, tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server(
    database_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """Such a server for all tests `sharing_a_server` of a module: they leave it as it was."""
    directory = tmp_path_factory.mktemp("shared")
    async with cloned(database_server) as url, running_app(url, directory) as running:
        yield running


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    """An environment with settings of the test's own."""
    return environment_of(data_dir)
