"""A few hundred mutated frames of each version; `make fuzz` sends 200,000."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing.campaign import BOOTS, SETTINGS, bombard
from running import running_app

from csms.model import OcppVersion

FRAMES = 400


@pytest.mark.parametrize("version", BOOTS)
async def test_mutated_frames_do_no_harm_and_the_connection_goes_on(
    database_url: str, tmp_path: Path, version: OcppVersion
) -> None:
    async with running_app(database_url, tmp_path, **SETTINGS) as server:
        campaign = await bombard(server, version, FRAMES, seed=1)
    assert (campaign.sent, campaign.failures) == (FRAMES, [])
