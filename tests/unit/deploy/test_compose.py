"""The compose file fits together: names, health, settings, no secrets."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest

from csms.config import Settings

from .files import DEPLOY, load_yaml

COMPOSE: dict[str, Any] = load_yaml(DEPLOY / "compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = {f"CSMS_{field.name.upper()}" for field in fields(Settings)}


def test_the_server_gets_only_settings_that_exist() -> None:
    assert SERVICES["csms"]["environment"].keys() <= SETTINGS


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_outside(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    for key, value in environment.items():
        if "PASSWORD" in key or "://" in str(value):
            assert re.search(r"\$\{[A-Z_]+:\?", str(value)), f"{key} holds a secret"


def test_the_example_of_the_secrets_names_each_and_holds_none() -> None:
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yml").read_text()))
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example == dict.fromkeys(needed, "")


def test_the_file_with_the_secrets_stays_out_of_git() -> None:
    assert ".env" in (DEPLOY / ".gitignore").read_text().split()


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "csms"])
def test_every_service_says_whether_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_the_image_of_the_server_says_whether_it_is_healthy() -> None:
    assert "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_named_volumes_are_declared_and_mounted_files_exist(name: str) -> None:
    for volume in SERVICES[name]["volumes"]:
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_others_that_exist(name: str) -> None:
    assert set(SERVICES[name].get("depends_on", {})) <= SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_only_the_port_of_the_chargers_is_open_to_the_world(name: str) -> None:
    opened = [port for port in SERVICES[name].get("ports", []) if "127.0.0.1:" not in port]
    assert opened == (["9000:9000"] if name == "csms" else [])


def test_the_image_is_built_from_a_file_that_exists() -> None:
    build = SERVICES["csms"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
