"""What charge points' statuses mean; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from csms.services.operations.model import Kind, Operation, State

IDLE: Final = "idle"
"""Says that nothing goes on (L01.FR.25): no news of any operation."""

_FAILURES: Final = {
    Kind.FIRMWARE_UPDATE: {
        "downloadfailed": "the firmware could not be downloaded",
        "installationfailed": "the installation failed",
        "installverificationfailed": "the firmware did not pass the verification",
        "invalidsignature": "the signature of the firmware is not valid",
    },
    Kind.FIRMWARE_PUBLICATION: {
        "downloadfailed": "the firmware could not be downloaded",
        "invalidchecksum": "the checksum of the firmware is another one",
        "publishfailed": "the firmware could not be published",
    },
    Kind.LOG: {
        "badmessage": "the place to upload to refused it (BadMessage)",
        "notsupportedoperation": "the charge point can't upload in this way",
        "permissiondenied": "the place to upload to denied permission",
        "uploadfailure": "the upload failed",
        "uploadfailed": "the upload failed",
    },
}
_SUCCESSES: Final = {
    Kind.FIRMWARE_UPDATE: "installed",
    Kind.FIRMWARE_PUBLICATION: "published",
    Kind.LOG: "uploaded",
}
_MAY_SUCCEED: Final = frozenset({State.ACCEPTED, State.RUNNING, State.TIMED_OUT, State.UNDELIVERED})
_WAITING: Final = frozenset({"downloadscheduled", "downloadpaused", "installscheduled"})
CAR_PATIENCE: Final = timedelta(days=1)
"""For these: the charge point may wait until a car has left (L01.FR.06)."""
VERSION_FOLLOWED: Final = timedelta(days=1)
"""So long after an update is over, a boot still says something about it."""
_CANCELLED: Final = "acceptedcanceled"


def judge_status(operation: Operation, status: str, at: datetime) -> None:
    """Take a status in: the newest counts, but what has succeeded stays so.

    A failure is not the last word: a charge point that tries again says so (L01.FR.30).
    """
    word = status.casefold()
    if word == IDLE:
        return
    operation.heard(status, at)
    if word in _WAITING:
        operation.deadline_at = max(operation.deadline_at, at + CAR_PATIENCE)
    if operation.state is State.SUCCEEDED:
        return
    failure = _FAILURES.get(operation.kind, {}).get(word)
    if failure is not None:
        operation.become(State.FAILED, at, failure)
    elif word == _CANCELLED:  # N01.FR.20
        operation.become(State.CANCELLED, at, "given up for a newer request")
    elif word == _SUCCESSES.get(operation.kind):
        operation.become(State.SUCCEEDED, at)
    else:
        operation.become(State.RUNNING, at)


def judge_version(
    operation: Operation, version: str | None, booted_at: datetime | None, at: datetime
) -> bool:
    """Compare the version that a charge point told at a boot since the update with the wanted one.

    Returns whether that says anything new. A wanted version that runs is a success also if nothing
    was told of it; after Installed, another one is a failure.
    """
    if version is None or booted_at is None or booted_at < operation.created_at:
        return False
    if operation.finished_at is not None and at - operation.finished_at > VERSION_FOLLOWED:
        return False
    if operation.result.get("version_is_wanted") and operation.state is State.SUCCEEDED:
        return False  # what comes after is another update, or somebody's own
    result, before = operation.result, operation.state
    known = result.get("version_after")
    wanted = operation.request.get("version")
    result["version_after"] = version
    if wanted is None:
        return known != version
    is_wanted = _plain(version) == _plain(wanted)
    result["version_is_wanted"] = is_wanted
    if is_wanted and operation.state in _MAY_SUCCEED:
        if _plain(version) != _plain(result.get("version_before") or ""):
            operation.become(State.SUCCEEDED, at)
    elif not is_wanted and operation.state is State.SUCCEEDED:
        operation.become(
            State.FAILED, at, f"it says Installed, but runs {version!r} instead of {wanted!r}"
        )
    return known != version or operation.state is not before


def _plain(version: str) -> str:
    """A version without case, spaces around it and a leading v."""
    folded = version.strip().casefold()
    return folded[1:] if folded[:1] == "v" and folded[1:2].isdigit() else folded
