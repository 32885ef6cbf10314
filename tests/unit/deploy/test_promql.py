"""The reader of PromQL names that the other tests of this folder lean on."""

from __future__ import annotations

from .promql import matched_values, named


def test_metrics_and_their_matchers_are_found() -> None:
    found = named('sum by (le, version) (rate(a_bucket{x="1", y=~"(b|c)"}[5m])) / b_total')
    assert found.selectors == [("a_bucket", frozenset({"x", "y"})), ("b_total", frozenset())]
    assert found.grouped_by == {"le", "version"}


def test_functions_operators_ranges_offsets_and_numbers_are_no_metrics() -> None:
    found = named("histogram_quantile(0.99, a) > 1e3 and (b unless b offset 10m) > 0.8 * c[15m:1m]")
    assert [name for name, _ in found.selectors] == ["a", "b", "b", "c"]


def test_label_values_are_found() -> None:
    assert matched_values('a{x="1"} / b{y!~"c|d"}') == {("x", "1"), ("y", "c"), ("y", "d")}
