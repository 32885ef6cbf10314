"""`csms serve` in a swift time that other processes share.

Typed as `python -m swift_server FACTOR ORIGIN START`, see `swift_time`. Takes its settings from
CSMS_* like the real one, and lives until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime

from swift_time import SharedSwiftLoop, SwiftClock

from csms import config, logs
from csms.app import Application


async def serve(start: datetime) -> None:
    settings = config.load(os.environ)
    logs.set_up(settings.log_level, settings.log_format)
    async with Application(settings, SwiftClock(asyncio.get_running_loop(), start)) as app:
        await app.run_until_signal()


def main() -> None:
    factor, origin_s, start = sys.argv[1:]
    with asyncio.Runner(
        loop_factory=lambda: SharedSwiftLoop(float(factor), float(origin_s))
    ) as runner:
        runner.run(serve(datetime.fromisoformat(start)))


if __name__ == "__main__":
    main()
