"""Which test shows which certification case: by the test's name, or by `TC_...` in its text.

A test may show several cases; then each stands beside the parameters that show it, and
`TC_M_12 to TC_M_18` means all between them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conformance.cases import V16, V201

DIRECTORY: Final = Path(__file__).parent
KNOWN: Final = (*V201, *V16)

_CASE: Final = r"(?:[A-Z]_\d\d|\d{3}(?:_\d)?)(?!\d)"
_NAME: Final = re.compile(r"test_tc_([a-z]_\d\d|\d{3}(?:_\d(?!\d))?)")
_MENTION: Final = re.compile(rf"TC_({_CASE})(?: to TC_({_CASE}))?")


def shown_by() -> dict[str, list[str]]:
    """Return the tests (`file::function`) of each case that has any, in the order of the list."""
    found: dict[str, list[str]] = {case: [] for case in KNOWN}
    for path in sorted(DIRECTORY.glob("test_*.py")):
        for test, text in _tests(path.read_text()):
            for case in sorted(cases_of(test, text)):
                if case in found:
                    found[case].append(f"{path.name}::{test}")
    return {case: tests for case, tests in found.items() if tests}


def cases_of(test: str, text: str) -> set[str]:
    """Return the cases that a test names, in its own name or in its text."""
    cases: set[str] = set()
    if named := _NAME.match(test):
        cases |= _with_variants(named[1].upper())
    for first, last in _MENTION.findall(text):
        cases |= _between(first, last) if last else _with_variants(first)
    return cases


def _with_variants(case: str) -> set[str]:
    """A 1.6 case without a variant stands for all its variants."""
    return {case} if case in KNOWN else {each for each in V16 if each.startswith(f"{case}_")}


def _between(first: str, last: str) -> set[str]:
    listed = V201 if first in V201 else V16
    return {case for case in listed if first <= case <= last}


def _tests(source: str) -> Iterator[tuple[str, str]]:
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_"):
            begin = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield node.name, "\n".join(lines[begin - 1 : node.end_lineno])
