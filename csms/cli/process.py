"""What the process itself needs before it can hold thousands of connections."""

from __future__ import annotations

import gc
import sys
from typing import Final

GENERATION_0: Final = 50_000
"""Objects made between two looks for cycles. A message makes hundreds, nearly all of which are
freed without that look; the default of 700 looks several times for each handful of messages."""


def prepare_for_many_connections() -> None:
    """Allow as many open sockets as the system permits, and look for garbage less often."""
    gc.set_threshold(GENERATION_0, 20, 50)
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def keep_what_is_loaded() -> None:
    """Leave everything made so far out of the search for garbage: it stays for good."""
    gc.collect()
    gc.freeze()
