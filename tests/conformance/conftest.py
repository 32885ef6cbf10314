"""A running server for every certification case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Running, running_app


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that accepts unknown charge points and refuses unknown id tokens."""
    async with running_app(database_url, tmp_path) as running:
        yield running
