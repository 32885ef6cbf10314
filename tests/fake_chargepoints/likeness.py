"""Is this payload like that pattern? Patterns name only what matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], object]
"""Judges a value: False or a text is a complaint; True and None are content."""

Pattern = Any
"""A value to equal, a type, a `Check`, a dict (extra keys allowed), or a list of patterns."""


def differences(pattern: Pattern, actual: Any, path: str = "") -> list[str]:
    """Every place where `actual` is not like `pattern`, as sentences; empty when alike."""
    where = path or "payload"
    if isinstance(pattern, dict):
        return _dict_differences(pattern, actual, where)
    if isinstance(pattern, list):
        return _list_differences(pattern, actual, where)
    if isinstance(pattern, type):
        if isinstance(actual, pattern):
            return []
        return [f"{where} is {actual!r}, expected a {pattern.__name__}"]
    if callable(pattern):
        return _complaints(pattern, actual, where)
    return [] if pattern == actual else [f"{where} is {actual!r}, expected {pattern!r}"]


def _dict_differences(pattern: dict[str, Pattern], actual: Any, where: str) -> list[str]:
    if not isinstance(actual, dict):
        return [f"{where} is {actual!r}, expected an object"]
    found = [f"{where}.{key} is missing" for key in pattern if key not in actual]
    for key, wanted in pattern.items():
        if key in actual:
            found += differences(wanted, actual[key], f"{where}.{key}")
    return found


def _list_differences(pattern: list[Pattern], actual: Any, where: str) -> list[str]:
    if not isinstance(actual, list):
        return [f"{where} is {actual!r}, expected a list"]
    if len(actual) != len(pattern):
        return [f"{where} has {len(actual)} items, expected {len(pattern)}"]
    return [
        text
        for index, (wanted, item) in enumerate(zip(pattern, actual, strict=True))
        for text in differences(wanted, item, f"{where}[{index}]")
    ]


def _complaints(check: Check, actual: Any, where: str) -> list[str]:
    try:
        verdict = check(actual)
    except AssertionError as error:
        return [f"{where}: {str(error) or 'the check failed'}"]
    if isinstance(verdict, str):
        return [f"{where}: {verdict}"]
    if verdict is False:
        return [f"{where} is {actual!r}, which the check refuses"]
    return []
