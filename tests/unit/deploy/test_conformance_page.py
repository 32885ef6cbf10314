"""docs/conformance.md tells of every certification case what is true of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conformance.cases import V16, V201
from conformance.coverage import cases_of, shown_by

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
ROW = re.compile(r"^\| TC_(\S+) \| (.+) \| (.+) \|$", re.MULTILINE)
SHOWN = {case: (title, result) for case, title, result in ROW.findall(PAGE.read_text())}


def test_every_case_of_both_versions_is_there_with_its_title() -> None:
    assert {case: title for case, (title, _) in SHOWN.items()} == {**V201, **V16}


def test_what_is_called_missing_has_no_test_and_nothing_else() -> None:
    """If this fails, a test came or went: run `make conformance`."""
    missing = {case for case, (_, result) in SHOWN.items() if result == "missing"}
    assert missing == {*V201, *V16} - shown_by().keys()


@pytest.mark.parametrize(
    ("test", "text", "cases"),
    [
        ("test_tc_a_01_a_password", "", {"A_01"}),
        ("test_tc_044_2_it_fails", "", {"044_2"}),
        ("test_tc_048_it_is_refused", "", {"048_1", "048_2", "048_3", "048_4"}),
        ("test_roots", "# TC_M_01 to TC_M_03; TC_M_05", {"M_01", "M_02", "M_03", "M_05"}),
        ("test_roots", "# TC_075_1", {"075_1"}),
    ],
)
def test_a_test_shows_the_cases_that_it_names(test: str, text: str, cases: set[str]) -> None:
    assert cases_of(test, text) == cases
