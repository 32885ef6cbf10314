"""The command line, as its users type it: every command in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import asyncpg
import psutil
import pytest
from database import empty
from surroundings import data_directory, environment_of

import csms

START_S = 240
GREETING_PARAGRAPHS = 3


class Server:
    """A `csms serve` that is ready; `command` is `csms` beside it."""

    def __init__(self, environment: dict[str, str], arguments: Sequence[str] = ()) -> None:
        self._data_dir = Path(environment["CSMS_DATA_DIR"])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "csms", "serve", *arguments],
            env=environment,
            cwd=self._data_dir,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.command = csms_in(environment)
        try:
            self.said = said = read_greeting(self.process)
        except BaseException:
            self.end()
            raise
        self.ocpp_url = found(r"(ws://\S+)/IDENTITY", said)
        self.api_url = found(r"(http://\S+)/api/v1 ", said)

    def status(self, path: str, key: str | None = None) -> int:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            with urlopen(Request(self.api_url + path, headers=headers), timeout=10) as response:
                return int(response.status)
        except HTTPError as error:
            return error.code

    def end(self) -> None:
        """Kill it and what it started."""
        self.process.kill()
        self.process.communicate()
        stop_postgres(self._data_dir)

    def interrupt(self) -> float:
        """Press Ctrl-C, which reaches the whole process group; return how long it took to end."""
        begun = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=START_S)
        return time.monotonic() - begun


def csms_in(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`csms` with these settings, and more for one call."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "csms", *arguments],
            check=False,
            env=environment | settings,
            cwd=environment["CSMS_DATA_DIR"],
            capture_output=True,
            text=True,
            timeout=START_S,
        )

    return run


@pytest.fixture
def csms_command(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    return csms_in(environment)


@pytest.fixture
def key_command(
    csms_command: Callable[..., subprocess.CompletedProcess[str]], database_url: str
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`csms key` on a database server that runs already."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return csms_command("key", *arguments, CSMS_DATABASE_URL=database_url)

    return run


@pytest.fixture(scope="module")
def kept_data_dir() -> Iterator[Path]:
    """A data directory for servers that come one after another, and make a database once."""
    with data_directory() as data_dir:
        yield data_dir


@pytest.fixture
def serve(kept_data_dir: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(arguments: Sequence[str] = (), data_dir: Path = kept_data_dir) -> Server:
        servers.append(Server(environment_of(data_dir), arguments))
        return servers[-1]

    yield start
    for server in reversed(servers):
        server.end()


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A server for all tests that leave it running."""
    with data_directory() as data_dir:
        server = Server(environment_of(data_dir))
        yield server
        server.end()


Command = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Server]


def test_serve_says_where_chargers_connect_and_where_the_api_is(running: Server) -> None:
    assert re.fullmatch(r"ws://127\.0\.0\.1:[1-9]\d+/ocpp", running.ocpp_url)
    assert running.status("/healthz") == 200
    assert f"Web page             {running.api_url}\n" in running.said
    assert "key create --name" in running.said


def test_ctrl_c_stops_everything_cleanly_within_5_seconds(
    serve: Serve, kept_data_dir: Path
) -> None:
    server = serve()
    postgres = postmaster(kept_data_dir)
    assert server.interrupt() < 5
    assert server.process.returncode == 0
    assert not postgres.is_running()
    assert not (kept_data_dir / "postgres" / "postmaster.pid").exists()


def test_a_termination_signal_stops_it_as_cleanly(serve: Serve, kept_data_dir: Path) -> None:
    server = serve()
    server.process.terminate()
    assert server.process.wait(timeout=5) == 0
    assert not (kept_data_dir / "postgres" / "postmaster.pid").exists()


def test_after_kill_9_it_serves_again(serve: Serve) -> None:
    first = serve()
    first.process.kill()
    first.process.wait()
    assert serve().status("/healthz") == 200


