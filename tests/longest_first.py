"""The order of a run: its longest tests begin at once, so that none is waited for at the end.

`pytest-xdist` gives each worker a block of the tests in their order (`--dist worksteal`), and who
has finished takes half of another's; so the longest belong to the heads of the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def longest_first(tests: Sequence[tuple[T, float]], workers: int) -> list[T]:
    """Order tests and their seconds (0: short) for so many workers; short ones stay as they are."""
    long = sorted((each for each in tests if each[1]), key=lambda each: each[1], reverse=True)
    short = [test for test, seconds in tests if not seconds]
    heads: list[list[tuple[T, float]]] = [[] for _ in range(workers)]
    for each in long:
        min(heads, key=lambda head: sum(seconds for _, seconds in head)).append(each)
    ordered: list[T] = []
    for head, size in zip(heads, _block_sizes(len(tests), workers), strict=True):
        rest = max(0, size - len(head))
        ordered += [test for test, _ in head] + short[:rest]
        short = short[rest:]
    return ordered + short


def _block_sizes(tests: int, workers: int) -> Iterator[int]:
    """As worksteal cuts them: what remains, by the workers that remain."""
    for remaining in range(workers, 0, -1):
        size = tests // remaining
        tests -= size
        yield size
