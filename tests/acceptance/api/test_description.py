"""Whatever a program sends, the running server answers as its own description says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running

READS = """
[phases.coverage]
unexpected-methods = []

[[operations]]
include-method = "GET"
[operations.checks.positive_data_acceptance]
# Cursors are opaque, so most that look right are wrong.
expected-statuses = ["2xx", "400", "404", "409", "504"]

[[operations]]
include-path-regex = "/(api-keys|charge-points/[^/]+|reservations)$"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# A time may be over, and an identity one that no charger can connect with: no schema says that.
expected-statuses = ["2xx", "404", "409", "422", "504"]

[[operations]]
include-path-regex = "/(sites|circuits|evses|meters|limit-orders|charging-need)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# Things must fit together, and no schema says how.
expected-statuses = ["2xx", "404", "409", "422", "504"]

[[operations]]
include-path-regex = "/(user|id-tokens|tariff|pricing-requests|cost-calculations|price)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# A tariff must have one price for every moment, and what is named must be there.
expected-statuses = ["2xx", "404", "409", "422"]

[[operations]]
include-path-regex = "/(statements|statement-runs|cdr-webhooks)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# What a month has, and which addresses are safe, no schema says.
expected-statuses = ["2xx", "404", "409", "422"]

[[operations]]
include-path-regex = "/firmware-(files|campaigns)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# A signature comes with its certificate, a campaign is about some charge point, a file not empty.
expected-statuses = ["2xx", "400", "404", "409", "422"]

[[operations]]
include-path-regex = "/(accounts|spending-limits|cost-displays|grid-regions)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# Things must fit together, and no schema says how.
expected-statuses = ["2xx", "404", "409", "422"]

[[operations]]
include-path-regex = "/(id-tokens|unknown-id-tokens)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# Who pays must be a user there is.
expected-statuses = ["2xx", "404", "409", "422"]

[[operations]]
include-path-regex = "/der-control$"
[operations.checks.positive_data_acceptance]
# A control comes with the one group of settings that is its type's.
expected-statuses = ["2xx", "404", "409", "422", "504"]

[[operations]]
include-path-regex = "/(configuration-templates|meter-keys|monitoring-reports|reports)"
exclude-method = "GET"
[operations.checks.positive_data_acceptance]
# What is a public key, and which settings hold no secret, no schema says.
expected-statuses = ["2xx", "404", "409", "422", "504"]
"""

COMMANDS = (
    """
[parameters]
"path.charge_point_id" = "CP-1"
[checks.not_a_server_error]
# Some timeouts are too short for any charge point.
expected-statuses = ["2xx", "4xx", "504"]
[checks.positive_data_acceptance]
# What a charge point's own OCPP version can't carry is refused by its schema.
expected-statuses = ["2xx", "404", "409", "422", "504"]
"""
    + READS
)

TWINS = (
    "PUT /api/v1/(tariffs|circuits|sites|id-tokens|users)/[^/]+$"
    "|/tariffs/[^/]+/versions|/statements/drafts|/adopt$"
)
"""Operations with the body of another one: the quick test asks each of them twice only."""
QUICKLY = (
    f"""
[[operations]]
include-name-regex = "{TWINS}"
phases.coverage.enabled = false
phases.fuzzing.generation.max-examples = 2

[[operations]]
exclude-name-regex = "{TWINS}"
phases.fuzzing.enabled = false
"""
    + READS
)

ANSWERED: dict[str, dict[str, Any]] = {
    "CancelReservation": {"status": "Accepted"},
    "ChangeAvailability": {"status": "Accepted"},
    "ChangeConfiguration": {"status": "Accepted"},
    "ClearCache": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Unknown"},
    "DataTransfer": {"status": "Accepted"},
    "DeleteCertificate": {"status": "NotFound"},
    "GetConfiguration": {"configurationKey": [], "unknownKey": []},
    "GetCompositeSchedule": {"status": "Rejected"},
    "GetDiagnostics": {},
    "GetInstalledCertificateIds": {"status": "NotFound"},
    "GetLog": {"status": "Rejected"},
    "InstallCertificate": {"status": "Rejected"},
    "RemoteStartTransaction": {"status": "Rejected"},
    "ReserveNow": {"status": "Occupied"},
    "Reset": {"status": "Rejected"},
    "SetChargingProfile": {"status": "Rejected"},
    "SignedUpdateFirmware": {"status": "Rejected"},
    "TriggerMessage": {"status": "Rejected"},
    "UnlockConnector": {"status": "NotSupported"},
    "UpdateFirmware": {},
}


async def schemathesis(server: Running, directory: Path, config: str, *options: str) -> None:
    """Let schemathesis ask the server all kinds of right and wrong things."""
    (directory / "schemathesis.toml").write_text(config)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        f"{server.api_url}/api/v1/openapi.json",
        *("--header", f"Authorization: {server.http.headers['Authorization']}"),
        *("--seed", "1", "--suppress-health-check", "all", "--no-color"),
        *options,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


REST = (
    *("--exclude-tag", "Commands", "--exclude-tag", "Reservations"),  # see below
    *("--exclude-path", "/api/v1/events"),  # a stream without an end
    *("--exclude-path", "/api/v1/api-keys/{key_id}"),  # it would revoke its own key
)


@pytest.mark.long(80)
@pytest.mark.timeout(900)
async def test_every_right_request_is_answered_as_the_openapi_document_says(
    server: Running, tmp_path: Path
) -> None:
    await schemathesis(
        server, tmp_path, QUICKLY, *REST, "--phases", "coverage,fuzzing", "--mode", "positive"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("choice", ["--include-path-regex", "--exclude-path-regex"])
async def test_every_answer_is_as_the_openapi_document_says(
    server: Running, tmp_path: Path, choice: str
) -> None:
    half = "^/api/v1/(charge-points|transactions|sites|statement)"
    await schemathesis(server, tmp_path, READS, *REST, "--phases", "coverage", choice, half)


@pytest.mark.long(40)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["positive", pytest.param("all", marks=pytest.mark.slow)])
async def test_every_command_to_a_charger_is_answered_as_the_openapi_document_says(
    server: Running, tmp_path: Path, mode: str
) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        _answer_everything(charger)
        await schemathesis(
            server,
            tmp_path,
            COMMANDS,
            *("--phases", "coverage", "--mode", mode, "--include-tag", "Commands"),
            *("--include-tag", "Reservations"),
        )


def _answer_everything(charger: ScriptedChargePoint) -> None:
    for action, answer in ANSWERED.items():
        charger.tolerate(action, answer)
