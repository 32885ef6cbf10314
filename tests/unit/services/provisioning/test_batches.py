"""Messages hold no more than the charger takes."""

from __future__ import annotations

from csms.services.provisioning.batches import FRAME_BYTES, MAX_ITEMS, MessageLimits, batches


def split(count: int, limits: MessageLimits, size: int = 10) -> list[int]:
    parts = list(batches(list(range(count)), limits, lambda _: size))
    assert [item for part in parts for item in part] == list(range(count))
    return [len(part) for part in parts]


def test_a_limit_of_items_is_kept() -> None:
    assert split(5, MessageLimits(items=2)) == [2, 2, 1]


def test_a_limit_of_bytes_is_kept() -> None:
    assert split(5, MessageLimits(size_bytes=FRAME_BYTES + 25)) == [2, 2, 1]


def test_what_is_too_large_goes_alone() -> None:
    assert split(2, MessageLimits(size_bytes=50), size=100) == [1, 1]


def test_without_a_limit_a_message_is_still_bounded() -> None:
    assert split(MAX_ITEMS + 1, MessageLimits()) == [MAX_ITEMS, 1]


def test_nothing_makes_no_message() -> None:
    assert split(0, MessageLimits()) == []
