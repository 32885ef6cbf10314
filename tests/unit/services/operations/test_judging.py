"""What statuses and boots mean for an operation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.world import NOON

from csms.services.operations.judging import judge_status, judge_version
from csms.services.operations.model import MAX_STATUSES, Kind, Operation, State

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def operation(kind: Kind = Kind.FIRMWARE_UPDATE, version: str | None = "2.0") -> Operation:
    return Operation(
        id=1,
        kind=kind,
        charge_point_key=1,
        charge_point_id="CP-1",
        request_id=7,
        state=State.ACCEPTED,
        request={"version": version},
        result={"version_before": "1.0"},
        created_by="tests",
        created_at=NOON,
        updated_at=NOON,
        deadline_at=NOON + HOUR,
    )


def told(update: Operation, *statuses: str) -> State:
    for status in statuses:
        judge_status(update, status, NOON + HOUR)
    return update.state


@pytest.mark.parametrize(
    ("kind", "statuses", "state"),
    [
        (Kind.FIRMWARE_UPDATE, ["Downloading"], State.RUNNING),
        (Kind.FIRMWARE_UPDATE, ["installed"], State.SUCCEEDED),
        (Kind.FIRMWARE_UPDATE, ["DownloadFailed"], State.FAILED),
        (Kind.FIRMWARE_UPDATE, ["DownloadFailed", "Downloading"], State.RUNNING),
        (Kind.FIRMWARE_UPDATE, ["Installed", "DownloadFailed"], State.SUCCEEDED),
        (Kind.FIRMWARE_UPDATE, ["Idle"], State.ACCEPTED),
        (Kind.FIRMWARE_PUBLICATION, ["InvalidChecksum"], State.FAILED),
        (Kind.FIRMWARE_PUBLICATION, ["Published"], State.SUCCEEDED),
        (Kind.LOG, ["Uploading", "UploadFailed"], State.FAILED),
        (Kind.LOG, ["Uploading", "Uploaded"], State.SUCCEEDED),
        (Kind.LOG, ["AcceptedCanceled"], State.CANCELLED),
        (Kind.LOG, ["Something new"], State.RUNNING),
    ],
)
def test_the_newest_status_counts_but_a_success_stays(
    kind: Kind, statuses: list[str], state: State
) -> None:
    assert told(operation(kind), *statuses) is state


def test_a_charger_that_waits_for_a_car_has_a_day() -> None:
    update = operation()
    told(update, "InstallScheduled")
    assert update.deadline_at == NOON + HOUR + DAY


def test_no_charger_fills_the_database_with_statuses() -> None:
    update = operation()
    told(update, *["Downloading"] * 200)
    assert len(update.statuses) == MAX_STATUSES


@pytest.mark.parametrize("version", ["2.0", "V2.0", " 2.0 "])
def test_the_wanted_version_that_boots_is_a_success_whatever_was_told(version: str) -> None:
    update = operation()
    assert judge_version(update, version, NOON + HOUR, NOON + HOUR)
    assert update.state is State.SUCCEEDED


def test_a_boot_before_the_update_says_nothing() -> None:
    update = operation()
    assert not judge_version(update, "2.0", NOON - HOUR, NOON + HOUR)
    assert update.state is State.ACCEPTED


def test_the_same_version_installed_again_is_not_taken_for_a_success() -> None:
    update = operation(version="1.0")
    judge_version(update, "1.0", NOON + HOUR, NOON + HOUR)
    assert update.state is State.ACCEPTED


def test_a_power_cut_while_downloading_does_not_end_the_update() -> None:
    update = operation()
    told(update, "Downloading")
    judge_version(update, "1.0", NOON + HOUR, NOON + HOUR)
    assert update.state is State.RUNNING


def test_installed_and_another_version_is_a_failure() -> None:
    update = operation()
    told(update, "Installed")
    assert judge_version(update, "1.0", NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert (update.state, update.result["version_is_wanted"]) == (State.FAILED, False)


def test_without_a_wanted_version_what_boots_is_only_noted() -> None:
    update = operation(version=None)
    told(update, "Installed")
    assert judge_version(update, "3.1", NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert (update.state, update.result["version_after"]) == (State.SUCCEEDED, "3.1")


@pytest.mark.parametrize(("confirmed", "later"), [(True, 2 * HOUR), (False, 3 * DAY)])
def test_an_update_that_is_over_is_not_blamed_for_what_came_after(
    confirmed: bool, later: timedelta
) -> None:
    update = operation()
    told(update, "Installed")
    if confirmed:
        judge_version(update, "2.0", NOON + HOUR, NOON + HOUR)
    assert not judge_version(update, "2.1", NOON + later, NOON + later)
    assert update.state is State.SUCCEEDED
