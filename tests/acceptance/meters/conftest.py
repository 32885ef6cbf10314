"""Meters under test, with a directory of secrets of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from fake_meters.rig import Rig, meter_rig


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    directory = tmp_path / "secrets"
    directory.mkdir()
    return directory


@pytest.fixture
async def rig(secrets: Path) -> AsyncIterator[Rig]:
    async with meter_rig(secrets) as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()
