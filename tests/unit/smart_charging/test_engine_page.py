"""The page about the engine alone shows what really comes out."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "engine.md"


def test_every_example_of_the_page_gives_what_it_says() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert (result.failed, result.attempted > 20) == (0, True)
