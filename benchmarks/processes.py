"""The servers under test as processes of their own, and what they cost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.mix import ID_TOKEN


@dataclass(frozen=True)
class Cpu:
    """CPU seconds spent so far."""

    server_s: float
    database_s: float

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.server_s + other.server_s, self.database_s + other.database_s)

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu(self.server_s - earlier.server_s, self.database_s - earlier.database_s)


@dataclass
class Server:
    """A running server: where chargers connect, and its processes."""

    port: int
    process: psutil.Process
    database_dir: Path | None = None
    api_port: int | None = None
    api_key: str | None = None

    def cpu(self) -> Cpu:
        database_s = sum(_cpu_s(p) for p in self._database_processes())
        return Cpu(_cpu_s(self.process), database_s)

    def rss_kib(self) -> float:
        return float(self.process.memory_info().rss) / 1024

    def rows_per_commit(self) -> tuple[float, float]:
        """Rows and commits so far, from the server's own metrics."""
        url = f"http://127.0.0.1:{self.api_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as response:
            lines = response.read().decode().splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return float(values["csms_commit_rows_sum"]), float(values["csms_commit_rows_count"])

    def _database_processes(self) -> list[psutil.Process]:
        if self.database_dir is None:
            return []
        pid_file = self.database_dir / "postgres" / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        return [postmaster, *postmaster.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # A backend that ended is counted by its parent, a living one by itself.
    return float(times.user + times.system + times.children_user + times.children_system)


@contextmanager
def bare_server() -> Iterator[Server]:
    """The yardstick of `benchmarks.bare`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.kill()
        process.wait()


@contextmanager
def csms_server(**settings: str) -> Iterator[Server]:
    """A whole server with an embedded PostgreSQL of its own, fsync on."""
    with tempfile.TemporaryDirectory(prefix="csms-bench-") as directory:
        data_dir = Path(directory) / "data"
        ocpp_port, api_port = _free_port(), _free_port()
        environment = {key: value for key, value in os.environ.items() if key[:5] != "CSMS_"} | {
            "CSMS_DATA_DIR": str(data_dir),
            "CSMS_OCPP_HOST": "127.0.0.1",
            "CSMS_OCPP_PORT": str(ocpp_port),
            "CSMS_API_HOST": "127.0.0.1",
            "CSMS_API_PORT": str(api_port),
            "CSMS_UNKNOWN_CHARGE_POINTS": "accept",
            "CSMS_HANDSHAKES_PER_SECOND": "100000",
            "CSMS_HANDSHAKES_BURST": "100000",
            "CSMS_MESSAGES_PER_SECOND": "100000",
            "CSMS_MESSAGES_BURST": "100000",
            **settings,
        }
        log = Path(directory) / "server.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "csms", "serve"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_ready(process, api_port, log)
            key = _enter_token(environment, api_port)
            yield Server(ocpp_port, psutil.Process(process.pid), data_dir, api_port, key)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_until_ready(process: subprocess.Popen[bytes], api_port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{api_port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not get ready:\n{log.read_text()}")


def _enter_token(environment: dict[str, str], api_port: int) -> str:
    """Enter the mix's id token as an operator would; returns the API key."""
    command = [sys.executable, "-m", "csms", "key", "create", "--name", "bench", "--role", "admin"]
    key = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    request = urllib.request.Request(
        f"http://127.0.0.1:{api_port}/api/v1/id-tokens",
        json.dumps({"id_token": ID_TOKEN}).encode(),
        {"Authorization": f"Bearer {key.stdout.strip()}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 201
    return key.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
