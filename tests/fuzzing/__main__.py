"""`make fuzz`: python -m fuzzing [FRAMES [SEED]]; ends with 1 if anything went wrong."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from database import TestServer, cloned
from fuzzing.campaign import BOOTS, SETTINGS, Campaign, bombard
from running import running_app

GROWTH_BYTES = 64 * 1024**2
"""What the second half may add to memory: caches that fill, never a thing per frame."""


def grew_bytes(campaign: Campaign) -> int:
    """How much memory the second half of a campaign took."""
    memory = campaign.memory_bytes
    return memory[-1] - memory[len(memory) // 2]


async def run(database_server: str, frames: int, seed: int) -> bool:
    is_well = True
    with tempfile.TemporaryDirectory() as directory:
        async with (
            cloned(database_server) as url,
            running_app(url, Path(directory), **SETTINGS) as server,
        ):
            for version in BOOTS:
                campaign = await bombard(server, version, frames // len(BOOTS), seed)
                grown = grew_bytes(campaign)
                print(
                    f"{version.value}: {campaign.sent} frames, {campaign.answered} answers, "
                    f"{len(campaign.failures)} failures, {grown / 1024**2:+.1f} MiB"
                )
                for failure in dict.fromkeys(campaign.failures[:20]):
                    print(failure)
                is_well &= not campaign.failures and grown < GROWTH_BYTES
    return is_well


def main(frames: int = 200_000, seed: int = 1) -> int:
    database_server = TestServer.in_new_directory()
    try:
        return 0 if asyncio.run(run(database_server.url(), frames, seed)) else 1
    finally:
        database_server.stop()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
