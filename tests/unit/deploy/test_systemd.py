"""The systemd unit: understood by systemd, hardened, with settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from dataclasses import fields
from pathlib import Path

from csms.config import Settings

from .files import DEPLOY

UNIT = DEPLOY / "systemd" / "csms.service"
SETTINGS = {f"CSMS_{field.name.upper()}" for field in fields(Settings)}


class _Unit(RawConfigParser):
    """Keys of a unit are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _service() -> dict[str, str]:
    unit = _Unit(strict=True)
    unit.read(UNIT)
    assert unit.sections() == ["Unit", "Service", "Install"]
    return dict(unit["Service"])


def test_the_service_is_stopped_gently_and_long_enough() -> None:
    service = _service()
    assert service["Type"] == "exec"
    assert service["KillSignal"] == "SIGTERM"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"].removesuffix("s")) > Settings().shutdown_timeout


def test_the_service_can_write_nothing_but_its_own_state() -> None:
    service = _service()
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "csms"
    assert service["Environment"] == "CSMS_DATA_DIR=/var/lib/csms"
    assert service["User"] != "root"
    assert service["CapabilityBoundingSet"] == ""


def test_the_service_gets_only_settings_that_exist() -> None:
    example = (DEPLOY / "systemd" / "csms.env.example").read_text()
    named = set(re.findall(r"\bCSMS_[A-Z_]+", UNIT.read_text() + example))
    assert named <= SETTINGS


def test_the_user_of_the_service_is_created() -> None:
    sysusers = (DEPLOY / "systemd" / "csms.sysusers.conf").read_text()
    assert re.search(rf"^u {_service()['User']} ", sysusers, re.MULTILINE)


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Where there is a systemd to ask; the tests above hold everywhere."""
    copy = tmp_path / UNIT.name
    program = re.search(r"^ExecStart=(\S+) serve$", UNIT.read_text(), re.MULTILINE)
    assert program is not None
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    # The program is not installed where the tests run.
    copy.write_text(UNIT.read_text().replace(program[1], shutil.which("true") or "/bin/true"))
    done = subprocess.run(
        [analyze, "verify", str(copy)], check=False, capture_output=True, text=True, timeout=60
    )
    assert UNIT.name not in done.stderr
    assert done.returncode == 0, done.stderr
