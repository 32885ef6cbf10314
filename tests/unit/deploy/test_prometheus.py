"""Prometheus can read its files, and the alerts speak and are silent when they should."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from .exported import complaints
from .files import DEPLOY, ROOT, alerts, load_yaml
from .promql import matched_values

PROMETHEUS = DEPLOY / "prometheus"
TESTS = sorted(PROMETHEUS.glob("tests/*_test.yml"))


def promtool(*arguments: str) -> str:
    """Run promtool; it is part of what these tests need, so they fail without it."""
    program = shutil.which("promtool")
    if program is None:
        pytest.fail("promtool is missing: install it with `apt-get install prometheus`")
    done = subprocess.run(
        [program, *arguments],
        check=False,
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_accepts_its_configuration() -> None:
    assert "1 rule files found" in promtool("check", "config", "prometheus.yml")


def test_prometheus_accepts_the_alert_rules() -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "rules", "rules/csms.yml")


@pytest.mark.long(15)
def test_every_alert_behaves_as_its_tests_say() -> None:
    files = [str(path) for path in TESTS]
    assert promtool("test", "rules", *files).count("SUCCESS") == len(files)


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    fired = "".join(path.read_text() for path in TESTS)
    untested = [rule["alert"] for rule in alerts() if f'alertname="{rule["alert"]}"' not in fired]
    assert untested == []


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_only_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert complaints(rule["expr"]) == []


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_only_for_label_values_that_the_server_uses(rule: dict[str, Any]) -> None:
    source = "".join(path.read_text() for path in (ROOT / "csms").rglob("*.py"))
    outside = {"job", "status"}  # Prometheus' own label, and HTTP's numbers
    spelt = {value for label, value in matched_values(rule["expr"]) if label not in outside}
    assert {value for value in spelt if f'"{value}"' not in source} == set()


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description"}


def test_prometheus_scrapes_the_port_the_server_listens_on() -> None:
    configuration = load_yaml(PROMETHEUS / "prometheus.yml")
    jobs = {job["job_name"]: job for job in configuration["scrape_configs"]}
    compose = load_yaml(DEPLOY / "compose.yml")
    port = compose["services"]["csms"]["environment"]["CSMS_API_PORT"]
    assert jobs["csms"]["static_configs"] == [{"targets": [f"csms:{port}"]}]
