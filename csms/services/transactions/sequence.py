"""Sequence numbers of 2.0.1 events: which came, which are missing, in little memory."""

from __future__ import annotations

from typing import Final

MAX_RANGES: Final = 64
"""Every other event may be missing (E04.FR.08); more gaps than this are not told apart."""


def add_seq(ranges: list[tuple[int, int]], number: int) -> bool:
    """Add a number to sorted, disjoint inclusive ranges; False if it was there already."""
    at = len(ranges)
    while at and ranges[at - 1][0] > number:
        at -= 1
    if at and number <= ranges[at - 1][1]:
        return False
    ranges.insert(at, (number, number))
    _join_at(ranges, at)
    if at:
        _join_at(ranges, at - 1)
    if len(ranges) > MAX_RANGES:
        ranges[:2] = [(ranges[0][0], ranges[1][1])]
    return True


def has_seq(ranges: list[tuple[int, int]], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _join_at(ranges: list[tuple[int, int]], index: int) -> None:
    if index + 1 < len(ranges) and ranges[index][1] + 1 == ranges[index + 1][0]:
        ranges[index : index + 2] = [(ranges[index][0], ranges[index + 1][1])]
