"""Strangers can't make labels without end."""

from __future__ import annotations

from csms.metrics import MAX_SITES, MAX_VENDORS, Metrics


def test_vendors_beyond_the_limit_share_a_label() -> None:
    metrics = Metrics()
    labels = {metrics.vendor(f"vendor {number}") for number in range(10 * MAX_VENDORS)}
    assert len(labels) == MAX_VENDORS + 1
    assert "other" in labels
    assert metrics.vendor("vendor 0") == "vendor 0"


def test_a_vendor_without_a_name_is_unknown_and_a_long_name_is_cut() -> None:
    metrics = Metrics()
    assert metrics.vendor("") == "unknown"
    assert metrics.vendor("x" * 100) == "x" * 40


def test_sites_beyond_the_limit_share_a_label() -> None:
    metrics = Metrics()
    assert metrics.site(None) == "none"
    labels = {metrics.site(f"site {number}") for number in range(2 * MAX_SITES)}
    assert len(labels) == MAX_SITES
    assert "other" in labels