def test_a_second_server_on_the_same_data_is_told_so(running: Server) -> None:
    second = running.command("serve")
    assert second.returncode == 1
    assert f"process {running.process.pid}" in second.stderr


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("setting", ["CSMS_OCPP_PORT", "CSMS_FILES_PORT", "CSMS_API_PORT"])
def test_a_port_that_is_taken_is_named_before_anything_is_set_up(
    csms_command: Command, data_dir: Path, setting: str, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = csms_command(command, **{setting: str(port)})
    assert refused.returncode == 2
    assert f"{setting}: {port} is taken by another program" in refused.stderr
    assert list(data_dir.iterdir()) == []


def test_files_that_can_not_be_used_are_all_named_before_anything_is_set_up(
    csms_command: Command, data_dir: Path, tmp_path: Path
) -> None:
    pem = tmp_path / "nothing.pem"
    pem.write_text("nothing")
    names = ("OCPP_TLS_CERTIFICATE", "OCPP_TLS_KEY", "CONTRACT_ROOTS", "V2G_AUTHORITY")
    named = {f"CSMS_{name}": str(pem) for name in (*names, "V2G_AUTHORITY_KEY")}
    refused = csms_command("serve", CSMS_OCPP_TLS_PORT="0", **named)
    assert refused.returncode == 2
    assert "3 settings are wrong" in refused.stderr
    for setting in ("CSMS_OCPP_TLS_CERTIFICATE", "CSMS_CONTRACT_ROOTS", "CSMS_V2G_AUTHORITY"):
        assert f"{setting}: '{pem}' is not allowed" in refused.stderr
    assert list(data_dir.iterdir()) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_machine_is_named(csms_command: Command, host: str) -> None:
    refused = csms_command("serve", CSMS_API_HOST=host)
    assert refused.returncode == 2
    assert f"CSMS_API_HOST: '{host}' is not allowed; expected an IP address" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["simulate", "--url", "http://localhost"], "no address such as ws://localhost:9000/ocpp"),
        (["simulate", "--url", "banana"], "no address such as ws://localhost:9000/ocpp"),
        (["simulate", "--count", "many"], "'many' is no whole number from 1 to 100000"),
        (["demo", "--hours", "x"], "'x' is no number from 0 to 1e+09"),
        (["demo", "--days", "32"], "'32' is no whole number from 1 to 31"),
    ],
)
def test_an_option_that_makes_no_sense_is_told_what_would(
    csms_command: Command, arguments: list[str], why: str
) -> None:
    refused = csms_command(*arguments)
    assert refused.returncode == 2
    assert why in refused.stderr


def test_a_key_made_beside_the_running_server_opens_its_api(running: Server) -> None:
    assert running.status("/api/v1/charge-points") == 401
    key = running.command("key", "create", "--name", "alice", "--role", "admin").stdout.strip()
    assert running.status("/api/v1/charge-points", key) == 200


def test_a_key_made_before_the_first_start_opens_the_api(
    serve: Serve, csms_command: Command, data_dir: Path
) -> None:
    key = csms_command("key", "create", "--name", "alice", "--role", "admin").stdout.strip()
    assert serve(data_dir=data_dir).status("/api/v1/charge-points", key) == 200


@pytest.mark.parametrize("action", [["list"], ["revoke", "alice"]])
def test_keys_are_not_looked_for_in_a_directory_without_a_database(
    csms_command: Command, data_dir: Path, action: list[str]
) -> None:
    mistyped = data_dir / "dtaa"
    refused = csms_command("key", *action, CSMS_DATA_DIR=str(mistyped))
    assert refused.returncode == 1
    assert f"CSMS_DATA_DIR: there is no database in {mistyped}" in refused.stderr
    assert not mistyped.exists()


def test_the_key_stands_alone_on_standard_output(key_command: Command) -> None:
    made = key_command("create", "--name", "alice", "--role", "admin")
    assert made.returncode == 0
    assert re.fullmatch(r"csms_[\w-]{43}\n", made.stdout)


def test_keys_are_listed_without_their_secrets(key_command: Command) -> None:
    key = key_command("create", "--name", "alice", "--role", "admin").stdout.strip()
    listed = key_command("list").stdout
    assert re.search(r"alice +admin .* valid", listed)
    assert key not in listed


