"""Reading what chargers write where the schema wants something else."""

from __future__ import annotations

from typing import Any

import pytest

from csms.handlers.v201.fields import flag, groups, integer, natural, text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("words", "words"),
        ("  words\x00\x02 ", "words"),
        (12, "12"),
        (1.5, "1.5"),
        ("", None),
        (" \n", None),
        ("NULL", None),
        (True, None),
        ([], None),
        ("w" * 300, "w" * 255),
    ],
)
def test_a_text(written: object, read: str | None) -> None:
    assert text({"key": written}, "key") == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (-7, -7),
        (7.5, None),
        ("seven", None),
        (True, None),
        (2**31, None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 5000, None),
        (None, None),
    ],
)
def test_an_integer(written: object, read: int | None) -> None:
    assert integer({"key": written}, "key") == read


def test_a_number_of_something_is_not_negative() -> None:
    assert (natural({"key": 0}, "key"), natural({"key": -1}, "key")) == (0, None)


@pytest.mark.parametrize(
    ("written", "read"), [(True, True), ("true", True), (False, False), (1, False), (None, False)]
)
def test_a_truth_value(written: object, read: bool) -> None:
    assert flag({"key": written}, "key") is read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([{"a": 1}, 2, {"b": 3}], [{"a": 1}, {"b": 3}]),
        ({"a": 1}, [{"a": 1}]),
        ("a", []),
        (None, []),
    ],
)
def test_a_list_of_objects(written: object, read: list[dict[str, Any]]) -> None:
    assert groups({"key": written}, "key") == read
