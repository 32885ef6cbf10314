"""The image: what it copies exists, it does not run as root, its settings exist."""

from __future__ import annotations

import re
from dataclasses import fields

from csms.config import Settings

from .files import DEPLOY, ROOT

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
FINAL = DOCKERFILE.split("\nFROM ")[-1]


def test_everything_it_copies_is_in_the_repository_and_in_its_context() -> None:
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}\n" in allowed, source


def test_it_runs_as_a_user_without_rights() -> None:
    assert re.findall(r"^USER (.+)$", FINAL, re.MULTILINE) == ["csms"]


def test_both_stages_have_the_same_python() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1


def test_it_sets_only_settings_that_exist() -> None:
    settings = {f"CSMS_{field.name.upper()}" for field in fields(Settings)}
    assert set(re.findall(r"\bCSMS_[A-Z_]+", DOCKERFILE)) <= settings
