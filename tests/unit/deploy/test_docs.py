"""What the documents say of settings, metrics and quirks is what the server has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from csms.api.problems import SLUGS
from csms.config import CONFIG_VARIABLE, describe
from csms.model import Flag

from .exported import exported_samples
from .files import DOCS, ROOT

PAGES = [*sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("*.md"))]
GATEWAY = sorted(path.name for path in (ROOT / "csms" / "gateway").glob("*.py"))


def _rows(page: str, *, first: str = r"\w+") -> dict[str, list[str]]:
    """Return a page's table rows whose first cell is one word in code, by that word."""
    text = (DOCS / page).read_text()
    lines = re.findall(rf"^\| `({first})` \|(.*)\|$", text, re.MULTILINE)
    rows = {name: [cell.strip() for cell in rest.split("|")] for name, rest in lines}
    assert len(rows) == len(lines), "a word is explained twice"
    return rows


def test_every_setting_is_documented_with_its_default_and_what_is_allowed() -> None:
    said = {
        name: (cells[0].strip("`"), cells[1])
        for name, cells in _rows("configuration.md", first="CSMS_\\w+").items()
    }
    meant = {help_.variable: (_as_written(help_.default), help_.allowed) for help_ in describe()}
    assert said == meant


def _as_written(default: str) -> str:
    return default.lower() if default in ("True", "False") else default or "unset"


def test_every_kind_of_error_is_documented() -> None:
    text = (DOCS / "api.md").read_text()
    said = {
        (int(status), word)
        for status, words in re.findall(r"^\| (\d{3}) \| ([^|]+) \|", text, re.MULTILINE)
        for word in re.findall(r"`([\w-]+)`", words)
    }
    assert set(SLUGS.items()) <= said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_setting_that_does_not_exist(page: Path) -> None:
    known = {help_.variable for help_ in describe()} | {CONFIG_VARIABLE}
    assert set(re.findall(r"\bCSMS_[A-Z_]+[A-Z]\b", page.read_text())) <= known


def test_every_metric_is_documented_with_its_labels() -> None:
    said = {
        name: set(cells[0].replace(",", " ").split())
        for name, cells in _rows("operations.md", first="csms_\\w+").items()
    }
    of_prometheus = {"instance", "job", "le"}
    meant = {
        re.sub(r"_(bucket|sum|count)$", "", name): set(labels - of_prometheus)
        for name, labels in exported_samples().items()
        if name.startswith("csms_") and not name.endswith("_created")
    }
    assert said == meant


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_metric_that_does_not_exist(page: Path) -> None:
    named = re.findall(r"`(csms_[a-z_]+)(?:\{[^`]*\})?`", page.read_text())
    assert set(named) <= exported_samples().keys() | {
        re.sub(r"_bucket$", "", name) for name in exported_samples()
    }


def test_every_repair_every_odd_frame_and_every_flag_is_explained() -> None:
    repairs = _words_given_to("_note", in_=["repairs.py"])
    repairs |= _words_given_to("append", of="repairs", in_=GATEWAY)
    repairs |= _words_given_to("labels", of="repairs", in_=GATEWAY)
    repairs |= _words_given_to("MendedFrame", in_=GATEWAY)
    odd_frames = _words_given_to("NoCall", in_=GATEWAY)
    odd_frames |= _words_given_to("labels", of="bad_frames", in_=GATEWAY)
    odd_frames |= _words_given_to("_note_unawaited", in_=GATEWAY)
    assert set(_rows("quirks.md")) == repairs | odd_frames | {flag.value for flag in Flag}


def _words_given_to(function: str, *, in_: list[str], of: str | None = None) -> set[str]:
    """Return the words the gateway's code calls a function with, whatever the condition."""
    words: set[str] = set()
    for name in in_:
        for node in ast.walk(ast.parse((ROOT / "csms" / "gateway" / name).read_text())):
            if isinstance(node, ast.Call) and node.args and _is(node.func, function, of):
                words |= _results(node.args[0])
    return words


def _is(called: ast.expr, function: str, of: str | None) -> bool:
    if isinstance(called, ast.Name):
        return of is None and called.id == function
    if not isinstance(called, ast.Attribute) or called.attr != function:
        return False
    owner = called.value
    return of is None or (isinstance(owner, ast.Attribute) and owner.attr == of)


def _results(argument: ast.expr) -> set[str]:
    if isinstance(argument, ast.IfExp):
        return _results(argument.body) | _results(argument.orelse)
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return {argument.value}
    return set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pictures_of_a_page_are_there_and_small(page: Path) -> None:
    for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text()):
        assert (page.parent / name).stat().st_size < 300 * 1024, name