def test_a_revoked_key_is_shown_as_such(key_command: Command) -> None:
    key_command("create", "--name", "alice")
    assert key_command("revoke", "alice").returncode == 0
    assert re.search(r"alice .* revoked", key_command("list").stdout)


def test_a_name_is_given_to_one_key_only(key_command: Command) -> None:
    key_command("create", "--name", "alice")
    again = key_command("create", "--name", "alice")
    assert (again.returncode, again.stdout) == (1, "")
    assert "'alice' already" in again.stderr


def test_revoking_a_key_that_never_was_fails(key_command: Command) -> None:
    revoked = key_command("revoke", "nobody")
    assert revoked.returncode == 1
    assert "there is no API key 'nobody'" in revoked.stderr


def test_an_expiry_in_the_past_is_wrong_usage(key_command: Command) -> None:
    made = key_command("create", "--name", "late", "--expires", "2020-01-01")
    assert made.returncode == 2
    assert "in the past" in made.stderr


def test_migrate_says_what_it_did_and_then_that_nothing_is_left(
    csms_command: Command, empty_database_url: str
) -> None:
    first = csms_command("migrate", CSMS_DATABASE_URL=empty_database_url)
    second = csms_command("migrate", CSMS_DATABASE_URL=empty_database_url)
    assert first.stdout.startswith("done: ")
    assert second.stdout == "The database is up to date already.\n"


def test_wrong_settings_are_all_explained_with_exit_code_2(csms_command: Command) -> None:
    wrong = csms_command("serve", CSMS_OCPP_PORT="many", CSMS_OCCP_HOST="x")
    assert wrong.returncode == 2
    assert "CSMS_OCPP_PORT: 'many' is not allowed" in wrong.stderr
    assert "did you mean CSMS_OCPP_HOST?" in wrong.stderr


def test_a_configuration_file_can_be_named(csms_command: Command, data_dir: Path) -> None:
    (data_dir / "my.toml").write_text('log_format = "xml"\n')
    wrong = csms_command("serve", "--config", "my.toml")
    assert wrong.returncode == 2
    assert "my.toml: log_format: 'xml'" in wrong.stderr


def test_a_database_that_is_away_is_an_error_without_its_password(csms_command: Command) -> None:
    url = "postgresql://csms:hunter2@127.0.0.1:1/csms"
    failed = csms_command("migrate", CSMS_DATABASE_URL=url)
    assert failed.returncode == 1
    assert "the database does not answer" in failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr


def test_a_database_that_is_away_is_named(csms_command: Command) -> None:
    url = "postgresql://csms:hunter2@127.0.0.1:1/garage"
    for command in (["serve"], ["migrate"], ["key", "list"]):
        failed = csms_command(*command, CSMS_DATABASE_URL=url)
        assert failed.returncode == 1
        place = "CSMS_DATABASE_URL names PostgreSQL on 127.0.0.1 port 1, database garage"
        assert place in failed.stderr
        assert "hunter2" not in failed.stdout + failed.stderr


@pytest.mark.parametrize("command", [["serve"], ["key", "list"]])
def test_a_database_url_with_a_wrong_option_is_named(
    csms_command: Command, command: list[str]
) -> None:
    url = "postgresql://csms:hunter2@127.0.0.1:1/garage?sslmode=bogus"
    failed = csms_command(*command, CSMS_DATABASE_URL=url)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "`sslmode` parameter must be one of: disable, allow" in failed.stderr
    assert "CSMS_DATABASE_URL names PostgreSQL on 127.0.0.1 port 1" in failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr


async def test_a_database_of_another_encoding_is_refused_at_the_start(
    csms_command: Command, database_server: str
) -> None:
    async with empty(database_server, "LATIN1") as url:
        failed = await asyncio.to_thread(csms_command, "serve", CSMS_DATABASE_URL=url)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "encoding LATIN1 is not allowed; expected UTF8" in failed.stderr
    assert "CSMS_DATABASE_URL names PostgreSQL" in failed.stderr


