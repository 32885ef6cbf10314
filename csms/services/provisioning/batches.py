"""Many variables, in messages that a charge point can take (B05.FR.11, B06.FR.05, N04.FR.09)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

MAX_ITEMS: Final = 50
"""How many are put into one message as long as the charge point has not told its limit."""
FRAME_BYTES: Final = 120
"""What surrounds the items in a message."""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What one message of an action may hold; None for what the charge point did not tell."""

    items: int | None = None
    size_bytes: int | None = None


LimitsByAction = Mapping[str, MessageLimits]
"""By the action's name in lower case."""


def batches(
    items: Sequence[T], limits: MessageLimits, size_of: Callable[[T], int]
) -> Iterator[Sequence[T]]:
    """Split items, in order, into as few messages as fit; an item too large goes alone."""
    most = min(limits.items or MAX_ITEMS, MAX_ITEMS)
    batch: list[T] = []
    used = FRAME_BYTES
    for item in items:
        size = size_of(item)
        too_large = limits.size_bytes is not None and used + size > limits.size_bytes
        if batch and (len(batch) >= most or too_large):
            yield batch
            batch, used = [], FRAME_BYTES
        batch.append(item)
        used += size
    if batch:
        yield batch
