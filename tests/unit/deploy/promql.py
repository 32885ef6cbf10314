"""Which metrics and labels a PromQL expression names; enough of the language for our files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_GROUPING: Final = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", re.IGNORECASE
)
_RANGE: Final = re.compile(r"\[[^\]]*\]")
_OFFSET: Final = re.compile(r"\boffset\s+\S+?(?=[\s)]|$)")
_SELECTOR: Final = re.compile(r"([A-Za-z_:][\w:]*)\s*(\(|\{[^}]*\})?")
_MATCHER: Final = re.compile(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*\"")
_VALUES: Final = re.compile(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")
_OPERATORS: Final = frozenset({"and", "or", "unless", "bool", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class Named:
    """The metrics of an expression with the labels they are selected by, and its groupings."""

    selectors: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    grouped_by: frozenset[str] = frozenset()


def named(expression: str) -> Named:
    """Return what an expression names; functions, ranges and offsets are left out."""
    grouped: set[str] = set()
    for labels in _GROUPING.findall(expression):
        grouped.update(label.strip() for label in labels.split(",") if label.strip())
    rest = _OFFSET.sub(" ", _RANGE.sub("", _GROUPING.sub(" ", expression)))
    selectors: list[tuple[str, frozenset[str]]] = []
    for name, follows in _SELECTOR.findall(re.sub(r"\b\d[\w.]*", " ", rest)):
        if follows == "(" or name.lower() in _OPERATORS:
            continue
        selectors.append((name, frozenset(_MATCHER.findall(follows))))
    return Named(_without_aggregations(selectors), frozenset(grouped))


def matched_values(expression: str) -> set[tuple[str, str]]:
    """Return the label values an expression spells out, each with its label."""
    return {
        (label, value)
        for label, values in _VALUES.findall(expression)
        for value in values.split("|")
    }


def _without_aggregations(
    selectors: list[tuple[str, frozenset[str]]],
) -> list[tuple[str, frozenset[str]]]:
    """Leave out `sum` and its kin, whose parenthesis stands behind their grouping."""
    aggregations = {"sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile"}
    return [selector for selector in selectors if selector[0] not in aggregations]
