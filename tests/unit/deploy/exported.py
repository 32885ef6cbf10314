"""What the running server exports: every sample name with the labels it can carry."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client.metrics import Counter, Gauge, Histogram, MetricWrapperBase

from csms.metrics import Metrics

from .promql import named

SCRAPED: Final = frozenset({"instance", "job"})
"""Labels that Prometheus itself adds to everything it scrapes."""


@cache
def exported_samples() -> dict[str, frozenset[str]]:
    metrics = Metrics()
    samples: dict[str, frozenset[str]] = {"up": SCRAPED}
    for family in metrics.registry.collect():  # what has a value from the start, process_* too
        for sample in family.samples:
            samples[sample.name] = SCRAPED | frozenset(sample.labels)
    for metric in vars(metrics).values():  # and what has its first value with its first label
        if isinstance(metric, MetricWrapperBase):
            samples.update(_samples_of(metric))
    return samples


def _samples_of(metric: MetricWrapperBase) -> dict[str, frozenset[str]]:
    labels = SCRAPED | frozenset(metric._labelnames)
    if isinstance(metric, Counter):
        return {f"{metric._name}_total": labels}
    if isinstance(metric, Histogram):
        name = metric._name
        return {f"{name}_sum": labels, f"{name}_count": labels, f"{name}_bucket": labels | {"le"}}
    assert isinstance(metric, Gauge), f"{metric} is of a kind this test does not know"
    return {metric._name: labels}


def complaints(expression: str) -> list[str]:
    """Say what an expression names that the server does not export."""
    samples = exported_samples()
    found = named(expression)
    wrong: list[str] = []
    available: set[str] = set()
    for name, labels in found.selectors:
        if name not in samples:
            wrong.append(f"there is no metric {name}")
            continue
        available |= samples[name]
        wrong += [f"{name} has no label {label}" for label in sorted(labels - samples[name])]
    if not found.selectors:
        wrong.append("no metric is named")
    wrong += [f"no metric here has the label {lab}" for lab in sorted(found.grouped_by - available)]
    return wrong