async def test_a_database_user_without_rights_is_told_what_is_missing(
    csms_command: Command, empty_database_url: str
) -> None:
    owner = await asyncpg.connect(empty_database_url)
    await owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner")
    await owner.close()
    failed = await asyncio.to_thread(csms_command, "migrate", CSMS_DATABASE_URL=empty_database_url)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "make that user the database's owner" in failed.stderr


def test_ctrl_c_during_the_first_moment_ends_it_quietly(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "csms", "serve"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        while "csms.errors" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest


def test_the_key_command_it_offers_names_the_file_of_settings(
    serve: Serve, kept_data_dir: Path
) -> None:
    (kept_data_dir / "my.toml").write_text('log_level = "warning"\n')
    said = serve(arguments=["--config", "my.toml"]).said
    assert re.search(r"Make your API key: +CSMS_CONFIG=my.toml CSMS_DATA_DIR=\S+ \S+", said)


@pytest.mark.long(15)
def test_simulated_chargers_charge_at_the_server(running: Server) -> None:
    key = running.command("key", "create", "--name", "sim", "--role", "admin").stdout.strip()
    arguments = ["--url", running.ocpp_url, "--api", running.api_url, "--key", key]
    arguments += ["--count", "4", "--version", "both", "--duration", "4"]
    arguments += ["--idle", "0.2", "--interval", "0.2", "--charging", "1"]
    simulated = running.command("simulate", *arguments)
    assert simulated.returncode == 0, simulated.stderr
    assert simulated.stdout.startswith("4 of 4 chargers were accepted; ")
    assert " 0 errors, 0 timeouts, 0 connections lost; " in simulated.stdout
    assert int(found(r"(\d+) transactions started", simulated.stdout)) >= 4


def test_simulating_against_nobody_fails_with_the_reason(csms_command: Command) -> None:
    arguments = ["--url", "ws://127.0.0.1:1/ocpp", "--count", "1", "--duration", "1"]
    simulated = csms_command("simulate", *arguments)
    assert simulated.returncode == 1
    assert "no charger got an answer" in simulated.stderr


@pytest.mark.long(20)
def test_the_demo_lives_an_hour_without_a_warning_and_can_be_repeated(
    csms_command: Command, data_dir: Path
) -> None:
    demo = csms_command("demo", "--hours", "1", "--duration", "8")
    assert demo.returncode == 0, demo.stderr
    assert "12 online" in demo.stderr
    assert re.search(r"API key of the demo +csms_", demo.stdout)
    assert not re.search(r" (WARNING|ERROR) ", demo.stderr)
    assert not (data_dir / "postgres").exists()
    again = csms_command("demo", "--hours", "0", "--duration", "1")
    assert again.returncode == 0, again.stderr


def test_help_teaches_with_examples(csms_command: Command) -> None:
    for command in ("serve", "demo", "simulate", "migrate", "key"):
        shown = csms_command(command, "--help")
        assert shown.returncode == 0
        assert f"\n  csms {command}" in shown.stdout


def test_the_help_of_serve_lists_every_setting(csms_command: Command) -> None:
    shown = csms_command("serve", "--help").stdout
    assert "CSMS_HEARTBEAT_INTERVAL" in shown
    assert "seconds from 1 to 604800; default 300" in shown


def test_the_version_is_told(csms_command: Command) -> None:
    assert csms_command("--version").stdout == f"csms {csms.__version__}\n"


def test_an_unknown_command_is_wrong_usage(csms_command: Command) -> None:
    assert csms_command("fly").returncode == 2


def read_greeting(process: subprocess.Popen[str]) -> str:
    """Return what a server says until it is ready."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if lines.count("\n") == GREETING_PARAGRAPHS:
            return "".join(lines)
    raise AssertionError(f"the server ended with {process.wait()}: {''.join(lines)}")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def postmaster(data_dir: Path) -> psutil.Process:
    pid_file = data_dir / "postgres" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))


def stop_postgres(data_dir: Path) -> None:
    """Stop what a killed server left running."""
    if (data_dir / "postgres" / "postmaster.pid").exists():
        process = postmaster(data_dir)
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=10)
