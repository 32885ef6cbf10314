"""Where the files for people and machines are, and how the tests read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[3]
DEPLOY: Final = ROOT / "deploy"
DOCS: Final = ROOT / "docs"


def load_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def alerts() -> list[dict[str, Any]]:
    """Return all alert rules."""
    rules = load_yaml(DEPLOY / "prometheus" / "rules" / "csms.yml")
    return [rule for group in rules["groups"] for rule in group["rules"]]
