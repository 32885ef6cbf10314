"""Run all certification cases and write docs/conformance.md: `make conformance`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest
from conformance.cases import V16, V201, block_of
from conformance.coverage import DIRECTORY, shown_by

PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance.md"

_HEAD: Final = """\
# Certification cases

What the Open Charge Alliance's test cases ask of a central system, and whether our own tests of
them pass. The tests are in `tests/conformance`: scripted charge points on real sockets, with TLS
where a case has it. `make conformance` runs them and writes this page. The words are ours; the
numbers are those of the published lists. *Missing* means that no test shows the case yet,
*not run* that the run which wrote this page ended before it.
"""


class Outcomes:
    """A pytest plugin: which tests (`file::function`) passed with all their parameters."""

    def __init__(self) -> None:
        self._ran: set[str] = set()
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file, _, function = report.nodeid.partition("[")[0].rpartition("::")
        test = f"{Path(file).name}::{function}"
        if report.when == "call":
            self._ran.add(test)
        if not report.passed:
            self._failed.add(test)

    def of(self, tests: Iterable[str]) -> str:
        """Say in a word how the tests of a case went."""
        found = set(tests)
        if not found:
            return "missing"
        if found & self._failed:
            return "**fail**"
        return "pass" if found <= self._ran else "**not run**"


def page(results: Mapping[str, str]) -> str:
    """Return the page: a table for each block."""
    passed = sum(result == "pass" for result in results.values())
    lines = [_HEAD, f"{passed} of {len(results)} cases pass."]
    for version, titles in (("OCPP 2.0.1", V201), ("OCPP 1.6", V16)):
        lines.append(f"\n## {version}")
        for block, cases in groupby(titles, block_of):
            lines += ["", f"### {block}"] if titles is V201 else []
            lines += _table(cases, titles, results)
    return "\n".join(lines) + "\n"


def _table(
    cases: Iterable[str], titles: Mapping[str, str], results: Mapping[str, str]
) -> Iterator[str]:
    yield from ("", "| case | shows | result |", "|---|---|---|")
    for case in cases:
        yield f"| TC_{case} | {titles[case]} | {results[case]} |"


def main(options: list[str]) -> int:
    outcomes, tests = Outcomes(), shown_by()
    chosen = sorted({str(DIRECTORY / test) for found in tests.values() for test in found})
    code = pytest.main([*chosen, *options], plugins=[outcomes])
    PAGE.write_text(page({case: outcomes.of(tests.get(case, ())) for case in (*V201, *V16)}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
