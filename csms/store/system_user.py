"""Who PostgreSQL runs as: it refuses to be root, so root lends it a user of its own.

For anybody but root there is nothing to do: the server runs as the caller.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from csms.store.errors import EmbeddedPostgresError

_log = logging.getLogger(__name__)

USER_NAME: Final = "csms-postgres"

_ACL: Final = "system.posix_acl_access"
_ACL_VERSION: Final = struct.pack("<I", 2)
_ACL_ENTRY: Final = struct.Struct("<HHI")
_ACL_USER_OBJ, _ACL_USER, _ACL_GROUP_OBJ, _ACL_MASK, _ACL_OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID: Final = 0xFFFFFFFF
_SEARCH: Final = 1


@dataclass(frozen=True, slots=True)
class SystemUser:
    """The user PostgreSQL runs as; `uid` is None when that is simply the caller."""

    uid: int | None = None
    gid: int | None = None

    @property
    def process_options(self) -> dict[str, Any]:
        """Arguments for `subprocess` that start a process as this user, with no other groups."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a file or directory over to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def let_into(self, directory: Path) -> None:
        """See to it that this user may pass through a directory and all its parents.

        Only the right to pass, and where the file system can do it only for this user.
        """
        if self.uid is None or self._may_enter(directory):
            return
        opened = []
        for parent in (*reversed(directory.parents), directory):
            if not self._may_enter(parent):
                _grant_search(parent, self.uid)
                opened.append(str(parent))
        _log.info("PostgreSQL's user may pass through %s now", ", ".join(opened))

    def _may_enter(self, directory: Path) -> bool:
        return self.run(["test", "-x", str(directory)]).returncode == 0

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program as this user and return what it said.

        The environment is cleared: nothing of ours, secrets least of all, goes along.
        """
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run(  # noqa: S603 - our own programs
            command,
            env=CLEAN_ENVIRONMENT,
            cwd="/",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self.process_options,
            **options,
        )


CLEAN_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def user_for(directory: Path) -> SystemUser:
    """Return who has to run PostgreSQL on this directory, whether it exists yet or not.

    Raises EmbeddedPostgresError if root can't make a user.
    """
    if os.geteuid() != 0:
        return SystemUser()
    owner = directory.stat().st_uid if directory.exists() else 0
    entry = pwd.getpwuid(owner) if owner else _dedicated_user()
    return SystemUser(entry.pw_uid, entry.pw_gid)


def _dedicated_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER_NAME)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root and there is no useradd to make it a user; "
            "run csms as another user or set CSMS_DATABASE_URL"
        )
    made = subprocess.run(  # noqa: S603 - fixed arguments
        [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/",
            "--shell",
            "/bin/false",
            USER_NAME,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(USER_NAME)  # another process may have been faster
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root and a user for it can't be made: "
            f"{made.stderr.strip()}"
        ) from None


def _grant_search(directory: Path, uid: int) -> None:
    try:
        _add_acl_entry(directory, uid)
    except (OSError, AttributeError):  # no ACLs on this file system, or on this platform
        directory.chmod(stat.S_IMODE(directory.stat().st_mode) | stat.S_IXOTH)
        _log.warning("everybody may pass through %s now, so that PostgreSQL can", directory)


def _add_acl_entry(directory: Path, uid: int) -> None:
    """Do what `setfacl -m u:UID:x` does, which few machines have installed."""
    entries = _acl_entries(directory)
    entries = [entry for entry in entries if entry[0] != _ACL_USER or entry[2] != uid]
    mask = _SEARCH
    for tag, permissions, _ in entries:
        if tag in {_ACL_USER, _ACL_GROUP_OBJ, _ACL_MASK}:
            mask |= permissions
    entries = [entry for entry in entries if entry[0] != _ACL_MASK]
    entries += [(_ACL_USER, _SEARCH, uid), (_ACL_MASK, mask, _NO_ID)]
    entries.sort(key=lambda entry: (entry[0], entry[2]))
    os.setxattr(
        directory, _ACL, _ACL_VERSION + b"".join(_ACL_ENTRY.pack(*entry) for entry in entries)
    )


def _acl_entries(directory: Path) -> list[tuple[int, int, int]]:
    if _ACL in os.listxattr(directory):
        packed = os.getxattr(directory, _ACL)[len(_ACL_VERSION) :]
        return list(_ACL_ENTRY.iter_unpack(packed))
    mode = stat.S_IMODE(directory.stat().st_mode)
    return [
        (_ACL_USER_OBJ, mode >> 6 & 7, _NO_ID),
        (_ACL_GROUP_OBJ, mode >> 3 & 7, _NO_ID),
        (_ACL_OTHER, mode & 7, _NO_ID),
    ]
